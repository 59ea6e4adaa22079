"""What a notebook shows of a run."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from recorder.format import TABLES

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


def _entry(cause: str, subject: str, step: int | None) -> str:
    where = f" in {subject}" if subject else ""
    return f"{cause}{where}" + (f", since step {step}" if step is not None else "")
