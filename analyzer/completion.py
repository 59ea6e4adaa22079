"""What the shell offers when a user presses Tab: runs, checks, rankings, tables. Reads names of files only, so that it is quick."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

_HERE = Path(__file__).parent
_RUNS_OFFERED = 50


def runs(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Run directories that begin so, up to two folders further down; the shell's own folders where there is none."""
    start = Path(incomplete)
    folder = start if incomplete.endswith("/") or not incomplete else start.parent
    found = sorted(str(path.parent) for pattern in ("*/run.json", "*/*/run.json", "*/*/*/run.json") for path in folder.expanduser().glob(pattern))
    offered = [CompletionItem(run) for run in found if run.startswith(incomplete.removeprefix("./"))][:_RUNS_OFFERED]
    return offered or [CompletionItem(incomplete, type="dir")]


def checks(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return _stems("checks/*/*.sql", incomplete)


def rankings(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return _stems("rankings/*.sql", incomplete)


def tables(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from .view_files import BASE_HINTS

    return [CompletionItem(name) for name in sorted({*BASE_HINTS, *(path.stem for path in (_HERE / "views").glob("*.sql"))}) if name.startswith(incomplete)]


def _stems(pattern: str, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in sorted(path.stem for path in _HERE.glob(pattern)) if name.startswith(incomplete)]
