"""Faults of the learning rate, its schedule, and what the optimizer is told to do."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR

from . import tasks
from .case import Case
from .models import Cnn, Flat, RowReader, Transformer, mlp


def rate_a_hundred_times_too_high(path: Path, seed: int, scale: float) -> None:
    """SGD with 2.0 on digits: the loss leaps about and never learns."""
    tasks.digits_mlp(seed, lr=2.0 * scale).record(path)


def adam_rate_too_high_for_a_gru(path: Path, seed: int, scale: float) -> None:
    """Adam with 0.3 on a character GRU: no explosion, but the loss stays far above what is possible."""
    tasks.words_lm(seed, lr=0.3 * scale).record(path)


def regression_diverges(path: Path, seed: int, scale: float) -> None:
    """Gradient descent above the stability limit of a linear regression: the loss grows geometrically."""
    torch.manual_seed(seed)
    training = tasks.diabetes_mlp(seed, Flat(mlp([10, 1])), epochs=8)
    training.optimizer = SGD(training.model.parameters(), lr=0.6 * scale)
    training.record(path)


def rate_a_thousand_times_too_low(path: Path, seed: int, scale: float) -> None:
    """SGD with 3e-5: the loss creeps."""
    tasks.digits_cnn(seed, optimizer=SGD, lr=3e-5 * scale).record(path)


def adam_rate_too_low_for_a_transformer(path: Path, seed: int, scale: float) -> None:
    """AdamW with 5e-6 on a language model: healthy gradients, hardly any motion."""
    tasks.passages_lm(seed, lr=5e-6 * scale).record(path)


def decay_at_every_batch(path: Path, seed: int, scale: float) -> None:
    """An exponential decay meant for epochs is stepped at every batch: the rate is gone before the second epoch ends."""
    training = tasks.digits_mlp(seed, lr=0.03 * scale)
    schedule = ExponentialLR(training.optimizer, gamma=0.9)
    training.after_step = lambda step: schedule.step()
    training.config = {"schedule": "ExponentialLR(0.9)"}
    training.record(path)


def cosine_with_the_wrong_length(path: Path, seed: int, scale: float) -> None:
    """A cosine over 8 steps (the number of epochs) where the number of steps was meant: the rate swings to zero and back all the time."""
    training = tasks.digits_cnn(seed, lr=3e-3 * scale, epochs=8)
    schedule = CosineAnnealingLR(training.optimizer, T_max=8)
    training.after_step = lambda step: schedule.step()
    training.config = {"schedule": "CosineAnnealingLR(T_max=8)"}
    training.record(path)


def rate_jumps_in_mid_run(path: Path, seed: int, scale: float) -> int:
    """A milestone multiplies the rate by sixty instead of dividing it; what had been learned is lost."""
    training = tasks.digits_rows(seed, lr=2e-3 * scale)

    def after_step(step: int) -> None:
        if step == 149:
            training.optimizer.param_groups[0]["lr"] *= 60

    training.after_step = after_step
    training.config = {"milestones": [150], "gamma": 60}
    training.record(path)
    return 150


def head_left_out_of_the_optimizer(path: Path, seed: int, scale: float) -> None:
    """The optimizer is given the convolutions alone; head and hidden layer stay as they were made."""
    torch.manual_seed(seed)
    model = Cnn()
    training = tasks.digits_cnn(seed, model)
    training.optimizer = Adam([*model.conv1.parameters(), *model.conv2.parameters(), *model.fc1.parameters()], lr=3e-3 * scale)
    training.record(path)


def optimizer_of_the_old_layer(path: Path, seed: int, scale: float) -> None:
    """A recurrent layer is replaced after the optimizer was made: the optimizer holds the old one."""
    torch.manual_seed(seed)
    model = RowReader(cell=nn.GRU)
    training = tasks.digits_rows(seed, model, lr=2e-3 * scale)
    model.rnn = nn.GRU(8, 32, batch_first=True)
    training.record(path)


def body_frozen_at_random(path: Path, seed: int, scale: float) -> None:
    """A body that was never trained is frozen as if it had been: a narrow random CNN, and a head that cannot make up for it."""
    torch.manual_seed(seed)
    model = Cnn(width=2)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith("head"))
    training = tasks.digits_cnn(seed, model)
    training.optimizer = Adam(model.head.parameters(), lr=3e-3 * scale)
    training.record(path)


def frozen_after_the_first_epoch(path: Path, seed: int, scale: float) -> int:
    """A callback freezes all but the last layer after the first epoch, long before anything was learned."""
    torch.manual_seed(seed)
    training = tasks.digits_mlp(seed, mlp([64, 24, 24, 24, 10], nn.Tanh), lr=0.004 * scale)

    def start_training(net: nn.Module, epoch: int) -> None:
        net.train()
        if epoch == 1:
            for name, parameter in net.named_parameters():
                parameter.requires_grad_(name.startswith("fc4"))
                parameter.grad = None

    training.start_training = start_training
    training.record(path)
    return 29


def gradients_never_cleared(path: Path, seed: int, scale: float) -> None:
    """zero_grad is missing: every step takes the sum of all gradients so far."""
    training = tasks.digits_mlp(seed, lr=0.03 * scale)
    training.clears = lambda step: step == 0
    training.record(path)


def gradients_cleared_once_an_epoch(path: Path, seed: int, scale: float) -> None:
    """zero_grad stands outside the loop over batches, in a language model under AdamW."""
    training = tasks.words_lm(seed, optimizer=AdamW, lr=5e-3 * scale)
    training.clears = lambda step: step % 36 == 0
    training.record(path)


def clipped_to_nothing(path: Path, seed: int, scale: float) -> None:
    """A norm clip of 0.001 under SGD."""
    training = tasks.digits_mlp(seed, lr=0.03 * scale)
    training.before_step = lambda step: nn.utils.clip_grad_norm_(training.model.parameters(), 1e-3)
    training.config = {"max_grad_norm": 1e-3}
    training.record(path)


def clipped_by_unit_mistake(path: Path, seed: int, scale: float) -> int:
    """A clip of 0.004 instead of 4, switched on after a warm-up of 60 steps, in a recurrent network under SGD with momentum."""
    torch.manual_seed(seed)
    model = RowReader(cell=nn.GRU)
    training = tasks.digits_rows(seed, model)
    training.optimizer = SGD(model.parameters(), lr=0.1 * scale, momentum=0.9)
    training.before_step = lambda step: nn.utils.clip_grad_norm_(model.parameters(), 4e-3) if step >= 60 else None
    training.record(path)
    return 60


def decay_of_three(path: Path, seed: int, scale: float) -> None:
    """AdamW with a weight decay of 30 instead of 0.03: the weights shrink by a tenth a step."""
    torch.manual_seed(seed)
    training = tasks.digits_cnn(seed)
    training.optimizer = AdamW(training.model.parameters(), lr=3e-3 * scale, weight_decay=30.0)
    training.config = {"weight_decay": 30.0}
    training.record(path)


def penalty_on_weights_too_strong(path: Path, seed: int, scale: float) -> None:
    """An L2 term in the loss, 0.3 times the sum of squares, that the log does not show."""
    training = tasks.digits_mlp(seed, lr=0.01 * scale)
    training.penalty = lambda step: 0.3 * sum((parameter**2).sum() for parameter in training.model.parameters())
    training.record(path)


def adam_with_a_huge_epsilon(path: Path, seed: int, scale: float) -> None:
    """Adam's epsilon of 1: steps a hundred times too small."""
    training = tasks.digits_cnn(seed)
    training.optimizer = Adam(training.model.parameters(), lr=1e-3 * scale, eps=1.0)
    training.record(path)


