import pytest

from .builder import Log, findings, healthy_log


def cleared(log: Log, steps: range) -> Log:
    """At these steps no parameter has a gradient."""
    gradients = {row["tensor_id"] for row in log.rows["tensors"] if row["kind"] == "gradient"}
    return log.change("stats", lambda row: None if row["tensor_id"] in gradients and row["step"] in steps else row)


def test_silent_on_a_healthy_log() -> None:
    assert findings("cleared_before_step", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("cleared_before_step", healthy_log(steps=0)) == []


def test_finds_steps_without_a_gradient_after_a_backward_pass() -> None:
    [found] = findings("cleared_before_step", cleared(healthy_log(), range(100)))
    assert (found.step, found.last_step, found.value) == (0, 90, 10)


def test_finds_gradients_that_were_set_to_zero() -> None:
    log = healthy_log()
    for module in ("fc1", "fc2", "out"):
        log.tensor("gradient", f"{module}.weight", rms=0.0).tensor("gradient", f"{module}.bias", rms=0.0)
    assert len(findings("cleared_before_step", log)) == 1


def test_silent_where_some_steps_have_a_gradient() -> None:
    assert findings("cleared_before_step", cleared(healthy_log(), range(50))) == []


def test_silent_without_a_backward_pass() -> None:
    log = cleared(healthy_log(), range(100))
    for module in ("fc1", "fc2"):
        log.tensor("activation_gradient", module, rms=0.0)
    assert findings("cleared_before_step", log) == []


@pytest.mark.parametrize(("steps", "count"), [(20, 0), (30, 1)])
def test_needs_three_recorded_steps(steps: int, count: int) -> None:
    assert len(findings("cleared_before_step", cleared(healthy_log(steps=steps), range(steps)))) == count
