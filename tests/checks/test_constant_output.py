import math
import random
from collections.abc import Sequence

import pytest

from .builder import Log, Row, findings, healthy_log
from .sample_rows import answer, quantity, sample_log

CHECK = "constant_output"


def classifier(spreads: Sequence[float], samples: int = 20) -> Log:
    """Evaluations whose largest probability is 0.8, give or take a spread."""
    chance = random.Random(0)
    passes = [[[answer(i, i % 4, 2, outputs=4, confidence=0.8 + spread * chance.uniform(-1, 1)) for i in range(samples)]] for spread in spreads]
    return sample_log("classification", valid=passes)


def regression(spreads: Sequence[float]) -> Log:
    """Training epochs of two batches; the prediction drifts from step to step, and differs between samples by a spread."""
    chance = random.Random(0)

    def batch(drift: float, spread: float) -> list[Row]:
        return [quantity(i, chance.gauss(0, 1), drift + spread * chance.gauss(0, 1)) for i in range(10)]

    return sample_log("regression", [[batch(0.1 * n, spread), batch(0.1 * n + 0.05, spread)] for n, spread in enumerate(spreads)])


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_the_pass_from_which_on_the_output_is_constant() -> None:
    [found] = findings(CHECK, classifier([0.1, 0.1, 0.0, 0.0, 0.0]))
    assert (found.subject, found.step, found.last_step) == ("valid", 2, 4)


def test_finds_a_constant_that_moves_with_the_training() -> None:
    [found] = findings(CHECK, regression([0.0, 0.0, 0.0]))
    assert (found.subject, found.step, found.last_step) == ("train", 0, 5)


def test_silent_on_outputs_that_are_not_finite() -> None:
    log = regression([0.1, 0.1, 0.1]).change("samples", lambda row: {**row, "predicted_value": math.nan} if row["step"] > 1 else row)
    assert findings(CHECK, log) == []


@pytest.mark.parametrize("spread, count", [(0.0, 1), (0.0005, 1), (0.02, 0)])
def test_needs_outputs_that_are_the_same_to_a_thousandth(spread: float, count: int) -> None:
    assert len(findings(CHECK, classifier([spread] * 3))) == count


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(classifier([0.0, 0.0, 0.1]), id="recovers"),
        pytest.param(classifier([0.1, 0.1, 0.0]), id="one pass"),
        pytest.param(classifier([0.0] * 3, samples=9), id="few samples"),
        pytest.param(regression([0.1, 0.1, 0.1]), id="predictions near the mean that still differ"),
        pytest.param(sample_log("classification", valid=[[[answer("one", 0, 0)] * 20]] * 3), id="one sample again and again"),
    ],
)
def test_silent_where_outputs_differ_or_little_is_known(log: Log) -> None:
    assert findings(CHECK, log) == []
