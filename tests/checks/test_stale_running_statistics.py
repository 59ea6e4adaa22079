import pytest

from .builder import Log, findings, healthy_log


def norm(steps: int = 100, *, mean: object = 0.0, variance: object = 1.0) -> Log:
    log = healthy_log(steps=steps).tensor("buffer", "norm.running_mean", rms=mean, mean=mean, min=mean, max=mean)
    return log.tensor("buffer", "norm.running_var", rms=variance, mean=variance, min=variance, max=variance)


def test_silent_on_a_healthy_log() -> None:
    assert findings("stale_running_statistics", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("stale_running_statistics", healthy_log(steps=0)) == []


def test_finds_the_norm_that_still_holds_its_first_values() -> None:
    [found] = findings("stale_running_statistics", norm())
    assert (found.subject, found.step, found.last_step, found.value) == ("norm", 0, 90, 10)


def test_silent_on_statistics_that_move() -> None:
    log = norm(mean=[0.0] + [0.3] * 9, variance=[1.0] + [0.8] * 9)
    assert findings("stale_running_statistics", log) == []


def test_silent_on_frozen_statistics_of_a_pretrained_model() -> None:
    assert findings("stale_running_statistics", norm(mean=0.2, variance=0.7)) == []


@pytest.mark.parametrize(("steps", "count"), [(20, 0), (30, 1)])
def test_needs_three_recorded_steps(steps: int, count: int) -> None:
    assert len(findings("stale_running_statistics", norm(steps))) == count
