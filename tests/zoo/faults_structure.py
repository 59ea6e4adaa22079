"""Faults in what a network is: too small, cut off, in the wrong mode, blind to its input, mixing its samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from sklearn.datasets import make_circles
from torch import Tensor, nn
from torch.optim import Adam

from recorder.probes import batch_independence, overfit, zero_input

from . import tasks
from .case import Case
from .data import breast_cancer, loaders
from .models import Cnn, Flat, RowReader, Transformer, mlp
from .training import Training, binary_accuracy


def mean_loss(training: Training) -> Callable[[nn.Module, tuple[Tensor, Tensor]], Tensor]:
    """The loss function of a training in the form that probes call."""
    return lambda model, batch: training.losses(training.forward(model, batch[0]), batch[1]).mean()


def straight_line_for_circles(path: Path, seed: int, scale: float) -> None:
    """Two rings, told apart by a linear model: both errors stay where they began."""
    torch.manual_seed(seed)
    points, ring = make_circles(800, noise=0.05, factor=0.4, random_state=seed)
    train, valid = loaders(torch.tensor(points, dtype=torch.float32), torch.tensor(ring, dtype=torch.float32), seed)
    model = Flat(mlp([2, 1]))

    def losses(prediction: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(prediction, target, reduction="none")

    training = Training(
        model, Adam(model.parameters(), lr=2e-2 * scale), train, valid, losses, 12, "binary_cross_entropy_with_logits", metrics={"accuracy": binary_accuracy}
    )
    with training.open(path) as rec:
        _, x, y = next(iter(train))
        overfit(rec, model, training.optimizer, mean_loss(training), (x[:2], y[:2]))
        training.run(rec)


def two_units_for_ten_digits(path: Path, seed: int, scale: float) -> None:
    """A hidden layer of two units: training and validation level off together, far from good."""
    torch.manual_seed(seed)
    model = mlp([64, 2, 10], nn.Tanh)
    training = tasks.digits_mlp(seed, model, optimizer=Adam, lr=1e-2 * scale, epochs=16)
    with training.open(path) as rec:
        _, x, y = next(iter(training.train))
        overfit(rec, model, training.optimizer, mean_loss(training), (x[:2], y[:2]))
        training.run(rec)


def detached_features(path: Path, seed: int, scale: float) -> None:
    """A leftover `.detach()` behind the convolutions: only the head learns."""

    class Detached(Cnn):
        def features(self, x: Tensor) -> Tensor:
            return super().features(x).detach()

    torch.manual_seed(seed)
    tasks.digits_cnn(seed, Detached(width=4), lr=3e-3 * scale).record(path)


def branch_without_gradient(path: Path, seed: int, scale: float) -> None:
    """The second encoder of a two-branch network runs under no_grad, and half of the input goes unlearned."""

    class TwoBranches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left = mlp([15, 12, 4], nn.Tanh)
            self.right = mlp([15, 12, 4], nn.Tanh)
            self.head = nn.Linear(8, 1)

        def forward(self, x: Tensor) -> Tensor:
            left = self.left(x[:, :15])
            with torch.no_grad():
                right = self.right(x[:, 15:])
            return self.head(torch.cat([left, right], dim=1)).squeeze(-1)

    torch.manual_seed(seed)
    tasks.cancer_mlp(seed, TwoBranches(), lr=4e-3 * scale).record(path)


def place_embedding_never_used(path: Path, seed: int, scale: float) -> None:
    """A transformer adds a fresh zero tensor where its place embedding belongs."""

    class Placeless(Transformer):
        def forward(self, x: Tensor) -> Tensor:
            h = self.embedding(x) + torch.zeros_like(self.place.weight[: x.shape[1]])
            for block in self.blocks:
                h = block(h)
            return self.head(self.norm(h))

    torch.manual_seed(seed)
    tasks.passages_lm(seed, Placeless(), lr=3e-3 * scale).record(path)


def evaluated_with_dropout(path: Path, seed: int, scale: float) -> None:
    """eval() is never called: half of the units are dropped during validation."""
    torch.manual_seed(seed)
    training = tasks.digits_cnn(seed, Cnn(dropout=0.6), lr=3e-3 * scale)
    training.start_evaluation = lambda model: None
    training.record(path)


def train_mode_not_restored(path: Path, seed: int, scale: float) -> None:
    """train() is called once before the loop: after the first validation batch norm and dropout stay in evaluation mode."""
    torch.manual_seed(seed)
    training = tasks.digits_cnn(seed, Cnn(norm=nn.BatchNorm2d, dropout=0.3), lr=3e-3 * scale)
    training.start_training = lambda model, epoch: model.train() if epoch == 0 else None
    training.record(path)


def running_statistics_never_updated(path: Path, seed: int, scale: float) -> None:
    """Batch norm with momentum 0: evaluation uses mean 0 and variance 1 for ever."""
    torch.manual_seed(seed)
    model = Cnn(norm=lambda width: nn.BatchNorm2d(width, momentum=0.0))
    tasks.digits_cnn(seed, model, lr=3e-3 * scale).record(path)


def running_statistics_of_the_last_batch(path: Path, seed: int, scale: float) -> None:
    """Momentum 1 in the batch norm of an MLP on tables, whose last batch holds two patients: evaluation is done with the statistics of two."""
    torch.manual_seed(seed)
    model = Flat(nn.Sequential(nn.Linear(30, 24), nn.BatchNorm1d(24, momentum=1.0), nn.ReLU(), nn.Linear(24, 1)))
    training = tasks.cancer_mlp(seed, model, lr=4e-3 * scale, epochs=10)
    x, y = breast_cancer()
    training.train, training.valid = loaders(x, y.float(), seed, batch=24, train=range(386))
    training.record(path)


def input_replaced_by_zeros(path: Path, seed: int, scale: float) -> None:
    """A leftover of debugging zeroes the images at the start of forward."""

    class Blind(Cnn):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(torch.zeros_like(x))

    torch.manual_seed(seed)
    model = Blind()
    training = tasks.digits_cnn(seed, model, lr=3e-3 * scale)
    with training.open(path) as rec:
        training.run(rec)
        _, x, y = next(iter(training.valid))
        zero_input(rec, model, mean_loss(training), (x, y))


def last_row_only(path: Path, seed: int, scale: float) -> None:
    """A recurrent regression reads its state at a place that no input has reached yet: the answer never depends on the patient."""

    class TooEarly(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.GRU(1, 16, batch_first=True)
            self.head = nn.Linear(16, 1)

        def forward(self, x: Tensor) -> Tensor:
            start = x.new_zeros(len(x), 1, 1)
            return self.head(self.rnn(torch.cat([start, x.unsqueeze(-1)], dim=1))[0][:, 0]).squeeze(-1)

    torch.manual_seed(seed)
    tasks.diabetes_mlp(seed, TooEarly(), lr=3e-3 * scale).record(path)


def batch_read_as_time(path: Path, seed: int, scale: float) -> None:
    """An LSTM without batch_first gets batches first: it runs along the batch, and each sample sees those before it."""

    class Crossed(RowReader):
        def __init__(self) -> None:
            super().__init__()
            self.rnn.batch_first = False

    torch.manual_seed(seed)
    model = Crossed()
    training = tasks.digits_rows(seed, model, lr=2e-3 * scale)
    with training.open(path) as rec:
        _, x, _ = next(iter(training.valid))
        training.run(rec)
        batch_independence(rec, model, x[:8])


def softmax_over_the_batch(path: Path, seed: int, scale: float) -> None:
    """Attention pooling over the rows of a digit whose softmax runs over dimension 0, the batch."""

    class Pooling(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.read = nn.Linear(8, 24)
            self.score = nn.Linear(24, 1)
            self.head = nn.Linear(24, 10)

        def forward(self, x: Tensor) -> Tensor:
            rows = torch.tanh(self.read(x.squeeze(1)))
            return self.head((rows * self.score(rows).softmax(dim=0)).sum(1) * len(x) / 8)

    torch.manual_seed(seed)
    model = Pooling()
    training = tasks.digits_mlp(seed, model, optimizer=Adam, lr=5e-3 * scale)
    with training.open(path) as rec:
        _, x, _ = next(iter(training.valid))
        training.run(rec)
        batch_independence(rec, model, x[:8])


FAULTS_STRUCTURE = (
    Case(straight_line_for_circles, ("model_too_small",), 0, misses=("accuracy", 0.75), fast=True),
    Case(two_units_for_ten_digits, ("model_too_small",), misses=("accuracy", 0.75)),
    Case(detached_features, ("disconnected_parameter",), 0, subject=("*conv*", "*norm*"), misses=("accuracy", 0.92), fast=True),
    Case(branch_without_gradient, ("disconnected_parameter",), 0, subject=("*right*",), why="the run learns all the same, only less"),
    Case(place_embedding_never_used, ("disconnected_parameter",), 0, subject=("*place*",), why="the run learns all the same, only less"),
    Case(evaluated_with_dropout, ("wrong_mode",), interval=30, step=28, subject=("valid", "eval*", "", "*drop*"), misses=("accuracy", 0.9), fast=True),
    Case(train_mode_not_restored, ("wrong_mode",), 29, subject=("train", "", "*drop*", "*norm*")),
    Case(
        running_statistics_never_updated, ("normalization_statistics",), interval=30, step=0, subject=("*norm*", "valid"), misses=("accuracy", 0.85), fast=True
    ),
    Case(running_statistics_of_the_last_batch, ("normalization_statistics",), interval=20, step=16, subject=("*body.1*", "valid"), misses=("loss", 0.12)),
    Case(input_replaced_by_zeros, ("ignores_input",), interval=200, step=0, misses=("accuracy", 0.3), fast=True),
    Case(last_row_only, ("ignores_input",), interval=200, step=0, misses=("r2", 0.1)),
    Case(batch_read_as_time, ("samples_mixed",), interval=300, step=0, subject=("*rnn*", "", "valid"), misses=("accuracy", 0.9), fast=True),
    Case(softmax_over_the_batch, ("samples_mixed",), interval=300, step=0),
)
