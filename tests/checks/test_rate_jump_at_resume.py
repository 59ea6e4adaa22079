from collections.abc import Callable

import pytest

from .builder import Log, findings, healthy_log

CHECK = "rate_jump_at_resume"


def resumed(rate: Callable[[int], float], at: int = 50) -> Log:
    return healthy_log().metric("learning_rate", [rate(step) for step in range(100)]).event("resumed", at, step=at)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_a_schedule_that_starts_over() -> None:
    [found] = findings(CHECK, resumed(lambda step: 1e-3 * 0.95 ** (step % 50)))
    assert (found.subject, found.step) == ("learning_rate", 50) and found.value is not None and found.value > 10


@pytest.mark.parametrize("factor, count", [(1.4, 0), (1.6, 1), (0.5, 1)])
def test_finds_a_jump_by_half(factor: float, count: int) -> None:
    assert len(findings(CHECK, resumed(lambda step: 1e-3 if step < 50 else factor * 1e-3))) == count


@pytest.mark.parametrize(
    "rate",
    [
        pytest.param(lambda step: 1e-3 * 0.95**step, id="goes on"),
        pytest.param(lambda step: 1e-3 * 0.5 ** (step // 10), id="a drop like all others"),
        pytest.param(lambda step: 1e-3, id="constant"),
    ],
)
def test_silent_on_a_schedule_that_goes_on(rate: Callable[[int], float]) -> None:
    assert findings(CHECK, resumed(rate)) == []
