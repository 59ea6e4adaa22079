"""Weights, buffers, gradients and updates around `optimizer.step()`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from . import fetch
from .activations import Layer, Suspect
from .stats import READ_AT_MOST, Magnitudes, Reading, Unread, measure, measure_all, square_sum, subset
from .watched import Register, Watched, clean_name, join, local, readable

COPY_BUDGET_BYTES = 256 * 2**20
"""Memory for the weights before a step, of which no more is kept than is read. Beyond it less is read of each tensor."""


@dataclass(slots=True, eq=False)
class Parameter:
    """A parameter, where it belongs, and its three watched tensors. `owner` is the index of its optimizer, None where it is in none."""

    tensor: nn.Parameter
    weight: Watched
    gradient: Watched
    update: Watched
    owner: int | None = None
    trainable: bool = True
    before: Tensor | None = None
    missed: bool = False
    """Whether what was read of the gradient happened to be all zero, though the gradient is not."""


class ParameterWatch:
    """Everything that is read at a step. Knows which optimizer owns which parameter."""

    def __init__(self, names: dict[nn.Module, str], optimizers: Sequence[Optimizer], register: Register) -> None:
        self._register = register
        self._names = names
        self.parameters: list[Parameter] = []
        self.tied: dict[str, str] = {}
        by_tensor: dict[nn.Parameter, Parameter] = {}
        for module, prefix in names.items():
            for name, tensor in module._parameters.items():
                if tensor is None:
                    continue
                full_name = join(prefix, clean_name(name))
                if tensor in by_tensor:
                    self.tied[full_name] = by_tensor[tensor].weight.name
                else:
                    by_tensor[tensor] = self._watch(full_name, prefix, type(module).__name__, tensor)
        group_number = 0
        for owner, optimizer in enumerate(optimizers):
            for group in optimizer.param_groups:
                for number, tensor in enumerate(group["params"]):
                    found = by_tensor.get(tensor)
                    if found is None:
                        found = by_tensor[tensor] = self._watch(f"optimizer{owner}.group{group_number}.{number}", "", "", tensor)
                    found.owner = owner
                    for watched in (found.weight, found.gradient, found.update):
                        watched.optimizer_group = group_number
                group_number += 1
        self._tensors = [parameter.tensor for parameter in self.parameters]
        self._trainable = [parameter.trainable for parameter in self.parameters]
        kept = sum(_read_bytes(parameter.tensor, READ_AT_MOST) for parameter in self.parameters if parameter.owner is not None)
        self.read_at_most = READ_AT_MOST if kept <= COPY_BUDGET_BYTES else max(1024, READ_AT_MOST * COPY_BUDGET_BYTES // kept)

    def _watch(self, name: str, module: str, module_type: str, tensor: nn.Parameter) -> Parameter:
        weight, gradient, update = (self._register.get(kind, name, module, module_type).describe(local(tensor)) for kind in ("weight", "gradient", "update"))
        for watched in (weight, gradient, update):
            watched.trainable = tensor.requires_grad
        parameter = Parameter(tensor, weight, gradient, update, trainable=tensor.requires_grad)
        self.parameters.append(parameter)
        return parameter

    def of(self, owner: int | None) -> list[Parameter]:
        return [parameter for parameter in self.parameters if parameter.owner == owner]

    def requires_grad_changes(self) -> list[Parameter]:
        """Parameters frozen or released since the last call."""
        now = [tensor.requires_grad for tensor in self._tensors]
        if now == self._trainable:
            return []
        self._trainable = now
        changed = [parameter for parameter in self.parameters if parameter.tensor.requires_grad != parameter.trainable]
        for parameter in changed:
            parameter.trainable = parameter.tensor.requires_grad
        return changed

    def buffers(self) -> list[tuple[Watched, Tensor]]:
        """Floating-point buffers (running statistics among them)."""
        found = []
        for module, prefix in self._names.items():
            for name, tensor in module._buffers.items():
                if tensor is not None and tensor.is_floating_point() and readable(tensor):
                    watched = self._register.get("buffer", join(prefix, clean_name(name)), prefix, type(module).__name__)
                    found.append((watched.describe(local(tensor)), local(tensor)))
        return found


def gradients_of(parameters: Iterable[Parameter]) -> list[tuple[Parameter, Tensor]]:
    """Parameters that have a gradient, with it: this rank's shard, and of a sparse gradient its values."""
    found = []
    for parameter in parameters:
        gradient = parameter.tensor.grad
        if gradient is not None:
            plain = type(gradient) is Tensor and gradient.layout is torch.strided and not gradient.requires_grad
            found.append((parameter, gradient if plain else dense(local(gradient.detach()))))
    return found


