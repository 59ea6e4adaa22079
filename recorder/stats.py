"""Tensor -> statistics, in few passes and without waiting for a device.

On a CPU the values are read at once, by numpy and BLAS, whose calls cost least; elsewhere they stay on the device until `fetch.Fetcher` has
brought them over. Small tensors are stacked by shape, since calls and not elements are what they cost; of large ones whole rows are read at a
fixed stride.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from . import fetch

FIELDS = ("sum", "square_sum", "abs_sum", "min", "max", "zeros", "negatives", "nonfinite")
"""What is kept of the finite values of a tensor, and the count of the others. `min` is +inf and `max` -inf where no value is finite."""

READ_AT_MOST = 8_192
"""Values that are read of one tensor: the rms of normal ones is then known to 0.8 %, a share to 0.6 % of all. The row says how much of the tensor that is."""
PIECE = 65_536
"""Values worked on at a time: 256 kB of float32, within the second-level cache."""
SMALL = READ_AT_MOST + READ_AT_MOST // 8
"""Tensors up to this size are stacked with others of their shape: whatever `subset` leaves of a large one is as small."""
UNREAD_AT_MOST = 256
"""Parts kept for a common reading: 8 MB of large tensors."""
MAGNITUDES_READ = 4_096
"""`magnitudes` of larger tensors are counted over a fixed-stride subset of about this many values; their sum says how many."""
BLOCK = 1024
"""Length of the pieces into which a long vector is cut before some of them are read."""

_PAIRS = 128
_EMPTY = [0.0, 0.0, 0.0, math.inf, -math.inf, 0.0, 0.0, 0.0]

Numbers = npt.NDArray[Any]


@dataclass(slots=True)
class Reading:
    """Statistics of one tensor: `numbers` in the order of FIELDS; `pairs` its counts by sign and exponents: a row of `Magnitudes`, or [256]."""

    count: int
    numbers: list[float] | Tensor
    pairs: int | Tensor | None
    sampled: float = 1.0


class Magnitudes:
    """Values whose exponents are still to be counted: those of a whole step are counted in one go."""

    def __init__(self) -> None:
        self._values = torch.empty(8 * PIECE)
        self._array = self._values.numpy()
        self._used = 0
        self._lengths: list[int] = []

    def add(self, values: Numbers) -> int:
        """Keeps the values of one tensor (finite ones, a subset of a large tensor); returns the row that will hold its counts."""
        self.add_rows(values.reshape(1, -1)[:, :: len(values) // MAGNITUDES_READ | 1] if values.size > 2 * MAGNITUDES_READ else values.reshape(1, -1))
        return len(self._lengths) - 1

    def add_rows(self, rows: Numbers) -> int:
        """Keeps one tensor a row [k, n]; returns the first row of the counts."""
        first, size = len(self._lengths), rows.size
        while self._used + size > len(self._array):
            self._values = torch.cat([self._values, torch.empty_like(self._values)])
            self._array = self._values.numpy()
        with np.errstate(over="ignore", under="ignore"):
            self._array[self._used : self._used + size].reshape(rows.shape)[...] = rows
        self._used += size
        self._lengths += [rows.shape[1]] * rows.shape[0]
        return first

    def counts(self) -> Numbers:
        """[rows, 256] for everything that was added since the last `clear`."""
        if not self._lengths:
            return np.zeros((0, 256), np.int64)
        places = pair_places(self._values[: self._used])
        rows = np.repeat(np.arange(0, 256 * len(self._lengths), 256, dtype=np.int32), self._lengths)
        return torch.bincount(places.add_(torch.from_numpy(rows)), minlength=256 * len(self._lengths)).view(-1, 256).numpy()

    def clear(self) -> None:
        self._used = 0
        self._lengths = []


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
    if tensor.dtype is torch.float32 or tensor.dtype is torch.float64:
        return tensor
    if tensor.is_complex():
        return as_real(torch.view_as_real(tensor.resolve_conj()))
    return tensor.to(torch.float64 if tensor.dtype in (torch.int64, torch.int32) and tensor.device.type != "mps" else torch.float32)


def subset(tensor: Tensor, limit: int = READ_AT_MOST) -> tuple[Tensor, float]:
    """Whole samples, rows or blocks at a fixed stride, about `limit` values in all, and the share that they are. The stride is odd: it meets every channel."""
    size = tensor.numel()
    if size <= limit:
        return tensor, 1.0
    if tensor.dim() < 2:
        rows = tensor[: size // BLOCK * BLOCK].view(-1, BLOCK) if tensor.is_contiguous() else tensor
    else:
        rows = tensor.flatten(0, -2) if tensor.shape[0] * limit < 16 * size and tensor.is_contiguous() else tensor
    part = rows[:: math.ceil(size / limit) | 1]
    return part, part.numel() / size


def measure(tensor: Tensor, magnitudes: Magnitudes, sampled: float = 1.0) -> Reading:
    """Statistics of one dense tensor (any shape, any real or complex type)."""
    values = as_real(tensor)
    if not fetch.at_once(values):
        return _measure_rows(values.reshape(1, -1), magnitudes, sampled)[0]
    array = flat(values).numpy()
    if array.size == 0:
        return Reading(0, list(_EMPTY), None, sampled)
    numbers = _measure_array(array)
    if numbers is None:
        numbers = _measure_exactly(array)
        array = np.where(np.isfinite(array), array, 0)
    return Reading(array.size, numbers, magnitudes.add(array), sampled)


def measure_all(tensors: Sequence[Tensor], magnitudes: Magnitudes, whole: bool = False) -> list[Reading]:
    """Statistics of many tensors, in their order: small ones of one length are read together. `whole`: all of the large ones too."""
    readings: list[Reading | None] = [None] * len(tensors)
    groups: dict[tuple[int, torch.dtype, torch.device], list[int]] = defaultdict(list)
    for index, tensor in enumerate(tensors):
        size = tensor.numel()
        if 0 < size <= SMALL and not tensor.is_complex():
            groups[size, tensor.dtype, tensor.device].append(index)
        else:
            part, share = (tensor, 1.0) if whole else subset(tensor)
            readings[index] = measure(part, magnitudes, share)
    for (size, _, _), indices in groups.items():
        at_once = max(1, PIECE // size)
        for start in range(0, len(indices), at_once):
            chosen = indices[start : start + at_once]
            if len(chosen) == 1:
                readings[chosen[0]] = measure(tensors[chosen[0]], magnitudes)
                continue
            rows = as_real(torch.stack([flat(tensors[index]) for index in chosen]))
            for index, reading in zip(chosen, _measure_rows(rows, magnitudes, 1.0), strict=True):
                readings[index] = reading
    return [reading for reading in readings if reading is not None]


class Unread:
    """Parts of tensors that are kept until they are read together: calls, and code that has left the cache, are what single readings cost.

    A part must not change before `read`; of many parts some are read earlier, so that what is kept stays small.
    """

    def __init__(self, magnitudes: Magnitudes) -> None:
        self.magnitudes = magnitudes
        self._parts: list[Tensor] = []
        self._readings: list[Reading] = []

    def add(self, part: Tensor, share: float) -> Reading:
        """The reading of a part that is `share` of its tensor; its numbers are filled in by `read`."""
        reading = Reading(part.numel(), [], None, share)
        self._parts.append(part)
        self._readings.append(reading)
        if len(self._parts) >= UNREAD_AT_MOST:
            self.read()
        return reading

    def read(self) -> None:
        parts, readings = self._parts, self._readings
        self._parts, self._readings = [], []
        for reading, found in zip(readings, measure_all(parts, self.magnitudes, whole=True), strict=True):
            reading.numbers, reading.pairs = found.numbers, found.pairs


def square_sum(tensors: Sequence[Tensor]) -> float | Tensor:
    """Sum of the squares of all values. Infinite or NaN where a value is, and where the squares overflow. A tensor where the values are not on a CPU."""
    total: float | Tensor = 0.0
    groups: dict[tuple[torch.Size, torch.dtype, torch.device], list[Tensor]] = defaultdict(list)
    for tensor in tensors:
        groups[tensor.shape, tensor.dtype, tensor.device].append(tensor)
    for (shape, _, _), group in groups.items():
        if len(group) > 1 and shape.numel() <= SMALL:
            group = [torch.stack(group)]
        for tensor in group:
            values = flat(as_real(tensor))
            if fetch.at_once(values):
                array = values.numpy()
                with np.errstate(over="ignore", invalid="ignore"):
                    total = total + float(np.dot(array, array))
                continue
            square = torch.dot(values, values)
            total = total + square.double()
    return total


def is_finite(tensor: Tensor) -> bool:
    """Whether a CPU tensor holds no NaN and no infinity: by its sum, which is looked into only when it is not finite."""
    if math.isfinite(tensor.sum().item()):
        return True
    return bool(torch.isfinite(tensor).all().item())


def fold(pairs: Numbers) -> Numbers:
    """Counts by sign and pair of exponents [m, 256] -> the 64 bins of `magnitudes` [m, 64]; zeros (and values below 2^-126) are left out."""
    by_sign = pairs.reshape(len(pairs), 2, _PAIRS)
    bins = by_sign[:, :, 40:72].copy()
    bins[:, :, 0] += by_sign[:, :, 1:40].sum(axis=2)
    bins[:, :, 31] += by_sign[:, :, 72:].sum(axis=2)
    return bins.reshape(len(pairs), 64)


def pair_places(values: Tensor) -> Tensor:
    """The place of each finite value among 256 pairs of exponents, 128 a sign. The added 1 aligns the pairs with the bins' lower end, 2^-48."""
    return (values.float().contiguous().view(torch.int32) + (1 << 23)).bitwise_right_shift_(24).bitwise_and_(255)


