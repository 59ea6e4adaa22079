"""Readings, numbers and events -> record batches of the log's tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from . import messages
from .activations import Layer
from .format import schema
from .messages import Column, Rows, few_texts, lists, of_records, same_number, same_text
from .stats import Numbers, fold
from .watched import Watched

_TENSORS, _STATS, _METRICS, _EVENTS, _PROBES = (schema(table) for table in ("tensors", "stats", "metrics", "events", "probes"))


def tensor_rows(entries: Sequence[Watched]) -> Rows:
    return of_records(_TENSORS, {name: [entry.id if name == "tensor_id" else getattr(entry, name) for entry in entries] for name in _TENSORS.names})


def stats_rows(step: int | None, split: str, layers: Sequence[Layer], numbers: Numbers, pairs: Numbers, extras: Numbers) -> Rows:
    """Rows of `stats`, one a watched tensor.

    `numbers` [m, 8] in the order of stats.FIELDS, `pairs` [m, 256], `extras` [m, 3]: saturated, silent units, saturated units (NaN: none).
    """
    counts = np.array([layer.reading.count for layer in layers], np.float64)
    if len({layer.watched for layer in layers}) < len(layers):
        layers, numbers, pairs, extras, counts = _merged(layers, numbers, pairs, extras, counts)
    size = len(layers)
    finite = counts - numbers[:, 7]
    unread = finite <= 0
    measured = np.empty((5, size), np.float32)
    with np.errstate(over="ignore"):
        measured[:3] = (numbers[:, :3] / np.maximum(finite, 1)[:, None]).T
        measured[1] = np.sqrt(numbers[:, 1] / np.maximum(finite, 1))
        measured[3:] = numbers[:, 3:5].T
    whole = np.empty((4, size), np.int64)
    whole[0], whole[1:] = counts, numbers[:, 5:8].T
    units = np.array([-1 if layer.units is None else layer.units for layer in layers], np.int32)
    columns: dict[str, Column] = {
        "step": same_number(step, np.int64, size),
        "split": same_text(split, size),
        "tensor_id": messages.numbers(np.array([layer.watched.id for layer in layers], np.int64)),
        "units": messages.numbers(units, units < 0),
        "magnitudes": lists(fold(pairs).astype(np.int32)),
        "sampled": messages.numbers(np.array([layer.reading.sampled for layer in layers], np.float32)),
    }
    columns |= {name: messages.numbers(whole[row]) for row, name in enumerate(("count", "zeros", "negatives", "nonfinite"))}
    columns |= {name: messages.numbers(measured[row], unread) for row, name in enumerate(("mean", "rms", "abs_mean", "min", "max"))}
    absent = np.isnan(extras)
    known = np.where(absent, 0, extras)
    for place, (name, kind) in enumerate((("saturated", np.int64), ("silent_units", np.int32), ("saturated_units", np.int32))):
        columns[name] = messages.numbers(known[:, place].astype(kind), absent[:, place])
    return Rows(_STATS, size, [columns[name] for name in _STATS.names], step)


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


def metric_rows(step: int | None, epoch: int | None, split: str, numbers: dict[str, float], seconds: float) -> Rows:
    size = len(numbers)
    columns = [
        same_number(step, np.int64, size),
        same_number(epoch, np.int64, size),
        same_text(split, size),
        few_texts(tuple(numbers)),
        messages.numbers(np.fromiter(numbers.values(), np.float64, size)),
        same_number(seconds, np.float64, size),
    ]
    return Rows(_METRICS, size, columns, step)


def event_row(step: int | None, seconds: float, kind: str, message: str, details: dict[str, Any]) -> Rows:
    return of_records(_EVENTS, {"step": [step], "seconds": [seconds], "kind": [kind], "message": [message], "details": [as_json(details)]})


def probe_row(step: int | None, probe: str, subject: str, outcome: dict[str, float | bool | None], details: dict[str, Any]) -> Rows:
    """`outcome`: value, reference, tolerance and passed."""
    row: dict[str, Any] = {"step": step, "probe": probe, "subject": subject, "details": as_json(details), **outcome}
    return of_records(_PROBES, {name: [value] for name, value in row.items()})


def as_json(details: dict[str, Any]) -> str:
    return json.dumps(details, default=_plain)


def _plain(value: Any) -> Any:
    """Tensors and arrays of numbers as lists; whatever else is not JSON as text."""
    if isinstance(value, Tensor):
        return value.tolist() if value.device.type == "cpu" and value.numel() <= 1000 else f"tensor of shape {tuple(value.shape)}"
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return str(value)
