"""Readings, numbers and events -> record batches of the log's tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from torch import Tensor

from .activations import Layer
from .format import schema
from .stats import fold
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


def stats_rows(step: int | None, split: str, layers: Sequence[Layer], numbers: np.ndarray, pairs: np.ndarray, extras: np.ndarray) -> pa.RecordBatch:
    """Rows of `stats`, one a watched tensor. `numbers` [m, 8] in the order of stats.FIELDS, `pairs` [m, 256], `extras` [m, 3]: saturated, silent, saturated units (NaN: none)."""
    layers, numbers, pairs, extras, counts = _merged(layers, numbers, pairs, extras)
    read = np.maximum(counts - numbers[:, 7], 1)
    some = counts > numbers[:, 7]
    bins = fold(pairs).astype(np.int32)
    size = len(layers)

    def measured(values: np.ndarray) -> pa.Array:
        with np.errstate(over="ignore"):
            return pa.array(values.astype(np.float32), mask=~some)

    def counted(values: np.ndarray, kind: pa.DataType, present: np.ndarray | None = None) -> pa.Array:
        mask = None if present is None else ~present
        return pa.array(np.where(np.isfinite(values), values, 0).astype(np.int64), mask=mask).cast(kind)

    units = np.array([np.nan if layer.units is None else layer.units for layer in layers])
    columns = {
        "step": pa.nulls(size, pa.int64()) if step is None else pa.array(np.full(size, step, np.int64)),
        "split": pa.array([split] * size),
        "tensor_id": pa.array(np.array([layer.watched.id for layer in layers], np.int64)),
        "count": counted(counts, pa.int64()),
        "mean": measured(numbers[:, 0] / read),
        "rms": measured(np.sqrt(numbers[:, 1] / read)),
        "abs_mean": measured(numbers[:, 2] / read),
        "min": measured(numbers[:, 3]),
        "max": measured(numbers[:, 4]),
        "zeros": counted(numbers[:, 5], pa.int64()),
        "negatives": counted(numbers[:, 6], pa.int64()),
        "nonfinite": counted(numbers[:, 7], pa.int64()),
        "saturated": counted(extras[:, 0], pa.int64(), np.isfinite(extras[:, 0])),
        "units": counted(units, pa.int32(), np.isfinite(units)),
        "silent_units": counted(extras[:, 1], pa.int32(), np.isfinite(extras[:, 1])),
        "saturated_units": counted(extras[:, 2], pa.int32(), np.isfinite(extras[:, 2])),
        "magnitudes": pa.ListArray.from_arrays(pa.array(np.arange(0, 64 * size + 1, 64, dtype=np.int32)), pa.array(bins.reshape(-1))),
        "sampled": pa.array(np.array([layer.reading.sampled for layer in layers], np.float32)),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in _STATS.names], schema=_STATS)


def _merged(layers: Sequence[Layer], numbers: np.ndarray, pairs: np.ndarray, extras: np.ndarray) -> tuple[Any, ...]:
    """All calls of a step as one row: sums and counts add up, extremes are kept, the state of units is the last one."""
    counts = np.array([layer.reading.count for layer in layers], np.float64)
    first: dict[Watched, int] = {}
    places = [first.setdefault(layer.watched, len(first)) for layer in layers]
    if len(first) == len(layers):
        return layers, numbers, pairs, extras, counts
    size = len(first)
    merged, merged_pairs, merged_counts = np.zeros((size, 8)), np.zeros((size, 256), np.int64), np.zeros(size)
    merged[:, 3], merged[:, 4] = np.inf, -np.inf
    merged_extras = np.full((size, 3), np.nan)
    chosen: list[Any] = [None] * size
    for row, place in enumerate(places):
        merged[place, [0, 1, 2, 5, 6, 7]] += numbers[row, [0, 1, 2, 5, 6, 7]]
        merged[place, 3] = min(merged[place, 3], numbers[row, 3])
        merged[place, 4] = max(merged[place, 4], numbers[row, 4])
        merged_pairs[place] += pairs[row]
        merged_counts[place] += counts[row]
        merged_extras[place, 0] = np.nansum([merged_extras[place, 0], extras[row, 0]]) if np.isfinite(extras[row, 0]) else merged_extras[place, 0]
        merged_extras[place, 1:] = np.where(np.isfinite(extras[row, 1:]), extras[row, 1:], merged_extras[place, 1:])
        chosen[place] = layers[row]
    return chosen, merged, merged_pairs, merged_extras, merged_counts


def metric_rows(step: int | None, epoch: int | None, split: str, numbers: dict[str, float], seconds: float) -> pa.RecordBatch:
    size = len(numbers)
    columns = [
        pa.array([step] * size, pa.int64()),
        pa.array([epoch] * size, pa.int64()),
        pa.array([split] * size, pa.string()),
        pa.array(list(numbers), pa.string()),
        pa.array(list(numbers.values()), pa.float64()),
        pa.array([seconds] * size, pa.float64()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=_METRICS)


def event_row(step: int | None, seconds: float, kind: str, message: str, details: dict[str, Any]) -> pa.RecordBatch:
    row = {"step": [step], "seconds": [seconds], "kind": [kind], "message": [message], "details": [as_json(details)]}
    return pa.RecordBatch.from_pydict(row, schema=_EVENTS)


def probe_row(step: int | None, probe: str, subject: str, outcome: dict[str, float | bool | None], details: dict[str, Any]) -> pa.RecordBatch:
    """`outcome`: value, reference, tolerance and passed."""
    row = {"step": [step], "probe": [probe], "subject": [subject], "details": [as_json(details)]} | {name: [value] for name, value in outcome.items()}
    return pa.RecordBatch.from_pydict({name: row[name] for name in _PROBES.names}, schema=_PROBES)


def as_json(details: dict[str, Any]) -> str:
    return json.dumps(details, default=_plain)


def _plain(value: Any) -> Any:
    """Tensors and arrays of numbers as lists; whatever else is not JSON as text."""
    if isinstance(value, Tensor):
        return value.tolist() if value.device.type == "cpu" and value.numel() <= 1000 else f"tensor of shape {tuple(value.shape)}"
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return str(value)
