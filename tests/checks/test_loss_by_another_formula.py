import math
from collections.abc import Callable, Sequence

import pytest

from .builder import Log, Row, findings, healthy_log

CHECK = "loss_by_another_formula"


def relogged(formula: Callable[[Sequence[Row]], float], split: str = "train", steps: int = 100) -> Log:
    """The healthy log with the loss of a split computed by another formula from the samples of each step."""
    log = healthy_log(steps)
    rows = [row for row in log.rows["samples"] if row["split"] == split]
    at = sorted({row["step"] for row in rows})
    return log.metric("loss", [formula([row for row in rows if row["step"] == step]) for step in at], split=split, steps=at)


def total(rows: Sequence[Row]) -> float:
    return sum(float(row["loss_sum"]) for row in rows)


def batch_means(rows: Sequence[Row]) -> list[float]:
    """In the evaluation of the builder: 20 samples in batches of 8, 8 and 4."""
    batches = [[row for row in rows if row["batch"] == number] for number in sorted({row["batch"] for row in rows})]
    return [total(batch) / len(batch) for batch in batches]


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize(
    "formula, phrase",
    [
        (total, "the sum over the elements"),
        (lambda rows: total(rows) / 64, "divided by the batch size again"),
        (lambda rows: total(rows) / 80, "the mean over the classes too"),
        (lambda rows: sum(math.log(row["p_exp_sum"]) - row["p_target"] for row in rows) / 8, "a softmax of the softmax"),
        (lambda rows: sum(-row["p_target"] for row in rows) / 8, "minus the probability"),
        (lambda rows: sum(-row["z_target"] for row in rows) / 8, "minus the output"),
        (lambda rows: total(rows) / 8 / math.log(2), "in bits"),
        (lambda rows: math.exp(total(rows) / 8), "the perplexity"),
        (lambda rows: math.sqrt(total(rows) / 8), "the root of the mean loss"),
    ],
)
def test_names_the_formula_of_a_training_loss(formula: Callable[[Sequence[Row]], float], phrase: str) -> None:
    [found] = findings(CHECK, relogged(formula))
    assert (found.subject, found.step, found.last_step, found.value) == ("loss", 0, 99, 1.0)
    assert phrase in found.message


@pytest.mark.parametrize(
    "formula, phrase",
    [
        (lambda rows: sum(batch_means(rows)) / 3 * 1.0, "the mean of the batch means, although"),
        (lambda rows: sum(batch_means(rows)), "the sum of the batch means, not divided"),
        (lambda rows: sum(batch_means(rows)) / 20, "divided by the batch size twice"),
        (lambda rows: total(rows) / 3, "the sum of the batch sums divided by the number of batches"),
        (lambda rows: sum(batch_means(rows)) / 9, "divided by the number of batches again"),
        (lambda rows: batch_means(rows)[-1], "the last batch alone"),
        (lambda rows: math.sqrt(total(rows) / 20), "the root of the mean loss"),
        (lambda rows: total(rows) / 200, "the mean over the classes too"),
    ],
)
def test_names_the_formula_of_an_evaluation_loss(formula: Callable[[Sequence[Row]], float], phrase: str) -> None:
    found = findings(CHECK, relogged(formula, "valid"))
    assert [(row.subject, phrase in row.message) for row in found] == [("loss", True)]


def test_names_a_running_mean_that_is_never_reset() -> None:
    seen: list[float] = []

    def running(rows: Sequence[Row]) -> float:
        seen.extend(float(row["loss_sum"]) for row in rows)
        return sum(seen) / len(seen)

    [found] = findings(CHECK, relogged(running, "valid"))
    assert "never reset" in found.message and found.step == 9


@pytest.mark.parametrize(
    "formula",
    [
        pytest.param(lambda rows: total(rows) / len(rows) + 0.3, id="a term of regularisation"),
        pytest.param(lambda rows: 0.9 * total(rows) / len(rows) + 0.1 * 2.3, id="smoothed"),
        pytest.param(lambda rows: round(total(rows) / len(rows), 2), id="rounded"),
        pytest.param(lambda rows: 1.0, id="constant"),
    ],
)
def test_silent_where_no_known_formula_gives_the_number(formula: Callable[[Sequence[Row]], float]) -> None:
    assert findings(CHECK, relogged(formula)) == []


def test_silent_on_a_sum_that_was_declared() -> None:
    log = relogged(total)
    log.info["loss"]["reduction"] = "sum"
    assert findings(CHECK, log) == []


@pytest.mark.parametrize("formula", [total, lambda rows: math.sqrt(total(rows) / 8)])
@pytest.mark.parametrize("name", [None, "FocalLoss"])
def test_silent_on_a_training_sum_or_root_of_a_loss_that_may_be_one(name: str | None, formula: Callable[[Sequence[Row]], float]) -> None:
    log = relogged(formula)
    log.info["loss"] = {"name": name}
    assert findings(CHECK, log) == []


def test_finds_a_sum_in_evaluation_where_training_logs_a_mean_though_nothing_is_declared() -> None:
    log = relogged(total, "valid")
    log.info["loss"] = {}
    [found] = findings(CHECK, log)
    assert "the sum over the elements" in found.message


def test_silent_on_the_mean_over_the_epoch() -> None:
    log = healthy_log()
    losses = [row["value"] for row in log.rows["metrics"] if (row["name"], row["split"]) == ("loss", "train")]
    epochs = [sum(losses[step - step % 5 : step + 1]) / (step % 5 + 1) for step in range(100)]
    assert findings(CHECK, log.metric("loss", epochs)) == []


@pytest.mark.parametrize("steps, count", [(2, 0), (3, 1)])
def test_needs_three_numbers(steps: int, count: int) -> None:
    assert len(findings(CHECK, relogged(total, steps=steps))) == count


def test_silent_where_samples_are_missing_from_the_batches() -> None:
    log = healthy_log()
    assert findings(CHECK, log.change("samples", lambda row: row if row["position"] < 5 else None)) == []


def test_silent_on_a_tenth_of_a_loss_that_may_be_one() -> None:
    log = relogged(lambda rows: total(rows) / 80)
    log.info["loss"] = {"name": "FocalLoss"}
    assert findings(CHECK, log) == []


def test_silent_on_a_loss_divided_by_as_many_micro_batches_as_there_are_classes() -> None:
    """A step of eight micro-batches of one sample each, and eight classes."""
    log = relogged(lambda rows: total(rows) / 64)
    log.change("samples", lambda row: {**row, "outputs": 8, "batch": row["position"] if row["split"] == "train" else row["batch"]})
    assert [row for row in findings(CHECK, log) if "classes" in row.message] == []
