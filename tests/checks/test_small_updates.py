import pytest

from .builder import findings, healthy_log
from .test_large_updates import moved


def test_silent_on_a_healthy_log() -> None:
    assert findings("small_updates", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("small_updates", healthy_log(steps=0)) == []


def test_finds_a_run_of_tiny_steps() -> None:
    [found] = findings("small_updates", moved([1e-6] * 10))
    assert (found.step, found.last_step) == (0, 90)


def test_silent_on_a_warm_up_and_on_a_schedule_that_ends() -> None:
    assert findings("small_updates", moved([1e-6] * 3 + [1e-3] * 4 + [1e-6] * 3)) == []


def test_silent_where_there_was_no_gradient() -> None:
    log = moved([1e-6] * 10)
    for module in ("fc1", "fc2", "out"):
        log.tensor("gradient", f"{module}.weight", rms=0.0)
    assert findings("small_updates", log) == []


def test_silent_where_nothing_moves_at_all() -> None:
    assert findings("small_updates", moved([0.0] * 10)) == []


@pytest.mark.parametrize(("ratio", "count"), [(3.5e-5, 0), (2.5e-5, 1)])
def test_needs_steps_below_three_in_a_hundred_thousand(ratio: float, count: int) -> None:
    assert len(findings("small_updates", moved([ratio] * 10))) == count
