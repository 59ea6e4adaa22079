"""Numbers, names and certainties in words."""

from __future__ import annotations

import math

import pytest

from reports.wording import anchor, at_step, certainty, clean, number, percent, plain, plural, sentence, short, slug


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "\u2013"),
        (0, "0"),
        (12345, "12\u202f345"),
        (-3, "\u22123"),
        (0.5, "0.5"),
        (1.23456, "1.235"),
        (0.00012345, "0.000123"),
        (1.2345e-9, "1.23e\u22129"),
        (123456.7, "1.23e5"),
        (3.4e38, "3.4e38"),
        (math.nan, "NaN"),
        (math.inf, "Inf"),
        (-math.inf, "\u2212Inf"),
    ],
)
def test_number(value: float | None, text: str) -> None:
    assert number(value) == text


def test_percent() -> None:
    assert [percent(share) for share in (0.0, 0.123456, 1.0, None, math.nan)] == ["0\u202f%", "12.3\u202f%", "100\u202f%", "\u2013", "\u2013"]


def test_short_keeps_both_ends() -> None:
    assert short("encoder.layers.11.attention.weight", 17) == "encoder.\u2026n.weight"
    assert len(short("x" * 10_000)) == 40
    assert short("same") == "same"


def test_clean_leaves_no_control_characters() -> None:
    assert clean("a\nb\tc\x00\x1b[31m\u202e61\u202f706") == "a b c\ufffd\ufffd[31m\ufffd61\u202f706"


def test_sentence_cuts_the_end() -> None:
    assert sentence("abcdef", 4) == "abc\u2026"


def test_at_step() -> None:
    assert [at_step(step) for step in (None, -1, 0, 1500)] == ["at no single step", "before the first step", "from the start", "since step 1\u202f500"]


def test_certainty_falls_with_confidence() -> None:
    assert [certainty(share) for share in (0.99, 0.8, 0.6, 0.4, 0.1)] == ["almost certain", "very likely", "likely", "possible", "a guess"]


def test_plain_and_plural() -> None:
    assert plain("dead_units") == "Dead units"
    assert [plural(1, "check"), plural(2, "check"), plural(0, "class", "classes")] == ["1 check", "2 checks", "0 classes"]


def test_slugs_are_stable_and_safe() -> None:
    assert slug("blocks.3.mlp.fc1.weight") == "blocks-3-mlp-fc1-weight"
    assert slug("") == ""
    assert slug("<b>") == slug("<b>") != slug("(b)")
    assert len(slug("x" * 10_000)) <= 60
    assert slug("\ud800")


def test_anchor_counts_on() -> None:
    assert anchor("a", {"a", "a-2"}) == "a-3"
