import pytest

from .builder import Log, findings, healthy_log


def skipping(log: Log, steps: range) -> Log:
    for step in steps:
        log.event("skipped_step", step, optimizer=0)
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings("skipped_steps", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("skipped_steps", healthy_log(steps=0)) == []


def test_silent_while_the_scale_settles() -> None:
    assert findings("skipped_steps", skipping(healthy_log(), range(0, 16))) == []


def test_silent_on_a_rare_skip() -> None:
    assert findings("skipped_steps", skipping(healthy_log(steps=1000, every=100), range(50, 1000, 200))) == []


def test_finds_skips_that_begin_late_and_go_on() -> None:
    [found] = findings("skipped_steps", skipping(healthy_log(), range(60, 100, 3)))
    assert (found.step, found.last_step) == (60, 99)


def test_finds_a_run_that_never_got_past_its_first_skips() -> None:
    [found] = findings("skipped_steps", skipping(healthy_log(steps=20, every=2), range(0, 20)))
    assert (found.step, found.last_step) == (0, 19)


@pytest.mark.parametrize(("skips", "count"), [(5, 0), (6, 1)])
def test_needs_a_tenth_of_the_steps(skips: int, count: int) -> None:
    assert len(findings("skipped_steps", skipping(healthy_log(), range(50, 50 + 5 * skips, 5)))) == count
