import pytest

from .builder import Log, findings, healthy_log

CHECK = "optimizer_state_lost"


def resumed(entries: int, steps: float | None, kind: str = "Adam", momentum: float | None = None, at: int = 50) -> Log:
    log = healthy_log().event("resumed", at, step=at).event("optimizer_state", at, optimizer=0, entries=entries, steps=steps)
    log.info["optimizers"][0] |= {"type": kind}
    log.info["optimizers"][0]["groups"][0] |= {"momentum": momentum}
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log().event("optimizer_state", 0, optimizer=0, entries=0, steps=None)) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("log", [resumed(0, None), resumed(6, 3.0), resumed(0, None, "SGD", 0.9)])
def test_finds_an_optimizer_that_begins_anew(log: Log) -> None:
    [found] = findings(CHECK, log)
    assert (found.subject, found.step, found.last_step, found.threshold) == ("optimizer", 50, 50, 50)


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(resumed(6, 50.0), id="state of all steps"),
        pytest.param(resumed(6, 30.0), id="a checkpoint from some steps earlier"),
        pytest.param(resumed(6, None, "SGD", 0.9), id="momentum that counts no steps"),
        pytest.param(resumed(0, None, "SGD", 0.0), id="an optimizer without state"),
        pytest.param(resumed(0, None, at=9), id="after nine steps"),
    ],
)
def test_silent_where_the_state_came_along_or_there_is_none(log: Log) -> None:
    assert findings(CHECK, log) == []
