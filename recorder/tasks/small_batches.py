"""The numbers of a classification for a small batch on the CPU, where a call of torch costs more than its arithmetic: the same as the tensors' path."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .probabilities import SUM_TOLERANCE

MOST_VALUES = 1 << 14
"""Predictions up to this many values are small."""

Numbers = dict[str, npt.NDArray[Any]]


def classes(z: npt.NDArray[np.float32], labels: npt.NDArray[np.int64] | None) -> tuple[Numbers, Numbers]:
    """Columns of predictions [N, C], C > 1, and class numbers [N]: measurements and whole numbers."""
    with np.errstate(all="ignore"):
        return _classes(np.ascontiguousarray(z.T), labels)


def _classes(z: npt.NDArray[np.float32], labels: npt.NDArray[np.int64] | None) -> tuple[Numbers, Numbers]:
    """`z` is [C, N]: numpy reduces the first dimension fastest."""
    outputs, n = z.shape
    column = np.arange(n)
    z_min, z_max, z_sum, top = z.min(0), z.max(0), z.sum(0), z.argmax(0)
    p = z if z_min.min() >= 0 and np.abs(z_sum - 1).max() < SUM_TOLERANCE else _softmax(z - z_max)
    floats = {
        "p_max": p[top, column],
        "z_min": z_min,
        "z_max": z_max,
        "z_sum": z_sum,
        "p_square_sum": (p * p).sum(0),
        "p_exp_sum": np.exp(p).sum(0),
        "entropy": -np.where(p == 0, 0, p * np.log(p)).sum(0),
    }
    ints: Numbers = {"prediction": top}
    if labels is None:
        return floats, ints
    second = _second(z, top, column)
    best = top == labels
    other = np.where(best, second, top)
    safe = labels.clip(0, outputs - 1)
    z_target = z[safe, column]
    floats |= {"p_target": p[safe, column], "p_other": p[other, column], "z_target": z_target, "z_other": z[other, column]}
    ints |= {"target": labels, "target_known": safe == labels, "correct": best, "other": other, "target_rank": (z > z_target).sum(0)}
    return floats, ints


def _softmax(z: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    e = np.exp(z)
    return np.asarray(e / e.sum(0))


def _second(z: npt.NDArray[np.float32], top: npt.NDArray[np.int64], column: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The next best class; where all others are minus infinity, the first of them."""
    others = z.copy()
    others[top, column] = -np.inf
    second = others.argmax(0)
    return np.asarray(np.where(second == top, top == 0, second))
