"""Numbers, names and certainties as a reader wants them: short, unambiguous, safe in any page."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Collection

NAME = 40
"""Characters of a layer's or sample's name that are shown."""
SENTENCE = 420
_SPACES = "\u00a0\u2009\u202f"

STRATEGIES = ("predictions", "worst", "mistakes", "tiny", "gradients", "saturation", "guarantees")
SEVERITIES = ("error", "warning", "info")
"""Gravest first."""


def clean(text: str) -> str:
    """On one line and without control characters."""
    return "".join(
        character if character.isprintable() or character in _SPACES else " " if character in "\n\r\t" else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def short(text: str, limit: int = NAME) -> str:
    """At most `limit` characters: the middle goes, since the ends of a layer's name tell most."""
    text = clean(text)
    if len(text) <= limit:
        return text
    head = (limit - 1) // 2
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"


def sentence(text: str, limit: int = SENTENCE) -> str:
    """At most `limit` characters, the end goes."""
    text = clean(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def number(value: float | int | None) -> str:
    """Four significant digits; whole numbers in full, with thin spaces between thousands."""
    if value is None:
        return "\u2013"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "\u2212Inf"
    if float(value).is_integer() and abs(value) < 1e12:
        return f"{int(value):,}".replace(",", "\u202f").replace("-", "\u2212")
    magnitude = abs(value)
    text = f"{value:.3g}" if magnitude < 1e-3 or magnitude >= 1e5 else f"{value:.4g}"
    return re.sub(r"e([+-])0*", lambda power: "e" + power[1].strip("+"), text).replace("-", "\u2212")


def percent(share: float | None) -> str:
    return "\u2013" if share is None or not math.isfinite(share) else f"{100 * share:.3g}\u202f%"


def onset(step: int | None) -> str:
    """The onset under the word "since"."""
    if step is None:
        return "no single step"
    return "before the first step" if step < 0 else "the start" if step == 0 else f"step {number(step)}"


def at_step(step: int | None) -> str:
    """The onset in words."""
    if step is None:
        return "at no single step"
    return "before the first step" if step < 0 else "from the start" if step == 0 else f"since step {number(step)}"


def certainty(confidence: float) -> str:
    """A probability in words; the number stands beside it."""
    for least, words in ((0.95, "almost certain"), (0.8, "very likely"), (0.6, "likely"), (0.4, "possible")):
        if confidence >= least:
            return words
    return "a guess"


def plain(name: str) -> str:
    """An identifier as words: dead_units becomes "Dead units"."""
    words = clean(name).replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def plural(count: int, one: str, many: str = "") -> str:
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def slug(text: str) -> str:
    """Part of an anchor: stable, of letters, digits and hyphens; what would collide or is too long carries a hash."""
    kept = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    faithful = len(kept) <= 60 and re.fullmatch(r"[A-Za-z0-9._\-/ ]*", text) is not None
    return kept if faithful else f"{kept[:48].rstrip('-')}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}".lstrip("-")


def anchor(prefix: str, taken: Collection[str]) -> str:
    """`prefix`, or the first of prefix-2, prefix-3 ... that is not taken."""
    candidate, count = prefix, 1
    while candidate in taken:
        count += 1
        candidate = f"{prefix}-{count}"
    return candidate
