"""Tables, views and columns as `analyze schema` and the documentation show them: from the format and the views' files."""

from __future__ import annotations

from dataclasses import dataclass

from recorder.format import TABLES

from . import facts
from .base_views import RUN_INFO_GRAIN
from .errors import unknown
from .run import Run
from .view_files import BASE_HINTS, load_views


@dataclass(frozen=True)
class ColumnText:
    """A column with its DuckDB type, and its meaning with the unit."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True)
class Described:
    """A table or view. `kind` is log (recorded rows), facts (from run.json) or view."""

    name: str
    kind: str
    grain: str
    record: str
    columns: tuple[ColumnText, ...]


def names() -> list[str]:
    """Every table and view: recorded, from run.json, then views by name."""
    return [*BASE_HINTS, *sorted(load_views())]


def grain(name: str) -> tuple[str, str]:
    """Kind of a table or view, and what a row of it is."""
    if name in TABLES:
        return "log", f"One row per {TABLES[name].row}."
    if name in BASE_HINTS:
        return "facts", facts.DESCRIPTIONS.get(name, f"{RUN_INFO_GRAIN}.")
    return "view", load_views()[name].grain


def described() -> list[Described]:
    """Every table and view with its columns."""
    with Run.from_tables({}) as run:
        return [_describe(run, name) for name in names()]


def one_described(name: str) -> Described:
    """One table or view. Raises UsageError for an unknown name."""
    with Run.from_tables({}) as run:
        if name not in run.names():
            raise unknown("table", name, run.names(), "`analyze schema` lists them")
        return _describe(run, name)


def _describe(run: Run, name: str) -> Described:
    meanings = run.meanings(name)
    columns = tuple(ColumnText(column, kind, meanings.get(column, "")) for column, kind in run.column_types(name))
    return Described(name, *grain(name), run.record_hint(name), columns)
