"""A batch's numbers, fetched from the device, as the columns of its task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..format import LM_INPUT_LAGS, LM_LAGS, SAMPLE_COLUMNS, Column

Numbers = dict[str, npt.NDArray[Any]]
Array = Any
"""A pyarrow.Array; the stubs ask for its type parameter, which depends on the column."""

_NULL_WITHOUT_TARGET = ("p_target", "p_other", "z_target", "z_other", "target_rank")
"""Columns that say nothing where the target is no class at all."""


def task_columns(task: str | None, fetched: dict[str, Any], rows: int) -> dict[str, Array]:
    """Arrow columns of a fetched summary (CPU tensors or arrays), the loss columns among them; what it lacks is null."""
    arrays = {name: np.asarray(value) for name, value in fetched.items() if not name.endswith("_names")}
    numbers = unpack(fetched, arrays)
    special: dict[str, Callable[[], Array]] = {}
    if task == "regression":
        special = {name: lambda name=name: _lists(arrays[name]) for name in ("target_values", "predicted_values") if name in arrays}  # type: ignore[misc]
    elif task == "multilabel":
        special = {name: lambda name=name: _classes_on(arrays[name]) for name in ("targets", "predictions") if name in arrays}  # type: ignore[misc]
    elif task == "segmentation" and "target_pixels" in arrays:
        special = {name: lambda name=name: _class_map(arrays[name]) for name in ("intersection", "target_pixels", "predicted_pixels")}  # type: ignore[misc]
        numbers["iou_worst_class"] = _worst_iou(arrays)
    elif task == "language_model" and "correct_at_lag_1" in numbers:
        special = {"correct_at_lag": lambda: _lists(np.stack([numbers[f"correct_at_lag_{lag}"] for lag in LM_LAGS], axis=1))}
        if "worst_loss" in arrays:
            special["worst"] = lambda: _worst_tokens(arrays)
        if "input_at_lag_0" in numbers:
            special["input_at_lag"] = lambda: _lists(np.stack([numbers[f"input_at_lag_{lag}"] for lag in LM_INPUT_LAGS], axis=1))
    known = numbers.get("target_known")
    unknown = None if known is None or known.all() else known == 0
    nulls = dict.fromkeys(_NULL_WITHOUT_TARGET, unknown)
    if "batch_winner" in numbers:
        nulls["batch_winner"] = numbers["batch_winner"] < 0
    columns = {}
    for column in (*_LOSS_COLUMNS, *(SAMPLE_COLUMNS[task] if task else ())):
        if column.name in special:
            columns[column.name] = special[column.name]()
        else:
            columns[column.name] = _plain(column, numbers.get(column.name), rows, nulls.get(column.name))
    return columns


_LOSS_COLUMNS = (
    Column("loss_sum", pa.float32(), ""),
    Column("elements", pa.int32(), ""),
    Column("elements_total", pa.int32(), ""),
    Column("loss_sum_total", pa.float32(), ""),
)


def unpack(fetched: dict[str, Any], arrays: Numbers) -> Numbers:
    """The packed matrices as columns by name."""
    numbers: Numbers = {}
    for kind in ("float", "int"):
        if f"{kind}s" in arrays:
            numbers |= dict(zip(fetched[f"{kind}_names"], arrays[f"{kind}s"], strict=True))
    return numbers


def _plain(column: Column, values: npt.NDArray[Any] | None, rows: int, unknown: npt.NDArray[np.bool_] | None) -> Array:
    kind: Any = column.type
    if values is None:
        return pa.nulls(rows, kind)
    if values.dtype == np.int32 and column.type == pa.bool_():
        values = values != 0
    return pa.array(values, kind, mask=unknown)


def _lists(values: npt.NDArray[Any]) -> Array:
    rows, width = values.shape
    offsets: Array = pa.array(np.arange(0, rows * width + 1, width, dtype=np.int32)) if width else pa.array(np.zeros(rows + 1, np.int32))
    return pa.ListArray.from_arrays(offsets, pa.array(values.reshape(-1)))


def _classes_on(on: npt.NDArray[Any]) -> Array:
    _, classes = np.nonzero(on)
    return pa.ListArray.from_arrays(_offsets(on != 0), pa.array(classes.astype(np.int32)))


def _offsets(used: npt.NDArray[np.bool_]) -> Array:
    return pa.array(np.concatenate([[0], np.cumsum(used.sum(1))]).astype(np.int32))


def _class_map(counts: npt.NDArray[Any]) -> Array:
    """Class to pixels; the first column of `counts` is class -1, which stands for all negative ones."""
    rows, places = np.nonzero(counts)
    keys = pa.array((places - 1).astype(np.int32))
    return pa.MapArray.from_arrays(_offsets(counts != 0), keys, pa.array(counts[rows, places].astype(np.int32)))


def _worst_iou(arrays: Numbers) -> npt.NDArray[Any]:
    """Smallest intersection over union of the classes in the target; NaN where none counts."""
    target, both = arrays["target_pixels"], arrays["intersection"]
    union = target + arrays["predicted_pixels"] - both
    iou = np.where(target > 0, both / np.maximum(union, 1), np.inf).min(1)
    return np.where(np.isfinite(iou), iou, np.nan).astype(np.float32)


def _worst_tokens(arrays: Numbers) -> Array:
    """The worst tokens of each sequence; those that do not count have a loss of minus infinity and are left out."""
    shown = arrays["worst_loss"] != -np.inf
    fields = {
        "position": pa.array(arrays["worst_position"][shown]),
        "target": pa.array(arrays["worst_target"][shown]),
        "predicted": pa.array(arrays["worst_predicted"][shown]),
        "loss": pa.array(arrays["worst_loss"][shown].astype(np.float32)),
    }
    return pa.ListArray.from_arrays(_offsets(shown), pa.StructArray.from_arrays(list(fields.values()), names=list(fields)))
