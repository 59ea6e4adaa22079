import pytest

from .builder import Log, findings, healthy_log


def moved(ratios: list[float], *modules: str) -> Log:
    log = healthy_log()
    for module in modules or ("fc1", "fc2", "out"):
        log.tensor("update", f"{module}.weight", rms=[0.1 * ratio for ratio in ratios])
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings("large_updates", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("large_updates", healthy_log(steps=0)) == []


def test_finds_the_steps_at_which_weights_are_overwritten() -> None:
    [found] = findings("large_updates", moved([1e-3] * 4 + [0.4] * 3 + [1e-3] * 3).metric("loss", 2.3))
    assert (found.step, found.last_step) == (40, 60)
    assert found.value == pytest.approx(0.4)


def test_a_single_step_is_no_finding() -> None:
    assert findings("large_updates", moved([1e-3] * 4 + [0.4] + [1e-3] * 5)) == []


def test_silent_on_one_layer_that_jumps() -> None:
    assert findings("large_updates", moved([0.4] * 10, "out")) == []


def test_silent_on_weights_that_start_tiny_and_grow_with_usual_steps() -> None:
    log = moved([1e-3] * 10)
    for module in ("fc1", "fc2", "out"):
        log.tensor("weight", f"{module}.weight", rms=1e-4)
    assert findings("large_updates", log) == []


@pytest.mark.parametrize(("ratio", "count"), [(0.09, 0), (0.11, 1)])
def test_needs_a_tenth_of_the_weight(ratio: float, count: int) -> None:
    assert len(findings("large_updates", moved([ratio] * 10))) == count


def test_silent_on_first_steps_after_which_the_loss_falls_far_before_it_is_lost_to_something_else() -> None:
    losses = [2.0 - 0.03 * min(step, 50) for step in range(60)] + [2.3] * 40
    assert findings("large_updates", moved([0.4] * 3 + [1e-3] * 7).metric("loss", losses)) == []


def test_finds_first_steps_after_which_the_loss_stays_high() -> None:
    [found] = findings("large_updates", moved([0.4] * 3 + [1e-3] * 7).metric("loss", [2.0] + [3.0] * 20 + [1.5] * 79))
    assert found.step == 0


def test_finds_steps_after_which_the_loss_is_low_but_not_as_low_as_before() -> None:
    [found] = findings("large_updates", moved([1e-3] * 4 + [0.4] * 3 + [1e-3] * 3).metric("loss", [2.0] * 10 + [0.2] * 30 + [3.0] * 30 + [0.8] * 30))
    assert found.step == 40
