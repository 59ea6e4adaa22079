"""Fresh faults of rates, schedules and optimizers, and of floating-point numbers; written without sight of checks and thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Adagrad, Adam, AdamW
from torch.optim.lr_scheduler import LambdaLR

from . import fresh_tasks as tasks
from .case import Case
from .data import loaders
from .faults_numeric import first_step_where, half_precision_steps
from .fresh_tasks import ResidualNet, signal, windows
from .models import Autoencoder, CharacterGru, mlp
from .tasks import autoencoder, words_lm
from .training import Training, mean_absolute_error


def rate_of_a_convolution_for_a_transformer(path: Path, seed: int, scale: float) -> None:
    """AdamW with 0.08: what SGD bears, a vision transformer under Adam does not; the loss stays at chance."""
    tasks.patches(seed, lr=0.08 * scale, epochs=8, every=None).record(path)


def rate_of_one_group_without_its_exponent(path: Path, seed: int, scale: float) -> None:
    """The head's own rate was to be 2e-3 and is 2: the features learn at their rate and the head leaps about."""
    training = tasks.residual(seed, epochs=5)
    model: Any = training.model
    body = [*model.stem.parameters(), *model.blocks.parameters()]
    training.optimizer = Adam([{"params": body, "lr": 2e-3 * scale}, {"params": model.head.parameters(), "lr": 2.0 * scale}])
    training.record(path)


def rate_of_adam_for_adagrad(path: Path, seed: int, scale: float) -> None:
    """Adagrad with 3e-4: its steps, small from the first, shrink with the root of their number."""
    tasks.waves(seed, optimizer=Adagrad, lr=3e-4 * scale, every=10).record(path)


def warm_up_longer_than_the_run(path: Path, seed: int, scale: float) -> None:
    """A warm-up of 20000 steps, copied from a run of a million; this one has 230 and never gets beyond a hundredth of its rate."""
    training = tasks.patches(seed, lr=3e-3 * scale)
    schedule = LambdaLR(training.optimizer, lambda step: min(1.0, (step + 1) / 20000))
    training.after_step = lambda step: schedule.step()
    training.config = {"schedule": "linear warm-up", "warmup_steps": 20000}
    training.record(path)


def linear_decay_done_at_a_third(path: Path, seed: int, scale: float) -> int:
    """The length of a linear decay was reckoned with three times the batch size: the rate is zero at step 100 of 304, the loss in full fall."""
    training = tasks.restoration(seed, lr=2e-3 * scale)
    schedule = LambdaLR(training.optimizer, lambda step: max(0.0, 1 - step / 100))
    training.after_step = lambda step: schedule.step()
    training.config = {"schedule": "linear to 0"}
    training.record(path)
    return 100


def kernels_in_neither_group(path: Path, seed: int, scale: float) -> None:
    """Weight decay for matrices, none for vectors: `dim() == 2` and `dim() == 1`. Kernels have four dimensions and are in neither group."""
    training = tasks.residual(seed, ResidualNet(width=8, blocks=3), epochs=5)
    parameters = list(training.model.parameters())
    decayed, plain = [p for p in parameters if p.dim() == 2], [p for p in parameters if p.dim() == 1]
    training.optimizer = AdamW([{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}], lr=3e-3 * scale)
    training.record(path)


def fine_tuning_script_without_the_weights(path: Path, seed: int, scale: float) -> None:
    """All but the head is frozen for fine-tuning, and the checkpoint that was to be tuned was never loaded: a language model on random states."""
    torch.manual_seed(seed)
    model = CharacterGru(cell=nn.LSTM)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith("head"))
    training = words_lm(seed, model, epochs=7)
    training.optimizer = Adam(model.head.parameters(), lr=5e-3 * scale)
    training.record(path)


def accumulation_half_removed(path: Path, seed: int, scale: float) -> None:
    """What is left of accumulating eight batches: the optimizer steps after every batch, the gradients are cleared after every eighth."""
    training = tasks.forecast(seed, optimizer=SGD, lr=0.01 * scale)
    training.clears = lambda step: step % 8 == 0
    training.record(path)


def each_tensor_clipped_alone(path: Path, seed: int, scale: float) -> None:
    """Every parameter's gradient is clipped by itself, to a norm of 0.001, in a residual network under SGD."""
    training = tasks.residual(seed, lr=0.02 * scale, every=20)

    def before_step(step: int) -> None:
        for parameter in training.model.parameters():
            nn.utils.clip_grad_norm_([parameter], 1e-3)

    training.before_step = before_step
    training.config = {"clip": 1e-3}
    training.record(path)


def decay_of_a_half(path: Path, seed: int, scale: float) -> None:
    """SGD with momentum and a weight decay of 0.5 for 5e-4: what decays is more than what is learned."""
    tasks.forecast(seed, optimizer=SGD, lr=0.03 * scale, settings={"momentum": 0.9, "weight_decay": 0.5}, config={"weight_decay": 0.5}, every=None).record(path)


def absolute_values_in_the_loss(path: Path, seed: int, scale: float) -> None:
    """An L1 term of 0.003 times the sum of all absolute weights beside a loss of 0.05: the weights of an autoencoder go to zero."""
    training = autoencoder(seed, Autoencoder(code=16), lr=2e-3 * scale, epochs=7)
    training.penalty = lambda step: 0.003 * sum(parameter.abs().sum() for parameter in training.model.parameters())
    training.record(path)


def betas_swapped(path: Path, seed: int, scale: float) -> None:
    """Adam's betas in the wrong order, 0.999 and 0.9: a memory of a thousand steps for the direction and of ten for the scale."""
    tasks.patches(seed, optimizer=Adam, lr=3e-3 * scale, settings={"betas": (0.999, 0.9)}, config={"betas": [0.999, 0.9]}).record(path)


