import math

import pytest

from .builder import Log, findings, healthy_log


def scheduled(rates: list[float], *, moves: bool = False) -> Log:
    """A run with these rates, whose weights stand still where the rate is zero unless they are said to move."""
    log = healthy_log().metric("learning_rate", rates)
    for module in ("fc1", "fc2", "out"):
        for name in (f"{module}.weight", f"{module}.bias"):
            log.tensor("update", name, rms=[1e-4 if rates[step] or moves else 0.0 for step in log.recorded])
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings("steps_at_rate_zero", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("steps_at_rate_zero", healthy_log(steps=0)) == []


def test_finds_a_decay_that_ends_at_a_third() -> None:
    [found] = findings("steps_at_rate_zero", scheduled([max(0.0, 1 - step / 33) for step in range(100)]))
    assert (found.subject, found.step, found.last_step, found.value, found.threshold) == ("learning_rate", 33, 99, 67, 10)


def test_finds_a_first_part_at_zero() -> None:
    [found] = findings("steps_at_rate_zero", scheduled([0.0] * 20 + [1e-3] * 80))
    assert (found.step, found.last_step) == (0, 19)


def test_silent_on_a_warm_up_and_a_decay_that_touch_zero() -> None:
    rates = [min(step / 10, 0.5 * (1 + math.cos(math.pi * step / 99))) for step in range(99)] + [0.0]
    assert findings("steps_at_rate_zero", scheduled(rates)) == []


def test_silent_on_a_rate_that_is_tiny() -> None:
    assert findings("steps_at_rate_zero", scheduled([1e-3] * 30 + [1e-12] * 70)) == []


def test_silent_where_the_rate_was_rounded_and_the_weights_move() -> None:
    assert findings("steps_at_rate_zero", scheduled([1e-3] * 30 + [0.0] * 70, moves=True)) == []


def test_silent_where_it_is_zero_throughout() -> None:
    """Which is another check's matter: zero_learning_rate."""
    assert findings("steps_at_rate_zero", scheduled([0.0] * 100)) == []


def test_silent_where_another_group_has_a_rate() -> None:
    log = healthy_log().metric("learning_rate", [1e-3] * 30 + [0.0] * 70).metric("learning_rate/1", 1e-3)
    assert findings("steps_at_rate_zero", log) == []


@pytest.mark.parametrize(("steps", "count"), [(9, 0), (10, 1)])
def test_needs_a_tenth_of_the_run(steps: int, count: int) -> None:
    assert len(findings("steps_at_rate_zero", scheduled([1e-3] * (100 - steps) + [0.0] * steps))) == count
