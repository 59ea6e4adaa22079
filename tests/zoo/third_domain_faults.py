"""Mistakes as they occur in particular fields of deep learning; each is the twin of a healthy training. Written without sight of checks and thresholds."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from . import third_generative as generative
from . import third_loops as loops
from . import third_sequences as sequences
from . import third_tasks as tasks
from . import third_trainings as trainings
from .case import Case


def generator_behind_detach(path: Path, seed: int, scale: float) -> None:
    """A GAN whose generator is scored on detached points: its loss has no way back to it."""
    generative.gan(path, seed, scale, shown=torch.Tensor.detach, rounds=250)


def other_noise_than_was_added(path: Path, seed: int, scale: float) -> None:
    """A diffusion model whose target is a fresh draw of noise, not the noise in the picture."""
    generative.diffusion(path, seed, scale, wanted=torch.randn_like)


def logit_of_the_largest_value(path: Path, seed: int, scale: float) -> int | None:
    """A flow that begins with a logit, without a margin, on features scaled by their smallest and largest value: those two are infinite."""
    return generative.flow(path, seed, scale, margin=0.0, epochs=5)


def code_drawn_without_a_gradient(path: Path, seed: int, scale: float) -> None:
    """A variational autoencoder that draws its code by sample() and not rsample(): only the divergence teaches the encoder, to forget its input."""
    generative.variational(path, seed, scale, draw=torch.distributions.Normal.sample)


def optimizer_of_the_target_network(path: Path, seed: int, scale: float) -> None:
    """Deep Q-learning whose optimizer was given the parameters of the target network."""
    loops.deep_q(path, seed, scale, optimized=lambda online, target: target)


def critic_as_a_column(path: Path, seed: int, scale: float) -> None:
    """Actor-critic whose values are [N, 1] and whose returns are [N]: each value is compared with the returns of all."""
    loops.actor_critic(path, seed, scale, shaped=lambda value: value)


def nodes_in_another_order(path: Path, seed: int, scale: float) -> None:
    """A graph whose labels were read in another order than its nodes."""
    order = torch.randperm(320, generator=torch.Generator().manual_seed(5))
    loops.communities(path, seed, scale, order=lambda labels: labels[order])


def decay_of_rare_embeddings(path: Path, seed: int, scale: float) -> None:
    """A recommender whose decay of 0.05 is part of Adam's gradient: it pulls at all rows in each step, the clicks only at a few."""
    loops.ranking(path, seed, scale, decay=0.05)


def guesses_of_other_pictures(path: Path, seed: int, scale: float) -> None:
    """Self-training that stores its guesses by their place in the list of the chosen, and reads them by their place in the data set."""
    loops.self_training(path, seed, scale, stored=lambda rows: torch.arange(len(rows)))


def asks_for_validation_pictures(path: Path, seed: int, scale: float) -> int | None:
    """Active learning that takes a place in the pool for a place in the data set, whose first 400 pictures are for validation."""
    return loops.active_learning(path, seed, scale, offset=400)


def sines_drawn_as_ever(path: Path, seed: int, scale: float) -> None:
    """A coordinate network with sine activations of frequency 30 and the usual draw of weights: it starts, and stays, wild."""
    tasks.coordinates(path, seed, scale, frequency=30.0, drawn=False)


def sizes_for_corners(path: Path, seed: int, scale: float) -> None:
    """A detector trained on boxes as corner and size, and validated on boxes as two corners."""
    tasks.detection(path, seed, scale, corners_in_training=False)


def sigmoid_under_dice(path: Path, seed: int, scale: float) -> None:
    """A network that ends with a sigmoid, and a Dice loss that takes one too."""
    tasks.outline(path, seed, scale, last=nn.Sigmoid())


def weighs_by_the_count(path: Path, seed: int, scale: float) -> None:
    """Weights of classes proportional to their counts instead of inversely: rare digits count for nothing."""
    tasks.rare_digits(path, seed, scale, weigh=lambda counts: counts / counts.mean())


def adapters_of_two_zeros(path: Path, seed: int, scale: float) -> None:
    """Low-rank adapters of which both factors start at zero: each is the other's gradient."""
    tasks.adapters(path, seed, scale, zeroed=("lora_a", "lora_b"))


def average_without_statistics(path: Path, seed: int, scale: float) -> None:
    """The averaged model gets the weights but not the running statistics, which stay as they were before training."""
    tasks.averaged(path, seed, scale, buffers=False)


def nothing_is_hidden(path: Path, seed: int, scale: float) -> None:
    """A masked autoencoder that forgets to hide in training: what it shall guess is in its input."""
    tasks.masked_patches(path, seed, scale, hide=torch.zeros_like)


def decoder_is_given_the_answer(path: Path, seed: int, scale: float) -> None:
    """Teacher forcing without the shift: the decoder gets the very token that it shall tell, and cannot translate on its own."""
    sequences.translation(path, seed, scale, given=lambda target: target)


def state_never_cut_off(path: Path, seed: int, scale: float) -> int:
    """Backpropagation through a stream without cutting the state off: the second step goes back through a graph that is gone."""
    try:
        sequences.stream(path, seed, scale, carry=lambda state: state)
    except RuntimeError:
        return 1
    raise AssertionError("torch went through the graph twice")


