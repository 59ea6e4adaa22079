"""What the commands print for people: at most as wide as the terminal, plain text in a pipe."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click

WIDEST = 100
SUBJECT_WIDTH = 60
_COLORS = {"error": "red", "warning": "yellow", "info": "cyan"}


def width() -> int:
    return min(WIDEST, shutil.get_terminal_size((80, 24)).columns)


def show(text: str = "", *, err: bool = False) -> None:
    """Print; without colour where the user said so."""
    click.echo(text, err=err, color=False if os.environ.get("NO_COLOR") else None)


def colored(level: str, text: str | None = None) -> str:
    return click.style(level if text is None else text, fg=_COLORS[level], bold=True)


def dim(text: str) -> str:
    return click.style(text, dim=True)


def bold(text: str) -> str:
    return click.style(text, bold=True)


def printable(text: str, limit: int = 0) -> str:
    """Text from a log, safe to print: control characters escaped; with a limit its middle left out."""
    clean = "".join(character if character.isprintable() else character.encode("unicode_escape").decode() for character in text)
    if limit and len(clean) > limit:
        half = (limit - 3) // 2
        return f"{clean[: limit - 3 - half]}...{clean[-half:]}"
    return clean


def wrapped(text: str, first: str, rest: str | None = None, columns: int | None = None) -> str:
    """Text in lines no wider than the terminal, `first` before the first of them and `rest` (as many spaces unless said) before the others."""
    plain = click.unstyle(first)
    rest = " " * len(plain) if rest is None else rest
    plain_rest = click.unstyle(rest)
    lines = textwrap.wrap(text, columns or width(), initial_indent=plain, subsequent_indent=plain_rest, break_on_hyphens=False) or [plain]
    return "\n".join([first + lines[0][len(plain) :], *(rest + line[len(plain_rest) :] for line in lines[1:])])


def number(value: float | None) -> str:
    """Four significant digits, counts in full."""
    if value is None:
        return ""
    return f"{int(value)}" if float(value).is_integer() and abs(value) < 1e9 else f"{value:.4g}"


def count(number: int, noun: str) -> str:
    plural = noun if number == 1 else f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {plural}"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Columns side by side; the widest is shortened where the terminal is too narrow. `right` are the columns of numbers."""
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in [list(headings), *cells]) for place in range(len(headings))]
    columns = shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else max(80, sum(widths) + 2 * len(widths))
    while sum(widths) + 2 * (len(widths) - 1) > columns and max(widths) > 8:
        widths[widths.index(max(widths))] -= 1
    for place, row in enumerate([list(headings), *cells]):
        line = "  ".join(_fit(cell, widths[column], column in right) for column, cell in enumerate(row)).rstrip()
        show(dim(line) if place == 0 else line)


def _fit(text: str, columns: int, right: bool) -> str:
    text = text if len(text) <= columns else printable(text, columns)
    return text.rjust(columns) if right else text.ljust(columns)


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A line on stderr that counts up and goes away at the end; nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    try:
        yield lambda done, total: click.echo(f"\r{label} {done} of {total}\x1b[K", nl=False, err=True)
    finally:
        click.echo("\r\x1b[K", nl=False, err=True)
