import math

import pytest

from .builder import Log, findings, healthy_log


def jumping(factor: float, losses: list[float], step: int = 50) -> Log:
    return healthy_log().metric("learning_rate", [1e-3] * step + [factor * 1e-3] * (100 - step)).metric("loss", losses)


STAYS_UP = [1.0] * 50 + [4.0] * 50


def test_silent_on_a_healthy_log() -> None:
    assert findings("learning_rate_jump", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("learning_rate_jump", healthy_log(steps=0)) == []


def test_finds_the_jump_after_which_the_loss_stays_up() -> None:
    [found] = findings("learning_rate_jump", jumping(100, STAYS_UP))
    assert (found.subject, found.step, found.last_step) == ("learning_rate", 50, 99)
    assert found.value == pytest.approx(100)


def test_finds_a_jump_after_which_the_loss_is_nan() -> None:
    assert len(findings("learning_rate_jump", jumping(100, [1.0] * 50 + [math.nan] * 50))) == 1


def test_silent_on_a_warm_restart_that_the_run_recovers_from() -> None:
    assert findings("learning_rate_jump", jumping(100, [1.0] * 50 + [3.0] * 15 + [0.8] * 35)) == []


def test_silent_on_a_warm_up() -> None:
    log = healthy_log().metric("learning_rate", [1e-5 * 4**step for step in range(5)] + [2.56e-3] * 95).metric("loss", STAYS_UP)
    assert findings("learning_rate_jump", log) == []


@pytest.mark.parametrize(("factor", "count"), [(2.9, 0), (3.1, 1)])
def test_needs_three_times_the_rate(factor: float, count: int) -> None:
    assert len(findings("learning_rate_jump", jumping(factor, STAYS_UP))) == count


@pytest.mark.parametrize(("level", "count"), [(1.4, 0), (1.6, 1)])
def test_needs_a_loss_well_above_the_one_before(level: float, count: int) -> None:
    assert len(findings("learning_rate_jump", jumping(10, [1.0] * 50 + [level] * 50))) == count


@pytest.mark.parametrize(("level", "count"), [(2.15, 0), (2.4, 1)])
def test_a_loss_with_a_high_floor_need_not_rise_by_half(level: float, count: int) -> None:
    """Of a language model all that was learned may be less than half of the loss."""
    assert len(findings("learning_rate_jump", jumping(100, [3.0] * 10 + [2.0] * 40 + [level] * 50))) == count


def test_silent_on_a_jump_in_the_last_steps() -> None:
    log = healthy_log().metric("learning_rate", [1e-3] * 85 + [1e-1] * 15).metric("loss", [1.0] * 85 + [3.0] * 15)
    assert findings("learning_rate_jump", log) == []
