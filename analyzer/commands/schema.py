"""`analyze schema`: tables and columns."""

from __future__ import annotations

import click

from .. import completion


@click.command("schema", short_help="Show tables, views and their columns.")
@click.argument("table", required=False, shell_complete=completion.tables)
def command(table: str | None) -> None:
    """Show every table and view of a run, or the columns of TABLE with type, unit and meaning."""
    from ..print_lists import print_columns, print_tables
    from ..schema import grain, names, one_described

    if table is None:
        print_tables({name: grain(name) for name in names()})
    else:
        print_columns(one_described(table))
