import math

import pytest

from .builder import findings, healthy_log


def test_silent_on_a_healthy_log() -> None:
    assert findings("gradient_growth", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("gradient_growth", healthy_log(steps=0)) == []


def test_finds_the_first_step_of_the_growth() -> None:
    log = healthy_log().metric("gradient_norm", [1.0] * 60 + [10.0**n for n in range(40)])
    [found] = findings("gradient_growth", log)
    assert (found.step, found.last_step) == (63, 99)


@pytest.mark.parametrize(("norm", "count"), [(99.0, 0), (101.0, 1)])
def test_a_usual_spike_is_below_a_hundred_times(norm: float, count: int) -> None:
    assert len(findings("gradient_growth", healthy_log().metric("gradient_norm", [1.0] * 60 + [norm] + [1.0] * 39))) == count


def test_silent_on_a_norm_that_is_not_finite() -> None:
    assert findings("gradient_growth", healthy_log().metric("gradient_norm", [1.0] * 60 + [math.inf] * 40)) == []


def test_silent_on_the_first_steps() -> None:
    assert findings("gradient_growth", healthy_log().metric("gradient_norm", [0.001] * 2 + [1.0] * 98)) == []
