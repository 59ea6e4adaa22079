from collections.abc import Callable

import pytest

from .builder import Log, Row, findings, healthy_log


def validated(shape: Callable[[float], float], accuracy_rises: bool = False) -> Log:
    """Validation loss by share of the run; training falls as in the healthy log."""

    def change(row: Row) -> Row:
        if row["split"] != "valid":
            return row
        t = row["step"] / 100
        return {**row, "loss_sum": shape(t), "correct": accuracy_rises and int(row["sample_id"][6:]) < 20 * t}

    return healthy_log().change("samples", change)


def test_silent_on_a_healthy_log() -> None:
    assert findings("overfitting", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("overfitting", healthy_log(steps=0)) == []


def test_finds_the_step_from_which_on_validation_gets_worse() -> None:
    [found] = findings("overfitting", validated(lambda t: 1 + 4 * abs(t - 0.49)))
    assert (found.subject, found.step, found.last_step) == ("valid", 49, 99)


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(lambda t: 2 - 1.5 * t, id="falls"),
        pytest.param(lambda t: 1 + abs(t - 0.5) if t < 0.8 else 0.8, id="double descent"),
        pytest.param(lambda t: 1 + 0.15 * max(0, t - 0.5), id="rises by less than a tenth"),
        pytest.param(lambda t: 1 + (1 - t) + (2 if t > 0.96 else 0), id="one bad evaluation at the end is no trend"),
        pytest.param(lambda t: 1.0, id="stays"),
    ],
)
def test_silent_on_look_alikes(shape: Callable[[float], float]) -> None:
    assert findings("overfitting", validated(shape)) == []


def test_silent_where_the_accuracy_still_rises() -> None:
    assert findings("overfitting", validated(lambda t: 1 + 4 * abs(t - 0.49), accuracy_rises=True)) == []


def test_silent_where_the_training_loss_rises_too() -> None:
    log = validated(lambda t: 1 + 4 * abs(t - 0.49)).metric("loss", [1 + abs(step / 100 - 0.49) for step in range(100)])
    assert findings("overfitting", log) == []


def test_three_evaluations_after_the_best_are_needed() -> None:
    assert findings("overfitting", validated(lambda t: 2 - t if t < 0.92 else 4)) == []
    assert len(findings("overfitting", validated(lambda t: 2 - t if t < 0.87 else 4))) == 1


def rises(by: float, *, accuracy_falls: bool = False) -> Log:
    """Before its first evaluation training came from 3 to 1, validation then from 1.1 to 1; from there it rises by this much in the last fifth."""

    def change(row: Row) -> Row:
        if row["split"] != "valid":
            return row
        rising = row["step"] >= 80
        right = int(row["sample_id"][6:]) < (8 if accuracy_falls and rising else 16)
        return {**row, "loss_sum": 1.1 if row["step"] < 10 else 1 + by * rising, "correct": right}

    return healthy_log().change("samples", change).metric("loss", [3 - 0.5 * step for step in range(5)] + [1 - step / 200 for step in range(5, 100)])


@pytest.mark.parametrize(("by", "count"), [(0.15, 0), (0.45, 0), (0.55, 1)])
def test_half_of_all_that_was_learned_where_the_answers_stay_right(by: float, count: int) -> None:
    assert len(findings("overfitting", rises(by))) == count


@pytest.mark.parametrize(("by", "count"), [(0.15, 0), (0.25, 1)])
def test_a_fifth_of_all_that_was_learned_where_they_do_not(by: float, count: int) -> None:
    assert len(findings("overfitting", rises(by, accuracy_falls=True))) == count
