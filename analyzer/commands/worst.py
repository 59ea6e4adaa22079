"""`analyze worst`: samples in the order of a ranking."""

from __future__ import annotations

from pathlib import Path

import click

from .. import completion
from . import arguments


@click.command("worst", short_help="List the worst samples of a run.")
@arguments.run
@click.option("--by", metavar="RANKING", default="loss", show_default=True, shell_complete=completion.rankings, help="The order; a wrong name lists them.")
@click.option("--split", help="Samples of this split only, such as train or valid.")
@click.option("-k", "count", type=click.IntRange(min=1), default=10, show_default=True, help="How many.")
@arguments.as_json
def command(run: Path, by: str, split: str | None, count: int, as_json: bool) -> None:
    """List the worst samples of RUN, over the whole training history.

    Rankings are SQL files; `analyze worst RUN --by help` lists them with what each ranks by.
    """
    from ..interrupt import interruptible
    from ..json_output import rows_as_json
    from ..print_lists import print_rankings, print_samples
    from ..run import open_run
    from ..worst import load_rankings, rank_samples

    if by == "help":
        print_rankings(load_rankings())
        return
    with open_run(run) as opened:
        ranking, rows = interruptible(lambda: rank_samples(opened, by, split, count), opened.interrupt)
        if as_json:
            click.echo(rows_as_json(rows))
        else:
            print_samples(opened, ranking, rows, split)
