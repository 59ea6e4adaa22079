import pytest

from .builder import Log, findings, healthy_log


def freezing(*modules: str, step: int = 30, level: float = 2.0) -> Log:
    log = healthy_log().metric("loss", [max(level, 2.3 - 0.02 * step) for step in range(100)])
    for module in modules:
        for part in ("weight", "bias"):
            log.event("trainable", step, tensor=f"{module}.{part}", trainable=False)
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings("frozen_in_mid_run", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("frozen_in_mid_run", healthy_log(steps=0)) == []


def test_finds_the_step_at_which_most_of_the_model_was_frozen() -> None:
    [found] = findings("frozen_in_mid_run", freezing("fc1", "fc2"))
    assert (found.subject, found.step, found.last_step) == ("fc1.weight", 30, 90)


def test_silent_where_the_layers_are_released_again() -> None:
    log = freezing("fc1", "fc2")
    for module in ("fc1", "fc2"):
        for part in ("weight", "bias"):
            log.event("trainable", 60, tensor=f"{module}.{part}", trainable=True)
    assert findings("frozen_in_mid_run", log) == []


def test_silent_on_layers_that_are_frozen_once_they_have_learned() -> None:
    assert findings("frozen_in_mid_run", freezing("fc1", "fc2", step=90, level=0.4)) == []


@pytest.mark.parametrize(("module", "count"), [("fc2", 0), ("fc1", 1)])
def test_needs_half_of_the_weights(module: str, count: int) -> None:
    assert len(findings("frozen_in_mid_run", freezing(module))) == count
