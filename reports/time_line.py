"""When things happened: onsets of findings and events, for the list under the loss curve and as marks in every chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .findings import Block
from .wording import SEVERITIES, plain

if TYPE_CHECKING:
    from analyzer.diagnosis import Diagnosis
    from analyzer.story import Story

ONSETS = 12
MARKED_EVENTS = 40
GLYPHS = {"checkpoint": "▲", "resumed": "↻", "nonfinite": "\u2715", "exception": "◆", "signal": "◆", "skipped_step": "▽", "trainable": "◇", "loss_shape": "◇"}
"""Events that are marked in the charts; the others are only listed."""


@dataclass(frozen=True)
class Onset:
    """The earliest finding of one check: bars of the time line, numbered flags in the charts."""

    number: int
    step: int
    last_step: int
    label: str
    subject: str
    severity: str
    anchor: str
    subjects: int
    """How many subjects the check names."""
    left: float
    width: float
    """Place of the bar, in percent of the run."""


@dataclass(frozen=True)
class Moment:
    """An event with a mark of its own."""

    step: int
    glyph: str
    kind: str
    label: str
    times: int
    left: float


@dataclass(frozen=True)
class TimeLine:
    """`first_step` to `last_step` is what every chart spans."""

    first_step: int
    last_step: int
    onsets: tuple[Onset, ...]
    left_out: int
    moments: tuple[Moment, ...]


def time_line(story: Story, by_strategy: Mapping[str, Sequence[Block]], ranks: Mapping[str, int]) -> TimeLine:
    """`ranks` gives the place in the diagnosis of the checks that speak for a cause: what leads the verdict leads here."""
    first, last = min(story.first_step, 0), max(story.last_step, story.first_step, 1)
    span = max(1, last - first)
    dated = [(block, [row for row in block.rows if row.step is not None]) for group in by_strategy.values() for block in group]
    dated = [(block, rows) for block, rows in dated if rows]
    dated.sort(key=lambda pair: (SEVERITIES.index(pair[0].severity), ranks.get(pair[0].check, 99), pair[1][0].step, pair[0].check))
    chosen = sorted(dated[:ONSETS], key=lambda pair: (pair[1][0].step or 0, ranks.get(pair[0].check, 99)))
    onsets = []
    for place, (block, rows) in enumerate(chosen, start=1):
        step = rows[0].step or 0
        end = max([row.last_step for row in rows if row.last_step is not None] + [step])
        left = 100 * (step - first) / span
        onsets.append(
            Onset(
                number=place,
                step=step,
                last_step=end,
                label=block.title,
                subject=rows[0].subject,
                severity=block.severity,
                anchor=rows[0].anchor,
                subjects=len(block.rows) + block.left_out,
                left=round(left, 2),
                width=round(max(0.6, min(100 * (end - step) / span, 100 - left)), 2),
            )
        )
    marked = [event for event in story.events if event.kind in GLYPHS][:MARKED_EVENTS]
    moments = tuple(
        Moment(event.step, GLYPHS[event.kind], event.kind, event.message or plain(event.kind), event.times, round(100 * (event.step - first) / span, 2))
        for event in marked
    )
    return TimeLine(first, last, tuple(onsets), len(dated) - len(chosen), moments)


def ranks(diagnosis: Diagnosis) -> dict[str, int]:
    """Place in the diagnosis of each check that speaks for a cause or follows from it."""
    places: dict[str, int] = {}
    for place, entry in enumerate(diagnosis.entries):
        for check in (*entry.because, *entry.explains):
            places.setdefault(check, place)
    return places