_ones: dict[Any, Numbers] = {}
_signs: dict[Any, Tensor] = {}


def _scratch(array: Numbers) -> tuple[Numbers, Tensor]:
    """A vector of ones and a buffer for signs, of the array's type and at least its length; they are kept."""
    kind = array.dtype
    if kind not in _ones or len(_ones[kind]) < array.size:
        size = max(array.size, PIECE)
        _ones[kind] = np.ones(size, kind)
        _signs[kind] = torch.empty(size, dtype=torch.float32 if kind == np.float32 else torch.float64)
    return _ones[kind][: array.size], _signs[kind][: array.size]


def _measure_array(array: Numbers) -> list[float] | None:
    """FIELDS of a flat array; None where not all is finite. With the sign, dot products give what would else take five slow passes."""
    if array.size > 2 * PIECE:
        parts = [_measure_array(array[start : start + PIECE]) for start in range(0, array.size, PIECE)]
        found = [part for part in parts if part is not None]
        return _added_up(found) if len(found) == len(parts) else None
    with np.errstate(over="ignore", invalid="ignore"):
        square = float(np.dot(array, array))
    if not math.isfinite(square):
        return None
    ones, buffer = _scratch(array)
    values = torch.from_numpy(array)
    sign = torch.sign(values, out=buffer).numpy()
    low, high = torch.aminmax(values)
    balance, nonzero = float(np.dot(sign, ones)), float(np.dot(sign, sign))
    return [
        float(np.dot(array, ones)),
        square,
        float(np.dot(array, sign)),
        low.item(),
        high.item(),
        array.size - nonzero,
        (nonzero - balance) / 2,
        0.0,
    ]


