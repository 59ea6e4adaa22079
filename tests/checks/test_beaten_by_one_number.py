import random

import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import answer, sample_log

CHECK = "beaten_by_one_number"


def run(
    *, right: float = 0.5, evaluated: float = 0.5, samples: int = 300, told: float = 1.0, update: float = 1e-2, falling: bool = False, once: float = 0
) -> Log:
    """Two classes, whose inputs differ in their standard deviation for a share `told` of the samples; the model is right for these shares of them."""
    chance = random.Random(0)
    targets = [i % 2 for i in range(samples)]

    def epoch(share: float, number: int) -> list[list[dict[str, object]]]:
        confidence = 0.6 + (0.03 * number if falling else 0)
        rows = [answer(i, target, target if i % 10 < 10 * share else 1 - target, confidence=confidence) for i, target in enumerate(targets)]
        return [rows[start : start + samples // 10] for start in range(0, samples, samples // 10)]

    log = sample_log(
        "classification", [epoch(once if once and number == 0 else right, number) for number in range(6)], [epoch(evaluated, number) for number in range(6)]
    )
    facts = {"module_type": "Linear", "depth": 0, "shape": [2, 2], "numel": 4, "optimizer_group": 0}
    for kind, size in (("weight", 1.0), ("gradient", 0.1), ("update", update)):
        log.tensor(kind, "fc.weight", facts=facts, rms=size)
    for i, target in enumerate(targets):
        spread = (1.0 if target else 0.4) + chance.gauss(0, 0.01) if chance.random() < told else chance.uniform(0.4, 1.0)
        looks = {"mean": chance.gauss(0, 0.1), "std": spread, "min": chance.gauss(-1, 0.2), "max": chance.gauss(1, 0.2)}
        log.add("inputs", {"step": 0, "sample_id": str(i), "split": "train", "hash": str(i), "shape": [2], "dtype": "float32", **looks})
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_a_model_that_cannot_tell_what_the_spread_of_the_input_tells() -> None:
    [found] = findings(CHECK, run())
    assert (found.subject, found.step, found.last_step, found.value, found.threshold) == ("", 0, 59, 0.5, 1.0)
    assert "standard deviation" in found.message


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"right": 0.9, "evaluated": 0.9}, id="a model nearly as good"),
        pytest.param({"told": 0.0}, id="labels that nothing in the input tells"),
        pytest.param({"told": 0.3}, id="a number that tells a little"),
        pytest.param({"right": 0.7, "evaluated": 0.5}, id="a gap between training and validation"),
        pytest.param({"samples": 290}, id="few samples"),
        pytest.param({"update": 5e-3}, id="weights that hardly move"),
        pytest.param({"once": 1.0}, id="a model that was as good in its first epoch"),
        pytest.param({"falling": True, "right": 0.75, "evaluated": 0.75}, id="a loss that still falls"),
    ],
)
def test_silent_on_other_courses(changes: dict[str, float]) -> None:
    assert findings(CHECK, run(**changes)) == []  # type: ignore[arg-type]
