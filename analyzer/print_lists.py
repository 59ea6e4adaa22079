"""Tables that the commands print: samples, runs, checks, rankings, columns, the state of a log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .check import Check
from .listing import RunRow
from .run import Run
from .schema import Described
from .terminal import bold, colored, count, dim, number, printable, show, table, wrapped
from .verify import Verification
from .worst import Ranking

_CLASS_COLUMNS = ("target", "prediction", "usual_wrong")
_KINDS = {"log": "Recorded", "facts": "From run.json", "view": "Views"}


def print_samples(run: Run, ranking: Ranking, rows: Sequence[Mapping[str, Any]], split: str | None) -> None:
    """The rows of a ranking; classes by name where the run has names."""
    show(wrapped(f"{ranking.title}, by {ranking.score}", ""))
    if not rows:
        show(f"no sample{f' of {split}' if split else ''} is in this ranking")
        return
    classes = [str(name) for name in run.info.get("classes") or ()]
    numeric = [place for place, name in enumerate(rows[0]) if name not in ("sample_id", "split", "measure", *(_CLASS_COLUMNS if classes else ()))]
    shown = [name for name in rows[0] if any(row[name] is not None for row in rows)]
    cells = [[_cell(name, row[name], classes) for name in shown] for row in rows]
    table([name.replace("_", " ") for name in shown], cells, [shown.index(name) for place, name in enumerate(rows[0]) if place in numeric and name in shown])


def _cell(name: str, value: Any, classes: Sequence[str]) -> str:
    if value is None:
        return ""
    if name in _CLASS_COLUMNS and isinstance(value, int) and 0 <= value < len(classes):
        return classes[value]
    return number(value) if isinstance(value, int | float) else str(value)


def print_rankings(rankings: Sequence[Ranking]) -> None:
    table(["ranking", "what comes first", "score"], [[ranking.name, ranking.title, ranking.score] for ranking in rankings])


def print_runs(folder: Path, rows: Sequence[RunRow]) -> None:
    """One line a run."""
    cells = []
    for row in rows:
        where = f" in {printable(row.subject, 30)}" if row.subject else ""
        since = f" since step {row.step}" if row.step else ""
        verdict = row.error or (f"{row.cause}{where}{since}" if row.cause else "healthy" if row.last_step is not None else "")
        cells.append([row.run, row.status, number(row.last_step), number(row.last_loss), verdict])
    table(["run", "status", "last step", "last loss", "verdict"], cells, (2, 3))


def print_check_list(checks: Sequence[Check]) -> None:
    """Every check under its strategy."""
    strategy = ""
    for check in checks:
        if check.strategy != strategy:
            strategy = check.strategy
            show(f"{'' if check is checks[0] else chr(10)}{bold(strategy)}")
        show(wrapped(f"{check.title} ({check.strength} evidence of {check.cause})", f"  {check.name:<30} ", " " * 33))
    show(f"\n{count(len(checks), 'check')}; `analyze checks NAME` shows one with its thresholds and SQL")


def print_tables(grains: Mapping[str, tuple[str, str]]) -> None:
    """Names of tables and views with what a row is."""
    for kind, heading in _KINDS.items():
        show(f"{'' if kind == 'log' else chr(10)}{bold(heading)}")
        for name, (kind_of_it, grain) in grains.items():
            if kind_of_it == kind:
                show(wrapped(grain, f"  {name:<20} ", " " * 23))
    show("\n`analyze schema TABLE` shows columns")


def print_columns(one: Described) -> None:
    """A table with its columns; types too long for a line are shortened."""
    show(f"{bold(one.name)}: {one.grain}")
    show(dim(wrapped(f"To have it: {one.record}", "")))
    longest = max(len(column.name) for column in one.columns)
    for column in one.columns:
        kind = printable(column.type, 18)
        show(wrapped(column.meaning or "-", f"  {column.name:<{longest}}  {kind:<18}  ", " " * (longest + 24)))


def print_verification(verified: Verification) -> None:
    """Rows a table, then what is lost."""
    table(
        ["table", "ranks", "files", "bytes", "rows", "first step", "last step"],
        [
            [state.table, *(f"{value:,}" for value in (state.ranks, state.files, state.bytes, state.rows)), number(state.first_step), number(state.last_step)]
            for state in verified.tables
        ],
        (1, 2, 3, 4, 5, 6),
    )
    show()
    for problem in verified.problems:
        lost = f" ({count(problem.rows, 'row')} lost)" if problem.rows else ""
        show(wrapped(f"{printable(str(problem), 400)}{lost}", f"{colored('error', 'lost:')} ", "  "))
    for note in verified.notes:
        show(wrapped(printable(note, 400), "note: ", "  "))
    known = f", {count(verified.rows_lost, 'row')} known to be lost" if verified.rows_lost else ""
    show("whole: every checksum holds" if verified.whole else f"{count(len(verified.problems), 'problem')}{known}; all other rows can be read")