def all_zero(parameters: Iterable[Parameter]) -> bool:
    """Whether the gradients are None or zero. On a device only None is known without waiting, zeros are taken on trust.

    A parameter that the loss uses directly, beside the model's forward pass, may have its new gradient already: a minority does not count.
    """
    live = total = 0
    for parameter in parameters:
        total += parameter.tensor.requires_grad
        if parameter.tensor.grad is not None:
            [(_, gradient)] = gradients_of([parameter])
            live += fetch.at_once(gradient) and bool(torch.any(gradient))
    return 2 * live < total or live == 0


def dense(gradient: Tensor) -> Tensor:
    """The values of a sparse gradient, repeated indices added up; any other gradient as it is."""
    if not gradient.is_sparse:
        return gradient
    return gradient.coalesce().values() if gradient._nnz() else gradient.coalesce().values().new_zeros(1)


def gradient_square_sum(found: Sequence[tuple[Parameter, Tensor]]) -> float | Tensor:
    """Sum of squares of all gradients; in float64 where float32 squares overflow although all values are finite."""
    gradients = [gradient for _, gradient in found]
    total = square_sum(gradients)
    if isinstance(total, float) and not math.isfinite(total) and all(bool(torch.isfinite(gradient).all()) for gradient in gradients):
        return sum(float((gradient.double() ** 2).sum()) for gradient in gradients)
    return total


def read_weights(parameters: Sequence[Parameter], unread: Unread, whole: bool) -> list[Layer]:
    """Rows of the weights before the step. `whole`: all values, where a NaN is looked for; else what `keep_weights` has just copied, if it has."""
    layers = []
    for parameter in parameters:
        weight = local(parameter.tensor.detach())
        if not weight.numel() or not readable(parameter.tensor):
            continue
        if whole:
            reading = measure(weight, unread.magnitudes)
        elif parameter.before is not None and parameter.tensor.grad is not None:
            reading = unread.add(parameter.before, parameter.before.numel() / weight.numel())
        else:
            part, share = subset(weight)
            reading = unread.add(part.clone(), share)
        layers.append(Layer(parameter.weight, reading))
    return layers


def read_gradients(found: Sequence[tuple[Parameter, Tensor]], unread: Unread, whole: bool, scale: Tensor | None = None) -> list[Layer]:
    """Rows of the gradients; divided by `scale` where a fused optimizer gets them scaled. Of a sparse gradient the rows that are absent count as zeros."""
    return [Layer(parameter.gradient, _read_gradient(parameter, gradient, unread, whole, scale)) for parameter, gradient in found if gradient.numel()]


def _read_gradient(parameter: Parameter, gradient: Tensor, unread: Unread, whole: bool, scale: Tensor | None) -> Reading:
    sparse = parameter.tensor.grad is not None and parameter.tensor.grad.is_sparse
    part, share = (gradient, 1.0) if whole or sparse else subset(gradient)
    # All zero by chance, and the rest is not? A device is not asked.
    parameter.missed = share < 1 and fetch.at_once(part) and not bool(torch.any(part)) and bool(torch.any(gradient))
    if not (whole or sparse or parameter.missed):
        return unread.add(part.clone() if scale is None else part / scale.to(part.device), share)
    reading = measure(gradient if scale is None else gradient / scale.to(gradient.device), unread.magnitudes)
    return _with_zeros(reading, parameter.tensor.numel() - gradient.numel()) if sparse else reading


