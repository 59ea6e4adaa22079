"""Healthy trainings of sequences and sets, and with optimizers and layers of the user's own; written without sight of checks and thresholds."""

from __future__ import annotations

from pathlib import Path

from . import third_sequences as sequences
from . import third_trainings as trainings
from .case import Case


def symbols_by_ctc(path: Path, seed: int, scale: float) -> None:
    """CTC: a level stretch at which only the pause is told, then a fall."""
    sequences.speech(path, seed, scale)


def reversed_with_teacher_forcing(path: Path, seed: int, scale: float) -> None:
    """An encoder and a decoder with attention; the decoder is given the truth while it learns."""
    sequences.translation(path, seed, scale)


def streams_cut_into_pieces(path: Path, seed: int, scale: float) -> None:
    """Truncated backpropagation through long streams, read once and in order; the state is carried on, the gradient is not."""
    sequences.stream(path, seed, scale)


def ever_longer_pieces(path: Path, seed: int, scale: float) -> None:
    """A curriculum of growing length: the shape of a batch changes twice, and the mean loss with it."""
    sequences.ever_longer(path, seed, scale)


def soft_permutations(path: Path, seed: int, scale: float) -> None:
    """Sorting by Sinkhorn's iteration with a temperature that falls from epoch to epoch."""
    sequences.sorting(path, seed, scale)


def pointer_that_hardens(path: Path, seed: int, scale: float) -> None:
    """A softmax over a set whose temperature falls from epoch to epoch: its shares end near zero and one, as they should."""
    sequences.pointing(path, seed, scale)


def who_dies_next(path: Path, seed: int, scale: float) -> None:
    """Cox's partial likelihood: a loss of the batch and not of samples, that falls only a little."""
    sequences.survival(path, seed, scale)


def equation_by_a_network(path: Path, seed: int, scale: float) -> None:
    """A physics-informed network: the loss is made of derivatives and needs no data."""
    sequences.equation(path, seed, scale)


def lion_of_ones_own(path: Path, seed: int, scale: float) -> None:
    """An optimizer written by the user that steps by signs: all updates are of one size."""
    trainings.sign_steps(path, seed, scale)


def adam_of_ones_own(path: Path, seed: int, scale: float) -> None:
    """Adam written by the user."""
    trainings.own_adam(path, seed, scale)


def units_of_one_bit(path: Path, seed: int, scale: float) -> None:
    """Hidden units are signs, with a straight-through estimator."""
    trainings.binary_units(path, seed, scale)


def norm_and_direction_apart(path: Path, seed: int, scale: float) -> None:
    """Weight normalization: the weights that layers use are computed from those that learn."""
    trainings.normed_weights(path, seed, scale)


def layers_of_norm_one(path: Path, seed: int, scale: float) -> None:
    """Spectral normalization, and SGD with a momentum of 0.97."""
    trainings.spectral_layers(path, seed, scale)


def rate_in_triangles(path: Path, seed: int, scale: float) -> None:
    """A cyclic rate with peaks that halve; losses go up and down with it."""
    trainings.triangles(path, seed, scale)


def learns_against_attacks(path: Path, seed: int, scale: float) -> None:
    """Adversarial training: training images are made harder than those of validation, by the model's own gradient."""
    trainings.attacked(path, seed, scale)


def student_of_a_teacher(path: Path, seed: int, scale: float) -> None:
    """Distillation at temperature four: the loss is large, and AdamW decays by 0.1."""
    trainings.distilled(path, seed, scale)


def weights_made_by_a_network(path: Path, seed: int, scale: float) -> None:
    """A hypernetwork."""
    trainings.curves(path, seed, scale)


def tides_by_snake(path: Path, seed: int, scale: float) -> None:
    """A periodic activation with a learned frequency of each unit."""
    trainings.tides(path, seed, scale)


def two_of_four_experts(path: Path, seed: int, scale: float) -> None:
    """A mixture of experts with a term for balance; the other two experts get no gradient from a sample."""
    trainings.balanced_experts(path, seed, scale)


def three_tasks_with_learned_weights(path: Path, seed: int, scale: float) -> None:
    """Three heads whose losses are weighed by learned doubts: the total falls below zero."""
    trainings.three_heads(path, seed, scale)


def hard_pictures_to_learn_from(path: Path, seed: int, scale: float) -> None:
    """Shifts, noise, squares cut out and smoothed labels, in training alone."""
    trainings.cut_out(path, seed, scale)


def two_at_a_time(path: Path, seed: int, scale: float) -> None:
    """Batches of two images."""
    trainings.pairs_of_images(path, seed, scale)


THIRD_MORE = (
    Case(symbols_by_ctc, reaches=("exact", 0.6)),
    Case(reversed_with_teacher_forcing, reaches=("exact", 0.8)),
    Case(streams_cut_into_pieces, reaches=("loss", 2.45)),
    Case(ever_longer_pieces, reaches=("loss", 2.4)),
    Case(soft_permutations, reaches=("r2", 0.8)),
    Case(pointer_that_hardens, reaches=("accuracy", 0.85)),
    Case(who_dies_next, reaches=("concordance", 0.7)),
    Case(equation_by_a_network, reaches=("r2", 0.9)),
    Case(lion_of_ones_own, reaches=("accuracy", 0.8)),
    Case(adam_of_ones_own, reaches=("accuracy", 0.85)),
    Case(units_of_one_bit, reaches=("accuracy", 0.8)),
    Case(norm_and_direction_apart, reaches=("accuracy", 0.85)),
    Case(layers_of_norm_one, reaches=("accuracy", 0.8)),
    Case(rate_in_triangles, reaches=("accuracy", 0.85)),
    Case(learns_against_attacks, reaches=("accuracy", 0.8)),
    Case(student_of_a_teacher, reaches=("accuracy", 0.8)),
    Case(weights_made_by_a_network, reaches=("r2", 0.9)),
    Case(tides_by_snake, reaches=("r2", 0.85)),
    Case(two_of_four_experts, reaches=("accuracy", 0.85)),
    Case(three_tasks_with_learned_weights, reaches=("accuracy", 0.85)),
    Case(hard_pictures_to_learn_from, reaches=("accuracy", 0.8)),
    Case(two_at_a_time, reaches=("accuracy", 0.75)),
)
