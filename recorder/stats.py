"""Tensor -> statistics, in few passes and without waiting for a device.

On a CPU the values are read at once; elsewhere they stay on the device until `fetch.Fetcher` has brought them over. Small tensors are stacked
by shape, since calls and not elements are what they cost; large ones are read in pieces that stay in the cache.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

FIELDS = ("sum", "square_sum", "abs_sum", "min", "max", "zeros", "negatives", "nonfinite")
"""What is kept of the finite values of a tensor, and the count of the others. `min` is +inf and `max` -inf where no value is finite."""

PIECE = 131_072
"""Elements read at a time on a CPU: 512 kB of float32, within the second-level cache."""
SMALL = 16_384
"""Tensors up to this size are stacked with others of their shape."""
MAGNITUDES_READ = 32_768
"""`magnitudes` of larger tensors are counted over a fixed-stride subset of about this many values; their sum says how many."""

_PAIRS = 128


@dataclass(slots=True)
class Reading:
    """Statistics of one tensor: `numbers` in the order of FIELDS, `pairs` 256 counts by sign and pair of binary exponents (see `fold`)."""

    count: int
    numbers: list[float] | Tensor
    pairs: Tensor | None
    sampled: float = 1.0


def flat(tensor: Tensor) -> Tensor:
    """All values as one dimension, in any order, without a copy where the memory is dense."""
    if tensor.is_contiguous():
        return tensor.view(-1)
    if tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last):
        return tensor.permute(0, 2, 3, 1).view(-1)
    if tensor.dim() >= 2 and tensor.transpose(-1, -2).is_contiguous():
        return tensor.transpose(-1, -2).reshape(-1)
    return tensor.reshape(-1)


def as_real(tensor: Tensor) -> Tensor:
    """The values in a type that sums can be trusted in: float32, or float64 where it was float64; complex values as pairs."""
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    if tensor.dtype in (torch.float32, torch.float64):
        return tensor
    return tensor.to(torch.float64 if tensor.dtype in (torch.int64, torch.int32) and tensor.device.type != "mps" else torch.float32)


def subset(tensor: Tensor, limit: int) -> tuple[Tensor, float]:
    """Whole samples or rows at a fixed stride, about `limit` values in all, and the share that they are. The stride is odd: it meets every channel."""
    if tensor.numel() <= limit or tensor.dim() < 2:
        return tensor, 1.0
    rows = tensor.flatten(0, -2) if tensor.shape[0] * limit < 16 * tensor.numel() and tensor.is_contiguous() else tensor
    stride = math.ceil(rows.numel() / limit) | 1
    part = rows[::stride]
    return part, part.numel() / tensor.numel()


def measure(tensor: Tensor, sampled: float = 1.0) -> Reading:
    """Statistics of one dense tensor (any shape, any real or complex type)."""
    values = as_real(tensor)
    if values.device.type != "cpu":
        return _measure_rows(values.reshape(1, -1), sampled)[0]
    values = flat(values)
    if values.numel() == 0:
        return Reading(0, [0.0, 0.0, 0.0, math.inf, -math.inf, 0.0, 0.0, 0.0], None, sampled)
    numbers, clean = _measure_flat(values)
    return Reading(values.numel(), numbers, _count_pairs(_thinned(values if clean else _finite_part(values)).view(1, -1))[0], sampled)


def measure_all(tensors: Sequence[Tensor]) -> list[Reading]:
    """Statistics of many tensors, in their order: those of one small shape are read together."""
    readings: list[Reading | None] = [None] * len(tensors)
    groups: dict[tuple[torch.Size, torch.dtype, torch.device], list[int]] = defaultdict(list)
    for index, tensor in enumerate(tensors):
        if 0 < tensor.numel() <= SMALL and not tensor.is_complex():
            groups[tensor.shape, tensor.dtype, tensor.device].append(index)
        else:
            readings[index] = measure(tensor)
    for (shape, _, _), indices in groups.items():
        at_once = max(1, PIECE // shape.numel())
        for start in range(0, len(indices), at_once):
            chosen = indices[start : start + at_once]
            rows = as_real(torch.stack([tensors[index] for index in chosen])).view(len(chosen), -1)
            for index, reading in zip(chosen, _measure_rows(rows, 1.0), strict=True):
                readings[index] = reading
    return [reading for reading in readings if reading is not None]


def square_sum(tensors: Sequence[Tensor]) -> float | Tensor:
    """Sum of the squares of all values. Infinite or NaN where a value is, and where the squares overflow. A tensor where the values are not on a CPU."""
    total: float | Tensor = 0.0
    groups: dict[tuple[torch.Size, torch.dtype, torch.device], list[Tensor]] = defaultdict(list)
    for tensor in tensors:
        groups[tensor.shape, tensor.dtype, tensor.device].append(tensor)
    for (shape, _, device), group in groups.items():
        if len(group) > 1 and shape.numel() <= SMALL:
            group = [torch.stack(group)]
        for tensor in group:
            values = flat(as_real(tensor))
            square = torch.dot(values, values)
            total = total + (square.item() if device.type == "cpu" else square.double())
    return total


def is_finite(tensor: Tensor) -> bool:
    """Whether a CPU tensor holds no NaN and no infinity: by its sum, which is looked into only when it is not finite."""
    if math.isfinite(tensor.sum().item()):
        return True
    return bool(torch.isfinite(tensor).all().item())


def fold(pairs: np.ndarray) -> np.ndarray:
    """Counts by sign and pair of exponents [m, 256] -> the 64 bins of `magnitudes` [m, 64]; zeros (and values below 2^-126) are left out."""
    by_sign = pairs.reshape(len(pairs), 2, _PAIRS)
    bins = by_sign[:, :, 40:72].copy()
    bins[:, :, 0] += by_sign[:, :, 1:40].sum(axis=2)
    bins[:, :, 31] += by_sign[:, :, 72:].sum(axis=2)
    return bins.reshape(len(pairs), 64)


def _measure_flat(values: Tensor) -> tuple[list[float], bool]:
    """FIELDS of a CPU tensor, and whether all of it is finite. With the sign, dot products give what would else take five slow passes."""
    total = squares = absolute = balance = nonzero = 0.0
    low, high = math.inf, -math.inf
    for piece in values.split(PIECE):
        square = torch.dot(piece, piece).item()
        if not math.isfinite(square):
            return _measure_exactly(values)
        sign = torch.sign(piece)
        least, most = torch.aminmax(piece)
        squares += square
        total += piece.sum().item()
        absolute += torch.dot(piece, sign).item()
        balance += sign.sum().item()
        nonzero += torch.dot(sign, sign).item()
        low, high = min(low, least.item()), max(high, most.item())
    return [total, squares, absolute, low, high, values.numel() - nonzero, (nonzero - balance) / 2, 0.0], True


def _measure_exactly(values: Tensor) -> tuple[list[float], bool]:
    """FIELDS in float64 with a mask: for tensors with a NaN or an infinity, or whose squares overflow float32."""
    finite = torch.isfinite(values)
    kept = values[finite].double()
    nonfinite = values.numel() - kept.numel()
    if kept.numel() == 0:
        return [0.0, 0.0, 0.0, math.inf, -math.inf, 0.0, 0.0, float(nonfinite)], False
    numbers = [kept.sum(), (kept * kept).sum(), kept.abs().sum(), kept.min(), kept.max(), (kept == 0).sum(), (kept < 0).sum()]
    return [*(float(number) for number in numbers), float(nonfinite)], nonfinite == 0


def _measure_rows(rows: Tensor, sampled: float) -> list[Reading]:
    """Statistics of each row of [k, n]. On a CPU the masks are left out when all is finite; a device is not asked."""
    count = rows.shape[1]
    on_cpu = rows.device.type == "cpu"
    squares = (rows * rows).sum(1)
    if on_cpu and not math.isfinite(squares.sum().item()):
        exact = [_measure_exactly(row)[0] for row in rows]
        pairs = _count_pairs(_finite_part(rows))
        return [Reading(count, numbers, pair, sampled) for numbers, pair in zip(exact, pairs, strict=True)]
    if on_cpu:
        nonfinite = torch.zeros_like(squares)
        least, most = rows.amin(1), rows.amax(1)  # aminmax over a dimension is many times slower
    else:
        finite = torch.isfinite(rows)
        nonfinite = count - finite.sum(1)
        least, most = rows.where(finite, math.inf).amin(1), rows.where(finite, -math.inf).amax(1)
        rows = rows.where(finite, 0.0)
        squares = (rows.double() * rows.double()).sum(1)
    sign = rows.sign()
    balance, nonzero = sign.sum(1), (sign * sign).sum(1)
    fields = [rows.sum(1), squares, (rows * sign).sum(1), least, most, count - nonfinite - nonzero, (nonzero - balance) / 2, nonfinite]
    numbers = torch.stack([field.double() for field in fields], 1)
    pairs = _count_pairs(torch.stack([_thinned(row) for row in rows]) if count > 2 * MAGNITUDES_READ else rows)
    read: list[list[float]] | Tensor = numbers.tolist() if on_cpu else numbers
    return [Reading(count, number, pair, sampled) for number, pair in zip(read, pairs, strict=True)]


def _finite_part(values: Tensor) -> Tensor:
    return values.where(torch.isfinite(values), 0.0)


def _thinned(values: Tensor) -> Tensor:
    """A fixed-stride subset of a flat tensor, for `magnitudes`."""
    return values if values.numel() <= 2 * MAGNITUDES_READ else values[:: (values.numel() // MAGNITUDES_READ) | 1]


def _count_pairs(rows: Tensor) -> Tensor:
    """Counts by sign and pair of exponents of finite rows [k, n] -> [k, 256]. The added 1 aligns the pairs with the bins' lower end, 2^-48."""
    bits = rows.float().contiguous().view(torch.int32)
    places = ((bits + (1 << 23)) >> 24) & 255
    if rows.shape[0] > 1:
        places += torch.arange(rows.shape[0], device=rows.device, dtype=torch.int32).mul_(256).unsqueeze(1)
    size = 256 * rows.shape[0]
    if rows.device.type == "cpu":
        return torch.bincount(places.view(-1), minlength=size).view(-1, 256)
    counts = torch.zeros(size, dtype=torch.int64, device=rows.device)  # bincount would wait for the device
    return counts.scatter_add_(0, places.view(-1).long(), torch.ones_like(places, dtype=torch.int64).view(-1)).view(-1, 256)
