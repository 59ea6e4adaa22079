"""A check is one `.sql` file with a YAML header: loaded, run against a run's views, its rows turned into findings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

STRATEGIES = ("predictions", "worst", "mistakes", "tiny", "gradients", "saturation", "guarantees")
STRENGTHS = ("direct", "strong", "symptom")
SEVERITIES = ("info", "warning", "error")


@dataclass(frozen=True)
class Param:
    """A named threshold."""

    name: str
    default: float | int | str
    unit: str
    source: str


@dataclass(frozen=True)
class Check:
    """One question put to the log: the header of its file, and its query."""

    name: str
    strategy: str
    path: Path
    title: str
    cause: str
    strength: str
    severity: str
    explains: tuple[str, ...]
    reads: dict[str, tuple[str, ...]]
    params: tuple[Param, ...]
    finds: str
    matters: str
    do: str
    ignore: str
    sql: str
    text: str


@dataclass(frozen=True)
class Finding:
    """A measured fact: this subject, from this step to that, this value against this threshold."""

    check: str
    strategy: str
    cause: str
    strength: str
    severity: str
    subject: str
    step: int | None
    last_step: int | None
    value: float | None
    threshold: float | None
    message: str
    fix: str
    sql: str


@dataclass(frozen=True)
class NotChecked:
    """A check that had no data, and what to record so that it has."""

    check: str
    reason: str