def temperature_falls_every_step(path: Path, seed: int, scale: float) -> None:
    """A softmax whose temperature falls in every step where it should in every epoch: it chooses one member for good before it knows which."""
    sequences.pointing(path, seed, scale, cooler=lambda step, epoch: 0.7**step)


def seconds_for_a_tanh(path: Path, seed: int, scale: float) -> None:
    """A physics-informed network that is given its time in seconds, 0..1000, as it is."""
    sequences.equation(path, seed, scale, seconds=250.0)


def own_adam_without_epsilon(path: Path, seed: int, scale: float) -> None:
    """Adam written by the user, who left out epsilon: pixels that are always black make 0/0."""
    trainings.own_adam(path, seed, scale, eps=0.0)


def signs_without_a_gradient(path: Path, seed: int, scale: float) -> None:
    """Units of one bit whose sign has no straight-through estimator: nothing before the last sign learns."""
    trainings.binary_units(path, seed, scale, through=False)


def weight_norm_after_the_optimizer(path: Path, seed: int, scale: float) -> None:
    """Weight normalization put on after the optimizer was made: it holds the weights that were, and moves biases only."""
    trainings.normed_weights(path, seed, scale, late=True)


def peaks_that_double(path: Path, seed: int, scale: float) -> None:
    """A cyclic rate whose peaks double from cycle to cycle instead of halving: the exponent lacks its sign."""
    trainings.triangles(path, seed, scale, peak=lambda cycle: 2.0 ** (cycle - 1))


THIRD_DOMAIN = (
    Case(generator_behind_detach, ("disconnected_parameter",), 0, misses=("covered", 0.5)),
    Case(other_noise_than_was_added, ("labels_random",), misses=("loss", 0.5)),
    Case(logit_of_the_largest_value, ("nonfinite_forward",), subject=("*logit*", "layers*"), misses=("loss", 1.0)),
    Case(
        code_drawn_without_a_gradient,
        ("ignores_input", "disconnected_parameter"),
        misses=("explained", 0.2),
        why="the encoder is cut off from the reconstruction, and the output soon depends on the draw alone",
    ),
    Case(optimizer_of_the_target_network, ("parameter_not_optimized",), 0, misses=("arrived", 0.9)),
    Case(critic_as_a_column, ("shape_broadcast",), 0, misses=("value_r2", 0.5)),
    Case(nodes_in_another_order, ("labels_random",), misses=("accuracy", 0.5)),
    Case(decay_of_rare_embeddings, ("weight_decay_too_high",), 0, interval=30, misses=("auc", 0.85)),
    Case(
        guesses_of_other_pictures,
        ("label_errors", "labels_random"),
        80,
        interval=30,
        misses=("accuracy", 0.78),
        why="random labels for the larger part of the set are also wrong labels of some samples",
    ),
    Case(asks_for_validation_pictures, ("leak_train_valid",), interval=20, why="validation gains by it; the harm is that it no longer measures anything"),
    Case(sines_drawn_as_ever, ("bad_initialization",), 0, misses=("r2", 0.9)),
    Case(sizes_for_corners, ("split_mismatch",), 0, interval=22, misses=("iou", 0.5)),
    Case(sigmoid_under_dice, ("wrong_output_activation",), 0, misses=("iou", 0.5)),
    Case(weighs_by_the_count, ("class_imbalance",), misses=("balanced_accuracy", 0.7)),
    Case(adapters_of_two_zeros, ("bad_initialization",), 0, subject=("*lora*", "*qkv*", "*fc*"), misses=("accuracy", 0.6)),
    Case(average_without_statistics, ("normalization_statistics",), subject=("*norm*", "valid"), misses=("loss", 0.12)),
    Case(
        nothing_is_hidden,
        ("targets_leak", "split_mismatch"),
        0,
        interval=26,
        misses=("loss", 0.35),
        why="the answer is in the input, and in that of training only",
    ),
    Case(decoder_is_given_the_answer, ("targets_leak",), 0, interval=30, misses=("exact", 0.5)),
    Case(state_never_cut_off, ("crashed",), misses=("loss", 2.45)),
    Case(temperature_falls_every_step, ("saturated_activation",), subject=("*softmax*",), misses=("accuracy", 0.85)),
    Case(
        seconds_for_a_tanh,
        ("inputs_not_normalized", "saturated_activation"),
        0,
        misses=("r2", 0.8),
        why="what saturates the activations is the scale of the input",
    ),
    Case(own_adam_without_epsilon, ("optimizer_setting",), 0, misses=("accuracy", 0.85)),
    Case(signs_without_a_gradient, ("disconnected_parameter",), 0, subject=("1*", "2*", "4*", "5*"), misses=("accuracy", 0.8)),
    Case(weight_norm_after_the_optimizer, ("parameter_not_optimized",), 0, subject=("fc*",), misses=("accuracy", 0.7)),
    Case(peaks_that_double, ("learning_rate_schedule",), misses=("accuracy", 0.85)),
)
