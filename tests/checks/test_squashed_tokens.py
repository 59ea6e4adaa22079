import math

import pytest

from .builder import Log, Row, findings, healthy_log
from .sample_rows import sample_log, sequence

CHECK = "squashed_tokens"


def run(best: float, worst: float, *, outputs: int = 30, number: int = 60) -> Log:
    """Two epochs of sequences that all have these losses at their best and their worst token."""
    tokens = [{"position": 1, "target": 1, "predicted": 2, "loss": worst}, {"position": 0, "target": 1, "predicted": 1, "loss": best}]
    rows: list[Row] = [sequence(i, [best] * 9 + [worst], worst=tokens, outputs=outputs) for i in range(number)]
    return sample_log("language_model", [[rows]] * 2, loss="cross_entropy")


def bounds(outputs: int) -> tuple[float, float]:
    return math.log(math.e + outputs - 1) - 1, math.log(math.e + outputs - 1)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("outputs", [4, 30])
def test_finds_losses_that_stay_within_a_second_softmax(outputs: int) -> None:
    lowest, highest = bounds(outputs)
    [found] = findings(CHECK, run(lowest + 0.01, highest, outputs=outputs))
    assert (found.step, found.last_step, found.threshold) == (0, 1, pytest.approx(lowest))


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(run(bounds(30)[0] - 0.2, bounds(30)[1]), id="a loss below the floor"),
        pytest.param(run(bounds(30)[0] + 0.01, bounds(30)[1] + 0.1), id="a token that is surely wrong"),
        pytest.param(run(math.log(30), math.log(30) + 0.01), id="a model that has not begun to learn"),
        pytest.param(run(1.2, 1.5, outputs=4), id="few classes and a loss half way to the floor"),
        pytest.param(run(bounds(30)[0] + 0.01, bounds(30)[1], number=49), id="98 sequences"),
    ],
)
def test_silent(log: Log) -> None:
    assert findings(CHECK, log) == []
