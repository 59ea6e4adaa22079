"""Faults of inputs and targets: scale, labels, leaks, splits, order, sampling, balance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn
from torch.optim import SGD, Adam
from torch.utils.data import Sampler

from . import tasks
from .case import Case
from .data import batches, breast_cancer, diabetes, digits, loaders, passages, scenes, wine
from .models import CharacterGru, Flat, Segmenter, mlp


def raw_clinical_table(path: Path, seed: int, scale: float) -> None:
    """Thirty features from 0.001 to 4000, unscaled, under SGD."""
    torch.manual_seed(seed)
    x, y = breast_cancer(scaled=False)
    training = tasks.cancer_mlp(seed, lr=1e-2 * scale, optimizer=SGD)
    training.train, training.valid = loaders(x, y.float(), seed, batch=16)
    training.record(path)


def one_feature_in_thousands(path: Path, seed: int, scale: float) -> None:
    """Wine as it comes: one of the thirteen columns runs to 1680, and a tanh network saturates on it."""
    torch.manual_seed(seed)
    training = tasks.wine_mlp(seed, lr=5e-3 * scale)
    training.train, training.valid = loaders(*wine(scaled=False), seed, batch=16)
    training.record(path)


def pixels_up_to_255(path: Path, seed: int, scale: float) -> None:
    """Images from 0 to 255 under SGD with momentum: the first steps are far too long for the scale of the input."""
    torch.manual_seed(seed)
    x, y = digits()
    training = tasks.digits_mlp(seed, lr=0.03 * scale)
    training.train, training.valid = loaders(x * 255, y, seed)
    training.record(path)


def one_label_in_ten_is_wrong(path: Path, seed: int, scale: float) -> None:
    """Ten percent of the training labels were replaced by another digit."""
    torch.manual_seed(seed)
    x, y = digits()
    y = y.clone()
    wrong = torch.randperm(900)[:90]
    y[wrong] = (y[wrong] + torch.randint(1, 10, (90,))) % 10
    training = tasks.digits_cnn(seed, lr=3e-3 * scale, epochs=10)
    training.train, training.valid = loaders(x, y, seed)
    training.record(path)


def benign_for_malignant(path: Path, seed: int, scale: float) -> None:
    """Five percent of the patients carry the other diagnosis, in training and in validation."""
    torch.manual_seed(seed)
    x, y = breast_cancer()
    y = y.clone()
    wrong = torch.randperm(len(y))[: len(y) // 20]
    y[wrong] = 1 - y[wrong]
    training = tasks.cancer_mlp(seed, lr=4e-3 * scale, epochs=10)
    training.train, training.valid = loaders(x, y.float(), seed, batch=16)
    training.record(path)


def labels_shuffled(path: Path, seed: int, scale: float) -> None:
    """The label file was sorted on its own: labels have nothing to do with images."""
    torch.manual_seed(seed)
    x, y = digits()
    training = tasks.digits_mlp(seed, mlp([64, 128, 64, 10]), optimizer=Adam, lr=3e-3 * scale, epochs=14)
    training.train, training.valid = loaders(x, y[torch.randperm(len(y))], seed, train=range(400))
    training.record(path)


def targets_of_other_patients(path: Path, seed: int, scale: float) -> None:
    """A regression whose targets were joined on the wrong key."""
    torch.manual_seed(seed)
    x, y = diabetes()
    training = tasks.diabetes_mlp(seed, Flat(mlp([10, 64, 64, 1])), lr=3e-3 * scale, epochs=25)
    training.train, training.valid = loaders(x, y[torch.randperm(len(y))], seed, batch=16)
    training.record(path)


def unshifted_language_model(path: Path, seed: int, scale: float) -> None:
    """The target of each position is the character that stands there."""
    torch.manual_seed(seed)
    x, _ = passages(800)
    training = tasks.passages_lm(seed, lr=3e-3 * scale)
    training.train, training.valid = loaders(x, x.clone(), seed, batch=16, valid_batch=50)
    training.record(path)


def diagnosis_among_the_features(path: Path, seed: int, scale: float) -> None:
    """The column to be predicted was left in the table."""
    torch.manual_seed(seed)
    x, y = breast_cancer()
    x = torch.cat([x, (4.0 * y[:, None] - 2.0)], dim=1)
    training = tasks.cancer_mlp(seed, Flat(mlp([31, 16, 1])), lr=1e-2 * scale, epochs=8)
    training.train, training.valid = loaders(x, y.float(), seed, batch=16)
    training.record(path)


def overlapping_splits(path: Path, seed: int, scale: float) -> None:
    """An index mistake: a third of the validation samples are training samples too."""
    training = tasks.digits_mlp(seed, lr=0.03 * scale)
    training.train, training.valid = loaders(*digits(), seed, train=range(900), valid=range(800, 1100))
    training.record(path)


def duplicates_before_the_split(path: Path, seed: int, scale: float) -> None:
    """The table holds every patient twice under different keys (an oversampling before the split)."""
    torch.manual_seed(seed)
    x, y = diabetes()
    order = torch.randperm(2 * len(x))
    x, y = torch.cat([x, x])[order], torch.cat([y, y])[order]
    training = tasks.diabetes_mlp(seed, Flat(mlp([10, 48, 48, 1])), lr=3e-3 * scale, epochs=10)
    cut = len(x) * 3 // 4
    training.train = batches(x[:cut], y[:cut], None, seed, name="train", batch_size=16, shuffle=True)
    training.valid = batches(x[cut:], y[cut:], None, seed, name="valid", batch_size=150)
    training.record(path)


def validation_not_scaled(path: Path, seed: int, scale: float) -> None:
    """Training images run from 0 to 1, validation images from 0 to 16."""
    torch.manual_seed(seed)
    x, y = digits()
    training = tasks.digits_cnn(seed, lr=3e-3 * scale)
    training.train = batches(x, y, range(900), seed, name="digits", batch_size=32, shuffle=True)
    training.valid = batches(x * 16, y, range(1347, 1647), seed, name="digits", batch_size=150)
    training.record(path)


def validation_inverted(path: Path, seed: int, scale: float) -> None:
    """Training digits are white on black, validation digits black on white: the same range, another picture."""
    torch.manual_seed(seed)
    x, y = digits()
    training = tasks.digits_mlp(seed, lr=0.03 * scale)
    training.train = batches(x, y, range(900), seed, name="digits", batch_size=32, shuffle=True)
    training.valid = batches(1 - x, y, range(1347, 1647), seed, name="digits", batch_size=150)
    training.record(path)


def sorted_by_class(path: Path, seed: int, scale: float) -> None:
    """The file lists all zeros, then all ones, and shuffle is off."""
    torch.manual_seed(seed)
    x, y = digits()
    order = torch.cat([torch.argsort(y[:900], stable=True), torch.arange(900, len(y))])
    training = tasks.digits_mlp(seed, lr=0.03 * scale)
    training.train, training.valid = loaders(x[order], y[order], seed, shuffle=False)
    training.record(path)


def sorted_by_target(path: Path, seed: int, scale: float) -> None:
    """A regression table sorted by its target and never shuffled."""
    torch.manual_seed(seed)
    x, y = diabetes()
    order = torch.cat([torch.argsort(y[:331], stable=True), torch.arange(331, len(y))])
    training = tasks.diabetes_mlp(seed, lr=1e-2 * scale, optimizer=SGD, epochs=12)
    training.train, training.valid = loaders(x[order], y[order], seed, batch=16, shuffle=False)
    training.record(path)


class SameDrawEachEpoch(Sampler[int]):
    """Draws with replacement from a generator that is seeded anew for every epoch, as workers with one seed do."""

    def __init__(self, rows: int, seed: int) -> None:
        self.rows, self.seed = rows, seed

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[int]:
        return iter(torch.randint(0, self.rows, (self.rows,), generator=torch.Generator().manual_seed(self.seed)).tolist())


def same_draw_each_epoch(path: Path, seed: int, scale: float) -> None:
    """Every epoch visits the same two thirds of the samples, some of them four times, and never the rest."""
    training = tasks.digits_cnn(seed, lr=3e-3 * scale)
    training.train, training.valid = loaders(*digits(), seed, sampler=SameDrawEachEpoch(900, seed))
    training.record(path)


class EveryOther(Sampler[int]):
    """Two workers that both take the even rows."""

    def __init__(self, rows: int, seed: int) -> None:
        self.rows, self.generator = rows, torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[int]:
        even = torch.arange(0, self.rows, 2).repeat(2)
        return iter(even[torch.randperm(len(even), generator=self.generator)].tolist())


def both_workers_take_the_even_rows(path: Path, seed: int, scale: float) -> None:
    """Two workers shard the text by the same rank: half of the passages come twice an epoch, the others never."""
    torch.manual_seed(seed)
    training = tasks.passages_lm(seed, CharacterGru(), lr=5e-3 * scale)
    training.train, training.valid = loaders(*passages(800), seed, batch=16, valid_batch=50, sampler=EveryOther(600, seed))
    training.record(path)


def rare_disease(path: Path, seed: int, scale: float) -> None:
    """Three patients in a hundred are ill, by a small linear signal: the network calls everybody healthy."""
    torch.manual_seed(seed)
    x, y = breast_cancer()
    ill = (y == 0).nonzero()[:, 0][:14]
    healthy = (y == 1).nonzero()[:, 0]
    rows = torch.cat([ill, healthy])[torch.randperm(14 + len(healthy))]
    x, y = x[rows][:, :4] + 1.5 * torch.randn(len(rows), 4), (y[rows] == 0).long()
    training = tasks.wine_mlp(seed, mlp([4, 8, 2], nn.Tanh), lr=2e-3 * scale, epochs=14, classes=["healthy", "ill"])
    training.train, training.valid = loaders(x, y, seed, batch=16)
    training.record(path)


def background_only(path: Path, seed: int, scale: float) -> None:
    """Segmentation of single bright pixels: with 99 % background the network predicts background everywhere."""
    torch.manual_seed(seed)
    x, mask = scenes()
    tiny = torch.zeros_like(mask)
    for row in range(len(mask)):
        ink = (mask[row] > 0).nonzero()
        for top, left in ink[torch.randperm(len(ink))[:3]].tolist():
            tiny[row, top, left] = 1
    training = tasks.segmentation(seed, Segmenter(classes=2), lr=3e-3 * scale, classes=["background", "cell"])
    training.train, training.valid = loaders(x, tiny, seed, batch=16, valid_batch=50)
    training.record(path)


TWO_MISTAKES = "random targets and wrong labels are one thing in two degrees"

FAULTS_DATA = (
    Case(raw_clinical_table, ("inputs_not_normalized",), 0, misses=("accuracy", 0.9), fast=True),
    Case(one_feature_in_thousands, ("inputs_not_normalized",), 0, misses=("accuracy", 0.85)),
    Case(pixels_up_to_255, ("inputs_not_normalized",), 0, misses=("accuracy", 0.5)),
    Case(one_label_in_ten_is_wrong, ("label_errors",), misses=("loss", 0.25), fast=True),
    Case(benign_for_malignant, ("label_errors",), misses=("loss", 0.2)),
    Case(labels_shuffled, ("labels_random",), misses=("accuracy", 0.2), fast=True),
    Case(targets_of_other_patients, ("labels_random",), misses=("r2", 0.05)),
    Case(unshifted_language_model, ("targets_leak",), interval=120, step=0, fast=True),
    Case(diagnosis_among_the_features, ("targets_leak",), interval=120, step=0),
    Case(overlapping_splits, ("leak_train_valid",), interval=30, step=28, fast=True),
    Case(duplicates_before_the_split, ("leak_train_valid",), interval=45, step=41),
    Case(validation_not_scaled, ("split_mismatch",), interval=30, step=28, subject=("valid", "input*", ""), misses=("loss", 1.0), fast=True),
    Case(validation_inverted, ("split_mismatch",), interval=30, step=28, subject=("valid", "input*", ""), misses=("accuracy", 0.5)),
    Case(sorted_by_class, ("not_shuffled",), interval=60, step=0, misses=("accuracy", 0.7), fast=True),
    Case(sorted_by_target, ("not_shuffled",), interval=60, step=0),
    Case(same_draw_each_epoch, ("sampling_error", "not_shuffled"), interval=60, step=0, fast=True, why="the same draw comes in the same order"),
    Case(both_workers_take_the_even_rows, ("sampling_error",), interval=80, step=0),
    Case(rare_disease, ("class_imbalance",), fast=True),
    Case(background_only, ("class_imbalance",), misses=("iou", 0.55)),
)
