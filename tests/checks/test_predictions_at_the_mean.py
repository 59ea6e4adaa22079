import random

import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import quantity, sample_log

CHECK = "predictions_at_the_mean"


def run(train: list[float], valid: list[float], samples: int = 50) -> Log:
    """Epochs by how far the predictions spread against the targets."""
    chance = random.Random(0)
    epochs = [[[[quantity(i, value := chance.gauss(3, 2), 3 + share * (value - 3)) for i in range(samples)]] for share in shares] for shares in (train, valid)]
    return sample_log("regression", *epochs)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_predictions_that_stay_at_the_mean() -> None:
    found = findings(CHECK, run([0.05] * 3, [0.05] * 3))
    assert [(row.subject, row.step, row.last_step, row.value) for row in found] == [(split, 0, 2, pytest.approx(0.05)) for split in ("train", "valid")]


@pytest.mark.parametrize(
    "train, valid, samples",
    [
        pytest.param([0.11] * 3, [0.11] * 3, 50, id="a little more"),
        pytest.param([0.05, 0.05, 0.5], [0.05] * 3, 50, id="training moves away at the end"),
        pytest.param([0.5] * 3, [0.05] * 3, 50, id="evaluation alone"),
        pytest.param([0.05] * 2, [0.05] * 2, 50, id="two epochs"),
        pytest.param([0.05] * 3, [0.05] * 3, 29, id="few samples"),
    ],
)
def test_silent_on_other_courses(train: list[float], valid: list[float], samples: int) -> None:
    assert findings(CHECK, run(train, valid, samples)) == []
