"""A batch's numbers, fetched from the device, as the columns of its task."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..format import LM_INPUT_LAGS, LM_LAGS, SAMPLE_COLUMNS
from ..messages import Column, lists, nulls, numbers, of_array, ragged, struct_of, truths

Numbers = dict[str, npt.NDArray[Any]]

_NULL_WITHOUT_TARGET = frozenset({"p_target", "p_other", "z_target", "z_other", "target_rank"})
"""Columns that say nothing where the target is no class at all."""

_LOSS_COLUMNS = (("loss_sum", pa.float32()), ("elements", pa.int32()), ("elements_total", pa.int32()), ("loss_sum_total", pa.float32()))


def task_columns(task: str | None, fetched: dict[str, Any], rows: int) -> list[Column]:
    """Columns of a fetched summary (CPU tensors or arrays), the loss columns first; what it lacks is null."""
    arrays = {name: np.asarray(value) for name, value in fetched.items() if not name.endswith("_names")}
    known = unpack(fetched, arrays)
    if task == "segmentation" and "target_pixels" in arrays:
        known["iou_worst_class"] = _worst_iou(arrays)
    special = _special(task, arrays, known)
    unknown = _unknown(known)
    winner = known.get("batch_winner")
    columns = []
    for name, kind, is_truth in _wanted(task):
        values = known.get(name)
        if name in special:
            columns.append(special[name]())
        elif values is None:
            columns.append(nulls(4, rows) if kind is None else of_array(pa.nulls(rows, kind)))
        elif is_truth:
            columns.append(truths(values != 0))
        elif name == "batch_winner" and winner is not None:
            columns.append(numbers(values, winner < 0))
        else:
            columns.append(numbers(values, unknown if name in _NULL_WITHOUT_TARGET else None))
    return columns


@functools.lru_cache
def _wanted(task: str | None) -> list[tuple[str, Any, bool]]:
    """Name of each column, its type unless that is a number of four bytes, and whether it holds truths."""
    four = (pa.float32(), pa.int32())
    columns = (*_LOSS_COLUMNS, *((column.name, column.type) for column in (SAMPLE_COLUMNS[task] if task else ())))
    return [(name, None if kind in four else kind, kind == pa.bool_()) for name, kind in columns]


def _unknown(known: Numbers) -> npt.NDArray[np.bool_] | None:
    """Rows whose target is no class."""
    is_class = known.get("target_known")
    return None if is_class is None or is_class.all() else is_class == 0


def _special(task: str | None, arrays: Numbers, known: Numbers) -> dict[str, Callable[[], Column]]:
    """Columns that are no plain numbers."""
    if task == "regression":
        return {name: lambda name=name: lists(arrays[name]) for name in ("target_values", "predicted_values") if name in arrays}  # type: ignore[misc]
    if task == "multilabel":
        return {name: lambda name=name: _classes_on(arrays[name]) for name in ("targets", "predictions") if name in arrays}  # type: ignore[misc]
    maps = ("intersection", "target_pixels", "predicted_pixels", "right_tokens", "target_tokens", "predicted_tokens")
    special: dict[str, Callable[[], Column]] = {name: lambda name=name: _class_map(arrays[name]) for name in maps if name in arrays}  # type: ignore[misc]
    if task == "language_model" and "correct_at_lag_1" in known:
        special["correct_at_lag"] = lambda: lists(np.stack([known[f"correct_at_lag_{lag}"] for lag in LM_LAGS], axis=1))
        if "worst_loss" in arrays:
            special["worst"] = lambda: _worst_tokens(arrays)
        if "input_at_lag_0" in known:
            special["input_at_lag"] = lambda: lists(np.stack([known[f"input_at_lag_{lag}"] for lag in LM_INPUT_LAGS], axis=1))
    return special


def unpack(fetched: Mapping[str, Any], arrays: Numbers) -> Numbers:
    """The packed matrices as columns by name."""
    found: Numbers = {}
    for kind in ("float", "int"):
        if f"{kind}s" in arrays:
            found |= dict(zip(fetched[f"{kind}_names"], arrays[f"{kind}s"], strict=True))
    return found


def _classes_on(on: npt.NDArray[Any]) -> Column:
    _, classes = np.nonzero(on)
    return ragged(np.count_nonzero(on, axis=1), numbers(classes.astype(np.int32)))


def _class_map(counts: npt.NDArray[Any]) -> Column:
    """Class to elements; the first column of `counts` is class -1, which stands for all negative ones."""
    rows, places = np.nonzero(counts)
    return ragged(np.count_nonzero(counts, axis=1), struct_of(numbers((places - 1).astype(np.int32)), numbers(counts[rows, places].astype(np.int32))))


def _worst_iou(arrays: Numbers) -> npt.NDArray[Any]:
    """Smallest intersection over union of the classes in the target; NaN where none counts."""
    target, both = arrays["target_pixels"], arrays["intersection"]
    union = target + arrays["predicted_pixels"] - both
    iou = np.where(target > 0, both / np.maximum(union, 1), np.inf).min(1)
    return np.where(np.isfinite(iou), iou, np.nan).astype(np.float32)


def _worst_tokens(arrays: Numbers) -> Column:
    """The worst tokens of each sequence; those that do not count have a loss of minus infinity and are left out."""
    shown = arrays["worst_loss"] != -np.inf
    fields = [numbers(arrays[name][shown].astype(np.int32)) for name in ("worst_position", "worst_target", "worst_predicted")]
    return ragged(np.count_nonzero(shown, axis=1), struct_of(*fields, numbers(arrays["worst_loss"][shown].astype(np.float32))))
