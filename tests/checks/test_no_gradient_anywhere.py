import pytest

from .builder import Log, findings, healthy_log

CHECK = "no_gradient_anywhere"


def still(log: Log, *alive: str, **facts: object) -> Log:
    """All gradients zero but those of the parameters named."""
    for module in ("fc1", "fc2", "out"):
        for part in ("weight", "bias"):
            name = f"{module}.{part}"
            log.tensor("weight", name, facts=facts)
            if name not in alive:
                log.tensor("gradient", name, rms=0.0)
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_gradients_that_are_all_zero() -> None:
    [found] = findings(CHECK, still(healthy_log()))
    assert (found.subject, found.step, found.last_step, found.value) == ("", 0, 90, 10)


def test_silent_where_a_bias_has_one() -> None:
    assert findings(CHECK, still(healthy_log(), "out.bias")) == []


def test_silent_where_the_gradient_comes_later() -> None:
    log = still(healthy_log()).tensor("gradient", "out.bias", rms=[0.0] * 9 + [0.01])
    assert findings(CHECK, log) == []


def test_silent_where_nothing_is_trained() -> None:
    assert findings(CHECK, still(healthy_log(), trainable=False)) == []


@pytest.mark.parametrize(("steps", "count"), [(20, 0), (30, 1)])
def test_needs_three_recorded_steps(steps: int, count: int) -> None:
    assert len(findings(CHECK, still(healthy_log(steps=steps)))) == count
