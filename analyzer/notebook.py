"""What a notebook shows of a run."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from html import escape
from typing import TYPE_CHECKING

from recorder.format import TABLES

from .errors import UsageError

if TYPE_CHECKING:
    from .diagnosis import Diagnosis
    from .run import Run


def run_as_html(run: Run, diagnosis: Diagnosis | None) -> str:
    """Path, rows a table, what was lost, and the diagnosis where it was made already."""
    counts = run.rows(" union all ".join(f"select '{table}' as name, count(*) as rows from {table}" for table in TABLES))
    rows = "".join(f"<tr><td>{row['name']}</td><td style='text-align:right'>{row['rows']:,}</td></tr>" for row in counts if row["rows"])
    parts = [f"<p><b>Run</b> <code>{escape(str(run.path))}</code></p>", f"<table><tr><th>table</th><th>rows</th></tr>{rows}</table>"]
    remarks = [*run.notes, *map(str, run.problems)]
    if remarks:
        parts.append(f"<ul>{''.join(f'<li>{escape(remark)}</li>' for remark in remarks)}</ul>")
    if diagnosis is None:
        parts.append("<p>Not diagnosed yet: <code>run.diagnose()</code></p>")
    else:
        causes = "".join(f"<li>{escape(_entry(entry.cause, entry.subject, entry.step))}</li>" for entry in diagnosis.entries)
        parts.append(f"<p>{escape(diagnosis.summary)}</p><ol>{causes}</ol>")
    return "".join(parts)


@dataclass(frozen=True)
class Picture:
    """A figure that a notebook shows by itself; `png` are its bytes."""

    png: bytes

    def _repr_png_(self) -> bytes:
        return self.png


def run_figure(run: Run, name: str) -> Picture:
    """Draw one figure of the report. Raises UsageError that names the figures there are."""
    from reports.picture import figure_names, render_figure

    from .check import load_checks
    from .story import collect

    diagnosis = run.diagnose()
    story = collect(run, diagnosis, load_checks())
    names = figure_names(story)
    if name not in names:
        near = get_close_matches(name, names, 1)
        raise UsageError(f"this run has no figure {name!r}{f'; did you mean {near[0]!r}?' if near else ''} It has {', '.join(names)}")
    return Picture(render_figure(story, diagnosis, name))


def _entry(cause: str, subject: str, step: int | None) -> str:
    where = f" in {subject}" if subject else ""
    return f"{cause}{where}" + (f", since step {step}" if step is not None else "")
