from math import nan

from .builder import Log, findings, healthy_log


def declared(losses: list[float]) -> Log:
    log = healthy_log(steps=len(losses)).metric("loss", losses)
    log.info["guarantees"] = ["monotone_decrease"]
    return log


def test_silent_where_nothing_is_declared() -> None:
    assert findings("loss_not_monotone", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("loss_not_monotone", healthy_log(steps=0)) == []


def test_silent_where_the_promise_is_kept() -> None:
    assert findings("loss_not_monotone", declared([2.0 / (1 + step) for step in range(50)])) == []


def test_finds_the_first_step_that_rises() -> None:
    [found] = findings("loss_not_monotone", declared([2.0, 1.5, 1.0, 1.25, 1.0, 1.125]))
    assert (found.subject, found.step, found.last_step, found.value) == ("loss", 3, 5, 0.25)


def test_silent_within_rounding() -> None:
    assert findings("loss_not_monotone", declared([1.0, 1.0 + 9e-7])) == []
    assert len(findings("loss_not_monotone", declared([1.0, 1.0 + 1.1e-6]))) == 1


def test_nan_breaks_the_promise() -> None:
    [found] = findings("loss_not_monotone", declared([1.0, 0.5, nan]))
    assert found.step == 2
