"""Puts a run, its diagnosis and the pages of `reports` together."""

from __future__ import annotations

from pathlib import Path

from .errors import UsageError
from .examine import Examined


def write_report(examined: Examined, output: Path, png: bool) -> list[Path]:
    """Write the page and, where asked for, the picture; returns their paths. Raises UsageError where they cannot be written."""
    from reports.page import render, write

    from .story import collect

    output = output.expanduser().absolute()
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
