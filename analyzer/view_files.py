"""The files of `analyzer/views/`: read, described, and put in the order in which they can be created."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from .errors import ViewFileError

VIEWS_DIR = Path(__file__).parent / "views"

_GRAIN = re.compile(r"-- (One row per .+)")
_NOTE = re.compile(r"-- (Record|Materialize|Column (\w+))(?:: *(.*))?$")
_NOT_NAMES = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_NAME = re.compile(r"[a-z_][a-z0-9_]*", re.IGNORECASE)

BASE_HINTS = {
    "tensors": "pass the model to Recorder(run_dir, model, optimizer)",
    "stats": "pass the model to Recorder(run_dir, model, optimizer)",
    "metrics": "call rec.log(loss=loss) at every step",
    "samples": "rec.samples(ids, loss=losses, prediction=outputs, target=targets) at every training step and evaluation",
    "inputs": "rec.samples(ids, ...) in training and evaluation; pass inputs=x where the model's first argument is not the input",
    "previews": "rec.samples(ids, ...) in training and evaluation; pass inputs=x where the model's first argument is not the input",
    "probes": "run an experiment of recorder.probes, such as overfit(rec, model, optimizer, loss_fn, batch)",
    "events": "record with Recorder; it writes events by itself",
    "run_info": "record with Recorder; it writes run.json by itself",
    "run_facts": "tell Recorder what is known: Recorder(run_dir, model, optimizer, loss=criterion, task=..., classes=...)",
    "optimizer_groups": "pass the optimizer to Recorder(run_dir, model, optimizer)",
}
"""What to record so that a table has rows; the names are those that views may read without a file of their own."""


@dataclass(frozen=True)
class ViewFile:
    """One view: its query, its grain and what its columns mean. `reads` are the views and tables that the query names."""

    name: str
    path: Path
    sql: str
    grain: str
    record: str
    materialize: bool
    columns: Mapping[str, str]
    reads: frozenset[str]


def names_in(sql: str, known: Collection[str]) -> set[str]:
    """The known names that a query mentions outside comments and strings; quoted names are in upper or lower case as written."""
    return {word.lower() for word in _NAME.findall(_NOT_NAMES.sub(" ", sql))} & set(known)


@functools.cache
def load_views(folder: Path = VIEWS_DIR) -> Mapping[str, ViewFile]:
    """All views of a folder by name, each after those it reads. Raises ViewFileError naming the file and what is wrong with it."""
    paths = {path.stem: path for path in sorted(folder.glob("*.sql"))}
    known = {*paths, *BASE_HINTS}
    views = {name: _load_view(path, known) for name, path in paths.items()}
    try:
        order = [*TopologicalSorter({name: view.reads & paths.keys() for name, view in views.items()}).static_order()]
    except CycleError as error:
        circle = " reads ".join(error.args[1])
        raise ViewFileError(f"{folder}: views read one another in a circle: {circle}") from None
    return {name: views[name] for name in order}


def _load_view(path: Path, known: Collection[str]) -> ViewFile:
    text = path.read_text(encoding="utf-8")
    first = text.split("\n", 1)[0].strip()
    grain = _GRAIN.fullmatch(first)
    if grain is None:
        raise ViewFileError(f"{path}: the first line is {first!r}; it must be '-- One row per ...'")
    record, materialize, columns = "", False, {}
    for line in text.splitlines():
        note = _NOTE.match(line.strip())
        if note is None:
            continue
        if note[1] == "Record":
            record = note[3] or ""
        elif note[1] == "Materialize":
            materialize = True
        else:
            columns[note[2]] = note[3] or ""
    return ViewFile(path.stem, path, text.rstrip().rstrip(";"), grain[1], record, materialize, columns, frozenset(names_in(text, known) - {path.stem}))
