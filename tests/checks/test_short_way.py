import pytest

from .builder import findings, healthy_log
from .test_large_updates import moved


def test_silent_on_a_healthy_log() -> None:
    """Its steps are a thousandth of the weights."""
    assert findings("short_way", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("short_way", healthy_log(steps=0)) == []


def test_finds_steps_that_are_small_but_for_the_first() -> None:
    [found] = findings("short_way", moved([4e-3] + [3e-4] * 9))
    assert (found.subject, found.step, found.last_step) == ("", 0, 90)
    assert found.value == pytest.approx(0.04 + 81 * 3e-4)


def test_silent_where_a_schedule_ended_the_steps() -> None:
    log = moved([2e-3] * 2 + [1e-4] * 8).metric("learning_rate", [1e-3] * 20 + [5e-5] * 80)
    assert findings("short_way", log) == []


def test_silent_where_the_gradient_has_vanished() -> None:
    log = moved([3e-4] * 10)
    for module in ("fc1", "fc2", "out"):
        log.tensor("gradient", f"{module}.weight", rms=1e-5)
    assert findings("short_way", log) == []


def test_silent_where_the_first_steps_went_far() -> None:
    assert findings("short_way", moved([2e-2] + [3e-4] * 9)) == []


@pytest.mark.parametrize(("ratio", "count"), [(5.1e-4, 0), (4.9e-4, 1)])
def test_needs_steps_below_half_of_what_is_wanted(ratio: float, count: int) -> None:
    assert len(findings("short_way", moved([ratio] * 10))) == count


@pytest.mark.parametrize(("steps", "count"), [(40, 0), (60, 1)])
def test_needs_fifty_steps(steps: int, count: int) -> None:
    log = healthy_log(steps=steps)
    for module in ("fc1", "fc2", "out"):
        log.tensor("update", f"{module}.weight", rms=3e-5)
    assert len(findings("short_way", log)) == count
