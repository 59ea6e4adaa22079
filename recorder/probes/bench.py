"""A model, a loss and a batch on the bench: the loss as a function of one tensor, evaluated again and again from the same state."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor, nn

from .derivative import DOUBLE, SINGLE, Direction, Measured, Precision, measure
from .isolation import LossFunction, copy_batch, copy_model, dropout_off, map_tensors, power_iteration_off, reseed


class Bench:
    """Evaluates a copy of the model in float64. Dropout is off; buffers and the random seed are the same at every evaluation."""

    def __init__(self, model: nn.Module, loss_fn: LossFunction, batch: Any, dtype: torch.dtype = torch.float64) -> None:
        self.model = copy_model(model)
        if any(parameter.device.type == "mps" for parameter in self.model.parameters()):
            self.model.cpu()
            batch = map_tensors(batch, Tensor.cpu)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Complex modules are a new feature")
            self.model.to(dtype)
        dropout_off(self.model)
        power_iteration_off(self.model)
        self.loss_fn = loss_fn
        self.batch = map_tensors(batch, lambda tensor: tensor.detach().to(dtype) if tensor.is_floating_point() else tensor.detach())
        self.evaluations = 0
        self.before_evaluation: Callable[[], None] | None = None
        self._default_dtype: torch.dtype | None = None
        self._buffers = {name: buffer.clone() for name, buffer in self.model.named_buffers()}
        self.precision: Precision = DOUBLE

    def settle(self) -> float:
        """The loss at the model's weights. Raises ValueError where nothing can be measured: not a number, or another one at each call."""
        try:
            loss = self.loss()
        except RuntimeError as error:
            if "dtype" not in str(error) and "Double" not in str(error):
                raise
            self._default_dtype = torch.float64  # the model makes float32 tensors of its own
            loss = self.loss()
        if loss.dtype != torch.float64:
            self.precision = SINGLE
        here, again = loss.item(), self.value()
        if not math.isfinite(here):
            raise ValueError(f"the loss of this batch is {here}: there is no derivative to compare with")
        if abs(here - again) > 1e3 * self.precision.epsilon * abs(here):
            raise ValueError(f"the loss is not repeatable: {here!r}, then {again!r} from the same weights, batch and random seed")
        return here

    def loss(self) -> Tensor:
        """One evaluation, with graph. Raises TypeError for anything but one number."""
        self.evaluations += 1
        if self.before_evaluation is not None:
            self.before_evaluation()
        reseed()
        with torch.no_grad():
            for name, buffer in self.model.named_buffers():
                if name in self._buffers:
                    buffer.copy_(self._buffers[name])
        default = torch.get_default_dtype()
        if self._default_dtype is not None:
            torch.set_default_dtype(self._default_dtype)
        try:
            loss = self.loss_fn(self.model, copy_batch(self.batch))
        finally:
            torch.set_default_dtype(default)
        if not isinstance(loss, Tensor) or loss.numel() != 1:
            raise TypeError("loss_fn(model, batch) must return a tensor with one number")
        return loss.reshape(())

    def value(self) -> float:
        with torch.no_grad():
            return float(self.loss().item())

    def measure(self, tensor: Tensor, direction: Direction, here: float) -> Measured:
        """The derivative of the loss along a direction of `tensor`, which is afterwards as before."""
        start = tensor.detach().clone()

        def loss_at(distance: float) -> float:
            direction.move(tensor, start, distance)
            return self.value()

        try:
            return measure(loss_at, here, self.precision)
        finally:
            with torch.no_grad():
                tensor.copy_(start)


class ComplexBench:
    """Derivatives by the complex step, Im L(w + ih) / h (Squire and Trapp, 1998): no subtraction, so exact to the last digits.

    Only where every operation takes complex numbers (no ReLU, no maximum, no softmax). An operation that takes them but is not analytic (abs, real)
    gives a wrong number without a word, so the caller must compare with central differences.
    """

    STEP = 1e-30

    def __init__(self, model: nn.Module, loss_fn: LossFunction, batch: Any) -> None:
        self.usable = False
        with suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("error")  # a cast to real loses the imaginary part with no more than a warning
            self._bench = Bench(model, loss_fn, batch, torch.complex128)
            self._parameters = dict(self._bench.model.named_parameters())
            self.usable = self._bench.loss().is_complex()

    def derivative(self, name: str, direction: Direction) -> float:
        parameter = self._parameters[name]
        start = parameter.detach().clone()
        with torch.no_grad():
            if direction.index is not None:
                parameter.view(-1)[direction.index] += 1j * self.STEP
            else:
                parameter.add_(direction.vector * (1j * self.STEP))  # type: ignore[operator]
            loss = self._bench.loss()
            parameter.copy_(start)
        return float(loss.imag.item()) / self.STEP
