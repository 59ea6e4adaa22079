"""Samples as cards: previews, what was wanted, what was said, and how the loss went."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .wording import clean, number, percent

if TYPE_CHECKING:
    from analyzer.story.rows import Preview, Sample

BYTES = 350_000
"""Previews of one shelf, together."""
TEXT_CHARACTERS = 600
WIDTH, HEIGHT = 120, 28
_PNG, _WAV = b"\x89PNG\r\n\x1a\n", b"RIFF"


@dataclass(frozen=True)
class Look:
    """One preview: an image or sound as data: URI, text, or the points of a curve."""

    kind: str
    source: str
    text: str
    points: str
    small: bool = False
    """An image of few pixels, to be enlarged without blurring."""
    wide: bool = False
    """Several pictures side by side."""
    caption: str = ""


@dataclass(frozen=True)
class Card:
    """One sample."""

    name: str
    split: str
    loss: str
    target: str
    prediction: str
    right: bool | None
    confidence: str
    confidence_percent: float | None
    note: str
    visits: str
    spark: str
    """Points of the loss history in a box of 120 x 28."""
    spark_summary: str
    looks: tuple[Look, ...]


@dataclass(frozen=True)
class Shelf:
    """Cards of one kind, and how many previews did not fit."""

    anchor: str
    title: str
    cards: tuple[Card, ...]
    splits: tuple[str, ...]
    looks_left_out: int
    wide: bool
    """Some cards hold pictures side by side and want room."""


def shelf(anchor: str, title: str, samples: Sequence[Sample], budget: int = BYTES) -> Shelf:
    """Cards in the given order; previews until their bytes are spent."""
    cards, spent, left_out = [], 0, 0
    for sample in samples:
        looks = []
        for preview in sample.previews:
            if spent + len(preview.content) > budget:
                left_out += 1
                continue
            look = _look(preview)
            if look is not None:
                spent += len(preview.content)
                looks.append(look)
        cards.append(_card(sample, tuple(looks)))
    wide = any(look.wide for card in cards for look in card.looks)
    return Shelf(anchor, title, tuple(cards), tuple(dict.fromkeys(card.split for card in cards)), left_out, wide)


def _card(sample: Sample, looks: tuple[Look, ...]) -> Card:
    right = sample.target == sample.prediction if sample.target and sample.confidence is not None else None
    visits = f"seen {number(sample.visits)}\u00d7" + (f", wrong {number(sample.wrong)}\u00d7" if sample.wrong is not None else "")
    history = sample.history
    story = f"loss {number(history[0])} at first, {number(history[-1])} at last, median {number(sample.median_loss)}" if history else "no loss recorded"
    return Card(
        name=sample.sample_id,
        split=sample.split,
        loss=number(sample.loss),
        target=sample.target,
        prediction=sample.prediction,
        right=right,
        confidence=percent(sample.confidence) if sample.confidence is not None else "",
        confidence_percent=None if sample.confidence is None else round(100 * sample.confidence, 1),
        note=sample.note,
        visits=visits,
        spark=polyline(history, WIDTH, HEIGHT, from_zero=True) if len(history) > 1 else "",
        spark_summary=story,
        looks=looks,
    )


def polyline(values: Sequence[float], width: int, height: int, from_zero: bool = False) -> str:
    """SVG points in the box; what is not finite stands at the top. With `from_zero` the lower edge is zero, so that falling and staying high differ."""
    finite = [value for value in values if abs(value) < float("inf")]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    low = min(low, 0.0) if from_zero else low
    span = (high - low) or 1.0
    points = []
    for place, value in enumerate(values):
        share = (value - low) / span if abs(value) < float("inf") else 1.0
        points.append(f"{1 + place * (width - 2) / max(1, len(values) - 1):.1f},{height - 1 - share * (height - 2):.1f}")
    return " ".join(points)


def _look(preview: Preview) -> Look | None:
    """None where the content is not what its kind says: bytes of a log are never trusted to be an image."""
    content = preview.content
    if preview.kind in ("image", "mask"):
        if not content.startswith(_PNG) or len(content) < 24:
            return None
        width, height = struct.unpack(">II", content[16:24])
        wide = preview.kind == "mask" and 2 * width > 3 * height
        caption = f"input, target and prediction at step {number(preview.step)}" if wide else ""
        return Look(preview.kind, _uri("image/png", content), "", "", max(width, height) < 160, wide, caption)
    if preview.kind == "audio":
        return Look("audio", _uri("audio/wav", content), "", "") if content.startswith(_WAV) else None
    text = content.decode("utf-8", "replace")
    if preview.kind == "curve":
        points = _curve(text)
        return Look("curve", "", "", points) if points else None
    return Look("text", "", "\n".join(clean(line) for line in short_text(text).splitlines()), "")


def short_text(text: str) -> str:
    return text if len(text) <= TEXT_CHARACTERS else text[:TEXT_CHARACTERS] + "…"


def _curve(text: str) -> str:
    try:
        values = json.loads(text)
    except ValueError:
        return ""
    if not isinstance(values, list) or not values:
        return ""
    numbers = [float(value) for value in values if isinstance(value, (int, float))]
    stride = max(1, len(numbers) // 400)
    return polyline(numbers[::stride], 240, 90) if len(numbers) > 1 else ""


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
