"""`analyze checks`: every check, or one with its thresholds and SQL."""

from __future__ import annotations

from pathlib import Path

import click

from .. import completion
from . import arguments


@click.command("checks", short_help="List every check, or show one with its SQL.")
@click.argument("name", required=False, shell_complete=completion.checks)
@arguments.checks_dirs
def command(name: str | None, checks_dirs: tuple[Path, ...]) -> None:
    """List every check by strategy, or print the file of check NAME: what it finds, its thresholds with their sources, and its SQL."""
    from ..check import load_checks
    from ..errors import unknown
    from ..print_lists import print_check_list

    checks = load_checks(checks_dirs)
    if name is None:
        print_check_list(checks)
        return
    for check in checks:
        if check.name == name:
            click.echo(check.text.rstrip())
            return
    raise unknown("check", name, [check.name for check in checks], "`analyze checks` lists them")
