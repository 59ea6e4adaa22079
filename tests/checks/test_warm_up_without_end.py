import pytest

from .builder import Log, findings, healthy_log
from .test_large_updates import moved


def warming(end: int, ratio: float = 1e-5) -> Log:
    """The rate rises until the step `end`."""
    return moved([ratio] * 10).metric("learning_rate", [1e-6 * (1 + min(step, end)) for step in range(100)])


def test_silent_on_a_healthy_log() -> None:
    assert findings("warm_up_without_end", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("warm_up_without_end", healthy_log(steps=0)) == []


def test_finds_a_rate_that_still_rises_at_the_end() -> None:
    [found] = findings("warm_up_without_end", warming(99))
    assert (found.subject, found.step, found.last_step) == ("learning_rate", 0, 99)


def test_silent_where_the_steps_are_large_enough() -> None:
    assert findings("warm_up_without_end", warming(99, 1e-3)) == []


def test_silent_where_the_rate_comes_down_again() -> None:
    log = moved([1e-5] * 10).metric("learning_rate", [1e-6 * (1 + min(step, 95 - step // 2)) for step in range(100)])
    assert findings("warm_up_without_end", log) == []


@pytest.mark.parametrize(("end", "count"), [(70, 0), (85, 1)])
def test_needs_to_rise_in_the_last_fifth(end: int, count: int) -> None:
    assert len(findings("warm_up_without_end", warming(end))) == count
