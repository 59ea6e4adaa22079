import pytest

from .builder import Log, findings, healthy_log


def shrinking(left: float, *modules: str, steps: int = 100) -> Log:
    log = healthy_log(steps=steps)
    count = len(log.recorded)
    for module in modules:
        log.tensor("weight", f"{module}.weight", rms=[0.1 * left ** (step / max(count - 1, 1)) for step in range(count)])
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings("shrinking_weights", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("shrinking_weights", healthy_log(steps=0)) == []


def test_finds_weights_that_shrink_in_all_layers() -> None:
    [found] = findings("shrinking_weights", shrinking(0.1, "fc1", "fc2", "out"))
    assert (found.step, found.last_step) == (0, 90)
    assert found.value == pytest.approx(0.1, rel=1e-3)


def test_silent_on_one_pruned_layer() -> None:
    assert findings("shrinking_weights", shrinking(0.1, "fc1")) == []


@pytest.mark.parametrize(("left", "count"), [(0.55, 0), (0.45, 1)])
def test_needs_to_lose_half(left: float, count: int) -> None:
    assert len(findings("shrinking_weights", shrinking(left, "fc1", "fc2", "out"))) == count


@pytest.mark.parametrize(("steps", "count"), [(20, 0), (30, 1)])
def test_needs_three_recorded_steps(steps: int, count: int) -> None:
    assert len(findings("shrinking_weights", shrinking(0.1, "fc1", "fc2", "out", steps=steps))) == count
