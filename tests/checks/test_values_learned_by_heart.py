import random

import pytest

from .builder import Log, Row, findings, healthy_log
from .sample_rows import quantity, sample_log

CHECK = "values_learned_by_heart"


def run(trained: list[float], evaluated: list[float], samples: int = 200) -> Log:
    """How much of the target is in the prediction, by epoch of training and by evaluation."""
    chance = random.Random(0)

    def epoch(weight: float, number: int) -> list[list[Row]]:
        values = [chance.gauss(0, 1) for _ in range(number)]
        return [[quantity(i, value, weight * value + (1 - weight) * chance.gauss(0, 1)) for i, value in enumerate(values)]]

    return sample_log("regression", [epoch(weight, 200) for weight in trained], [epoch(weight, samples) for weight in evaluated])


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_training_that_learns_while_evaluation_stays_at_chance() -> None:
    [found] = findings(CHECK, run([0, 0.5, 0.9], [0, 0, 0]))
    assert (found.subject, found.step, found.last_step) == ("valid", 0, 2)


@pytest.mark.parametrize(
    "trained, evaluated, samples",
    [
        pytest.param([0, 0.5, 0.9], [0, 0.3, 0.1], 200, id="evaluation followed once: overfitting"),
        pytest.param([0, 0.1, 0.2], [0, 0, 0], 200, id="training does not learn either"),
        pytest.param([0, 0.9], [0, 0], 200, id="two evaluations"),
        pytest.param([0, 0.5, 0.9], [0, 0, 0], 40, id="few samples"),
    ],
)
def test_silent_on_other_courses(trained: list[float], evaluated: list[float], samples: int) -> None:
    assert findings(CHECK, run(trained, evaluated, samples)) == []
