import random

import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import quantity, sample_log

CHECK = "far_off_in_validation"


def run(train: float, valid: float, *, loss: str = "mse_loss") -> Log:
    """Targets of variance 1, whose squared errors are these in training and in validation."""
    chance = random.Random(0)

    def rows(error: float) -> list[dict[str, object]]:
        return [quantity(i, target := (1.0 if i % 2 else -1.0), target + chance.choice([-1, 1]) * error**0.5) for i in range(60)]

    return sample_log("regression", [[rows(train)]] * 3, [[rows(valid)]] * 3, loss=loss)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_an_evaluation_unlike_all_that_was_trained_on() -> None:
    [found] = findings(CHECK, run(0.1, 40.0))
    assert (found.subject, found.step, found.last_step, found.value) == ("valid", 0, 2, pytest.approx(40.0))


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(run(0.01, 2.1), id="learned by heart"),
        pytest.param(run(0.1, 9.0), id="bad, but not that far off"),
        pytest.param(run(0.8, 40.0), id="training is bad as well"),
        pytest.param(run(0.1, 40.0, loss="l1_loss"), id="another loss"),
    ],
)
def test_silent(log: Log) -> None:
    assert findings(CHECK, log) == []
