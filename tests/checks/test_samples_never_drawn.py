import random

import pytest

from .builder import Log, Row, findings, healthy_log

CHECK = "samples_never_drawn"


def drawing(there: int, **details: object) -> Log:
    """The healthy log, whose 40 training samples come once an epoch, drawn from a data set of this size."""
    return healthy_log().event("data_set", 0, split="train", samples=there, **details)


def drawn_at_random(epochs: int, seed: int = 0) -> Log:
    """A set of 40, drawn with replacement in each of these epochs of five batches."""
    chance = random.Random(seed)

    def change(row: Row) -> Row | None:
        return row if row["split"] != "train" else None if row["epoch"] >= epochs else {**row, "sample_id": f"train:{chance.randrange(40)}"}

    return healthy_log(steps=5 * epochs, every=1).event("data_set", 0, split="train", samples=40).change("samples", change)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_a_third_that_never_comes() -> None:
    [found] = findings(CHECK, drawing(60))
    assert (found.subject, found.step, found.last_step, found.value) == ("train", 0, 99, pytest.approx(1 / 3))


@pytest.mark.parametrize(("there", "count"), [(40, 0), (42, 0), (43, 0), (44, 1)])
def test_needs_a_twentieth_and_more_than_chance(there: int, count: int) -> None:
    assert len(findings(CHECK, drawing(there))) == count


@pytest.mark.parametrize("epochs", [1, 2, 3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_silent_on_drawing_with_replacement(epochs: int, seed: int) -> None:
    assert findings(CHECK, drawn_at_random(epochs, seed)) == []


def test_silent_where_classes_are_drawn_by_weight() -> None:
    """A frequent class of which each sample comes every tenth epoch, and a rare one that fills half of each batch."""
    chance = random.Random(1)

    def change(row: Row) -> Row:
        return row if row["split"] != "train" else {**row, "sample_id": f"train:{chance.randrange(4) if chance.random() < 0.5 else 4 + chance.randrange(196)}"}

    assert findings(CHECK, drawing(200).change("samples", change)) == []


def test_silent_in_the_first_epoch() -> None:
    assert findings(CHECK, healthy_log(steps=8, every=1).event("data_set", 0, split="train", samples=60)) == []


def test_silent_where_samples_are_recorded_at_some_steps_only() -> None:
    assert findings(CHECK, drawing(60).change("samples", lambda row: row if row["step"] % 5 == 4 else None)) == []


def test_silent_where_another_process_is_not_in_the_log() -> None:
    log = drawing(80)
    log.info["world_size"] = 2
    assert findings(CHECK, log) == []


def test_silent_on_a_validation_set_that_is_looked_at_in_part() -> None:
    assert findings(CHECK, healthy_log().event("data_set", 0, split="valid", samples=500)) == []
