import random

import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import answer, sample_log

CHECK = "same_order_every_epoch"


def epochs(number: int, batches: int = 5, shuffled_from: int | None = None) -> Log:
    """Epochs of ten samples a batch, in one order until they are shuffled."""
    chance = random.Random(0)
    keys = list(range(10 * batches))
    train = []
    for epoch in range(number):
        if shuffled_from is not None and epoch >= shuffled_from:
            chance.shuffle(keys)
        train.append([[answer(key, key % 2, 0) for key in keys[10 * batch : 10 * batch + 10]] for batch in range(batches)])
    return sample_log("classification", train)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_calls_a_repeated_order_info() -> None:
    [found] = findings(CHECK, epochs(4))
    assert (found.subject, found.severity, found.step, found.last_step, found.value) == ("train", "info", 5, 19, 1.0)


@pytest.mark.parametrize("number, count", [(2, 0), (3, 1)])
def test_needs_two_repetitions(number: int, count: int) -> None:
    assert len(findings(CHECK, epochs(number))) == count


@pytest.mark.parametrize("batches, shuffled_from", [(1, None), (3, None), (5, 0), (5, 3)])
def test_silent_on_few_batches_and_on_shuffled_epochs(batches: int, shuffled_from: int | None) -> None:
    assert findings(CHECK, epochs(6, batches, shuffled_from)) == []


def test_silent_on_keys_that_are_used_for_one_sample_after_another() -> None:
    log = epochs(4).change("samples", lambda row: {**row, "sample_id": str(row["position"]), "target": (row["position"] + row["batch"]) % 2})
    assert findings(CHECK, log) == []
