import random

import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import answer, sample_log

CHECK = "targets_of_another_sample"


def run(shift: int, hit_rate: float = 0.9, samples: int = 60, passes: int = 2, ordered: bool = False) -> Log:
    """Evaluations in which the prediction is the class of the sample `shift` places away, in `hit_rate` of the cases."""
    chance = random.Random(0)
    targets = [chance.randrange(4) for _ in range(samples)]
    if ordered:
        targets.sort()
    rows = [
        answer(i, target, targets[(i + shift) % samples] if chance.random() < hit_rate else chance.randrange(4), outputs=4) for i, target in enumerate(targets)
    ]
    return sample_log("classification", valid=[[rows]] * passes)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("shift, phrase", [(1, "after"), (-1, "before")])
def test_finds_the_shift(shift: int, phrase: str) -> None:
    [found] = findings(CHECK, run(shift))
    assert (found.subject, found.step, found.last_step, phrase in found.message) == ("valid", 0, 1, True)


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(run(0), id="own target"),
        pytest.param(run(0, ordered=True), id="sorted by class"),
        pytest.param(run(1, 0.2), id="barely better than chance"),
        pytest.param(run(1, passes=1), id="one evaluation"),
        pytest.param(run(1, samples=31), id="29 samples with two neighbours"),
    ],
)
def test_silent_on_other_courses(log: Log) -> None:
    assert findings(CHECK, log) == []
