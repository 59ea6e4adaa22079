import pytest

from .builder import Log, findings, healthy_log


def flushed(share: float, *, dtype: str = "float16", rms: float = 3e-8, steps: int = 100) -> Log:
    log = healthy_log(steps=steps)
    for module, units in (("fc1", 64), ("fc2", 32)):
        log.tensor("activation_gradient", module, facts={"dtype": dtype}, zeros=round(share * units * 8), rms=rms)
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings("flushed_signals", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("flushed_signals", healthy_log(steps=0)) == []


def test_finds_the_layer_at_which_the_gradient_is_lost() -> None:
    [found] = findings("flushed_signals", flushed(0.99))
    assert (found.subject, found.step, found.last_step) == ("fc2", 0, 90)


def test_silent_in_float32() -> None:
    assert findings("flushed_signals", flushed(0.99, dtype="float32")) == []


def test_silent_on_sparse_gradients_of_usual_size() -> None:
    assert findings("flushed_signals", flushed(0.99, rms=1e-3)) == []


def test_silent_behind_dead_units() -> None:
    log = flushed(0.99).layer("fc1", zeros=512, rms=0.0).layer("fc2", zeros=256, rms=0.0)
    assert findings("flushed_signals", log) == []


@pytest.mark.parametrize(("share", "count"), [(0.85, 0), (0.95, 1)])
def test_needs_nine_values_in_ten(share: float, count: int) -> None:
    assert len(findings("flushed_signals", flushed(share))) == count


@pytest.mark.parametrize(("steps", "count"), [(20, 0), (30, 1)])
def test_needs_three_recorded_steps(steps: int, count: int) -> None:
    assert len(findings("flushed_signals", flushed(0.99, steps=steps))) == count
