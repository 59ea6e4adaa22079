"""The run's identity card: what run.json says, and how much was recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .rows import Fact


def facts(info: Mapping[str, Any], totals: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Facts in order of interest; whatever the log does not hold is left out."""
    model = _mapping(info.get("model"))
    optimizers = [_mapping(optimizer) for optimizer in _items(info.get("optimizers"))]
    groups = [_mapping(group) for optimizer in optimizers for group in _items(optimizer.get("groups"))]
    loss = info.get("loss")
    versions = _mapping(info.get("versions"))
    git = info.get("git")
    pairs: list[tuple[str, Any]] = [
        ("model", model.get("type") or model.get("class")),
        ("parameters", _count(model.get("parameters") or totals.get("weight_values"))),
        ("optimizer", " + ".join(str(optimizer.get("type")) for optimizer in optimizers if optimizer.get("type"))),
        ("learning rate", _distinct(groups, "lr")),
        ("batch", totals.get("batch")),
        ("steps", _count(None if totals.get("last_step") is None else totals["last_step"] + 1)),
        ("epochs", totals.get("epochs")),
        ("duration", duration(totals.get("seconds"))),
        ("device", _words(info.get("device") or info.get("devices"))),
        ("task", info.get("task")),
        ("loss", _mapping(loss).get("name") or (loss if isinstance(loss, str) else None)),
        ("weight decay", _distinct(groups, "weight_decay")),
        ("ranks", info.get("world_size") if (info.get("world_size") or 1) > 1 else None),
        ("started", info.get("started") or info.get("started_at")),
        ("versions", ", ".join(f"{name} {version}" for name, version in {**versions, "Python": info.get("python")}.items() if version)),
        ("platform", info.get("platform")),
        ("seeds", _settings(info.get("seeds"))),
        ("git commit", _git(git)),
        ("command", _words(info.get("command") or info.get("command_line") or info.get("argv"))),
        ("configuration", _settings(info.get("config"))),
        ("recorded", _recorded(totals)),
    ]
    return tuple(Fact(name, str(value)) for name, value in pairs if value not in (None, "", "None"))


def duration(seconds: float | None) -> str | None:
    """Seconds as a person says them."""
    if seconds is None:
        return None
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, hours = seconds / 60, seconds / 3600
    return f"{minutes:.0f} min" if minutes < 100 else f"{hours:.1f} h"


def _recorded(totals: Mapping[str, Any]) -> str:
    parts = (("tensors", "tensors"), ("stats", "statistics"), ("metrics", "numbers"), ("samples", "sample rows"))
    return ", ".join(f"{_count(totals[table])} {what}" for table, what in parts if totals.get(table))


def _git(git: Any) -> str | None:
    if isinstance(git, Mapping):
        commit = git.get("commit")
        return " ".join([str(commit)[:12], *(["with uncommitted changes"] if git.get("dirty") else [])]) if commit else None
    return str(git)[:12] if git else None


def _distinct(groups: Sequence[Mapping[str, Any]], name: str) -> str:
    values = dict.fromkeys(f"{group[name]:g}" for group in groups if isinstance(group.get(name), (int, float)))
    return ", ".join(values)


def _settings(config: Any) -> str:
    return ", ".join(f"{name}={value}" for name, value in _mapping(config).items())


def _count(number: Any) -> str | None:
    return f"{int(number):,}".replace(",", "\u202f") if isinstance(number, (int, float)) else None


def _words(value: Any) -> str | None:
    if isinstance(value, (list, tuple)):
        return " ".join(str(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(str(item) for item in value.values() if item)
    return None if value is None else str(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()
