import random

import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import quantity, sample_log

CHECK = "worse_than_the_mean"


def run(train: float, valid: float, *, samples: int = 60, loss: str | None = "mse_loss", several: bool = False) -> Log:
    """Targets of variance 1, whose squared errors are these in training and in validation."""
    chance = random.Random(0)

    def rows(error: float) -> list[dict[str, object]]:
        made = []
        for i in range(samples):
            target = 1.0 if i % 2 else -1.0
            row = quantity(i, 0.0 if several else target, chance.choice([-1, 1]) * error**0.5 + (0.0 if several else target))
            if several:
                row |= {"target_values": [0.0, target], "predicted_values": [0.0, target + chance.choice([-1, 1]) * error**0.5]}
            made.append(row)
        return made

    return sample_log("regression", [[rows(train)]] * 2, [[rows(valid)]] * 2, loss=loss)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("several", [False, True])
def test_finds_predictions_that_a_constant_would_beat(several: bool) -> None:
    [found] = findings(CHECK, run(9.0, 4.0, several=several))
    assert (found.step, found.last_step, found.value) == (0, 1, pytest.approx(4.0))


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(run(1.4, 9.0), id="training no worse than the mean"),
        pytest.param(run(9.0, 1.4), id="validation no worse than the mean"),
        pytest.param(run(9.0, 9.0, samples=29), id="few samples"),
        pytest.param(run(9.0, 9.0, loss=None), id="predictions that may mean something else"),
        pytest.param(run(9.0, 9.0, loss="poisson_nll_loss"), id="predictions of the logarithm"),
    ],
)
def test_silent(log: Log) -> None:
    assert findings(CHECK, log) == []
