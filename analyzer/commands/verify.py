"""`analyze verify`: is the log whole?"""

from __future__ import annotations

from pathlib import Path

import click

from . import arguments


@click.command("verify", short_help="Check a run's files: rows, gaps, damage.")
@arguments.run
@arguments.as_json
@click.pass_context
def command(context: click.Context, run: Path, as_json: bool) -> None:
    """Read every byte of RUN's log and compare it with its checksums; tell what is lost and what could be recovered.

    Exit status: 0 whole, 1 something is lost, 2 the log cannot be read at all.
    """
    from ..interrupt import interruptible
    from ..json_output import rows_as_json
    from ..print_lists import print_verification
    from ..verify import verify

    verified = interruptible(lambda: verify(run))
    click.echo(rows_as_json(verified)) if as_json else print_verification(verified)
    context.exit(0 if verified.whole else 1)
