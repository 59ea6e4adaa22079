from collections.abc import Callable, Sequence

import pytest

from .builder import Log, Row, findings, healthy_log
from .sample_rows import log_numbers, sample_log, sequence

CHECK = "padding_in_metric"


def scored(formula: Callable[[Sequence[Row]], float], evaluations: int = 5, padding: int = 4, name: str = "accuracy") -> Log:
    """Evaluations of six padded sequences of which more and more tokens are predicted right."""
    passes = [[sequence(i, [2.0] * (5 + i), [0.1] * padding, correct=min(2 + i % 3 + number, 5)) for i in range(6)] for number in range(evaluations)]
    log = sample_log("language_model", valid=[[rows] for rows in passes], loss="cross_entropy")
    return log_numbers(log, name, [formula(rows) for rows in passes], split="valid")


def tokens(rows: Sequence[Row], column: str) -> int:
    return sum(int(row[column]) for row in rows)


def padding_as_hits(rows: Sequence[Row]) -> float:
    return (tokens(rows, "tokens_correct") + tokens(rows, "elements_total") - tokens(rows, "elements")) / tokens(rows, "elements_total")


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("formula", [padding_as_hits, lambda rows: tokens(rows, "tokens_correct") / tokens(rows, "elements_total")])
def test_finds_padding_in_the_accuracy(formula: Callable[[Sequence[Row]], float]) -> None:
    [found] = findings(CHECK, scored(formula))
    assert (found.subject, found.step, found.last_step) == ("accuracy", 0, 4)


def test_silent_on_the_share_of_real_tokens() -> None:
    assert findings(CHECK, scored(lambda rows: tokens(rows, "tokens_correct") / tokens(rows, "elements"))) == []


def test_silent_where_there_is_no_padding() -> None:
    assert findings(CHECK, scored(padding_as_hits, padding=0)) == []


@pytest.mark.parametrize("evaluations, count", [(2, 0), (3, 1)])
def test_needs_three_numbers(evaluations: int, count: int) -> None:
    assert len(findings(CHECK, scored(padding_as_hits, evaluations))) == count
