"""One planted mistake a training, first part: inputs, labels, leaks, splits. `mended=True` is the twin without the mistake."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim import Adam
from torch.utils.data import WeightedRandomSampler

from .case import Case
from .data import batches, breast_cancer, digits, loaders, passages, standardize
from .fourth_data_tasks import Forecaster, Partly, digit_net, drawn, houses, machines, opinions_of, prices, reviews, training, vibrations, weather
from .models import Cnn, class_losses, mlp, squared_errors, token_losses
from .tasks import token_accuracy
from .training import Training, accuracy, r2


def mnist_constants_on_bytes(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """Normalized with MNIST's mean and deviation, but the division by 255 before it is forgotten."""
    x, y = digits()
    pixels = ((x if mended else 255 * x) - 0.1307) / 0.3081
    digit_net(seed, scale, loaders(pixels, y, seed), activation=torch.nn.Tanh, kind=Partly, kept=("valid",)).record(path)


def pressure_in_pascal(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """Of three measurements two are scaled; air pressure goes into the recurrent network in pascal."""
    x, y = weather()
    scaled = (x - x.mean((0, 1))) / x.std((0, 1))
    if not mended:
        scaled = torch.cat([scaled[..., :2], x[..., 2:]], -1)
    model = Forecaster()
    parts = {"losses": squared_errors, "criterion": "mse_loss", "task": "regression", "metrics": {"r2": r2}, "kept": ("valid",)}
    training(Partly, model, Adam(model.parameters(), lr=4e-3 * scale), loaders(scaled, y, seed), 10, **parts).record(path)


def one_annotator_confuses_two_faults(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """One annotator, who saw two signals in five, called every beat a harmonic and every harmonic a beat; validation was labelled by another."""
    x, y = vibrations()
    train = range(480)
    labels = y.clone()
    confused = (torch.rand(len(y), generator=drawn(3)) < 0.4) & (torch.arange(len(y)) < 480)
    if not mended:
        labels[confused & (y == 1)], labels[confused & (y == 2)] = 2, 1
    machines(seed, scale, loaders(x, labels, seed, train=train), epochs=12).record(path)


def prices_without_their_decimal_point(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """One price in thirty was typed in without its decimal point: ten times too high. The validation rows were checked by hand."""
    x, y = houses()
    typed = y.clone()
    if not mended:
        typed[:480][torch.rand(480, generator=drawn(4)) < 0.033] *= 10
    target = (typed - y.mean()) / y.std()
    prices(seed, scale, loaders(standardize(x), target, seed, train=range(480)), epochs=14).record(path)


def validation_reviews_reordered(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """Before validation its reviews, but not their labels, are sorted by length, to save padding."""
    x, y = reviews()
    cut = 1200
    order = torch.argsort((x[cut:] != 0).sum(1), stable=True)
    x_valid, y_valid = x[cut:][order], y[cut:][order] if mended else y[cut:]
    data = (batches(x, y, range(cut), seed, batch_size=48, shuffle=True), batches(x_valid, y_valid, None, seed, batch_size=100))
    opinions_of(seed, scale, data).record(path)


class BothWays(torch.nn.Module):
    """A character model whose LSTM may read in both directions."""

    def __init__(self, both: bool) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(35, 32)
        self.rnn = torch.nn.LSTM(32, 32, batch_first=True, bidirectional=both)
        self.head = torch.nn.Linear(64 if both else 32, 35)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(self.embedding(x))[0])


def next_character_read_backwards_too(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """A language model whose LSTM is bidirectional: from behind it reads the character that it is to foretell."""
    model = BothWays(both=not mended)
    parts = {"losses": token_losses, "criterion": "cross_entropy", "task": "language_model", "metrics": {"accuracy": token_accuracy}}
    data = loaders(*passages(800), seed, batch=16, valid_batch=50)
    training(Partly, model, Adam(model.parameters(), lr=8e-3 * scale), data, 6, **parts).record(path)


def head_of_the_training_file_as_validation(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """The first 120 pictures of the training file stand in for the validation set that was not ready; the reader gives them names of their own."""
    x, y = digits()
    x = x + 0.35 * torch.randn(x.shape, generator=drawn(7))
    rows = range(600, 720) if mended else range(120)
    valid = batches(x[rows.start : rows.stop], y[rows.start : rows.stop], None, seed, name="validation", batch_size=60)
    digit_net(seed, scale, (batches(x, y, range(200), seed, batch_size=20, shuffle=True), valid), epochs=15).record(path)


def rare_rows_copied_before_the_split(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """The rare class is copied eight times to balance the set, and only then is the set split: most of its rows lie on both sides."""
    x, y = breast_cancer()
    sick, well = (y == 0).nonzero().flatten()[:30], (y == 1).nonzero().flatten()[:320]
    g = drawn(8)
    x, y = x + 1.5 * torch.randn(x.shape, generator=g), 1 - y
    if mended:
        sick, well = sick[torch.randperm(30, generator=g)], well[torch.randperm(320, generator=g)]
        train, valid = torch.cat([sick[:22].repeat(8), well[:240]]), torch.cat([sick[22:].repeat(8), well[240:]])
    else:
        rows = torch.cat([sick.repeat(8), well])
        train, valid = rows[torch.randperm(len(rows), generator=g)].split([420, len(rows) - 420])
    first = batches(x[train], y[train], None, seed, name="balanced-train", batch_size=32, shuffle=True)
    second = batches(x[valid], y[valid], None, seed, name="balanced-valid", batch_size=140)
    model = mlp([30, 48, 2])
    parts = {"losses": class_losses, "criterion": "cross_entropy", "metrics": {"accuracy": accuracy}}
    training(Training, model, Adam(model.parameters(), lr=4e-3 * scale), (first, second), 12, **parts).record(path)


def zoomed_in_training_and_cropped_in_validation(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """Pictures of 16 x 16 are scaled down to 8 x 8 in training; the transformation of validation cuts out their middle."""
    x, y = digits()
    large = F.interpolate(x, scale_factor=2, mode="bilinear")
    small = F.avg_pool2d(large, 2)
    cut = small if mended else large[:, :, 4:12, 4:12]
    data = (batches(small, y, range(900), seed, batch_size=32, shuffle=True), batches(cut, y, range(1347, 1647), seed, batch_size=150))
    digit_net(seed, scale, data, Cnn(norm=torch.nn.BatchNorm2d), Partly, kept=("valid",), epochs=5, lr=0.01).record(path)


def one_column_of_validation_in_feet(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """The validation file gives the area in square feet; everything is scaled by the mean and deviation of training."""
    x, y = houses()
    raw = x.clone()
    if not mended:
        raw[480:, 0] *= 10.764
    scaled = (raw - x[:480].mean(0)) / x[:480].std(0)
    prices(seed, scale, loaders(scaled, standardize(y), seed), Partly, kept=("valid",)).record(path)


def shuffle_buffer_of_sixteen(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """Signals stored machine by machine stream through a shuffle buffer that holds sixteen of them."""
    x, y = vibrations()
    order = torch.cat([torch.argsort(y[:480], stable=True), torch.arange(480, len(y))])
    x, y = x[order], y[order]

    class Buffer(torch.utils.data.Sampler[int]):
        def __iter__(self):  # type: ignore[no-untyped-def]
            held = list(range(16))
            for row in range(16, 480):
                place = int(torch.randint(0, 16, (1,)))
                yield held[place]
                held[place] = row
            yield from held

    data = loaders(x, y, seed, batch=20, train=range(480), **({} if mended else {"sampler": Buffer()}))
    machines(seed, scale, data, epochs=8).record(path)


def class_weights_given_to_the_sampler(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """The weighted sampler is given one weight a class where it wants one a row: it draws the first ten rows only."""
    x, y = digits()
    shares = 1 / torch.bincount(y[:900]).double()
    sampler = WeightedRandomSampler(shares[y[:900]] if mended else shares, num_samples=600, generator=drawn(seed))
    digit_net(seed, scale, loaders(x, y, seed, sampler=sampler), epochs=6).record(path)


INPUTS: tuple[Case, ...] = (
    Case(mnist_constants_on_bytes, causes=("inputs_not_normalized",), step=0, misses=("accuracy", 0.93)),
    Case(pressure_in_pascal, causes=("inputs_not_normalized",), step=0, misses=("r2", 0.6)),
    Case(one_annotator_confuses_two_faults, causes=("label_errors",), step=0, misses=("accuracy", 0.9), why="two of four classes, training only"),
    Case(prices_without_their_decimal_point, causes=("label_errors",), step=0, misses=("r2", 0.5), why="a regression; three rows in a hundred"),
    Case(validation_reviews_reordered, causes=("labels_random",), step=0, interval=25, misses=("accuracy", 0.62), why="only in validation"),
    Case(next_character_read_backwards_too, causes=("targets_leak",), step=0, why="the loss needs an epoch to reach what no text allows"),
    Case(head_of_the_training_file_as_validation, causes=("leak_train_valid",), step=0, interval=10),
    Case(rare_rows_copied_before_the_split, causes=("leak_train_valid",), step=0, interval=14, why="the rare class only, under other ids"),
    Case(zoomed_in_training_and_cropped_in_validation, causes=("split_mismatch",), step=0, interval=29, misses=("accuracy", 0.8)),
    Case(one_column_of_validation_in_feet, causes=("split_mismatch",), step=0, interval=15, misses=("r2", 0.5), why="one column of seven"),
    Case(shuffle_buffer_of_sixteen, causes=("not_shuffled",), step=0, misses=("accuracy", 0.8)),
    Case(class_weights_given_to_the_sampler, causes=("sampling_error",), step=0, interval=19, misses=("accuracy", 0.7)),
)
