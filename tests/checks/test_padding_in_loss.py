from collections.abc import Callable, Sequence

import pytest

from .builder import Log, Row, findings, healthy_log
from .sample_rows import log_numbers, sample_log, sequence

CHECK = "padding_in_loss"


def padded(formula: Callable[[Sequence[Row]], float], steps: int = 10, padding: int = 4) -> Log:
    """Batches of four sequences whose real tokens cost about 2 and whose padding costs 0.1, and a training loss by the formula."""
    batches = [
        [sequence(f"{step}.{i}", [2.0 + 0.1 * i + 0.05 * step] * (5 + (i + step) % 4), [0.1] * (padding * (1 + i % 3) // 2)) for i in range(4)]
        for step in range(steps)
    ]
    log = sample_log("language_model", [batches], loss="cross_entropy")
    return log_numbers(log, "loss", [formula(batch) for batch in batches], split="train")


def right(rows: Sequence[Row]) -> float:
    return sum(float(row["loss_sum"]) for row in rows) / sum(row["elements"] for row in rows)


def counted(rows: Sequence[Row]) -> float:
    return sum(float(row["loss_sum_total"]) for row in rows) / sum(row["elements_total"] for row in rows)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("formula", [counted, lambda rows: sum(float(row["loss_sum"]) for row in rows) / sum(row["elements_total"] for row in rows)])
def test_finds_padding_in_the_loss(formula: Callable[[Sequence[Row]], float]) -> None:
    [found] = findings(CHECK, padded(formula))
    assert (found.subject, found.step, found.last_step) == ("loss", 0, 9)


@pytest.mark.parametrize("formula", [right, lambda rows: sum(row["loss_sum"] / row["elements"] for row in rows) / len(rows)])
def test_silent_on_the_mean_over_real_tokens_or_over_sequences(formula: Callable[[Sequence[Row]], float]) -> None:
    assert findings(CHECK, padded(formula)) == []


def test_silent_where_there_is_no_padding() -> None:
    assert findings(CHECK, padded(counted, padding=0)) == []


@pytest.mark.parametrize("steps, count", [(2, 0), (3, 1)])
def test_needs_three_numbers(steps: int, count: int) -> None:
    assert len(findings(CHECK, padded(counted, steps))) == count
