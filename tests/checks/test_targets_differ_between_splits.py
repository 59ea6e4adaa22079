import random
from collections.abc import Callable

import pytest

from .builder import Log, Row, findings, healthy_log
from .sample_rows import quantity, sample_log

CHECK = "targets_differ_between_splits"
Target = Callable[[random.Random], float]


def standard(chance: random.Random) -> float:
    return chance.gauss(0, 1)


def run(evaluated: Target, trained: Target = standard, *, samples: int = 100, split: str = "valid", second: Target | None = None, loss: float = 3.1) -> Log:
    """Targets of 200 training samples, whose losses are 1, and of `samples` evaluated ones; with `second` a second output whose evaluated targets it gives."""
    chance = random.Random(3)

    def rows(name: str, n: int, target: Target, other: Target) -> list[Row]:
        found = []
        for i in range(n):
            row = quantity(f"{name}{i}", target(chance), 0.0) | {"loss_sum": 1.0 if name == "train" else loss}
            found.append(row if second is None else row | {"target_values": [row["target_value"], other(chance)], "predicted_values": [0.0, 0.0]})
        return found

    log = sample_log("regression", [[rows("train", 200, trained, standard)]], [[rows("valid", samples, evaluated, second or standard)]])
    return log.change("samples", lambda row: {**row, "split": split if row["split"] == "valid" else row["split"]})


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_targets_that_were_not_standardized() -> None:
    [found] = findings(CHECK, run(lambda chance: chance.gauss(150, 75)))
    assert (found.subject, found.step, found.last_step, found.threshold) == ("valid", 0, None, 0.7)
    assert "targets of valid have mean" in found.message


def test_finds_the_output_that_is_coded_in_another_way() -> None:
    [found] = findings(CHECK, run(standard, second=lambda chance: chance.gauss(2, 1)))
    assert (found.subject, "output 1" in found.message) == ("valid", True)


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(run(standard), id="the same targets"),
        pytest.param(run(standard, second=standard), id="the same targets of two outputs"),
        pytest.param(run(lambda chance: chance.gauss(0.4, 1)), id="a split that is a little higher"),
        pytest.param(run(lambda chance: chance.gauss(0.9, 1), samples=29), id="few samples"),
        pytest.param(run(lambda chance: chance.gauss(9, 1), split="test"), id="a test of another kind"),
        pytest.param(run(lambda chance: 1.0, lambda chance: 1.0), id="targets that are all alike"),
        pytest.param(run(lambda chance: chance.gauss(0, 3)), id="targets that are further apart"),
        pytest.param(run(lambda chance: chance.gauss(2, 1), loss=2.9), id="a trend that the model follows"),
    ],
)
def test_silent_on_other_targets(log: Log) -> None:
    assert findings(CHECK, log) == []


@pytest.mark.parametrize("shift, count", [(0.5, 0), (0.9, 1)])
def test_needs_most_of_a_standard_deviation(shift: float, count: int) -> None:
    assert len(findings(CHECK, run(lambda chance: chance.gauss(shift, 1), samples=2000))) == count
