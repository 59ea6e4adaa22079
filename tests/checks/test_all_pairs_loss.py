import random
from collections.abc import Callable, Sequence

import pytest

from .builder import Log, Row, findings, healthy_log
from .sample_rows import log_numbers, quantity, sample_log

CHECK = "all_pairs_loss"


def regression(formula: Callable[[Sequence[Row]], float], steps: int = 10, loss: str | None = "mse_loss") -> Log:
    chance = random.Random(0)
    batches = [[quantity(i, target := chance.gauss(0, 1), 0.5 * target + chance.gauss(0, 0.3)) for i in range(8)] for _ in range(steps)]
    log = sample_log("regression", [batches], loss=loss)
    return log_numbers(log, "loss", [formula(batch) for batch in batches], split="train")


def pairwise(rows: Sequence[Row]) -> float:
    return sum((a["predicted_value"] - b["target_value"]) ** 2 for a in rows for b in rows) / len(rows) ** 2


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("loss", ["mse_loss", None])
def test_finds_a_loss_over_all_pairs(loss: str | None) -> None:
    [found] = findings(CHECK, regression(pairwise, loss=loss))
    assert (found.subject, found.step, found.last_step, found.value) == ("loss", 0, 9, 1.0)


@pytest.mark.parametrize(
    "formula", [lambda rows: sum(row["error"] ** 2 for row in rows) / len(rows), lambda rows: sum(row["error"] ** 2 for row in rows), lambda rows: 1.9]
)
def test_silent_on_other_losses(formula: Callable[[Sequence[Row]], float]) -> None:
    assert findings(CHECK, regression(formula)) == []


@pytest.mark.parametrize("steps, count", [(2, 0), (3, 1)])
def test_needs_three_numbers(steps: int, count: int) -> None:
    assert len(findings(CHECK, regression(pairwise, steps))) == count
