"""Faults of floating-point numbers: mixed precision, NaN and infinity from the data, the forward pass or the backward pass."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adam
from torch.utils.data import DataLoader

from . import tasks
from .case import Case
from .data import breast_cancer, digits, loaders, wine
from .models import Cnn, Mlp, mlp
from .training import Training


def first_step_where(met: Callable[[Tensor], bool], loader: DataLoader[Any], epochs: int) -> int | None:
    """The step whose batch of inputs is the first to meet the condition, when a fresh loader of that seed is run."""
    inputs = (x for _ in range(epochs) for _, x, _ in loader)
    return next((step for step, x in enumerate(inputs) if met(x)), None)


def half_precision_steps(training: Training, path: Path, scaler: torch.amp.GradScaler, weight: float = 1.0) -> None:
    """A loop with float16 autocast and a gradient scaler; `weight` multiplies the loss."""
    model, optimizer = training.model, training.optimizer
    with training.open(path) as rec:
        for rec.epoch in range(training.epochs):
            model.train()
            for ids, x, y in training.train:
                with torch.autocast("cpu", dtype=torch.float16):
                    prediction = model(x)
                losses = training.losses(prediction.float(), y)
                optimizer.zero_grad()
                scaler.scale(weight * losses.mean()).backward()
                scaler.step(optimizer)
                scaler.update()
                rec.log(loss=losses.detach().mean(), loss_scale=scaler.get_scale())
                rec.samples(ids, loss=losses.detach(), prediction=prediction.detach().float(), target=y)
            training.evaluate(rec)


def loss_scale_that_always_overflows(path: Path, seed: int, scale: float) -> None:
    """A loss scale that grows after every good step and starts at 2^24: two steps of three are skipped."""
    training = tasks.digits_mlp(seed, optimizer=Adam, lr=1e-3 * scale)
    half_precision_steps(training, path, torch.amp.GradScaler("cpu", init_scale=2.0**24, growth_factor=8.0, backoff_factor=0.5, growth_interval=1))


def gradients_flushed_to_zero(path: Path, seed: int, scale: float) -> None:
    """float16 without a scaler, and a loss weight of 8e-6 on top: most gradients of the activations are below what float16 can hold."""
    training = tasks.digits_cnn(seed, lr=3e-3 * scale)
    half_precision_steps(training, path, torch.amp.GradScaler("cpu", enabled=False), weight=8e-6)


def missing_value_in_a_table(path: Path, seed: int, scale: float) -> int | None:
    """One patient has an empty field, read as NaN; after the first batch with that patient all weights are NaN."""
    torch.manual_seed(seed)
    x, y = breast_cancer()
    x = x.clone()
    x[205, 7] = float("nan")
    training = tasks.cancer_mlp(seed, lr=4e-3 * scale)
    training.train, training.valid = loaders(x, y.float(), seed, batch=16)
    training.record(path)
    return first_step_where(lambda batch: bool(batch.isnan().any()), loaders(x, y.float(), seed, batch=16)[0], training.epochs)


def infinite_pixel_in_validation(path: Path, seed: int, scale: float) -> None:
    """The logarithm of a pixel of zero in one validation image: training is fine, the validation loss is NaN."""
    torch.manual_seed(seed)
    x, y = digits()
    x = x.clone()
    x[1400, 0, 3, 3] = float("-inf")
    training = tasks.digits_cnn(seed, lr=3e-3 * scale, epochs=4)
    training.train, training.valid = loaders(x, y, seed)
    training.record(path)


def logarithm_of_one_minus_one(path: Path, seed: int, scale: float) -> int:
    """Binary cross-entropy by hand, y log p + (1 - y) log(1 - p): as soon as a probability rounds to 1 there is a 0 times minus infinity."""
    torch.manual_seed(seed)
    training = tasks.cancer_mlp(seed, lr=2e-2 * scale, epochs=16)
    met: list[int] = []

    def losses(prediction: Tensor, target: Tensor) -> Tensor:
        p = torch.sigmoid(prediction)
        found = -(target * torch.log(p) + (1 - target) * torch.log(1 - p))
        if not found.isfinite().all() and training.model.training:
            met.append(training.step)
        return found

    training.losses = losses
    training.record(path)
    return met[0]


def contrast_of_a_blank_image(path: Path, seed: int, scale: float) -> int | None:
    """Each image is divided by its own standard deviation inside the model; one scan is blank, and 0 / 0 is NaN."""

    class Contrast(Cnn):
        def forward(self, x: Tensor) -> Tensor:
            mean, deviation = x.mean((1, 2, 3), keepdim=True), x.std((1, 2, 3), keepdim=True)
            return super().forward((x - mean) / deviation)

    torch.manual_seed(seed)
    x, y = digits()
    x = x.clone()
    x[611] = 0.0
    training = tasks.digits_cnn(seed, Contrast(), lr=3e-3 * scale)
    training.train, training.valid = loaders(x, y, seed)
    training.record(path)
    return first_step_where(lambda batch: bool((batch.amax((1, 2, 3)) == 0).any()), loaders(x, y, seed)[0], training.epochs)


class HalfInTheMiddle(Mlp):
    """Its second layer runs in float16 on values that were scaled up for it."""

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.act1(self.fc1(x.flatten(1)))
        with torch.autocast("cpu", dtype=torch.float16):
            second = self.act2(self.fc2(hidden * 6000.0)).float() / 6000.0
        return self.fc3(second)


def half_precision_overflow(path: Path, seed: int, scale: float) -> int:
    """Activations grow past 65504 in a float16 layer of a network without normalization."""
    torch.manual_seed(seed)
    model = HalfInTheMiddle(OrderedDict(mlp([64, 48, 32, 10]).named_children()))
    training = tasks.digits_mlp(seed, model, optimizer=Adam, lr=1e-2 * scale)
    met: list[int] = []
    model.fc2.register_forward_hook(lambda module, inputs, output: None if output.isfinite().all() or not model.training else met.append(training.step))
    training.record(path)
    return met[0]


class Prototypes(nn.Module):
    """Learned scales of the difference to a fixed prototype, the distance, and a small network on top."""

    def __init__(self, prototype: Tensor) -> None:
        super().__init__()
        self.prototype = nn.Buffer(prototype)
        self.scales = nn.Parameter(torch.ones(8, 13) + 0.1 * torch.randn(8, 13))
        self.head = mlp([21, 16, 3], nn.Tanh)

    def forward(self, x: Tensor) -> Tensor:
        distance = ((self.scales * (x - self.prototype)[:, None]) ** 2).sum(-1).sqrt()
        return self.head(torch.cat([distance, x], dim=1))


def distance_at_zero(path: Path, seed: int, scale: float) -> int | None:
    """The distance of each wine to a prototype, by sqrt; one wine is the prototype: forward 0, gradient infinity times zero."""
    torch.manual_seed(seed)
    x, y = wine()
    prototype = x[57].clone()
    training = tasks.wine_mlp(seed, Prototypes(prototype), lr=5e-3 * scale)
    training.record(path)
    return first_step_where(lambda batch: bool((batch == prototype).all(1).any()), loaders(x, y, seed, batch=16)[0], training.epochs)


class InkEntropy(nn.Module):
    """A CNN on x log x of the (learnedly brightened) pixels, guarded by torch.where."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))
        self.floor = 1e-3
        self.body = Cnn()

    def forward(self, x: Tensor) -> Tensor:
        ink = self.gain * (x + self.floor)
        return self.body(torch.where(ink > 0, ink * torch.log(ink), torch.zeros_like(ink)))


