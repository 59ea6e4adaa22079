"""Cards of samples."""

from __future__ import annotations

import json

import pytest

from analyzer.story.rows import Preview, Sample
from reports.gallery import polyline, shelf

from .example import picture, sound


def sample(*previews: Preview, **changes: object) -> Sample:
    facts: dict[str, object] = {
        "sample_id": "valid/1",
        "split": "valid",
        "loss": 2.5,
        "median_loss": 2.5,
        "target": "cat",
        "prediction": "dog",
        "confidence": 0.8,
        "note": "",
        "visits": 3,
        "wrong": 2,
        "history_steps": (0, 1, 2),
        "history": (3.0, 2.0, 2.5),
        "previews": previews,
    }
    return Sample(**(facts | changes))  # type: ignore[arg-type]


def looks(kind: str, content: bytes) -> list[str]:
    [card] = shelf("a", "A", [sample(Preview(kind, content, 0))]).cards
    return [look.kind for look in card.looks]


def test_a_card_says_target_prediction_confidence_and_history() -> None:
    [card] = shelf("a", "A", [sample()]).cards
    assert (card.target, card.prediction, card.right, card.confidence, card.loss) == ("cat", "dog", False, "80\u202f%", "2.5")
    assert card.visits == "seen 3\u00d7, wrong 2\u00d7"
    assert card.spark_summary == "loss 3 at first, 2.5 at last, median 2.5"
    assert card.spark == "1.0,1.0 60.0,9.7 119.0,5.3"


@pytest.mark.parametrize(
    ("kind", "content", "shown"),
    [
        ("image", picture(1), ["image"]),
        ("mask", picture(1), ["mask"]),
        ("audio", sound(), ["audio"]),
        ("text", b"hello \xff", ["text"]),
        ("curve", json.dumps([1.0, 2.0, None, 3]).encode(), ["curve"]),
        ("image", b"<svg onload=alert(1)>", []),
        ("image", b"\x89PNG\r\n\x1a\n", []),
        ("audio", b"not a sound", []),
        ("curve", b"not json", []),
        ("curve", b"[1]", []),
        ("curve", b'{"a": 1}', []),
    ],
)
def test_a_preview_is_shown_only_if_it_is_what_it_says(kind: str, content: bytes, shown: list[str]) -> None:
    assert looks(kind, content) == shown


def test_previews_stop_where_their_bytes_are_spent() -> None:
    image = Preview("image", picture(1), 0)
    shown = shelf("a", "A", [sample(image), sample(image), sample(image)], budget=2 * len(image.content))
    assert [len(card.looks) for card in shown.cards] == [1, 1, 0]
    assert shown.looks_left_out == 1


def test_a_loss_that_is_not_finite_stands_at_the_top() -> None:
    assert polyline([1.0, float("nan"), float("inf")], 120, 28).split(" ")[1:] == ["60.0,1.0", "119.0,1.0"]


def test_a_sample_without_history_or_target_has_a_card() -> None:
    [card] = shelf("a", "A", [sample(history=(), history_steps=(), target="", prediction="", confidence=None, wrong=None, loss=None)]).cards
    assert (card.spark, card.right, card.loss, card.visits) == ("", None, "\u2013", "seen 3\u00d7")
