"""`analyze check`: findings on the terminal or as JSON."""

from __future__ import annotations

from pathlib import Path

import click

from . import arguments


@click.command("check", short_help="Say what is wrong with a run, and since when.")
@arguments.run
@arguments.as_json
@click.option("--fail-on", type=click.Choice(["info", "warning", "error"]), default="warning", show_default=True, help="Exit with 1 from this level on.")
@arguments.checks_dirs
@arguments.ignore
@click.option("-v", "--verbose", is_flag=True, help="Show info findings, evidence in full, and what was not checked and why.")
@click.pass_context
def command(context: click.Context, run: Path, as_json: bool, fail_on: str, checks_dirs: tuple[Path, ...], ignored: tuple[str, ...], verbose: bool) -> None:
    """Say what is wrong with RUN: each cause with where and since when, the evidence, and what to try.

    Findings that you know and accept go into an ignore file, each with its reason: RUN/ignore.yaml, or for all your runs
    ignore.yaml in the folder RETROGRAD_CONFIG (~/.config/retrograd unless set).

    \b
    - check: dead_units
      subject: encoder.fc1
      reason: pruned on purpose

    Exit status: 0 nothing found, 1 found, 2 a log that cannot be read or a wrong request.
    """
    from ..examine import examine
    from ..interrupt import interruptible
    from ..json_output import check_as_json
    from ..print_check import print_check
    from ..terminal import progress

    with progress("checking") as done:
        examined = interruptible(lambda: examine(run, checks_dirs, ignored, done))
    with examined.run:
        if as_json:
            click.echo(check_as_json(examined.run, examined.diagnosis))
        else:
            print_check(examined, verbose)
        context.exit(1 if examined.fails(fail_on) else 0)
