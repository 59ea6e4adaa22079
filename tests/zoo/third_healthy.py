"""Healthy trainings from all over deep learning; written without sight of checks and thresholds."""

from __future__ import annotations

from pathlib import Path

from . import third_generative as generative
from . import third_tasks as tasks
from .case import Case
from .third_healthy_loops import THIRD_LOOPS
from .third_healthy_more import THIRD_MORE


def gan_with_gradient_penalty(path: Path, seed: int, scale: float) -> None:
    """Two networks against each other, the critic held flat by a penalty: neither loss falls."""
    generative.gan(path, seed, scale)


def noise_of_a_diffusion(path: Path, seed: int, scale: float) -> None:
    """The loss is noisy since some moments of the diffusion are much harder than others."""
    generative.diffusion(path, seed, scale)


def density_of_two_moons(path: Path, seed: int, scale: float) -> None:
    """A normalizing flow: the loss is a negative log likelihood, and falls below zero."""
    generative.flow(path, seed, scale)


def two_views_of_a_digit(path: Path, seed: int, scale: float) -> None:
    """Contrastive learning: the loss stays high since other pictures of the same digit count as different."""
    generative.contrast(path, seed, scale)


def bound_with_divergence_faded_in(path: Path, seed: int, scale: float) -> None:
    """A variational autoencoder whose loss rises at first while the divergence gains weight."""
    generative.variational(path, seed, scale)


def landscape_by_sines(path: Path, seed: int, scale: float) -> None:
    """A coordinate network with sine activations, and weights drawn small, as these need them."""
    tasks.coordinates(path, seed, scale)


def regression_with_its_own_doubt(path: Path, seed: int, scale: float) -> None:
    """A network that tells mean and variance: the loss is a log likelihood and falls below zero."""
    tasks.own_doubt(path, seed, scale)


def box_and_kind(path: Path, seed: int, scale: float) -> None:
    """A detector with two heads and two losses of different size."""
    tasks.detection(path, seed, scale)


def overlap_as_loss(path: Path, seed: int, scale: float) -> None:
    """Segmentation by a Dice loss of the user's own; most pixels are background."""
    tasks.outline(path, seed, scale)


def rare_digits_weigh_more(path: Path, seed: int, scale: float) -> None:
    """Weights of classes in the loss, declared with it, for digits that are rare in training."""
    tasks.rare_digits(path, seed, scale)


def adapters_in_attention(path: Path, seed: int, scale: float) -> None:
    """Nearly all is frozen; what learns are low-rank adapters, one factor of which starts at zero."""
    tasks.adapters(path, seed, scale)


def averaged_weights_judged(path: Path, seed: int, scale: float) -> None:
    """An exponential average of the weights is evaluated, with the statistics of its norms copied along: worse than the live model at first."""
    tasks.averaged(path, seed, scale)


def half_of_the_patches_hidden(path: Path, seed: int, scale: float) -> None:
    """A masked autoencoder: another half is hidden each time, and the loss levels out where pixels cannot be guessed."""
    tasks.masked_patches(path, seed, scale)


THIRD_HEALTHY = (
    Case(gan_with_gradient_penalty, reaches=("covered", 0.55)),
    Case(noise_of_a_diffusion, reaches=("loss", 0.5)),
    Case(density_of_two_moons, reaches=("loss", -0.3)),
    Case(two_views_of_a_digit, reaches=("neighbour_accuracy", 0.85)),
    Case(bound_with_divergence_faded_in, reaches=("explained", 0.35)),
    Case(landscape_by_sines, reaches=("r2", 0.9)),
    Case(regression_with_its_own_doubt, reaches=("r2", 0.6)),
    Case(box_and_kind, reaches=("iou", 0.5)),
    Case(overlap_as_loss, reaches=("iou", 0.7)),
    Case(rare_digits_weigh_more, reaches=("balanced_accuracy", 0.7)),
    Case(adapters_in_attention, reaches=("accuracy", 0.65)),
    Case(averaged_weights_judged, reaches=("accuracy", 0.8)),
    Case(half_of_the_patches_hidden, reaches=("loss", 0.35)),
    *THIRD_LOOPS,
    *THIRD_MORE,
)
