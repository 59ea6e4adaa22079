import math
import random

import pytest

from .builder import Log, findings, healthy_log


def scheduled(rates: list[float], losses: list[float] | None = None) -> Log:
    log = healthy_log().metric("learning_rate", rates)
    return log if losses is None else log.metric("loss", losses)


FALLING_UNTIL_30 = [2.3 - 0.04 * min(step, 30) for step in range(100)]


def test_silent_on_a_healthy_log() -> None:
    assert findings("learning_rate_collapse", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("learning_rate_collapse", healthy_log(steps=0)) == []


def test_finds_the_step_at_which_the_rate_leaves_its_peak() -> None:
    [found] = findings("learning_rate_collapse", scheduled([0.1] * 30 + [1e-4] * 70, FALLING_UNTIL_30))
    assert (found.subject, found.step, found.last_step) == ("learning_rate", 30, 99)


def test_finds_a_decay_by_the_step_that_was_meant_by_the_epoch() -> None:
    [found] = findings("learning_rate_collapse", scheduled([0.1 * 0.8**step for step in range(100)], FALLING_UNTIL_30))
    assert found.step == 1


def test_silent_on_a_cosine_to_zero_at_the_planned_end() -> None:
    rates = [0.05 * (1 + math.cos(math.pi * step / 99)) for step in range(100)]
    assert findings("learning_rate_collapse", scheduled(rates, [2.3 - 0.015 * step for step in range(100)])) == []


def test_silent_on_a_step_schedule_that_ends_at_a_hundredth() -> None:
    assert findings("learning_rate_collapse", scheduled([0.1] * 30 + [0.01] * 30 + [0.0011] * 40, FALLING_UNTIL_30)) == []


def test_silent_on_a_reduction_when_nothing_was_left_to_gain() -> None:
    losses = [0.05 + 2.25 * math.exp(-step / 4) for step in range(100)]
    assert findings("learning_rate_collapse", scheduled([0.1] * 50 + [1e-4] * 50, losses)) == []


def test_silent_on_a_reduction_on_a_plateau() -> None:
    losses = [0.9 + 1.4 * math.exp(-step / 4) for step in range(100)]
    assert findings("learning_rate_collapse", scheduled([0.1] * 50 + [1e-4] * 50, losses)) == []


@pytest.mark.parametrize(("step", "count"), [(75, 0), (60, 1)])
def test_the_last_part_of_a_run_may_be_slow(step: int, count: int) -> None:
    losses = [2.3 - 0.02 * min(at, step) for at in range(100)]
    assert len(findings("learning_rate_collapse", scheduled([0.1] * step + [1e-4] * (100 - step), losses))) == count


def test_silent_on_an_exponential_decay_whose_noisy_loss_had_come_to_a_level() -> None:
    """One high and one low level by chance, at the two ends of the stretch that is looked at."""
    chance = random.Random(7)
    losses = [0.3 + 2 * math.exp(-step / 6) + chance.gauss(0, 0.04) for step in range(100)]
    losses[44:46], losses[66:68] = [0.38, 0.38], [0.22, 0.22]
    assert findings("learning_rate_collapse", scheduled([0.1 * 0.932**step for step in range(100)], losses)) == []


@pytest.mark.parametrize(("low", "step", "count"), [(1e-9, 40, 1), (5e-4, 40, 0), (1e-9, 60, 0)])
def test_finds_a_rate_that_is_switched_off_in_one_step_before_half_of_the_run(low: float, step: int, count: int) -> None:
    losses = [0.9 + 1.4 * math.exp(-at / 4) for at in range(100)]
    assert len(findings("learning_rate_collapse", scheduled([0.1] * step + [low] * (100 - step), losses))) == count
