import math
import random

import pytest

from .builder import Row, findings, healthy_log


def noisy(level: float, noise: float, steps: int = 100) -> list[float]:
    generator = random.Random(2)
    return [level + generator.gauss(0, noise) for _ in range(steps)]


def never_right(row: Row) -> Row:
    return {**row, "correct": False}


def test_silent_on_a_healthy_log() -> None:
    assert findings("loss_not_moving", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("loss_not_moving", healthy_log(steps=0)) == []


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_finds_a_loss_that_stays_at_the_level_of_guessing(noise: float) -> None:
    log = healthy_log().metric("loss", noisy(math.log(10), noise)).change("samples", never_right)
    [found] = findings("loss_not_moving", log)
    assert (found.subject, found.step, found.last_step) == ("loss", 0, 99)


def test_silent_where_the_accuracy_shows_that_nothing_was_left_to_learn() -> None:
    log = healthy_log().metric("loss", noisy(0.02, 0.005)).change("samples", lambda row: {**row, "correct": True})
    assert findings("loss_not_moving", log) == []


def test_finds_a_noisy_loss_whose_first_level_was_a_low_one() -> None:
    generator = random.Random(5)
    losses = [0.8, 0.9] + [1.0 + generator.gauss(0, 0.3) for _ in range(98)]
    assert len(findings("loss_not_moving", healthy_log().metric("loss", losses).change("samples", never_right))) == 1


def test_silent_where_the_loss_fell_and_came_back() -> None:
    """That one diverges; it does not stand still from the start."""
    log = healthy_log().metric("loss", [2.3 - 0.04 * min(step, 40) if step < 60 else 2.3 for step in range(100)]).change("samples", never_right)
    assert findings("loss_not_moving", log) == []


def test_a_single_lucky_level_is_no_movement() -> None:
    losses = noisy(math.log(10), 0.02)
    losses[40:42] = [2.1, 2.1]
    assert len(findings("loss_not_moving", healthy_log().metric("loss", losses).change("samples", never_right))) == 1


def test_silent_on_a_slow_but_certain_fall() -> None:
    falling = [2.3 - 0.1 * step / 100 for step in range(100)]
    assert findings("loss_not_moving", healthy_log().metric("loss", falling).change("samples", never_right)) == []


def test_silent_on_a_noisy_loss_that_falls() -> None:
    generator = random.Random(2)
    falling = [generator.expovariate(1.0) * (2.3 - 1.8 * step / 1000) for step in range(1000)]
    assert findings("loss_not_moving", healthy_log(steps=1000, every=100).metric("loss", falling).change("samples", never_right)) == []


@pytest.mark.parametrize(("steps", "count"), [(29, 0), (30, 1)])
def test_a_short_run_is_not_judged(steps: int, count: int) -> None:
    log = healthy_log(steps=steps, every=5).metric("loss", noisy(2.3, 0.01, steps)).change("samples", never_right)
    assert len(findings("loss_not_moving", log)) == count


def test_silent_on_a_loss_that_is_negative_by_nature() -> None:
    assert findings("loss_not_moving", healthy_log().metric("loss", noisy(-3.0, 0.01)).change("samples", never_right)) == []
