import random

import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import answer, quantity, sample_log

CHECK = "too_good_at_once"


def run(confidences: list[float], samples: int = 100, wrong: int = 0) -> Log:
    rows = [[answer(i, i % 4, (i + (i < wrong)) % 4, outputs=4, confidence=confidence) for i in range(samples)] for confidence in confidences]
    return sample_log("classification", valid=[[epoch] for epoch in rows])


def regression(noise: float, outputs: int = 1) -> Log:
    chance = random.Random(0)
    more = {} if outputs == 1 else {"target_values": [0.0, 1.0], "predicted_values": [0.0, 1.0]}
    rows = [{**quantity(i, target := chance.gauss(0, 1), target + chance.gauss(0, noise)), **more} for i in range(100)]
    return sample_log("regression", valid=[[rows]] * 4, loss="mse_loss")


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_an_evaluation_without_any_error_from_early_on() -> None:
    [found] = findings(CHECK, run([0.9, 0.999, 0.999, 0.999, 0.999]))
    assert (found.subject, found.step, found.last_step) == ("valid", 1, 4)


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(run([0.9] * 5), id="some loss is left"),
        pytest.param(run([0.999] * 5, wrong=1), id="an error is left"),
        pytest.param(run([0.5, 0.6, 0.8, 0.9, 0.999]), id="late"),
        pytest.param(run([0.999] * 5, samples=99), id="few samples"),
        pytest.param(run([0.999] * 2), id="two evaluations"),
    ],
)
def test_silent_where_it_is_only_good(log: Log) -> None:
    assert findings(CHECK, log) == []


@pytest.mark.parametrize("batch, first, count", [(300, 0.98, 1), (3000, 0.98, 0), (300, 0.9, 0)])
def test_finds_what_a_few_samples_taught(batch: int, first: float, count: int) -> None:
    """One of 100 samples stays wrong, which is not perfect, but good after this many training samples."""
    log = run([first, 0.99, 0.999], wrong=1)
    log.change("samples", lambda row: {**row, "loss_sum": min(row["loss_sum"], 0.5)})
    taught = [answer(i, i % 4, 0, outputs=4, step=0, epoch=0, split="train", batch=0, position=i, **{"pass": 0}) for i in range(batch)]
    assert len(findings(CHECK, log.add("samples", *taught))) == count


@pytest.mark.parametrize("noise, outputs, count", [(0.01, 1, 1), (0.05, 1, 0), (0.01, 2, 0)])
def test_finds_an_exact_regression_of_one_output(noise: float, outputs: int, count: int) -> None:
    assert len(findings(CHECK, regression(noise, outputs))) == count
