import pytest

from .builder import Log, findings, healthy_log


def flushed(log: Log, share: float, dtype: str = "float16", rms: float = 2e-7) -> Log:
    return log.tensor("gradient", "fc1.weight", facts={"dtype": dtype}, zeros=round(share * 64 * 64), rms=rms)


def test_silent_on_a_healthy_log() -> None:
    assert findings("flushed_gradients", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("flushed_gradients", healthy_log(steps=0)) == []


def test_finds_a_gradient_near_the_end_of_the_range() -> None:
    [found] = findings("flushed_gradients", flushed(healthy_log(), 0.7))
    assert (found.subject, found.step, found.last_step) == ("fc1.weight", 0, 90)


def test_silent_on_a_sparse_gradient_of_usual_size() -> None:
    assert findings("flushed_gradients", flushed(healthy_log(), 0.7, rms=1e-2)) == []


def test_silent_in_float32() -> None:
    assert findings("flushed_gradients", flushed(healthy_log(), 0.7, "float32")) == []


@pytest.mark.parametrize(("share", "count"), [(0.49, 0), (0.51, 1)])
def test_needs_half_of_the_values(share: float, count: int) -> None:
    assert len(findings("flushed_gradients", flushed(healthy_log(), share))) == count
