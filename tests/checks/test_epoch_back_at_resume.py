import pytest

from .builder import Log, findings, healthy_log

CHECK = "epoch_back_at_resume"


def resumed(at: int, back: int) -> Log:
    """From the resume on the epoch is lower by `back`."""
    log = healthy_log().event("resumed", at, step=at)
    return log.change("metrics", lambda row: {**row, "epoch": row["epoch"] - back * (row["step"] >= at)})


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_an_epoch_that_starts_over() -> None:
    [found] = findings(CHECK, resumed(50, 10))
    assert (found.subject, found.step, found.value, found.threshold) == ("epoch", 50, 0, 9)


@pytest.mark.parametrize("at, back, count", [(50, 0, 0), (50, 1, 0), (50, 2, 1), (52, 0, 0)])
def test_silent_where_the_epoch_goes_on_or_is_repeated(at: int, back: int, count: int) -> None:
    assert len(findings(CHECK, resumed(at, back))) == count
