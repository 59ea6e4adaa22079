"""Fresh faults of inputs, targets, their order and their fit to the loss; written without sight of checks and thresholds."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from sklearn.datasets import load_diabetes, load_iris, make_classification
from torch import Tensor, nn
from torch.optim import SGD, Adam, RMSprop
from torch.utils.data import WeightedRandomSampler

from . import fresh_tasks as tasks
from .case import Case
from .data import PAD, batches, diabetes, digits, loaders, passages, properties, standardize
from .fresh_tasks import BothWays, ResidualNet, WordReader, friedman, signal, vowels, wave_mlp, windows
from .models import CharacterGru, Cnn, Flat, Transformer, mlp
from .tasks import cancer_mlp, diabetes_mlp, digits_multilabel, passages_lm, wine_mlp, words_lm
from .training import binary_accuracy, r2


def blood_values_as_measured(path: Path, seed: int, scale: float) -> None:
    """Age, blood pressure and serum values as they were measured, from 1 to 300, into a tanh network."""
    torch.manual_seed(seed)
    bunch = load_diabetes(scaled=False)
    order = torch.randperm(len(bunch.target), generator=torch.Generator().manual_seed(0))
    x = torch.tensor(bunch.data, dtype=torch.float32)[order]
    training = diabetes_mlp(seed, Flat(mlp([10, 24, 1], nn.Tanh)), optimizer=RMSprop, lr=3e-3 * scale, epochs=12, every=10)
    training.train, training.valid = loaders(x, diabetes()[1], seed, batch=16)
    training.record(path)


def labels_slipped_in_one_block(path: Path, seed: int, scale: float) -> None:
    """A row was lost in the label file: from image 300 to image 390 each carries the label of the next."""
    torch.manual_seed(seed)
    x, y = digits()
    y = y.clone()
    y[300:390] = y[301:391].clone()
    training = tasks.residual(seed, lr=0.02 * scale, epochs=7)
    training.train, training.valid = loaders(x, y, seed, batch=24)
    training.record(path)


def files_sorted_as_text(path: Path, seed: int, scale: float) -> None:
    """Image files were listed as text (1, 10, 100, 1000, ...), labels were read as numbers in their order: next to none belongs to its image."""
    torch.manual_seed(seed)
    x, y = digits()
    listed = sorted(range(len(x)), key=str)
    training = tasks.residual(seed, ResidualNet(width=24), optimizer=Adam, lr=3e-3 * scale, epochs=12)
    training.train, training.valid = loaders(x[listed], y, seed, batch=24, train=range(480))
    training.record(path)


def window_reaches_one_too_far(path: Path, seed: int, scale: float) -> None:
    """The window of a forecast ends one moment late: its last value is the one to be told, of a signal that is half noise."""
    torch.manual_seed(seed)
    series = signal() + 0.7 * torch.randn(1300, generator=torch.Generator().manual_seed(7))
    training = tasks.forecast(seed, lr=3e-3 * scale)
    training.train, training.valid = loaders(*windows(series, ahead=0), seed, batch=30)
    training.record(path)


def attention_without_its_mask(path: Path, seed: int, scale: float) -> None:
    """A language model whose attention looks ahead: the next character is there to be read."""
    torch.manual_seed(seed)
    passages_lm(seed, Transformer(width=40, causal=False), lr=6e-3 * scale, epochs=9).record(path)


def split_drawn_twice(path: Path, seed: int, scale: float) -> None:
    """Training and validation are each the part of a random split, but of two splits, drawn from two seeds."""
    torch.manual_seed(seed)
    x, y = friedman()
    first, second = (torch.randperm(1200, generator=torch.Generator().manual_seed(number)).tolist() for number in (1, 2))
    training = tasks.waves(seed, wave_mlp(width=96), lr=3e-3 * scale)
    training.train, training.valid = loaders(x, y, seed, batch=36, train=first[:900], valid=second[900:])
    training.record(path)


def normalized_in_training_only(path: Path, seed: int, scale: float) -> None:
    """The transformation for training subtracts a mean and divides by a deviation, the one for validation does neither."""
    torch.manual_seed(seed)
    x, y = digits()
    training = tasks.residual(seed, Cnn(width=12), lr=0.02 * scale)
    training.train = batches((x - 0.305) / 0.12, y, range(900), seed, name="digits", batch_size=24, shuffle=True)
    training.valid = batches(x, y, range(1347, 1647), seed, name="digits", batch_size=150)
    training.record(path)


def iris_in_the_order_of_the_file(path: Path, seed: int, scale: float) -> None:
    """Flowers as the file has them, one kind after the other, and no shuffling."""
    torch.manual_seed(seed)
    bunch = load_iris()
    x, y = standardize(torch.tensor(bunch.data, dtype=torch.float32)), torch.tensor(bunch.target).long()
    training = wine_mlp(seed, mlp([4, 16, 3], nn.Tanh), optimizer=SGD, lr=0.3 * scale, epochs=6, every=2)
    training.train, training.valid = loaders(x, y, seed, batch=8, train=[row for row in range(150) if row % 4], valid=range(0, 150, 4), shuffle=False)
    training.record(path)


def weights_of_classes_as_weights_of_samples(path: Path, seed: int, scale: float) -> None:
    """A weighted sampler is given the ten weights of the classes where one for each sample was meant: it draws the first ten images for ever."""
    torch.manual_seed(seed)
    x, y = digits()
    weights = (1 / torch.bincount(y[:900], minlength=10)).tolist()
    sampler = WeightedRandomSampler(weights, 900, generator=torch.Generator().manual_seed(seed))
    training = tasks.residual(seed, lr=0.02 * scale)
    training.train, training.valid = loaders(x, y, seed, batch=24, sampler=sampler)
    training.record(path)


def third_tier_of_customers(path: Path, seed: int, scale: float) -> None:
    """Three tiers of customers, 80, 18 and 2 in a hundred: the first two are told apart, the third is next to never predicted."""
    torch.manual_seed(seed)
    x, y = make_classification(
        1200, 12, n_informative=5, n_redundant=2, n_classes=3, n_clusters_per_class=1, weights=[0.8, 0.18], class_sep=0.8, flip_y=0.02, random_state=3
    )
    training = wine_mlp(seed, mlp([12, 16, 3]), lr=3e-3 * scale, epochs=7, classes=["base", "silver", "gold"], every=None)
    training.train, training.valid = loaders(torch.tensor(x, dtype=torch.float32), torch.tensor(y).long(), seed, batch=32)
    training.record(path)


def start_mark_in_validation_only(path: Path, seed: int, scale: float) -> None:
    """A tagger (does a word end here?): the tags of validation begin with one for a start mark that its texts do not have, and are late by one."""
    torch.manual_seed(seed)
    x, following = passages(800)
    tags = ((x > PAD) & (x <= 26) & (following > 26)).long()
    tags[600:] = torch.roll(tags[600:], 1, dims=1)
    model = BothWays(outputs=2)
    training = tasks.restoration(seed, model, lr=4e-3 * scale, epochs=4, mask=None)
    training.metrics = {"accuracy": lambda prediction, target: (prediction.argmax(-1) == target).float().mean().item()}
    training.train, training.valid = loaders(x, tags, seed, batch=20, train=range(600), valid=range(600, 800), valid_batch=50)
    training.record(path)


def labels_of_minus_one_and_one(path: Path, seed: int, scale: float) -> None:
    """Labels -1 and 1, as for a hinge loss, in a binary cross-entropy: the loss goes below zero without end."""
    torch.manual_seed(seed)
    letters, count = vowels()
    sign = torch.where(count > 1, 1.0, -1.0)
    training = cancer_mlp(seed, Flat(WordReader(classes=1)), lr=5e-3 * scale, epochs=8, metrics={"accuracy": binary_accuracy})
    training.train, training.valid = loaders(letters, sign, seed)
    training.record(path)


def divided_by_all_positions(path: Path, seed: int, scale: float) -> None:
    """The losses of padding are masked away, but the sum is divided by the number of all positions, in training and in validation."""
    torch.manual_seed(seed)
    training = words_lm(seed, CharacterGru(width=32), optimizer=RMSprop, lr=4e-3 * scale, every=20)
    training.reduce = lambda losses, mask: (losses * mask).mean()
    training.summarize = lambda seen: {"loss": torch.cat([batch[2] * batch[3] for batch in seen]).mean().item()}
    training.record(path)


def softmax_over_labels_that_go_together(path: Path, seed: int, scale: float) -> None:
    """Four properties, any number of which hold, and a cross-entropy, which makes them compete."""
    torch.manual_seed(seed)
    x, y = digits()
    training = digits_multilabel(seed, ResidualNet(classes=4), optimizer=Adam, lr=3e-3 * scale, epochs=5)
    training.losses = lambda prediction, target: F.cross_entropy(prediction, target, reduction="none")
    training.criterion = "cross_entropy"
    training.train, training.valid = loaders(x, properties(y), seed, batch=40)
    training.record(path)


def targets_as_a_column(path: Path, seed: int, scale: float) -> None:
    """Predictions [N] against targets [N, 1], absolute errors: every prediction is compared with every target."""
    torch.manual_seed(seed)
    x, y = friedman()

    def losses(prediction: Tensor, target: Tensor) -> Tensor:
        return (prediction - target).abs()

    training = tasks.waves(seed, optimizer=Adam, lr=3e-3 * scale, losses=losses, criterion="l1_loss", every=1, epochs=6, metrics={})
    training.train, training.valid = loaders(x, y[:, None], seed, batch=36)
    training.summarize = lambda seen: {
        "loss": sum(batch[2].mean().item() * len(batch[1]) for batch in seen) / sum(len(batch[1]) for batch in seen),
        "r2": r2(torch.cat([batch[0] for batch in seen]), torch.cat([batch[1] for batch in seen])[:, 0]),
    }
    training.record(path)


FRESH_DATA = (
    Case(blood_values_as_measured, ("inputs_not_normalized",), 0, interval=10, misses=("r2", 0.3)),
    Case(labels_slipped_in_one_block, ("label_errors",), misses=("loss", 0.15)),
    Case(files_sorted_as_text, ("labels_random",), misses=("accuracy", 0.2)),
    Case(window_reaches_one_too_far, ("targets_leak",), 0, interval=120),
    Case(attention_without_its_mask, ("targets_leak",), 0, interval=150),
    Case(split_drawn_twice, ("leak_train_valid",), 24, interval=25),
    Case(normalized_in_training_only, ("split_mismatch",), 37, interval=38, subject=("valid", "input*", ""), misses=("loss", 0.5)),
    Case(iris_in_the_order_of_the_file, ("not_shuffled",), 0, interval=30, misses=("accuracy", 0.9)),
    Case(weights_of_classes_as_weights_of_samples, ("sampling_error",), 0, interval=76, misses=("accuracy", 0.7)),
    Case(third_tier_of_customers, ("class_imbalance",)),
    Case(start_mark_in_validation_only, ("targets_misaligned",), 29, interval=30, misses=("accuracy", 0.9)),
    Case(labels_of_minus_one_and_one, ("target_out_of_range",), 0),
    Case(
        divided_by_all_positions,
        ("padding_counted", "loss_formula"),
        0,
        interval=36,
        subject=("loss", "valid*", "train*"),
        why="padding adds nothing to the sum and counts in the divisor: padding that is counted, and a wrong formula",
    ),
    Case(softmax_over_labels_that_go_together, ("loss_mismatch",), 0, interval=30, misses=("accuracy", 0.93)),
    Case(targets_as_a_column, ("shape_broadcast",), 0, interval=25, misses=("r2", 0.2)),
)
