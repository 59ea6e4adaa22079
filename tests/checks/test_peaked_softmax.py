import pytest

from .builder import Log, findings, healthy_log


def attention(saturated: object, depth: int = 1) -> Log:
    facts = {"activation": "softmax", "depth": depth, "numel": 1000}
    return healthy_log().tensor("activation", "attention.softmax", facts=facts, rms=0.2, saturated=saturated)


def test_silent_on_a_healthy_log() -> None:
    assert findings("peaked_softmax", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("peaked_softmax", healthy_log(steps=0)) == []


def test_finds_the_step_from_which_all_rows_are_peaked() -> None:
    [found] = findings("peaked_softmax", attention([100] * 5 + [980] * 5))
    assert (found.subject, found.step, found.last_step, found.value) == ("attention.softmax", 50, 90, 0.98)


def test_silent_on_the_output_of_a_sure_classifier() -> None:
    assert findings("peaked_softmax", attention(1000, depth=3)) == []


def test_silent_when_it_recovers() -> None:
    assert findings("peaked_softmax", attention([1000] * 9 + [500])) == []


@pytest.mark.parametrize(("values", "count"), [(899, 0), (900, 1)])
def test_needs_nine_rows_in_ten(values: int, count: int) -> None:
    assert len(findings("peaked_softmax", attention(values))) == count
