"""Units of a layer: which stayed at zero for the last passes, and which were saturated for every value of a step. All of it stays on the device."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from .format import SILENT_AFTER_AT_LEAST, SILENT_AFTER_PASSES, SILENT_AFTER_SAMPLES

_LOOKED_AT = 1 << 18
"""Values of one output that are looked at: 1 MB of float32."""

_CHANNELS_SECOND = (nn.modules.conv._ConvNd, nn.modules.batchnorm._NormBase, nn.GroupNorm)


@dataclass(slots=True, eq=False)
class Units:
    """Follows the units of one activation. A unit's last live pass is counted in passes that were looked at; it is silent after `enough` of them."""

    dimension: int = -1
    never_negative: bool = False
    passes: int = 0
    enough: int = SILENT_AFTER_PASSES
    last_live: Tensor | None = None
    saturated: Tensor | None = field(default=None)
    together: Together | None = None

    def saw_output(self, output: Tensor) -> None:
        """Notes which units (along `dimension`) were different from zero for at least one value of this pass."""
        samples = output.shape[0] if self.dimension == 1 and output.dim() > 2 else output.numel() // max(1, output.shape[self.dimension])
        self.enough = _passes_enough(samples)
        output = _thinned(output, self.dimension)
        live = _reduced(torch.amax, output, self.dimension) != 0
        if not self.never_negative:
            live |= _reduced(torch.amin, output, self.dimension) != 0
        if self.last_live is None or self.last_live.shape != live.shape or self.last_live.device != live.device:
            self.passes, self.last_live, self.together = 0, torch.full_like(live, -1, dtype=torch.int64), None
        self.last_live.masked_fill_(live, self.passes)
        self.passes += 1

    def saw_preactivation(self, values: Tensor, dimension: int, below: float, above: float) -> None:
        """Notes which units were in the flat part for every value; calls of one step add up."""
        values = _thinned(values, dimension)
        if above == math.inf:
            all_flat = _reduced(torch.amax, values, dimension) < below
        elif below == -math.inf:
            all_flat = _reduced(torch.amin, values, dimension) > above
        else:
            outside = (values < below) | (values > above)
            all_flat = _reduced(torch.all, outside, dimension)
        same = self.saturated is not None and self.saturated.shape == all_flat.shape
        self.saturated = self.saturated & all_flat if same and self.saturated is not None else all_flat

    def silent(self) -> Tensor | None:
        """How many units were zero for the last passes (a 0-dim tensor)."""
        return None if self.last_live is None else (self.last_live < self.passes - self.enough).sum()

    def take_saturated(self) -> Tensor | None:
        """How many units were saturated for every value since the last call, and begins anew."""
        mask, self.saturated = self.saturated, None
        return None if mask is None else mask.sum()


@dataclass(slots=True, eq=False)
class Together:
    """Layers of one shape whose last live passes are the rows of one matrix, so that one call follows them all."""

    members: list[Units]
    last_live: Tensor


def saw_outputs(group: list[Units], outputs: Sequence[Tensor]) -> None:
    """`saw_output` for many small layers at once: outputs [samples, units] of one shape, never negative, that were followed equally often so far."""
    together = group[0].together
    if together is None or together.members != group or any(units.together is not together for units in group):
        shape, passes = outputs[0].shape[1:], group[0].passes
        if any(units.last_live is None or units.last_live.shape != shape or units.passes != passes for units in group):
            for units, output in zip(group, outputs, strict=True):
                units.saw_output(output)
            return
        together = Together(group, torch.stack([units.last_live for units in group if units.last_live is not None]))
        for units, row in zip(group, together.last_live, strict=True):
            units.together, units.last_live = together, row
    live = torch.stack(list(outputs)).amax(1) != 0
    together.last_live.masked_fill_(live, group[0].passes)
    for units in group:
        units.passes += 1


def _passes_enough(samples: int) -> int:
    return min(SILENT_AFTER_PASSES, max(SILENT_AFTER_AT_LEAST, -(-SILENT_AFTER_SAMPLES // max(1, samples))))


def unit_dimension(tensor: Tensor, producer: nn.Module | None) -> int:
    """The dimension that counts units: 1 after a convolution (or the norm that follows it), the last one elsewhere. `producer` came before the activation."""
    if tensor.dim() <= 2:
        return tensor.dim() - 1
    if isinstance(producer, _CHANNELS_SECOND):
        return 1
    if producer is None and tensor.dim() >= 4:
        return 1
    return tensor.dim() - 1


def _thinned(values: Tensor, dimension: int) -> Tensor:
    """Of a large tensor the positions of an image or a sequence at a fixed odd stride; every sample and every unit is still there."""
    if values.numel() <= _LOOKED_AT or values.dim() < 3:
        return values
    stride = -(-values.numel() // _LOOKED_AT) | 1
    return (values[:, :, ::stride] if dimension == 1 else values[:, ::stride]).contiguous()


def _reduced(operation: object, values: Tensor, dimension: int) -> Tensor:
    """`operation` (torch.amax and its like) over all dimensions but one. Two steps over adjacent values are several times faster than one over all."""
    if dimension == values.dim() - 1:
        return operation(values.reshape(-1, values.shape[-1]), 0)  # type: ignore[operator, no-any-return]
    adjacent = values.flatten(dimension + 1)
    result: Tensor = operation(adjacent, adjacent.dim() - 1)  # type: ignore[operator]
    return operation(result.reshape(-1, result.shape[-1]), 0)  # type: ignore[operator, no-any-return]
