import random

import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import answer, sample_log

CHECK = "uneven_visits"


def visited(weights: list[float], draws: int = 1500) -> Log:
    """Samples of two classes, drawn with replacement with these weights."""
    keys = random.Random(0).choices(range(len(weights)), weights, k=draws)
    return sample_log("classification", [[[answer(key, key % 2, 0) for key in keys[start : start + 50]] for start in range(0, draws, 50)]])


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_samples_that_are_drawn_far_more_often() -> None:
    [found] = findings(CHECK, visited([1.0] * 40 + [9.0] * 20))
    assert (found.subject, found.step) == ("train", 0) and found.value is not None and found.value > 4


@pytest.mark.parametrize(
    "weights, draws",
    [
        pytest.param([1.0] * 60, 1500, id="with replacement"),
        pytest.param([1.0, 9.0] * 30, 1500, id="weights of classes"),
        pytest.param([1.0] * 40 + [1.5] * 20, 1500, id="a little uneven"),
        pytest.param([1.0] * 40 + [9.0] * 20, 200, id="three visits a sample"),
        pytest.param([1.0] * 15 + [9.0] * 10, 1500, id="few samples"),
    ],
)
def test_silent_on_chance_and_on_weights_of_classes(weights: list[float], draws: int) -> None:
    assert findings(CHECK, visited(weights, draws)) == []


def test_silent_where_the_rare_class_was_multiplied_once_for_all_epochs() -> None:
    """A list of 40 of one class and as many draws from 20 of the other, gone through 30 times."""
    chance = random.Random(0)
    listed = [2 * i for i in range(40)] + [2 * chance.randrange(20) + 1 for _ in range(40)]
    log = sample_log("classification", [[[answer(key, key % 2, 0) for key in listed]] for _ in range(30)])
    assert findings(CHECK, log) == []


def test_silent_on_a_memory_that_grows() -> None:
    """Each draw takes one of the samples so far, as a replay memory does."""
    chance = random.Random(0)
    keys = [chance.randrange(1 + draw // 25) for draw in range(1500)]
    log = sample_log("classification", [[[answer(key, key % 2, 0) for key in keys[start : start + 50]] for start in range(0, 1500, 50)]])
    assert findings(CHECK, log) == []
