import random
from collections.abc import Sequence

import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import answer, sample_log

CHECK = "same_shuffle_every_epoch"


def shuffled(numbers: Sequence[int], seed: int = 0) -> list[int]:
    order = list(numbers)
    random.Random(seed).shuffle(order)
    return order


def epochs(keys: Sequence[object], number: int = 4, batches: int = 5, renewed: bool = False) -> Log:
    """Epochs of the same keys in the same order, or in a new one each time."""
    train = []
    for epoch in range(number):
        order = [keys[place] for place in shuffled(range(len(keys)), epoch)] if renewed else list(keys)
        size = len(keys) // batches
        train.append([[answer(str(key), 0, 0) for key in order[size * batch : size * (batch + 1)]] for batch in range(batches)])
    return sample_log("classification", train)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("keys", [shuffled(range(100)), [f"digits:{i}" for i in shuffled(range(900))[:200]]])
@pytest.mark.parametrize("number, count", [(2, 0), (3, 1)])
def test_finds_a_shuffle_that_repeats(keys: list[object], number: int, count: int) -> None:
    found = findings(CHECK, epochs(keys, number))
    assert [(row.subject, row.severity, row.step, row.last_step) for row in found] == [("train", "warning", 5, 14)] * count


lanes = [100 * lane + at for at in range(100) for lane in range(4)]


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(epochs(range(100)), id="the order of the file"),
        pytest.param(epochs(range(99, -1, -1)), id="backward"),
        pytest.param(epochs(lanes), id="four streams read side by side"),
        pytest.param(epochs([i for block in shuffled(range(20)) for i in range(5 * block, 5 * block + 5)]), id="blocks"),
        pytest.param(epochs([1000 * i for i in shuffled(range(100))]), id="numbers of files"),
        pytest.param(epochs([f"image_{i}_left" for i in shuffled(range(100))]), id="names"),
        pytest.param(epochs([f"{'ab'[i % 2]}:{i}" for i in shuffled(range(100))]), id="several data sets"),
        pytest.param(epochs(shuffled(range(100)), renewed=True), id="shuffled anew"),
        pytest.param(epochs(shuffled(range(100)), batches=3), id="three batches"),
        pytest.param(epochs(shuffled(range(45))), id="45 samples"),
    ],
)
def test_silent_on_other_orders(log: Log) -> None:
    assert findings(CHECK, log) == []
