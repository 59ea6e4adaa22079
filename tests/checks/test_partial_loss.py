from collections.abc import Callable, Sequence

import pytest

from .builder import Log, Row, findings, healthy_log
from .sample_rows import answer, log_numbers, sample_log

CHECK = "partial_loss"


def accumulated(formula: Callable[[list[float]], float], steps: int = 20) -> Log:
    """Steps of two micro-batches, six and two samples, and a training loss made of their mean losses."""
    log = sample_log("classification", [[_micro_batch(step, 6) for step in range(steps)]], loss="cross_entropy")
    second = sample_log("classification", [[_micro_batch(step + 7, 2) for step in range(steps)]]).rows["samples"]
    log.add("samples", *({**row, "batch": steps + row["batch"]} for row in second))
    means = [[_mean(log, step, 0), _mean(log, step, steps)] for step in range(steps)]
    return log_numbers(log, "loss", [formula(mean) for mean in means], split="train")


def _micro_batch(step: int, size: int) -> list[Row]:
    return [answer(i, i % 2, i % 2, confidence=0.6 + 0.3 * ((3 * step + i) % 10) / 10) for i in range(size)]


def _mean(log: Log, step: int, offset: int) -> float:
    losses: Sequence[float] = [row["loss_sum"] for row in log.rows["samples"] if (row["step"], row["batch"]) == (step, step + offset)]
    return sum(losses) / len(losses)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("formula, phrase", [(lambda m: m[1], "last batch alone"), (lambda m: (m[0] + m[1]) / 2, "mean of the batch means")])
def test_finds_the_part_that_is_logged_and_calls_it_info(formula: Callable[[list[float]], float], phrase: str) -> None:
    [found] = findings(CHECK, accumulated(formula))
    assert (found.subject, found.severity, phrase in found.message) == ("loss", "info", True)


@pytest.mark.parametrize("formula", [lambda m: (6 * m[0] + 2 * m[1]) / 8, lambda m: (6 * m[0] + 2 * m[1]) / 16])
def test_silent_on_the_mean_of_the_step_and_on_its_share_of_an_accumulation(formula: Callable[[list[float]], float]) -> None:
    assert findings(CHECK, accumulated(formula)) == []
    assert findings("loss_by_another_formula", accumulated(formula)) == []


@pytest.mark.parametrize("steps, count", [(9, 0), (10, 1)])
def test_needs_ten_numbers(steps: int, count: int) -> None:
    assert len(findings(CHECK, accumulated(lambda m: m[1], steps))) == count
