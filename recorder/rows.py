"""Readings, numbers and events -> record batches of the log's tables."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from torch import Tensor

from .activations import Layer
from .format import schema
from .stats import Numbers, fold
from .watched import Watched

_TENSORS, _STATS, _METRICS, _EVENTS, _PROBES = (schema(table) for table in ("tensors", "stats", "metrics", "events", "probes"))


def tensor_rows(entries: Sequence[Watched]) -> pa.RecordBatch:
    columns: dict[str, Any] = {
        "tensor_id": [entry.id for entry in entries],
        "shape": [list(entry.shape) for entry in entries],
    }
    for name in _TENSORS.names:
        if name not in columns:
            columns[name] = [getattr(entry, name) for entry in entries]
    return pa.RecordBatch.from_pydict({name: columns[name] for name in _TENSORS.names}, schema=_TENSORS)


def stats_rows(step: int | None, split: str, layers: Sequence[Layer], numbers: Numbers, pairs: Numbers, extras: Numbers) -> pa.RecordBatch:
    """Rows of `stats`, one a watched tensor.

    `numbers` [m, 8] in the order of stats.FIELDS, `pairs` [m, 256], `extras` [m, 3]: saturated, silent units, saturated units (NaN: none).
    """
    counts = np.array([layer.reading.count for layer in layers], np.float64)
    if len({layer.watched for layer in layers}) < len(layers):
        layers, numbers, pairs, extras, counts = _merged(layers, numbers, pairs, extras, counts)
    size = len(layers)
    finite = counts - numbers[:, 7]
    some = finite > 0
    measured = np.empty((size, 5), np.float32)
    with np.errstate(over="ignore"):
        measured[:, :3] = numbers[:, :3] / np.maximum(finite, 1)[:, None]
        measured[:, 1] = np.sqrt(numbers[:, 1] / np.maximum(finite, 1))
        measured[:, 3:] = numbers[:, 3:5]
    nothing = None if some.all() else ~some
    whole = np.concatenate([counts[:, None], numbers[:, 5:8]], 1).astype(np.int64)
    columns: dict[str, Any] = {
        "step": pa.nulls(size, pa.int64()) if step is None else pa.array(np.full(size, step, np.int64)),
        "split": pa.repeat(pa.scalar(split, pa.string()), size),
        "tensor_id": pa.array(np.array([layer.watched.id for layer in layers], np.int64)),
        "units": pa.array([layer.units for layer in layers], pa.int32()),
        "magnitudes": _lists(fold(pairs).astype(np.int32)),
        "sampled": pa.array(np.array([layer.reading.sampled for layer in layers], np.float32)),
    }
    for place, name in enumerate(("count", "zeros", "negatives", "nonfinite")):
        columns[name] = pa.array(whole[:, place].copy())
    for place, name in enumerate(("mean", "rms", "abs_mean", "min", "max")):
        columns[name] = pa.array(measured[:, place].copy(), mask=nothing)
    for place, (name, kind) in enumerate((("saturated", np.int64), ("silent_units", np.int32), ("saturated_units", np.int32))):
        absent = np.isnan(extras[:, place])
        columns[name] = pa.array(np.where(absent, 0, extras[:, place]).astype(kind), mask=absent)
    return pa.RecordBatch.from_arrays([columns[name] for name in _STATS.names], schema=_STATS)


def _lists(rows: Numbers) -> Any:
    """Rows [m, n] as a column of lists."""
    size, width = rows.shape
    offsets: Any = pa.array(np.arange(0, size * width + 1, width, dtype=np.int32))
    return pa.ListArray.from_arrays(offsets, pa.array(rows.reshape(-1)))


def _merged(layers: Sequence[Layer], numbers: Numbers, pairs: Numbers, extras: Numbers, counts: Numbers) -> tuple[Any, ...]:
    """All calls of a step as one row: sums and counts add up, extremes are kept, the state of units is the last one."""
    first: dict[Watched, int] = {}
    places = [first.setdefault(layer.watched, len(first)) for layer in layers]
    size = len(first)
    merged, merged_pairs, merged_counts = np.zeros((size, 8)), np.zeros((size, 256), np.int64), np.zeros(size)
    merged[:, 3], merged[:, 4] = np.inf, -np.inf
    merged_extras = np.full((size, 3), np.nan)
    chosen: list[Any] = [None] * size
    for row, place in enumerate(places):
        adding = [0, 1, 2, 5, 6, 7]
        merged[place, adding] += numbers[row, adding]
        merged[place, 3] = min(merged[place, 3], numbers[row, 3])
        merged[place, 4] = max(merged[place, 4], numbers[row, 4])
        merged_pairs[place] += pairs[row].astype(np.int64)
        merged_counts[place] += counts[row]
        if not np.isnan(extras[row, 0]):
            merged_extras[place, 0] = np.nan_to_num(merged_extras[place, 0]) + extras[row, 0]
        merged_extras[place, 1:] = np.where(np.isnan(extras[row, 1:]), merged_extras[place, 1:], extras[row, 1:])
        chosen[place] = layers[row]
    return chosen, merged, merged_pairs, merged_extras, merged_counts


def metric_rows(step: int | None, epoch: int | None, split: str, numbers: dict[str, float], seconds: float) -> pa.RecordBatch:
    size = len(numbers)
    columns: list[Any] = [
        pa.array([step] * size, pa.int64()),
        pa.array([epoch] * size, pa.int64()),
        _texts((split,) * size),
        _texts(tuple(numbers)),
        pa.array(list(numbers.values()), pa.float64()),
        pa.array([seconds] * size, pa.float64()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=_METRICS)


@functools.lru_cache(maxsize=256)
def _texts(texts: tuple[str, ...]) -> Any:
    """A column of texts: the same few come with every step."""
    return pa.array(texts, pa.string())


def event_row(step: int | None, seconds: float, kind: str, message: str, details: dict[str, Any]) -> pa.RecordBatch:
    row: dict[str, list[Any]] = {"step": [step], "seconds": [seconds], "kind": [kind], "message": [message], "details": [as_json(details)]}
    return pa.RecordBatch.from_pydict(row, schema=_EVENTS)


def probe_row(step: int | None, probe: str, subject: str, outcome: dict[str, float | bool | None], details: dict[str, Any]) -> pa.RecordBatch:
    """`outcome`: value, reference, tolerance and passed."""
    row: dict[str, Any] = {"step": step, "probe": probe, "subject": subject, "details": as_json(details), **outcome}
    return pa.RecordBatch.from_pylist([row], schema=_PROBES)


def as_json(details: dict[str, Any]) -> str:
    return json.dumps(details, default=_plain)


def _plain(value: Any) -> Any:
    """Tensors and arrays of numbers as lists; whatever else is not JSON as text."""
    if isinstance(value, Tensor):
        return value.tolist() if value.device.type == "cpu" and value.numel() <= 1000 else f"tensor of shape {tuple(value.shape)}"
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return str(value)
