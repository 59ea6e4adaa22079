import math

import pytest

from .builder import CLASSES, Log, Row, findings, healthy_log


def guessing(share: float = 1.0, *, right: bool = False) -> Log:
    """Every training sample has this share of the loss of a guess; the prediction is always class 0, or right."""

    def change(row: Row) -> Row:
        return {**row, "loss_sum": share * math.log(CLASSES), "prediction": 0, "correct": right or row["target"] == 0}

    return healthy_log().change("samples", change)


def test_silent_on_a_healthy_log() -> None:
    assert findings("no_better_than_guessing", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("no_better_than_guessing", healthy_log(steps=0)) == []


def test_finds_a_model_that_knows_only_how_often_each_class_occurs() -> None:
    [found] = findings("no_better_than_guessing", guessing())
    assert (found.subject, found.step, found.last_step) == ("train", 0, 99)
    assert found.value == pytest.approx(math.log(CLASSES))


@pytest.mark.parametrize(("share", "count"), [(0.96, 0), (0.98, 1)])
def test_a_loss_below_the_entropy_of_the_classes_is_learning(share: float, count: int) -> None:
    assert len(findings("no_better_than_guessing", guessing(share))) == count


def test_silent_where_the_loss_is_high_by_confidence_but_the_accuracy_is_good() -> None:
    assert findings("no_better_than_guessing", guessing(1.5, right=True)) == []


def test_silent_on_a_short_run() -> None:
    log = healthy_log(steps=20, every=5).change("samples", lambda row: {**row, "loss_sum": 2.4, "correct": False})
    assert findings("no_better_than_guessing", log) == []


def test_silent_where_it_guessed_at_first_and_learned_later() -> None:
    log = healthy_log().change("samples", lambda row: {**row, "loss_sum": 2.4, "correct": False} if row["step"] < 60 else row)
    assert findings("no_better_than_guessing", log) == []


def test_finds_the_step_from_which_on_what_was_learned_is_gone() -> None:
    log = healthy_log().change("samples", lambda row: {**row, "loss_sum": 2.4, "correct": False} if row["step"] >= 60 else row)
    [found] = findings("no_better_than_guessing", log)
    assert found.step == 60


def test_silent_where_only_the_last_two_tenths_are_bad() -> None:
    log = healthy_log().change("samples", lambda row: {**row, "loss_sum": 2.4, "correct": False} if row["step"] >= 80 else row)
    assert findings("no_better_than_guessing", log) == []


@pytest.mark.parametrize(("entropy", "count"), [(2.29, 1), (1.5, 0)])
def test_a_hair_ahead_is_a_guess_where_the_outputs_are_undecided(entropy: float, count: int) -> None:
    """A third of the samples right, at a loss of guessing: by outputs that are all about the same, or by some that are sure and wrong."""
    log = healthy_log()
    changes = {"loss_sum": 2.31, "entropy": entropy}
    log.change("samples", lambda row: {**row, **changes, "correct": row["sample_id"][-1] in "147"} if row["split"] == "train" else row)
    assert len(findings("no_better_than_guessing", log)) == count
