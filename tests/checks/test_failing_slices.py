import random

import pytest

from .builder import Log, Row, findings, healthy_log
from .sample_rows import answer, sample_log

CHECK = "failing_slices"


def run(factor: float, samples: int = 300, keys: int = 1, of: int = 5, std: float = 1.0) -> Log:
    """Samples from `of` cameras, the first of which multiplies the loss by `factor` and has inputs of another scale; further keys say nothing."""
    chance = random.Random(0)
    rows: list[Row] = []
    inputs: list[Row] = []
    for i in range(samples):
        bad = i % of == 0
        rows.append({**answer(i, i % 2, i % 2), "loss_sum": (factor if bad else 1) * chance.uniform(0.2, 1.0)})
        meta = [("camera", f"c{i % of}"), *((f"key{number}", str(chance.randrange(5))) for number in range(keys - 1))]
        inputs.append({"sample_id": str(i), "split": "valid", "hash": str(i), "meta": meta, "mean": 0.0, "std": std if bad else 1.0})
    return sample_log("classification", valid=[[rows]]).add("inputs", *inputs)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_the_group() -> None:
    [found] = findings(CHECK, run(3.0, keys=4))
    assert (found.subject, found.severity) == ("camera=c0", "info") and found.value == pytest.approx(3.0, rel=0.1)


@pytest.mark.parametrize("factor, samples", [(1.4, 300), (1.0, 300), (3.0, 20)])
def test_silent_on_small_differences_and_small_groups(factor: float, samples: int) -> None:
    assert findings(CHECK, run(factor, samples)) == []


def test_silent_on_many_groups_that_differ_by_chance() -> None:
    assert findings(CHECK, run(1.0, keys=40)) == []


def test_silent_on_a_key_that_names_each_sample() -> None:
    assert findings(CHECK, run(3.0, of=300)) == []
