"""`analyze list`: the runs below a folder."""

from __future__ import annotations

from pathlib import Path

import click

from . import arguments


@click.command("list", short_help="List the runs below a folder.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path), default=Path("."))
@arguments.as_json
def command(folder: Path, as_json: bool) -> None:
    """List the runs below DIR: status, last step, last loss, and the first cause of what is wrong."""
    from ..interrupt import interruptible
    from ..json_output import rows_as_json
    from ..listing import list_runs
    from ..print_lists import print_runs
    from ..terminal import progress

    with progress("diagnosing") as done:
        runs = interruptible(lambda: list_runs(folder, done))
    click.echo(rows_as_json(runs)) if as_json else print_runs(folder, runs)