def keep_weights(watch: ParameterWatch, parameters: Sequence[Parameter]) -> None:
    """Copies what is read of the weights before the step, into memory that is kept from step to step."""
    moving = [parameter for parameter in parameters if parameter.tensor.grad is not None]
    copies, sources = [], []
    for parameter in moving:
        source = subset(local(parameter.tensor.detach()), watch.read_at_most)[0]
        if parameter.before is None or parameter.before.shape != source.shape or parameter.before.device != source.device:
            parameter.before = torch.empty_like(source)
        copies.append(parameter.before)
        sources.append(source)
    if moving:
        torch._foreach_copy_(copies, sources)


def read_updates(watch: ParameterWatch, parameters: Sequence[Parameter], unread: Unread) -> list[Layer]:
    """Rows of what the step did: weight after it minus weight before. Parameters without a gradient got no update.

    No row where the part that was read shows neither gradient nor update: the step moved what was not read, such as the rare rows of an embedding.
    """
    layers = []
    for parameter in parameters:
        before = parameter.before
        if before is None or parameter.tensor.grad is None:
            continue
        after, share = subset(local(parameter.tensor.detach()), watch.read_at_most)
        if not after.numel() or after.shape != before.shape:
            continue
        update = after - before
        if not parameter.missed or bool(torch.any(update)):
            layers.append(Layer(parameter.update, unread.add(update, share)))
    return layers


def zeros_of(tensor: Tensor) -> Tensor:
    """Which entries are zero now, of which a promise of zeros speaks: a pruned weight keeps its others. All of a tensor without a zero."""
    zeros = tensor.detach() == 0
    return zeros if bool(zeros.any()) else torch.ones_like(zeros)


def _read_bytes(tensor: Tensor, limit: int) -> int:
    return min(local(tensor).numel(), limit) * tensor.element_size()


def _with_zeros(reading: Reading, absent: int) -> Reading:
    numbers = reading.numbers
    if absent <= 0:
        return reading
    if isinstance(numbers, Tensor):
        numbers = numbers.clone()
        numbers[3].clamp_(max=0.0)
        numbers[4].clamp_(min=0.0)
        numbers[5] += absent
    else:
        numbers = [*numbers[:3], min(numbers[3], 0.0), max(numbers[4], 0.0), numbers[5] + absent, *numbers[6:]]
    return Reading(reading.count + absent, numbers, reading.pairs, reading.sampled)


def read_buffers(buffers: Sequence[tuple[Watched, Tensor]], magnitudes: Magnitudes) -> tuple[list[Layer], list[Suspect]]:
    """Rows of the buffers, and those with a NaN or plus infinity: minus infinity is a mask that somebody stored."""
    tensors = {watched: tensor for watched, tensor in buffers if tensor.numel()}
    readings = measure_all(list(tensors.values()), magnitudes, whole=True)
    layers = [Layer(watched, reading) for watched, reading in zip(tensors, readings, strict=True)]
    suspects = []
    for suspect in nonfinite_among(layers):
        bad = torch.isnan(tensors[suspect.watched]) | torch.isposinf(tensors[suspect.watched])
        if suspect.flag is not None:
            suspects.append(Suspect(suspect.watched, flag=bad.sum()))
        elif count := int(bad.sum()):
            suspects.append(Suspect(suspect.watched, count))
    return layers, suspects


def nonfinite_among(layers: Iterable[Layer]) -> list[Suspect]:
    """Layers whose reading counted values that are not finite; a device is asked later."""
    suspects = []
    for layer in layers:
        numbers = layer.reading.numbers
        if isinstance(numbers, Tensor):
            suspects.append(Suspect(layer.watched, flag=numbers[7]))
        elif numbers[7]:
            suspects.append(Suspect(layer.watched, int(numbers[7])))
    return suspects
