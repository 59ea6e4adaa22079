import pytest

from .builder import Log, findings, healthy_log


def slow(log: Log, ratio: float = 1e-5) -> Log:
    for module in ("fc1", "fc2", "out"):
        log.tensor("update", f"{module}.weight", rms=0.1 * ratio)
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings("clipped_to_a_constant", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("clipped_to_a_constant", healthy_log(steps=0)) == []


def test_finds_a_norm_that_never_changes() -> None:
    [found] = findings("clipped_to_a_constant", slow(healthy_log().metric("gradient_norm", 0.001)))
    assert (found.subject, found.step, found.last_step, found.value) == ("gradient_norm", 0, 99, 0.001)


def test_silent_where_the_steps_are_large_enough_all_the_same() -> None:
    assert findings("clipped_to_a_constant", slow(healthy_log().metric("gradient_norm", 1.0), 1e-3)) == []


def test_silent_on_a_norm_that_varies() -> None:
    assert findings("clipped_to_a_constant", slow(healthy_log())) == []


@pytest.mark.parametrize(("clipped", "count"), [(89, 0), (90, 1)])
def test_needs_nine_steps_in_ten(clipped: int, count: int) -> None:
    norms = [0.5] * clipped + [0.1 + 0.003 * step for step in range(100 - clipped)]
    assert len(findings("clipped_to_a_constant", slow(healthy_log().metric("gradient_norm", norms)))) == count
