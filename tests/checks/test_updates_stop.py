import pytest

from .builder import Log, findings, healthy_log

LAYERS = ("fc1", "fc2", "out")


def stopping(first: int, *modules: str) -> Log:
    """Updates that are zero from the `first` recorded step on."""
    log = healthy_log()
    for module in modules or LAYERS:
        for kind in ("weight", "bias"):
            log.tensor("update", f"{module}.{kind}", rms=[1e-4 if place < first else 0.0 for place in range(10)])
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings("updates_stop", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("updates_stop", healthy_log(steps=0)) == []


def test_finds_the_step_from_which_nothing_moves() -> None:
    [found] = findings("updates_stop", stopping(4))
    assert (found.subject, found.step, found.last_step, found.value) == ("fc1.weight", 40, 90, 6)


def test_silent_where_the_rate_is_zero() -> None:
    assert findings("updates_stop", stopping(4).metric("learning_rate", [1e-3] * 40 + [0.0] * 60)) == []


def test_silent_where_the_gradient_is_gone() -> None:
    log = stopping(4)
    for module in LAYERS:
        for kind in ("weight", "bias"):
            log.tensor("gradient", f"{module}.{kind}", rms=[1e-2] * 4 + [1e-9] * 6)
    assert findings("updates_stop", log) == []


def test_silent_where_one_layer_goes_on() -> None:
    assert findings("updates_stop", stopping(4, "fc1", "fc2")) == []


def test_silent_where_the_weights_move_again() -> None:
    assert findings("updates_stop", stopping(4).tensor("update", "out.weight", rms=[1e-4] * 4 + [0.0] * 5 + [1e-4])) == []


def test_silent_on_a_line_search_that_refuses_steps() -> None:
    log = stopping(4)
    log.info["optimizers"] = [{"type": "LBFGS", "groups": [{"lr": 1.0, "parameters": 6}]}]
    assert findings("updates_stop", log) == []


@pytest.mark.parametrize(("first", "count"), [(8, 0), (7, 1)])
def test_needs_three_recorded_steps_in_a_row(first: int, count: int) -> None:
    assert len(findings("updates_stop", stopping(first))) == count
