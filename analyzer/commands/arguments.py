"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

from .. import completion

run = click.argument("run", type=click.Path(path_type=Path), shell_complete=completion.runs)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON. Numbers that are not finite are null.")
checks_dirs = click.option(
    "--checks",
    "checks_dirs",
    metavar="DIR",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Ask the checks of this folder too; may be repeated.",
)
ignore = click.option(
    "--ignore",
    "ignored",
    metavar="CHECK[:SUBJECT]",
    multiple=True,
    help="Leave out what this check finds, or what it finds of this subject; may be repeated.",
)
