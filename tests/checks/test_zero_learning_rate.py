import pytest

from .builder import findings, healthy_log


def test_silent_on_a_healthy_log() -> None:
    assert findings("zero_learning_rate", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("zero_learning_rate", healthy_log(steps=0)) == []


def test_finds_a_rate_that_is_always_zero() -> None:
    [found] = findings("zero_learning_rate", healthy_log().metric("learning_rate", 0.0))
    assert (found.subject, found.step, found.last_step) == ("learning_rate", 0, 99)


def test_silent_on_a_warm_up_from_zero() -> None:
    assert findings("zero_learning_rate", healthy_log().metric("learning_rate", [0.0] * 99 + [1e-3])) == []


def test_silent_on_one_frozen_group() -> None:
    assert findings("zero_learning_rate", healthy_log().metric("learning_rate", 0.0).metric("learning_rate/1", 1e-3)) == []


@pytest.mark.parametrize(("steps", "count"), [(4, 0), (5, 1)])
def test_needs_five_steps(steps: int, count: int) -> None:
    assert len(findings("zero_learning_rate", healthy_log(steps=steps, every=1).metric("learning_rate", 0.0))) == count
