import random
from typing import Any

import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import answer, sample_log

CHECK = "labels_random_in_mid_run"
CLASSES = 4


def run(
    *,
    before: float = 0.9,
    at_first: float = 0.25,
    later: float = 0.25,
    evaluated: float = 0.5,
    sure: float = 0.8,
    samples: int = 200,
    labels: str = "random",
) -> Log:
    """Two epochs on samples of four classes, then two on new ones, of which the model is right for these shares; an evaluation follows each epoch."""
    chance = random.Random(0)

    def rows(name: str, n: int, share: float, confidence: float = 0.8) -> list[dict[str, Any]]:
        found = []
        for i in range(n):
            target = i % CLASSES
            wrong = (target + 1 + chance.randrange(CLASSES - 1)) % CLASSES
            found.append(answer(f"{name}{i}", target, target if chance.random() < share else wrong, outputs=CLASSES, confidence=confidence))
        return found

    def batches(listed: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
        return [listed[start : start + 20] for start in range(0, len(listed), 20)]

    first = [batches(rows("old", 100, before)) for _ in range(2)]
    second = [batches(rows("new", samples // 2, at_first, sure) + rows("newer", samples // 2, later, sure)) for _ in range(2)]
    good = [batches(rows("valid", 200, before)) for _ in range(2)]
    log = sample_log("classification", [*first, *second], [*good, *(batches(rows("valid", 200, evaluated)) for _ in range(2))])
    for name, n in (("old", 100), ("new", samples // 2), ("newer", samples // 2)):
        for i in range(n):
            # The same content under another name, with the label that it had.
            content = f"old{i % 100}" if labels == "as before" and name != "old" else f"{name}{i}"
            log.add("inputs", {"step": 0, "sample_id": f"{name}{i}", "split": "train", "hash": content, "shape": [2], "dtype": "float32"})
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_the_step_with_which_the_labels_are_random() -> None:
    [found] = findings(CHECK, run())
    assert (found.subject, found.step, found.last_step) == ("train", 10, 29)
    assert found.threshold is not None and abs(found.threshold - 0.25) < 0.05


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"at_first": 0.85, "later": 0.85}, id="new samples of the same kind"),
        pytest.param({"at_first": 0.6, "later": 0.6}, id="samples that are harder"),
        pytest.param({"later": 0.7}, id="another domain, which is learned"),
        pytest.param({"evaluated": 0.9}, id="an evaluation that is not harmed"),
        pytest.param({"sure": 0.4}, id="samples that the model is not sure of"),
        pytest.param({"before": 0.5, "evaluated": 0.3}, id="a model that was not good before"),
        pytest.param({"samples": 80}, id="few new samples"),
        pytest.param({"labels": "as before"}, id="old samples under new names"),
    ],
)
def test_silent_on_other_courses(changes: dict[str, Any]) -> None:
    assert findings(CHECK, run(**changes)) == []
