"""`analyze sql`: one query, or a prompt."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from . import arguments


@click.command("sql", context_settings={"ignore_unknown_options": True}, short_help="Ask a run in SQL: one query, or a prompt.")
@arguments.run
@click.argument("query", required=False)
@click.option("-f", "--file", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Read the query from a file.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json", "parquet"]), default="table", show_default=True, help="Form of the result.")
def command(run: Path, query: str | None, file: Path | None, form: str) -> None:
    """Ask RUN one QUERY, or open a prompt where none is given.

    Tables and views: `analyze schema`. Only questions are allowed: nothing is written, and no file outside RUN is read.

    \b
    analyze sql runs/exp42 "select step, value from metrics where name = 'loss' order by value desc limit 5"
    """
    from ..query import open_locked, print_result

    if query is not None and query.startswith("-") and not query.startswith(("-- ", "--\n")):  # a query may begin with a comment
        raise click.NoSuchOption(query)
    if query is not None and file is not None:
        raise click.UsageError("give either QUERY or -f FILE, not both")
    if file is not None:
        query = file.read_text(encoding="utf-8")
    if query is None and not sys.stdin.isatty():
        query = sys.stdin.read()
    with open_locked(run) as opened:
        if query is None:
            from ..prompt import prompt

            prompt(opened)
        else:
            print_result(opened, query, form)
