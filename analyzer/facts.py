"""What run.json says, as tables that checks can join."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

_RUN_FACTS = pa.schema(
    [
        ("task", pa.string()),
        ("loss", pa.string()),
        ("reduction", pa.string()),
        ("label_smoothing", pa.float64()),
        ("ignore_index", pa.int64()),
        ("weighted", pa.bool_()),
        ("classes", pa.list_(pa.string())),
        ("guarantees", pa.list_(pa.string())),
        ("world_size", pa.int64()),
        ("parameters", pa.int64()),
        ("running", pa.bool_()),
    ]
)

_OPTIMIZER_GROUPS = pa.schema(
    [
        ("optimizer", pa.int64()),
        ("optimizer_group", pa.int64()),
        ("type", pa.string()),
        ("lr", pa.float64()),
        ("weight_decay", pa.float64()),
        ("momentum", pa.float64()),
        ("parameters", pa.int64()),
    ]
)

DESCRIPTIONS = {
    "run_facts": "One row per run: what run.json declares of task, loss and guarantees; null where it says nothing.",
    "optimizer_groups": "One row per parameter group of an optimizer, as configured at the start; optimizer_group counts over all optimizers.",
}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _strings(value: Any) -> list[str] | None:
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else None


def tables(info: Mapping[str, Any], running: bool | None = None) -> dict[str, pa.Table]:
    """`run_facts` and `optimizer_groups`. Tolerates whatever an old or foreign run.json lacks; `running` is null where it is not known."""
    loss = info.get("loss") if isinstance(info.get("loss"), dict) else {}
    model = info.get("model") if isinstance(info.get("model"), dict) else {}
    ignore_index = _number(loss.get("ignore_index"))
    fact = {
        "task": info.get("task"),
        "loss": loss.get("name"),
        "reduction": loss.get("reduction"),
        "label_smoothing": _number(loss.get("label_smoothing")),
        "ignore_index": None if ignore_index is None else int(ignore_index),
        "weighted": loss.get("weight") is not None or loss.get("pos_weight") is not None,
        "classes": _strings(info.get("classes")),
        "guarantees": _strings(info.get("guarantees")) or [],
        "world_size": int(_number(info.get("world_size")) or 1),
        "parameters": int(_number(model.get("parameters")) or 0) or None,
        "running": running,
    }
    groups = []
    for number, optimizer in enumerate(info.get("optimizers") or []):
        for group in optimizer.get("groups") or []:
            parameters = group.get("parameters")
            groups.append(
                {
                    "optimizer": number,
                    "optimizer_group": len(groups),
                    "type": optimizer.get("type"),
                    **{name: _number(group.get(name)) for name in ("lr", "weight_decay", "momentum")},
                    "parameters": len(parameters) if isinstance(parameters, list) else _number(parameters),
                }
            )
    return {"run_facts": pa.Table.from_pylist([fact], schema=_RUN_FACTS), "optimizer_groups": pa.Table.from_pylist(groups, schema=_OPTIMIZER_GROUPS)}
