"""The runs below a folder, one row each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from .errors import LogError, RetrogradError
from .run import Run, open_run


@dataclass(frozen=True)
class RunRow:
    """A run: running, finished, crashed (an exception ended it), killed, empty, or unreadable, and then `error` says why."""

    run: str
    status: str
    last_step: int | None = None
    last_loss: float | None = None
    cause: str | None = None
    subject: str | None = None
    step: int | None = None
    error: str | None = None


def list_runs(folder: Path, progress: Callable[[int, int], None] | None = None) -> list[RunRow]:
    """Every run below a folder, by path; the folder may be a run itself. Raises LogError where there is none."""
    if not folder.is_dir():
        raise LogError(f"{folder} {'is a file' if folder.exists() else 'does not exist'}. Give the folder that holds your runs.")
    found = list(find_runs(folder))
    if not found:
        raise LogError(f"no run below {folder}: none of its folders holds a run.json.")
    rows = []
    for place, path in enumerate(found, start=1):
        rows.append(_row(path, os.path.relpath(path, folder)))
        if progress is not None:
            progress(place, len(found))
    return rows


def find_runs(folder: Path) -> Iterator[Path]:
    """Directories that hold a run.json, sorted; a run is not searched for further runs."""
    for path, folders, names in os.walk(folder):
        folders.sort()
        if "run.json" in names:
            folders.clear()
            yield Path(path)


def _row(path: Path, name: str) -> RunRow:
    try:
        with open_run(path) as run:
            if run.is_empty():
                return RunRow(name, "running" if run.is_running() else "empty")
            return _diagnosed(run, name)
    except (RetrogradError, duckdb.Error, OSError) as error:
        return RunRow(name, "unreadable", error=str(error).splitlines()[0])


def _diagnosed(run: Run, name: str) -> RunRow:
    [row] = run.rows(
        "select (select max(step) from (select step from metrics union all select step from stats)) as step, "
        "(select arg_max(loss, step) from training_losses) as loss"
    )
    first = next((entry for entry in run.diagnose().entries if entry.severity != "info"), None)
    if first is None:
        return RunRow(name, status(run), row["step"], row["loss"])
    return RunRow(name, status(run), row["step"], row["loss"], first.cause, first.subject, first.step)


def status(run: Run) -> str:
    """How the last recording of a run ended, or that it goes on."""
    if run.is_running():
        return "running"
    ends = run.rows(
        "select kind from events where kind in ('exception', 'signal', 'finished') "
        "and seconds >= coalesce((select max(seconds) from events where kind in ('started', 'resumed')), 0) order by seconds desc limit 1"
    )
    return {"finished": "finished", "exception": "crashed", "signal": "crashed"}[ends[0]["kind"]] if ends else "killed"
