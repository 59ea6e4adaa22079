import random

import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import answer, sample_log

CHECK = "repeated_samples"


def epochs(keys: list[list[int]]) -> Log:
    return sample_log("classification", [[[answer(key, 0, 0) for key in epoch[start : start + 10]] for start in range(0, len(epoch), 10)] for epoch in keys])


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("times", [2, 4])
def test_finds_samples_that_come_several_times(times: int) -> None:
    [found] = findings(CHECK, epochs([list(range(20)) * times] * 3))
    assert (found.subject, found.step, found.value) == ("train", 0, times)


def test_silent_on_draws_with_replacement() -> None:
    chance = random.Random(0)
    assert findings(CHECK, epochs([chance.choices(range(40), k=40) for _ in range(3)])) == []
    assert findings(CHECK, epochs([chance.choices(range(40), k=120) for _ in range(3)])) == []


@pytest.mark.parametrize("doubled, count", [(17, 0), (19, 1)])
def test_needs_nine_of_ten_samples(doubled: int, count: int) -> None:
    assert len(findings(CHECK, epochs([[*range(20), *range(doubled)]] * 3))) == count


def test_silent_where_no_epoch_is_set() -> None:
    log = epochs([list(range(20)) * 3] * 2)
    assert findings(CHECK, log.change("samples", lambda row: {**row, "epoch": None})) == []


def test_silent_on_keys_that_are_used_for_one_sample_after_another() -> None:
    log = epochs([list(range(10)) * 6] * 3).change("samples", lambda row: {**row, "target": (row["position"] + row["batch"]) % 2})
    assert findings(CHECK, log) == []
    unlabelled = epochs([list(range(10)) * 6] * 3).change("samples", lambda row: {**row, "target": None})
    assert len(findings(CHECK, unlabelled)) == 1
    unlabelled.add("inputs", *({"sample_id": str(i), "split": "train", "hash": f"{i} {n}", "std": 1.0} for i in range(10) for n in range(5)))
    assert findings(CHECK, unlabelled) == []
