"""Puts a run, its diagnosis and the pages of `reports` together."""

from __future__ import annotations

from pathlib import Path

from .errors import UsageError
from .examine import Examined

_SIGN = b'<meta name="generator" content="retrograd">'


def write_report(examined: Examined, output: Path, png: bool) -> list[Path]:
    """Write the page and, where asked for, the picture; returns their paths. Raises UsageError where they cannot be written."""
    from reports.page import render, write

    from .story import collect

    output = output.expanduser().absolute()
    _refuse_other_files(output)
    story = collect(examined.run, examined.diagnosis, examined.checks)
    written = [output]
    try:
        write(output, render(story, examined.diagnosis))
        if png:
            from reports.picture import render_png

            written.append(output.with_suffix(".png"))
            write(written[1], render_png(story, examined.diagnosis))
    except OSError as error:
        raise UsageError(str(error)) from None
    return written


def _refuse_other_files(output: Path) -> None:
    """An earlier report may be written over, anything else that stands there may not."""
    try:
        with output.open("rb") as file:
            ours = _SIGN in file.read(4096)
    except OSError:
        return
    if not ours:
        raise UsageError(f"{output} exists and is no report of retrograd: name another place with -o FILE")
