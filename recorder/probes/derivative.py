"""The derivative of a loss along one direction, measured by differences, and whether that measurement can be trusted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

ROUNDING = 32
"""Rounding errors of a loss, in units of the last place: generous for the sums in a small network, and far below any real gradient."""


@dataclass(frozen=True)
class Precision:
    """Step sizes and relative error allowed, for the floating-point type in which the loss is computed."""

    epsilon: float
    steps: tuple[float, ...]
    tolerance: float


DOUBLE = Precision(torch.finfo(torch.float64).eps, (1e-5, 1e-6, 1e-4), 1e-4)
"""h = 1e-5 in double precision, relative error below 1e-4: CS231n, "Gradient checks". The other step sizes are tried where the first hits a kink."""

SINGLE = Precision(torch.finfo(torch.float32).eps, (1e-2, 3e-3), 1e-2)
"""A loss that comes out in float32 whatever goes in: above 1e-2 the gradient is "probably wrong" (CS231n)."""


@dataclass(frozen=True)
class Measured:
    """A derivative by differences. Where it has not settled (a kink, noise), it is no evidence."""

    derivative: float
    uncertainty: float
    settled: bool


@dataclass(frozen=True)
class Direction:
    """A coordinate (by its flat index) or a vector of unit length, in the space of one tensor."""

    index: int | None
    vector: Tensor | None

    def along(self, gradient: Tensor | None) -> float:
        """The directional derivative that this gradient promises."""
        if gradient is None:
            return 0.0
        if self.index is not None:
            return gradient.reshape(-1)[self.index].item()
        return float((gradient * self.vector).sum())  # type: ignore[operator]

    def move(self, tensor: Tensor, start: Tensor, distance: float) -> None:
        """Puts `tensor` at `start` plus `distance` along this direction, in place."""
        with torch.no_grad():
            tensor.copy_(start)
            if self.index is not None:
                tensor.view(-1)[self.index] += distance
            else:
                tensor.add_(self.vector, alpha=distance)  # type: ignore[arg-type]


def directions(shape: torch.Size, gradient: Tensor | None, count: int, seed: int, like: Tensor) -> Iterator[Direction]:
    """Up to `count` directions: random projections, which see every value of a large tensor, between its largest and random coordinates.

    A generator of their own keeps them the same from call to call and leaves the global random state alone.
    """
    numel = math.prod(shape)
    if numel <= count:
        yield from (Direction(index, None) for index in range(numel))
        return
    generator = torch.Generator().manual_seed(seed)
    largest = [] if gradient is None else gradient.abs().reshape(-1).topk(min(count, numel)).indices.tolist()
    for turn in range(count):
        if turn % 3 == 0:
            signs = torch.randint(0, 2, shape, generator=generator).to(like) * 2 - 1
            yield Direction(None, signs / math.sqrt(numel))
        elif turn % 3 == 1 and largest:
            yield Direction(largest[turn // 3], None)
        else:
            yield Direction(int(torch.randint(0, numel, (1,), generator=generator)), None)


def measure(loss_at: Callable[[float], float], here: float, precision: Precision) -> Measured:
    """Central differences with two step sizes each. `loss_at(t)` is the loss `t` along the direction, `here` the one at 0.

    At a ReLU kink within the step the two sizes differ; at a kink exactly here the one-sided slopes stay apart while the step shrinks.
    In both cases a smaller step is tried, and the measurement is called unsettled if none settles.
    """
    latest = Measured(math.nan, math.inf, False)
    for step in precision.steps:
        wide, narrow = (loss_at(step), loss_at(-step)), (loss_at(step / 2), loss_at(-step / 2))
        if not all(map(math.isfinite, (*wide, *narrow))):
            continue
        coarse, fine = (wide[0] - wide[1]) / (2 * step), (narrow[0] - narrow[1]) / step
        rounding = ROUNDING * precision.epsilon * max(map(abs, (here, *wide))) / step
        bends = (wide[0] - 2 * here + wide[1]) / step, (narrow[0] - 2 * here + narrow[1]) / (step / 2)
        slack = 0.1 * precision.tolerance * max(abs(coarse), abs(fine)) + 2 * rounding
        kink_here = abs(bends[0]) > slack and abs(bends[1]) > 0.75 * abs(bends[0])
        latest = Measured(fine, rounding * 2 + abs(coarse - fine), abs(coarse - fine) <= slack and not kink_here)
        if latest.settled:
            return latest
    return latest


def relative_error(promised: float, measured: Measured, limit: float) -> float:
    """|a - n| / max(|a|, |n|), as CS231n defines it; where that is above the limit, only what is left beyond the uncertainty of n."""
    difference = abs(promised - measured.derivative)
    scale = max(abs(promised), abs(measured.derivative))
    if math.isnan(difference):
        return math.inf
    if scale == 0:
        return 0.0
    return difference / scale if difference <= limit * scale else max(0.0, difference - measured.uncertainty) / scale
