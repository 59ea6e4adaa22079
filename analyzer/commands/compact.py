"""`analyze compact`: many small files into few large ones."""

from __future__ import annotations

from pathlib import Path

import click

from . import arguments


@click.command("compact", short_help="Merge a run's small files into large ones.")
@arguments.run
def command(run: Path) -> None:
    """Merge the many small files of a long RUN into few large ones, which are read faster. No row is lost, also if this is interrupted."""
    from recorder.compact import compact

    from ..errors import LogError
    from ..files import read_info
    from ..terminal import count, show

    read_info(run)
    try:
        done = compact(run)
    except OSError as error:
        raise LogError(f"{run} cannot be compacted: {error.strerror or error}") from None
    show(f"{count(done.files_before, 'file')} ({done.bytes_before:,} bytes) before, {count(done.files_after, 'file')} ({done.bytes_after:,} bytes) now")