def momentum_of_0_999(path: Path, seed: int, scale: float) -> None:
    """SGD whose momentum is 0.999: the weights swing far past every valley."""
    training = tasks.digits_mlp(seed)
    training.optimizer = SGD(training.model.parameters(), lr=0.03 * scale, momentum=0.999)
    training.record(path)


def second_moment_without_memory(path: Path, seed: int, scale: float) -> None:
    """Adam with betas 0.9 and 0.1 on a transformer: each step is divided by the last gradient, and tiny ones make giant steps."""
    torch.manual_seed(seed)
    model = Transformer()
    training = tasks.passages_lm(seed, model)
    training.optimizer = Adam(model.parameters(), lr=3e-3 * scale, betas=(0.99, 0.1))
    training.record(path)


FAULTS_RATE = (
    Case(rate_a_hundred_times_too_high, ("learning_rate_too_high",), 0, interval=20, misses=("accuracy", 0.5), fast=True),
    Case(adam_rate_too_high_for_a_gru, ("learning_rate_too_high",), 0, interval=20, misses=("loss", 2.5)),
    Case(regression_diverges, ("learning_rate_too_high",), 0, interval=20, misses=("loss", 10.0)),
    Case(rate_a_thousand_times_too_low, ("learning_rate_too_low",), 0, interval=20, misses=("accuracy", 0.3), fast=True),
    Case(adam_rate_too_low_for_a_transformer, ("learning_rate_too_low",), 0, interval=20, misses=("loss", 3.3)),
    Case(decay_at_every_batch, ("learning_rate_schedule",), 0, interval=80, misses=("accuracy", 0.5), fast=True),
    Case(cosine_with_the_wrong_length, ("learning_rate_schedule",), 0, interval=40),
    Case(rate_jumps_in_mid_run, ("learning_rate_schedule",), misses=("accuracy", 0.5)),
    Case(head_left_out_of_the_optimizer, ("parameter_not_optimized",), 0, subject=("*head*",), fast=True),
    Case(optimizer_of_the_old_layer, ("parameter_not_optimized",), 0, subject=("*rnn*",), misses=("accuracy", 0.8)),
    Case(body_frozen_at_random, ("frozen_parameter",), 0, misses=("accuracy", 0.7), fast=True),
    Case(frozen_after_the_first_epoch, ("frozen_parameter",), misses=("accuracy", 0.6)),
    Case(gradients_never_cleared, ("gradients_not_cleared",), 1, misses=("accuracy", 0.9), fast=True),
    Case(gradients_cleared_once_an_epoch, ("gradients_not_cleared",), 1, misses=("loss", 2.25)),
    Case(clipped_to_nothing, ("gradient_clipped_away",), 0, misses=("accuracy", 0.3), fast=True),
    Case(clipped_by_unit_mistake, ("gradient_clipped_away",), misses=("accuracy", 0.8)),
    Case(decay_of_three, ("weight_decay_too_high",), 0, misses=("accuracy", 0.5), fast=True),
    Case(penalty_on_weights_too_strong, ("weight_decay_too_high",), 0, misses=("accuracy", 0.5)),
    Case(adam_with_a_huge_epsilon, ("optimizer_setting",), 0, misses=("accuracy", 0.5), fast=True),
    Case(momentum_of_0_999, ("optimizer_setting",), 0, interval=30, misses=("accuracy", 0.85)),
    Case(second_moment_without_memory, ("optimizer_setting",), 0, interval=20, misses=("loss", 2.8)),
)
