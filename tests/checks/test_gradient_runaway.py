import math

import pytest

from .builder import Log, findings, healthy_log

RUNAWAY = [1.0] * 60 + [3.0, 9.0, 30.0, 150.0, 900.0] + [900.0] * 35


def running(norms: list[float], losses: list[float] | None = None) -> Log:
    return healthy_log().metric("gradient_norm", norms).metric("loss", losses or [1.0] * 62 + [5.0] * 38)


def test_silent_on_a_healthy_log() -> None:
    assert findings("gradient_runaway", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("gradient_runaway", healthy_log(steps=0)) == []


def test_finds_the_step_at_which_the_growth_begins() -> None:
    [found] = findings("gradient_runaway", running(RUNAWAY))
    assert (found.subject, found.step, found.last_step) == ("gradient_norm", 60, 99)


def test_finds_it_where_the_loss_ends_as_nan() -> None:
    assert len(findings("gradient_runaway", running(RUNAWAY, [1.0] * 65 + [math.nan] * 35))) == 1


def test_silent_where_the_run_recovers() -> None:
    assert findings("gradient_runaway", running(RUNAWAY, [1.0] * 62 + [5.0] * 5 + [0.9] * 33)) == []


def test_silent_on_a_single_bad_batch() -> None:
    assert findings("gradient_runaway", running([1.0] * 60 + [900.0] + [1.0] * 39)) == []


def test_silent_where_the_steps_were_too_large_from_the_start() -> None:
    log = running(RUNAWAY)
    for module in ("fc1", "fc2", "out"):
        log.tensor("update", f"{module}.weight", rms=0.03)
    assert findings("gradient_runaway", log) == []


@pytest.mark.parametrize(("peak", "count"), [(70.0, 0), (150.0, 1)])
def test_needs_a_hundred_times_the_usual_norm(peak: float, count: int) -> None:
    norms = [1.0] * 60 + [2.0, 6.0, 20.0, peak] + [10.0] * 36
    assert len(findings("gradient_runaway", running(norms))) == count