def where_does_not_protect(path: Path, seed: int, scale: float) -> int:
    """torch.where keeps the forward pass finite at log(0), but the backward pass multiplies zero by infinity. The floor that hid it goes away at step 70."""
    torch.manual_seed(seed)
    model = InkEntropy()
    training = tasks.digits_cnn(seed, model, lr=3e-3 * scale)

    def after_step(step: int) -> None:
        if step == 69:
            model.floor = 0.0

    training.after_step = after_step
    training.record(path)
    return 70


FAULTS_NUMERIC = (
    Case(loss_scale_that_always_overflows, ("loss_scaling",), 0, interval=30, fast=True),
    Case(gradients_flushed_to_zero, ("loss_scaling",), 0, interval=20, misses=("accuracy", 0.5)),
    Case(missing_value_in_a_table, ("nonfinite_input",), subject=("*205", "input*", "x", "", "*body*"), interval=0, misses=("loss", 0.6), fast=True),
    Case(infinite_pixel_in_validation, ("nonfinite_input",), subject=("*1400", "input*", "x", "valid", "", "*conv1*"), step=28, interval=29),
    Case(logarithm_of_one_minus_one, ("nonfinite_forward",), interval=0),
    Case(contrast_of_a_blank_image, ("nonfinite_forward",), interval=0, subject=("*conv1*",), misses=("accuracy", 0.3), fast=True),
    Case(half_precision_overflow, ("nonfinite_forward",), interval=0, subject=("*fc2*", "*act2*")),
    Case(distance_at_zero, ("nonfinite_backward",), interval=0, subject=("*scales*",), misses=("accuracy", 0.5), fast=True),
    Case(where_does_not_protect, ("nonfinite_backward",), interval=0, subject=("*gain*",), misses=("accuracy", 0.5)),
)
