"""`analyze report`: the report of a run. With `Run.figure` the one place where analyzer and reports meet."""

from __future__ import annotations

from pathlib import Path

import click

from . import arguments


@click.command("report", short_help="Write the report of a run: one HTML file.")
@arguments.run
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where to write it; RUN/report.html unless said.")
@click.option("--png", is_flag=True, help="Also write a picture of the first screen beside it.")
@click.option("--open", "show", is_flag=True, help="Open it in the browser.")
@arguments.checks_dirs
@arguments.ignore
def command(run: Path, output: Path | None, png: bool, show: bool, checks_dirs: tuple[Path, ...], ignored: tuple[str, ...]) -> None:
    """Write the report of RUN: one HTML file that opens from disk, with everything inside.

    Prints its path and the first three causes. Exit status: 0 also where something was found, 2 where the log cannot be read or the report not written.
    """
    from ..examine import examine
    from ..interrupt import interruptible
    from ..print_check import print_report
    from ..terminal import progress
    from ..write_report import write_report

    with progress("checking") as done:
        examined = interruptible(lambda: examine(run, checks_dirs, ignored, done))
    with examined.run:
        written = interruptible(lambda: write_report(examined, output or examined.run.path / "report.html", png))
        print_report(examined, written)
    if show:
        click.launch(written[0].as_uri())