def scaler_that_backs_off_too_gently(path: Path, seed: int, scale: float) -> None:
    """A loss scale that doubles after two good steps and gives way by two percent: nearly every step overflows and is skipped."""
    training = tasks.patches(seed, mlp([64, 40, 10], nn.SiLU), optimizer=Adam, lr=1e-3 * scale, epochs=8)
    half_precision_steps(training, path, torch.amp.GradScaler("cpu", init_scale=2.0**20, growth_factor=2.0, backoff_factor=0.98, growth_interval=2))


def gap_of_a_sensor(path: Path, seed: int, scale: float) -> int | None:
    """One value of a signal is missing; every window that reaches over the gap holds a NaN, three of those for training."""
    series = signal().clone()
    series[921] = float("nan")
    data = windows(series)
    keep = ~data[1].isnan()
    x, y = data[0][keep], data[1][keep]
    training = tasks.forecast(seed, lr=3e-3 * scale, every=20)
    training.train, training.valid = loaders(x, y, seed, batch=30)
    training.record(path)
    return first_step_where(lambda batch: bool(batch.isnan().any()), loaders(x, y, seed, batch=30)[0], training.epochs)


def variance_that_turns_negative(path: Path, seed: int, scale: float) -> int | None:
    """A network predicts mean and variance, the variance as it comes; as soon as one is below zero its logarithm is NaN."""
    torch.manual_seed(seed)
    model = mlp([10, 48, 2])
    nn.init.constant_(model.fc2.bias, 1.0)
    met: list[int] = []
    training = tasks.waves(seed, model, lr=2e-3 * scale, criterion=None)
    training.metrics = {"mae": lambda prediction, target: mean_absolute_error(prediction[:, 0], target)}

    def losses(prediction: Tensor, target: Tensor) -> Tensor:
        mean, variance = prediction.unbind(1)
        if (variance < 0).any() and training.model.training:
            met.append(training.step)
        return 0.5 * (torch.log(variance) + (target - mean) ** 2 / variance)

    training.losses = losses
    training.record(path)
    return met[0] if met else None


def directions(seed: int) -> tuple[Any, Any]:
    """Points of the plane at many distances, and the direction `[N, 2]` in which each lies, turned by a right angle."""
    generator = torch.Generator().manual_seed(seed)
    angle = 6.2832 * torch.rand(1200, generator=generator)
    unit = torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)
    return loaders(unit * (0.5 + torch.rand(1200, 1, generator=generator)), torch.stack([-unit[:, 1], unit[:, 0]], dim=1), seed, batch=36)


def angle_by_arc_cosine(path: Path, seed: int, scale: float) -> int | None:
    """The loss is the angle between two unit vectors, by acos of their product: where a prediction is perfect its slope is infinite."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))
    train, valid = directions(seed)

    def losses(prediction: Tensor, target: Tensor) -> Tensor:
        return torch.acos((F.normalize(prediction, dim=1) * target).sum(1).clamp(-1, 1))

    training = Training(model, Adam(model.parameters(), lr=1e-2 * scale), train, valid, losses, 12, task="regression")
    met: list[int] = []
    training.before_step = lambda step: None if all(p.grad.isfinite().all() for p in model.parameters()) else met.append(step)
    training.record(path)
    return met[0] if met else None


FRESH_RATE = (
    Case(rate_of_a_convolution_for_a_transformer, ("learning_rate_too_high",), 0, interval=20, misses=("accuracy", 0.5)),
    Case(rate_of_one_group_without_its_exponent, ("learning_rate_too_high",), 0, interval=20, misses=("loss", 0.6)),
    Case(rate_of_adam_for_adagrad, ("learning_rate_too_low",), 0, interval=20, misses=("r2", 0.3)),
    Case(warm_up_longer_than_the_run, ("learning_rate_schedule",), 0, interval=20, misses=("accuracy", 0.5)),
    Case(linear_decay_done_at_a_third, ("learning_rate_schedule",), interval=10, misses=("loss", 2.6)),
    Case(kernels_in_neither_group, ("parameter_not_optimized",), 0, subject=("*conv*", "*stem*"), misses=("accuracy", 0.94)),
    Case(fine_tuning_script_without_the_weights, ("frozen_parameter",), 0, misses=("loss", 2.5)),
    Case(accumulation_half_removed, ("gradients_not_cleared",), 1, misses=("r2", 0.9)),
    Case(each_tensor_clipped_alone, ("gradient_clipped_away",), 0, interval=20, misses=("accuracy", 0.7)),
    Case(decay_of_a_half, ("weight_decay_too_high",), 0, interval=10, misses=("r2", 0.9)),
    Case(absolute_values_in_the_loss, ("weight_decay_too_high",), 0, misses=("loss", 0.045)),
    Case(betas_swapped, ("optimizer_setting",), 0, interval=30, misses=("accuracy", 0.7)),
    Case(scaler_that_backs_off_too_gently, ("loss_scaling",), 0, interval=30, misses=("accuracy", 0.8)),
    Case(gap_of_a_sensor, ("nonfinite_input",), interval=0, subject=("input*", "x", "", "*conv1*", "*[0-9]"), misses=("r2", 0.5)),
    Case(variance_that_turns_negative, ("nonfinite_forward",), interval=0, why="the slope of log is finite where log is not: the run goes on"),
    Case(angle_by_arc_cosine, ("nonfinite_backward",), interval=0, misses=("loss", 0.05)),
)
