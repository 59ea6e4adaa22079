import random

import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import answer, quantity, sample_log

CHECK = "class_sorted_batches"


def classes(mixed: float, epochs: int = 3, batches: int = 5) -> Log:
    """Epochs in which the samples come sorted by class, but for a share that is placed at random."""
    chance = random.Random(0)
    epoch = [
        [answer(i, target := chance.randrange(5) if chance.random() < mixed else batch % 5, target, outputs=5) for i in range(20)] for batch in range(batches)
    ]
    return sample_log("classification", [epoch] * epochs)


def quantities(mixed: float) -> Log:
    chance = random.Random(0)
    epoch = [[quantity(i, chance.uniform(0, 5) if chance.random() < mixed else batch + chance.random(), 1.0) for i in range(20)] for batch in range(5)]
    return sample_log("regression", [epoch] * 3)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_batches_of_one_class() -> None:
    [found] = findings(CHECK, classes(0.0))
    assert (found.subject, found.step, found.last_step, found.value) == ("train", 0, 14, 1.0)


@pytest.mark.parametrize("mixed, count", [(0.1, 1), (0.5, 0), (1.0, 0)])
def test_silent_on_batches_that_are_mixed(mixed: float, count: int) -> None:
    assert len(findings(CHECK, classes(mixed))) == count


@pytest.mark.parametrize("mixed, count", [(0.0, 1), (0.2, 1), (0.7, 0), (1.0, 0)])
def test_finds_batches_sorted_by_a_quantity(mixed: float, count: int) -> None:
    assert len(findings(CHECK, quantities(mixed))) == count


def test_silent_on_batches_of_one_sample() -> None:
    epoch = [[answer(i, i % 5, i % 5, outputs=5)] for i in range(40)]
    assert findings(CHECK, sample_log("classification", [epoch] * 3)) == []


@pytest.mark.parametrize("batches, count", [(3, 0), (4, 1)])
def test_needs_four_batches(batches: int, count: int) -> None:
    assert len(findings(CHECK, classes(0.0, batches=batches))) == count


def test_silent_where_one_epoch_of_three_is_sorted() -> None:
    log, mixed = classes(0.0), classes(1.0)
    log.rows["samples"] = [row for row in log.rows["samples"] if row["epoch"] == 0] + [row for row in mixed.rows["samples"] if row["epoch"] > 0]
    assert findings(CHECK, log) == []
