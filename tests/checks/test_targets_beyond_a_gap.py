import random

import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import quantity, sample_log

CHECK = "targets_beyond_a_gap"


def run(far: list[float], *, reached: float = 0.0, tail: float = 0.0, samples: int = 200) -> Log:
    """Normal targets, some of a heavy tail where `tail` is above 0, and these; predicted this share of the way from 0."""
    chance = random.Random(1)
    usual = [chance.gauss(0, 1) * (chance.paretovariate(tail) if tail else 1) for _ in range(samples)]
    rows = [quantity(i, value, reached * value) for i, value in enumerate([*usual, *far])]
    return sample_log("regression", [[rows]] * 2)


LOST_POINTS = [30.0 + place for place in range(6)]


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_names_the_targets_beyond_the_gap() -> None:
    found = findings(CHECK, run(LOST_POINTS))
    assert [row.subject for row in found] == [str(key) for key in range(205, 199, -1)]


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(run([]), id="no target beyond"),
        pytest.param(run([], tail=1.2), id="a heavy tail"),
        pytest.param(run(LOST_POINTS[:4]), id="four extremes"),
        pytest.param(run(LOST_POINTS, reached=0.9), id="targets that the model tells"),
        pytest.param(run(LOST_POINTS, samples=40), id="a second kind of sample"),
        pytest.param(run([4.0, 6.0, 8.0, 11.0, 15.0, 20.0, 28.0, 35.0]), id="no gap"),
    ],
)
def test_silent(log: Log) -> None:
    assert findings(CHECK, log) == []
