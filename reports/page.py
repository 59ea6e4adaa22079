"""The report: one HTML file that opens from disk, with style, script and images inside."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from . import wording
from .figures.chart import Chart, as_json
from .findings import Block, Row, anchors, blocks
from .sections import Section, loss_charts, sections
from .time_line import TimeLine, ranks, time_line
from .verdict import Verdict, checked, verdict

if TYPE_CHECKING:
    from analyzer.diagnosis import Diagnosis
    from analyzer.story import Story

KEY_FACTS = 9
"""Facts that stand in the header; the rest is folded."""


@dataclass(frozen=True)
class Page:
    """Everything the template prints."""

    story: Story
    verdict: Verdict
    checked: str
    line: TimeLine
    charts: tuple[Chart, ...]
    sections: tuple[Section, ...]
    rows: tuple[Row, ...]
    marks: Markup


def render(story: Story, diagnosis: Diagnosis) -> str:
    """The whole page as text."""
    environment = Environment(
        loader=FileSystemLoader(str(files("reports").joinpath("templates"))),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": wording.number,
        "percent": wording.percent,
        "plain": wording.plain,
        "sentence": wording.sentence,
        "short": shortened,
        "prose": prose,
        "at_step": wording.at_step,
    }
    environment.globals |= {"plural": wording.plural, "static": static, "key_facts": KEY_FACTS}
    return environment.get_template("page.html").render(page=page(story, diagnosis))


def page(story: Story, diagnosis: Diagnosis) -> Page:
    """The data of the page."""
    found = blocks(diagnosis, story.checks)
    seen = verdict(story, diagnosis, anchors(found))
    line = time_line(story, found, ranks(diagnosis))
    return Page(
        story=story,
        verdict=seen,
        checked=checked(seen),
        line=line,
        charts=loss_charts(story, line),
        sections=sections(story, diagnosis, found, line),
        rows=_all_rows(found),
        marks=_marks(line),
    )


def shortened(text: str, limit: int = wording.NAME) -> Markup:
    """A name that may be of any length: shown shortened, whole in its title."""
    shown = wording.short(text, limit)
    return escape(shown) if shown == text else Markup('<span title="{}">{}</span>').format(text.replace("\0", "\N{REPLACEMENT CHARACTER}"), shown)


def prose(text: str) -> Markup:
    """A sentence or two; what stands between backticks is set as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(wording.sentence(text, 700)))))


def static(name: str) -> Markup:
    """A file of `static/`, to be put inside a style or script element."""
    text = files("reports").joinpath("static", name).read_text(encoding="utf-8")
    if "</s" in text.lower():
        raise ValueError(f"reports/static/{name} would end the element it is put into")
    return Markup(text)


def write(path: Path, content: str | bytes) -> None:
    """Put the file in place in one move, so that no reader sees half of it.

    Raises OSError whose text names the file and what to do.
    """
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".report-", dir=path.parent)
    except OSError as error:
        raise OSError(f"cannot write the report {path}: {error.strerror or error}; name another place with -o FILE") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise OSError(f"cannot write the report {path}: {error.strerror or error}; name another place with -o FILE") from error


def _all_rows(found: dict[str, tuple[Block, ...]]) -> tuple[Row, ...]:
    rows = [row for group in found.values() for block in group for row in block.rows]
    return tuple(sorted(rows, key=lambda row: (wording.SEVERITIES.index(row.severity), row.step is None, row.step or 0, row.check, row.subject)))


def _marks(line: TimeLine) -> Markup:
    """Onsets and events for the script."""
    onsets = [{"number": onset.number, "step": onset.step, "severity": onset.severity} for onset in line.onsets]
    moments = [{key: value for key, value in asdict(moment).items() if key in ("step", "glyph", "kind")} for moment in line.moments]
    return as_json({"from": line.first_step, "to": line.last_step, "onsets": onsets, "moments": moments})
