import pytest

from .builder import Log, findings, healthy_log
from .test_frozen_parameters import frozen

FAN_IN = 64


def hardly_learns(log: Log, last: float = 1.2) -> Log:
    return log.metric("loss", [2.0 - (2.0 - last) * step / 99 for step in range(100)])


def drawn(log: Log, *modules: str, rms: float = (3 * FAN_IN) ** -0.5, largest: float = 0.999 * FAN_IN**-0.5) -> Log:
    for module in modules:
        log.tensor("weight", f"{module}.weight", rms=rms, min=-largest, max=largest)
    return hardly_learns(log)


def test_silent_on_a_healthy_log() -> None:
    assert findings("frozen_at_random", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("frozen_at_random", healthy_log(steps=0)) == []


def test_finds_frozen_layers_that_are_still_as_drawn() -> None:
    [found] = findings("frozen_at_random", drawn(frozen(healthy_log(), "fc1", "fc2"), "fc1", "fc2"))
    assert (found.subject, found.step, found.last_step) == ("fc1.weight", 0, 90)


def test_silent_on_a_pretrained_body() -> None:
    assert findings("frozen_at_random", drawn(frozen(healthy_log(), "fc1", "fc2"), "fc1", "fc2", rms=0.09, largest=0.6)) == []


def test_silent_on_random_layers_that_learn() -> None:
    assert findings("frozen_at_random", drawn(healthy_log(), "fc1", "fc2", "out")) == []


def test_silent_on_a_copy_that_starts_at_random_and_follows_along() -> None:
    log = drawn(frozen(healthy_log(), "fc1", "fc2"), "fc1", "fc2")
    for module in ("fc1", "fc2"):
        log.tensor("weight", f"{module}.weight", rms=[(3 * FAN_IN) ** -0.5 * (1 + 0.01 * recorded) for recorded in range(10)])
    assert findings("frozen_at_random", log) == []


@pytest.mark.parametrize(("last", "count"), [(0.9, 0), (1.1, 1)])
def test_silent_where_the_loss_is_halved_on_random_features(last: float, count: int) -> None:
    log = hardly_learns(drawn(frozen(healthy_log(), "fc1", "fc2"), "fc1", "fc2"), last)
    assert len(findings("frozen_at_random", log)) == count


def test_silent_on_a_single_random_projection() -> None:
    assert findings("frozen_at_random", drawn(frozen(healthy_log(), "fc1"), "fc1")) == []


@pytest.mark.parametrize(("modules", "count"), [(("fc2", "out"), 0), (("fc1", "out"), 1)])
def test_needs_half_of_the_weights(modules: tuple[str, ...], count: int) -> None:
    assert len(findings("frozen_at_random", drawn(frozen(healthy_log(), *modules), *modules))) == count


def test_silent_on_layers_that_are_thawed_later() -> None:
    log = drawn(frozen(healthy_log(), "fc1", "fc2"), "fc1", "fc2")
    for module in ("fc1", "fc2"):
        log.event("trainable", 30, tensor=f"{module}.weight", trainable=True)
    assert findings("frozen_at_random", log) == []
