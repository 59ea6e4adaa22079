"""Reads every byte of a log, compares it with its checksums, and counts what is lost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .contents import read_contents
from .files import LogFile, Problem, verify_sealed
from .run import Run


@dataclass(frozen=True)
class TableState:
    """What the log holds of one table: files of all ranks, rows that can be read, and the steps from the first to the last of them."""

    table: str
    ranks: int
    files: int
    bytes: int
    rows: int
    first_step: int | None
    last_step: int | None


@dataclass(frozen=True)
class Verification:
    """Whether a log is whole. `rows_lost` counts what is known to be lost; a torn file may have held more."""

    run: str
    whole: bool
    rows_lost: int
    tables: tuple[TableState, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def verify(run_dir: Path) -> Verification:
    """Verify a run directory. Raises LogError where it holds no run that this version can read."""
    run_dir = run_dir.expanduser().resolve()
    contents = read_contents(run_dir)
    problems = list(contents.problems)
    for scanned in list(contents.scanned):
        problem = verify_sealed(scanned.file, contents.info.get("checksums") is True)
        if problem is not None:
            problems.append(problem)
            contents.scanned.remove(scanned)
    with Run(run_dir, contents) as run:
        states = [state for table in sorted({file.table for file in contents.files}) if (state := _state(run, table, contents.files))]
        problems += [problem for problem in run.problems if problem not in problems]
        notes = [*run.notes, *_recorded_losses(run), *_leftovers(run_dir)]
        if run.is_running():
            notes.insert(0, "its recorder is alive: the last batch of a tail may be on its way")
        problems += _gaps(contents.files, _torn_at_resume(run))
    lost = sum(problem.rows or 0 for problem in problems)
    return Verification(str(run_dir), not problems, lost, tuple(states), tuple(problems), tuple(notes))


def _state(run: Run, table: str, files: Sequence[LogFile]) -> TableState:
    own = [file for file in files if file.table == table]
    steps = "min(step) as first_step, max(step) as last_step" if table != "tensors" else "null as first_step, null as last_step"
    [row] = run.rows(f"select count(*) as rows, {steps} from {table}")
    return TableState(table, len({file.rank for file in own}), len(own), sum(file.size for file in own), row["rows"], row["first_step"], row["last_step"])


def _gaps(files: Sequence[LogFile], excused: Mapping[str, int]) -> Iterable[Problem]:
    """Numbers that no file bears although later ones do: a file was deleted, or left out in copying."""
    for table, rank in sorted({(file.table, file.rank) for file in files}):
        own = [file for file in files if (file.table, file.rank) == (table, rank)]
        there = {number for file in own for number in range(file.first, file.number + 1)}
        missing = [number for number in range(max(there)) if number not in there]
        if len(missing) > excused.get(table, 0):
            numbers = ", ".join(f"{number:08d}" for number in missing[:5]) + (", ..." if len(missing) > 5 else "")
            yield Problem(f"{table}/rank={rank:05d}", f"file{'s' if len(missing) > 1 else ''} {numbers} missing: deleted, or not copied")


def _torn_at_resume(run: Run) -> dict[str, int]:
    """Tails that held no whole batch when a run was resumed were removed: their numbers are no gaps."""
    torn: dict[str, int] = {}
    for details in _resume_details(run):
        for table, loss in (details.get("lost") or {}).items():
            torn[table] = torn.get(table, 0) + int(loss.get("torn_tails", 0))
    return torn


def _resume_details(run: Run) -> list[dict[str, Any]]:
    found = []
    for row in run.rows("select details from events where kind = 'resumed' and details is not null"):
        try:
            details = json.loads(row["details"])
        except ValueError:
            continue
        if isinstance(details, dict):
            found.append(details)
    return found


def _recorded_losses(run: Run) -> list[str]:
    """What the recorder itself noted as lost or recovered."""
    notes = [f"noted by the recorder: {row['message']}" for row in run.rows("select distinct message from events where kind = 'recorder_error'")]
    for details in _resume_details(run):
        for table, loss in (details.get("lost") or {}).items():
            notes.append(f"when the run was resumed, {loss.get('rows_lost', 0)} rows and {loss.get('torn_tails', 0)} torn ends of {table} had been lost")
    return notes


def _leftovers(run_dir: Path) -> list[str]:
    temporary = sorted(path.relative_to(run_dir).as_posix() for path in run_dir.glob("*/rank=*/_*.parquet"))
    return [f"{path} is half of a file that was being sealed; its rows are in the tail" for path in temporary]