def _added_up(parts: Sequence[Sequence[float]]) -> list[float]:
    columns = list(zip(*parts, strict=True))
    return [min(column) if place == 3 else max(column) if place == 4 else math.fsum(column) for place, column in enumerate(columns)]


def _measure_exactly(array: Numbers) -> list[float]:
    """FIELDS in float64 with a mask: for tensors with a NaN or an infinity, or whose squares overflow float32."""
    kept = array[np.isfinite(array)].astype(np.float64)
    nonfinite = array.size - kept.size
    if kept.size == 0:
        return [*_EMPTY[:7], float(nonfinite)]
    with np.errstate(over="ignore"):
        numbers = [kept.sum(), (kept * kept).sum(), np.abs(kept).sum(), kept.min(), kept.max(), (kept == 0).sum(), (kept < 0).sum()]
    return [*(float(number) for number in numbers), float(nonfinite)]


def _measure_rows(rows: Tensor, magnitudes: Magnitudes, sampled: float) -> list[Reading]:
    """Statistics of each row of [k, n]. On a CPU the masks are left out when all is finite; a device is not asked."""
    if not fetch.at_once(rows):
        return _measure_rows_on_device(rows, sampled)
    count = rows.shape[1]
    scratch = torch.mul(rows, rows)
    squares = scratch.sum(1)
    if not math.isfinite(squares.sum().item()):
        return [measure(row, magnitudes, sampled) for row in rows]
    sign = rows.sign()
    balance, nonzero = sign.sum(1), torch.mul(sign, sign, out=scratch).sum(1)
    absolute = torch.mul(rows, sign, out=scratch).sum(1)
    fields = [rows.sum(1), squares, absolute, rows.amin(1), rows.amax(1), count - nonzero, (nonzero - balance) / 2, torch.zeros_like(squares)]
    thin = rows[:, :: count // MAGNITUDES_READ | 1] if count > 2 * MAGNITUDES_READ else rows
    first = magnitudes.add_rows(thin.numpy())
    return [Reading(count, numbers, first + index, sampled) for index, numbers in enumerate(torch.stack(fields, 1).tolist())]


def _measure_rows_on_device(rows: Tensor, sampled: float) -> list[Reading]:
    """The same with masks throughout, for nobody may ask whether they are needed."""
    count = rows.shape[1]
    finite = torch.isfinite(rows)
    low, high = rows.where(finite, math.inf).amin(1), rows.where(finite, -math.inf).amax(1)
    rows = rows.where(finite, 0.0)
    zeros, negatives = (rows == 0).sum(1), (rows < 0).sum(1)
    nonfinite = count - finite.sum(1)
    fields = [rows.sum(1), (rows.double() ** 2).sum(1), rows.abs().sum(1), low, high, zeros - nonfinite, negatives, nonfinite]
    numbers = torch.stack([field.double() for field in fields], 1)
    thin = rows[:, :: count // MAGNITUDES_READ | 1] if count > 2 * MAGNITUDES_READ else rows
    places = pair_places(thin).long() + torch.arange(0, 256 * len(rows), 256, device=rows.device).unsqueeze(1)
    counts = torch.zeros(256 * len(rows), dtype=torch.int64, device=rows.device)  # bincount would wait for the device
    counts.scatter_add_(0, places.view(-1), torch.ones_like(places).view(-1))
    return [Reading(count, number, pair, sampled) for number, pair in zip(numbers, counts.view(-1, 256), strict=True)]
