"""A run and its diagnosis, as the rows that a report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from recorder.format import FORMAT_VERSION

from ..causes import CAUSES
from ..check import Check
from ..diagnosis import Diagnosis
from .curves import curves
from .facts import facts
from .layers import heat_maps, magnitudes
from .question import Asked, ask
from .rows import CheckText, Event, Probe, Story, Threshold
from .samples import agreement, calibration, class_rows, confusion, gallery

PROBES_OF_A_KIND = 100
EVENTS = 200
SUSPECTS = 60


class Told(Asked, Protocol):
    """A run that a story is told of."""

    @property
    def path(self) -> Path: ...

    @property
    def info(self) -> Mapping[str, Any]: ...

    @property
    def problems(self) -> Sequence[Any]: ...

    @property
    def notes(self) -> Sequence[str]: ...


def collect(run: Told, diagnosis: Diagnosis, checks: Sequence[Check] = ()) -> Story:
    """All rows of the report of `run`. `checks` are those that were asked: their titles and the sources of their thresholds are shown."""
    suspects = _suspects(diagnosis)
    totals = ask(run, "totals")[0]
    classes = [str(name) for name in run.info.get("classes") or ()]
    drawn, left_out = curves(run)
    table, classes_left_out = class_rows(run, classes, run.info.get("task") or _task(run))
    shelves = gallery(run, classes, suspects)
    probe_rows = ask(run, "probes", rows=PROBES_OF_A_KIND)
    return Story(
        run=run.path.resolve().name,
        facts=facts(run.info, totals),
        first_step=min((curve.steps[0] for curve in drawn if curve.steps), default=0),
        last_step=totals["last_step"] if totals["last_step"] is not None else -1,
        curves=drawn,
        curves_left_out=left_out,
        heat_maps=heat_maps(run, suspects),
        magnitudes=magnitudes(run, suspects or _outermost(run)),
        confusion=confusion(run, classes),
        classes=table,
        classes_left_out=classes_left_out,
        calibration=calibration(run),
        agreement=agreement(run),
        named=shelves["named"],
        worst=shelves["worst"],
        typical=shelves["typical"],
        probes=tuple(Probe(**{name: value for name, value in row.items() if name != "total"}) for row in probe_rows),
        probes_left_out=probe_rows[0]["total"] - len(probe_rows) if probe_rows else 0,
        events=tuple(Event(row["step"], row["last_step"], row["kind"] or "", row["message"] or "", row["times"]) for row in ask(run, "events", rows=EVENTS)),
        checks=tuple(_text(check) for check in checks),
        causes=tuple((name, CAUSES.get(name, "")) for name in dict.fromkeys(entry.cause for entry in diagnosis.entries)),
        problems=tuple(str(problem) for problem in run.problems),
        notes=tuple(run.notes),
        format_version=str(run.info.get("format_version") or FORMAT_VERSION),
    )


def _suspects(diagnosis: Diagnosis) -> list[str]:
    """Subjects of the findings, those of the first causes first."""
    ordered = [finding.subject for entry in diagnosis.entries for finding in entry.findings] + [finding.subject for finding in diagnosis.findings]
    return [subject for subject in dict.fromkeys(ordered) if subject][:SUSPECTS]


def _outermost(run: Asked) -> list[str]:
    """Where nothing is suspect: the first and the last activation."""
    rows = run.rows("select name from tensors where kind = 'preactivation' order by depth, name")
    return [row["name"] for row in (rows[:1] + rows[-1:])]


def _task(run: Asked) -> str | None:
    """The recorder infers the task after run.json is written; the columns tell it."""
    rows = run.rows("select 1 from samples where target_pixels is not null limit 1")
    return "segmentation" if rows else None


def _text(check: Check) -> CheckText:
    thresholds = tuple(Threshold(param.name, str(param.default), param.unit, param.source) for param in check.params)
    return CheckText(check.name, check.strategy, check.title, check.severity, check.finds, check.matters, check.do, check.ignore, thresholds)
