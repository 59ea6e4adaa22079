import pytest

from .builder import Log, findings, healthy_log
from .test_frozen_parameters import frozen

FAN_IN = 64


def drawn(log: Log, *modules: str, rms: float = (3 * FAN_IN) ** -0.5, largest: float = 0.999 * FAN_IN**-0.5) -> Log:
    for module in modules:
        log.tensor("weight", f"{module}.weight", rms=rms, min=-largest, max=largest)
    return log


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


@pytest.mark.parametrize(("modules", "count"), [(("fc2",), 0), (("fc1",), 1)])
def test_needs_half_of_the_weights(modules: tuple[str, ...], count: int) -> None:
    assert len(findings("frozen_at_random", drawn(frozen(healthy_log(), *modules), *modules))) == count
