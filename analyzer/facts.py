"""What run.json says, as tables that checks can join."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

_RUN_FACTS = pa.schema(
    (
        pa.field("task", pa.string()),
        pa.field("loss", pa.string()),
        pa.field("reduction", pa.string()),
        pa.field("label_smoothing", pa.float64()),
        pa.field("ignore_index", pa.int64()),
        pa.field("weighted", pa.bool_()),
        pa.field("classes", pa.list_(pa.string())),
        pa.field("guarantees", pa.list_(pa.string())),
        pa.field("world_size", pa.int64()),
        pa.field("parameters", pa.int64()),
        pa.field("running", pa.bool_()),
    )
)

_OPTIMIZER_GROUPS = pa.schema(
    (
        pa.field("optimizer", pa.int64()),
        pa.field("optimizer_group", pa.int64()),
        pa.field("type", pa.string()),
        pa.field("lr", pa.float64()),
        pa.field("weight_decay", pa.float64()),
        pa.field("momentum", pa.float64()),
        pa.field("dampening", pa.float64()),
        pa.field("beta1", pa.float64()),
        pa.field("beta2", pa.float64()),
        pa.field("eps", pa.float64()),
        pa.field("parameters", pa.int64()),
    )
)

SCHEMAS = {"run_facts": _RUN_FACTS, "optimizer_groups": _OPTIMIZER_GROUPS}

DESCRIPTIONS = {
    "run_facts": "One row per run: what run.json declares of task, loss and guarantees; null where it says nothing.",
    "optimizer_groups": "One row per parameter group of an optimizer, as configured at the start; optimizer_group counts over all optimizers.",
}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _strings(value: Any) -> list[str] | None:
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else None


def rows(info: Mapping[str, Any], running: bool | None = None) -> dict[str, list[dict[str, Any]]]:
    """Rows of `run_facts` and `optimizer_groups`. Tolerates whatever an old or foreign run.json lacks; `running` is null where it is not known."""
    loss = _mapping(info.get("loss"))
    model = _mapping(info.get("model"))
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
    groups: list[dict[str, Any]] = []
    for number, optimizer in enumerate(info.get("optimizers") or []):
        for group in optimizer.get("groups") or []:
            parameters, betas = group.get("parameters"), group.get("betas")
            beta1, beta2 = betas if isinstance(betas, (list, tuple)) and len(betas) == 2 else (None, None)
            groups.append(
                {
                    "optimizer": number,
                    "optimizer_group": len(groups),
                    "type": optimizer.get("type"),
                    **{name: _number(group.get(name)) for name in ("lr", "weight_decay", "momentum", "dampening", "eps")},
                    "beta1": _number(beta1),
                    "beta2": _number(beta2),
                    "parameters": len(parameters) if isinstance(parameters, list) else _number(parameters),
                }
            )
    return {"run_facts": [fact], "optimizer_groups": groups}
