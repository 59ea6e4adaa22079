"""The numbers of a classification for a small batch on the CPU, where a call of torch costs more than its arithmetic: the same as the tensors' path."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from .. import fetch
from .losses import Summary
from .probabilities import SUM_TOLERANCE

MOST_VALUES = 1 << 14
"""Predictions up to this many values are small."""

_FLOATS = ["loss_sum", "loss_sum_total", "p_max", "z_min", "z_max", "z_sum", "p_square_sum", "p_exp_sum", "entropy"]
_FLOATS_OF_TARGET = ["p_target", "p_other", "z_target", "z_other"]
_INTS = ["elements", "elements_total", "outputs", "batch_winner", "prediction"]
_INTS_OF_TARGET = ["target", "target_known", "correct", "other", "target_rank"]

Values = npt.NDArray[Any]


def is_small(z: Tensor, loss: Tensor | None) -> bool:
    """Whether predictions [N, C] and losses can go this way: one loss a sample, all of it in the CPU's memory."""
    return fetch.at_once(z) and z.shape[1] > 1 and 0 < z.numel() <= MOST_VALUES and (loss is None or loss.numel() == z.shape[0])


def summarize(z: Values, labels: Values | None, losses: Values | None) -> Summary:
    """Packed columns of predictions [N, C], C > 1, class numbers [N] and losses [N], where every sample counts."""
    n, outputs = z.shape
    float_names = (_FLOATS if losses is not None else _FLOATS[2:]) + ([] if labels is None else _FLOATS_OF_TARGET)
    int_names = _INTS + ([] if labels is None else _INTS_OF_TARGET)
    floats, ints = np.empty((len(float_names), n), np.float32), np.empty((len(int_names), n), np.int32)
    rest = floats
    if losses is not None:
        floats[:2] = losses
        rest = floats[2:]
    ints[:2] = 1
    ints[2] = outputs
    with np.errstate(all="ignore"):
        _fill(np.ascontiguousarray(z.T), labels, rest, ints[3:])
    return {"float_names": float_names, "floats": floats, "int_names": int_names, "ints": ints}


def _fill(z: Values, labels: Values | None, floats: Values, ints: Values) -> None:
    """`z` is [C, N]: numpy reduces the first dimension fastest. Reductions are called by their ufunc: half of a small call is numpy's wrapper."""
    outputs, n = z.shape
    column = np.arange(n)
    top = z.argmax(0)
    at_top = top * n + column
    p_max, z_min, z_max, z_sum, p_square_sum, p_exp_sum, entropy = floats[:7]
    np.minimum.reduce(z, 0, out=z_min)
    z.take(at_top, out=z_max, mode="clip")
    np.add.reduce(z, 0, out=z_sum)
    given = z_min.min() >= 0 and np.abs(z_sum - 1).max() < SUM_TOLERANCE
    p = z if given else _softmax(z - z_max)
    p.take(at_top, out=p_max, mode="clip")
    np.add.reduce(p * p, 0, out=p_square_sum)
    np.add.reduce(np.exp(p), 0, out=p_exp_sum)
    surprise = np.log(p)
    surprise *= p
    np.add.reduce(surprise, 0, out=entropy)
    if not np.isfinite(entropy).all():
        entropy[...] = np.where(p == 0, 0, surprise).sum(0)
    np.negative(entropy, out=entropy)
    batch_winner, prediction = ints[:2]
    batch_winner[...] = -1
    batch_winner[:outputs] = z.argmax(1)[:n]
    prediction[...] = top
    if labels is not None:
        _fill_of_target(z, p, labels, (top, at_top, column), floats[7:], ints[2:])


def _fill_of_target(z: Values, p: Values, labels: Values, best: tuple[Values, Values, Values], floats: Values, ints: Values) -> None:
    top, at_top, column = best
    outputs, n = z.shape
    correct = top == labels
    other = np.where(correct, _second(z, top, at_top), top)
    safe = labels.clip(0, outputs - 1)
    at_target, at_other = safe * n + column, other * n + column
    p_target, p_other, z_target, z_other = floats
    p.take(at_target, out=p_target, mode="clip")
    p.take(at_other, out=p_other, mode="clip")
    z.take(at_target, out=z_target, mode="clip")
    z.take(at_other, out=z_other, mode="clip")
    ints[0], ints[1], ints[2], ints[3] = labels, safe == labels, correct, other
    np.add.reduce(z > z_target, 0, out=ints[4])


def _softmax(z: Values) -> Values:
    e = np.exp(z)
    e /= np.add.reduce(e, 0)
    return e


def _second(z: Values, top: Values, at_top: Values) -> Values:
    """The next best class; where all others are minus infinity, the first of them."""
    others = z.copy()
    others.reshape(-1)[at_top] = -np.inf
    second = others.argmax(0)
    return np.asarray(np.where(second == top, top == 0, second))
