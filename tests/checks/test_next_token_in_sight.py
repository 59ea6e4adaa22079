import pytest

from .builder import Log, Row, findings, healthy_log
from .sample_rows import sample_log, sequence

CHECK = "next_token_in_sight"


def seen(losses: list[float], *, next_token: int = 9, number: int = 40, padding: int = 0) -> Log:
    """Evaluations of sequences with these losses, whose targets equal the next input this many times of nine."""
    worst = sorted(({"position": at, "target": 1, "predicted": 2, "loss": loss} for at, loss in enumerate(losses)), key=lambda token: -float(token["loss"]))
    rows: list[Row] = [sequence(i, losses, [0.0] * padding, input_at_lag=[1, 1, 1, next_token, 1], worst=worst[:4]) for i in range(number)]
    return sample_log("language_model", valid=[[rows]] * 3, loss="cross_entropy")


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_a_model_that_is_sure_of_all_but_the_last_token() -> None:
    [found] = findings(CHECK, seen([0.02] * 9 + [2.0]))
    assert (found.subject, found.step, found.last_step, found.value) == ("valid", 0, 2, pytest.approx(0.02))


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(seen([2.0] * 9 + [2.1]), id="a model without sight"),
        pytest.param(seen([2.0] + [0.02] * 9), id="sequences that their beginning tells"),
        pytest.param(seen([0.3] * 9 + [2.0]), id="not sure before the last"),
        pytest.param(seen([0.02] * 9 + [2.0], next_token=3), id="tags instead of the next token"),
        pytest.param(seen([0.02] * 9 + [2.0], number=29), id="29 sequences"),
        pytest.param(seen([0.02] * 9 + [2.0], padding=2), id="padding, so that the last token is not at the last position"),
        pytest.param(seen([0.02] * 4 + [2.0]), id="five tokens"),
    ],
)
def test_silent_on_other_courses(log: Log) -> None:
    assert findings(CHECK, log) == []
