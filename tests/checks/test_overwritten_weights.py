import pytest

from .builder import Log, findings, healthy_log
from .test_large_updates import moved


def level(log: Log) -> Log:
    """A loss that goes nowhere."""
    return log.metric("loss", 2.3)


def test_silent_on_a_healthy_log() -> None:
    assert findings("overwritten_weights", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("overwritten_weights", healthy_log(steps=0)) == []


def test_finds_a_single_step_that_replaces_the_weights() -> None:
    [found] = findings("overwritten_weights", level(moved([2.0] + [1e-3] * 9)))
    assert (found.step, found.last_step) == (0, 0)
    assert found.value == pytest.approx(2.0)


def test_silent_in_a_run_that_halves_its_loss() -> None:
    assert findings("overwritten_weights", moved([2.0] + [1e-3] * 9)) == []


def test_silent_on_one_layer() -> None:
    assert findings("overwritten_weights", level(moved([2.0] * 10, "out"))) == []


def test_silent_on_weights_that_start_tiny_and_grow_with_usual_steps() -> None:
    log = level(moved([1e-3] * 10))
    for module in ("fc1", "fc2", "out"):
        log.tensor("weight", f"{module}.weight", rms=1e-5)
    assert findings("overwritten_weights", log) == []


@pytest.mark.parametrize(("ratio", "count"), [(0.45, 0), (0.55, 1)])
def test_needs_half_of_the_weight(ratio: float, count: int) -> None:
    assert len(findings("overwritten_weights", level(moved([ratio] + [1e-3] * 9)))) == count
