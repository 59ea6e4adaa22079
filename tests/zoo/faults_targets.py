"""Faults of how targets meet predictions: shifted, out of range, padded, broadcast, and losses that do not suit them."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Adam

from . import tasks
from .case import Case
from .data import PAD, breast_cancer, digits, loaders, passages, scenes
from .models import CharacterGru, RowReader, Segmenter, mlp, token_losses
from .training import Training


def labels_shifted_twice(path: Path, seed: int, scale: float) -> None:
    """The loss shifts the labels as libraries do, and the data set had shifted them already: the model learns the character after the next."""
    training = tasks.words_lm(seed, lr=5e-3 * scale)
    training.losses = lambda prediction, target: F.pad(token_losses(prediction[:, :-1], target[:, 1:]), (0, 1))
    training.mask = lambda target: F.pad(target[:, 1:] != PAD, (0, 1))
    training.record(path)


def tags_off_by_one(path: Path, seed: int, scale: float) -> None:
    """A tagger of letters (vowel, consonant, space, other): the validation targets lost their first tag, and each stands one place too early."""
    torch.manual_seed(seed)
    kinds = torch.tensor([3, *(0 if letter in "aeiou" else 1 for letter in "abcdefghijklmnopqrstuvwxyz"), 2, *[3] * 8])
    x, _ = passages(800)
    tags = kinds[x]
    tags[600:] = torch.roll(tags[600:], -1, dims=1)
    training = tasks.passages_lm(seed, CharacterGru(outputs=4), lr=5e-3 * scale, epochs=3, task="language_model")
    training.train, training.valid = loaders(x, tags, seed, batch=16, valid_batch=50)
    training.record(path)


def labels_of_one_and_two(path: Path, seed: int, scale: float) -> None:
    """Labels 1 and 2 for a single sigmoid: the binary loss goes below zero and the logits run away."""
    torch.manual_seed(seed)
    x, y = breast_cancer()
    training = tasks.cancer_mlp(seed, lr=4e-3 * scale)
    training.train, training.valid = loaders(x, y.float() + 1, seed, batch=16)
    training.metrics = {"accuracy": lambda prediction, target: ((prediction > 0).float() == target).float().mean().item()}
    training.record(path)


def mask_from_0_to_255(path: Path, seed: int, scale: float) -> None:
    """Masks read from PNG files, 255 where there is ink, as targets of a binary loss."""
    torch.manual_seed(seed)
    x, mask = scenes()
    targets = (mask > 0).float().unsqueeze(1) * 255

    def losses(prediction: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(prediction, target, reduction="none")

    training = tasks.segmentation(
        seed, Segmenter(classes=1), lr=3e-3 * scale, losses=losses, criterion="binary_cross_entropy_with_logits", metrics={}, epochs=4
    )
    training.train, training.valid = loaders(x, targets, seed, batch=16, valid_batch=50)
    training.record(path)


def padding_in_the_loss(path: Path, seed: int, scale: float) -> None:
    """The mask is known but the loss is the mean over all positions: most of it is padding, which is easy."""
    training = tasks.words_lm(seed, lr=5e-3 * scale)
    training.reduce = lambda losses, mask: losses.mean()
    training.summarize = lambda seen: {"loss": torch.cat([batch[2] for batch in seen]).mean().item()}
    training.record(path)


def padding_in_the_evaluation(path: Path, seed: int, scale: float) -> None:
    """The loss of training is right; the one of validation is averaged over padding too, which the model was never asked about."""
    training = tasks.words_lm(seed, CharacterGru(cell=nn.LSTM), lr=5e-3 * scale)
    training.summarize = lambda seen: {"loss": torch.cat([batch[2] for batch in seen]).mean().item()}
    training.record(path)


def digit_numbers_by_squared_error(path: Path, seed: int, scale: float) -> None:
    """A classifier of ten classes trained with the squared error between its softmax and the class number."""
    torch.manual_seed(seed)

    def losses(prediction: Tensor, target: Tensor) -> Tensor:
        return ((prediction - target[:, None].float()) ** 2).mean(1)

    training = tasks.digits_cnn(seed, lr=3e-3 * scale, losses=losses, criterion="mse_loss", task="classification")
    training.record(path)


def binary_loss_on_exclusive_classes(path: Path, seed: int, scale: float) -> None:
    """Ten classes of which one is right, each judged on its own by a binary loss."""
    torch.manual_seed(seed)

    def losses(prediction: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(prediction, F.one_hot(target, 10).float(), reduction="none").mean(1)

    tasks.digits_rows(seed, lr=2e-3 * scale, losses=losses, criterion="binary_cross_entropy_with_logits", task="classification").record(path)


def column_against_row(path: Path, seed: int, scale: float) -> None:
    """Predictions [N, 1] against targets [N]: the loss compares every patient with every other, and the network learns the mean."""
    torch.manual_seed(seed)
    training = tasks.diabetes_mlp(seed, mlp([10, 16, 1], nn.Tanh), lr=3e-3 * scale)
    training.metrics = {}
    training.summarize = lambda seen: {"loss": sum(batch[2].mean().item() * len(batch[1]) for batch in seen) / sum(len(batch[1]) for batch in seen)}
    training.record(path)


def broadcast_in_a_recurrent_regression(path: Path, seed: int, scale: float) -> None:
    """The same mistake with a smooth L1 loss and an LSTM that reads digits and is asked for their ink."""
    torch.manual_seed(seed)
    x, _ = digits()
    ink = (x.mean((1, 2, 3)) - 0.305) * 20
    train, valid = loaders(x, ink, seed)

    def losses(prediction: Tensor, target: Tensor) -> Tensor:
        count = len(target)
        return F.smooth_l1_loss(prediction.expand(count, count), target.expand(count, count), reduction="none")

    model = RowReader(classes=1)
    training = Training(model, Adam(model.parameters(), lr=5e-3 * scale), train, valid, losses, 6, "smooth_l1_loss", "regression")
    training.summarize = lambda seen: {"loss": sum(batch[2].mean().item() * len(batch[1]) for batch in seen) / sum(len(batch[1]) for batch in seen)}
    training.record(path)


FAULTS_TARGETS = (
    Case(labels_shifted_twice, ("targets_misaligned",), interval=60, step=0, fast=True),
    Case(tags_off_by_one, ("targets_misaligned",), interval=40, step=37, misses=("accuracy", 0.6)),
    Case(labels_of_one_and_two, ("target_out_of_range",), 0, misses=("accuracy", 0.8), fast=True),
    Case(mask_from_0_to_255, ("target_out_of_range",), 0),
    Case(padding_in_the_loss, ("padding_counted",), interval=45, step=0, subject=("loss", "valid*", "train*"), fast=True),
    Case(padding_in_the_evaluation, ("padding_counted",), interval=36, step=35, subject=("loss", "valid*")),
    Case(digit_numbers_by_squared_error, ("loss_mismatch",), interval=30, step=0, misses=("accuracy", 0.6), fast=True),
    Case(binary_loss_on_exclusive_classes, ("loss_mismatch",), interval=30, step=0),
    Case(column_against_row, ("shape_broadcast",), interval=21, step=0, fast=True),
    Case(broadcast_in_a_recurrent_regression, ("shape_broadcast",), interval=29, step=0),
)
