import pytest

from .builder import findings, healthy_log


def test_silent_on_a_healthy_log() -> None:
    assert findings("stationary_parameter", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("stationary_parameter", healthy_log(steps=0)) == []


def test_finds_the_parameter_that_never_moves() -> None:
    [found] = findings("stationary_parameter", healthy_log().tensor("update", "fc2.weight", rms=0.0))
    assert (found.subject, found.step, found.last_step, found.value) == ("fc2.weight", 0, 90, 10)


def test_silent_where_nothing_moves_because_the_rate_is_zero() -> None:
    log = healthy_log()
    for module in ("fc1", "fc2", "out"):
        log.tensor("update", f"{module}.weight", rms=0.0).tensor("update", f"{module}.bias", rms=0.0)
    assert findings("stationary_parameter", log) == []


def test_silent_on_a_parameter_that_moves_once() -> None:
    assert findings("stationary_parameter", healthy_log().tensor("update", "fc2.weight", rms=[0.0] * 9 + [1e-4])) == []


def test_silent_on_a_group_with_a_rate_of_zero() -> None:
    log = healthy_log().tensor("update", "fc2.weight", rms=0.0).metric("learning_rate", 0.0)
    assert findings("stationary_parameter", log) == []


def test_silent_where_the_gradient_is_zero_too() -> None:
    log = healthy_log().tensor("update", "fc2.weight", rms=0.0).tensor("gradient", "fc2.weight", rms=0.0)
    assert findings("stationary_parameter", log) == []


@pytest.mark.parametrize(("steps", "count"), [(20, 0), (30, 1)])
def test_needs_three_recorded_steps(steps: int, count: int) -> None:
    assert len(findings("stationary_parameter", healthy_log(steps=steps).tensor("update", "fc2.weight", rms=0.0))) == count
