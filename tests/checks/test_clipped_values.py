import pytest

from .builder import Log, findings, healthy_log


def clipped(log: Log, limit: float = 1e-6, ratio: float = 1e-6, modules: tuple[str, ...] = ("fc1", "fc2", "out")) -> Log:
    for module in ("fc1", "fc2", "out"):
        log.tensor("update", f"{module}.weight", rms=0.1 * ratio)
    for module in modules:
        log.tensor("gradient", f"{module}.weight", rms=0.9 * limit, min=-limit, max=limit)
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings("clipped_values", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("clipped_values", healthy_log(steps=0)) == []


def test_finds_the_limit() -> None:
    [found] = findings("clipped_values", clipped(healthy_log()))
    assert (found.step, found.last_step) == (0, 90)
    assert found.value == pytest.approx(1e-6)


def test_silent_where_the_steps_are_large_enough() -> None:
    assert findings("clipped_values", clipped(healthy_log(), ratio=1e-3)) == []


def test_silent_where_only_one_layer_reaches_the_limit() -> None:
    log = clipped(healthy_log(), modules=("fc1",))
    for module in ("fc2", "out"):
        log.tensor("gradient", f"{module}.weight", max=[3e-8 * (1 + step) for step in range(10)], min=-1e-8)
    assert findings("clipped_values", log) == []


@pytest.mark.parametrize(("steps", "count"), [(20, 0), (30, 1)])
def test_needs_three_recorded_steps(steps: int, count: int) -> None:
    assert len(findings("clipped_values", clipped(healthy_log(steps=steps)))) == count
