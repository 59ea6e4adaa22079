import pytest

from .builder import Log, findings, healthy_log


def kept(log: Log, *steps: int) -> Log:
    for times, step in enumerate(steps, start=1):
        log.event("gradients_kept", step, optimizer=0, times=times)
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings("gradients_kept", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("gradients_kept", healthy_log(steps=0)) == []


def test_finds_gradients_that_were_never_cleared() -> None:
    [found] = findings("gradients_kept", kept(healthy_log(), 1, 2, 3))
    assert (found.subject, found.step, found.last_step, found.value) == ("", 1, 3, 3)


def test_counts_the_times_that_the_recorder_did_not_write_down() -> None:
    log = healthy_log().event("gradients_kept", 1, times=1).event("gradients_kept", 64, times=64)
    [found] = findings("gradients_kept", log)
    assert found.value == 64


@pytest.mark.parametrize(("steps", "count"), [((7,), 0), ((7, 8), 1)])
def test_needs_two_steps(steps: tuple[int, ...], count: int) -> None:
    assert len(findings("gradients_kept", kept(healthy_log(), *steps))) == count


def test_silent_on_other_events() -> None:
    log = healthy_log()
    for step in range(10):
        log.event("skipped_step", step)
    assert findings("gradients_kept", log) == []
