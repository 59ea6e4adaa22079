import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import answer, areas, sample_log

CHECK = "class_beyond_outputs"


def run(target: int, outputs: int = 4, elements: int = 1, ignore_index: int | None = None) -> Log:
    """Forty samples of classes 0 and 1, and from the second batch on one of another class."""
    rows = [answer(i, i % 2, 0, outputs=outputs) if outputs > 1 else {**answer(i, i % 2, 0), "outputs": 1} for i in range(20)]
    log = sample_log("classification", [[rows, [*rows, {**rows[0], "sample_id": "odd", "target": target, "elements": elements}]]])
    log.info["loss"]["ignore_index"] = ignore_index
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("target, outputs", [(4, 4), (-1, 4), (2, 1), (255, 4)])
def test_finds_the_class_and_the_first_step(target: int, outputs: int) -> None:
    [found] = findings(CHECK, run(target, outputs))
    assert (found.subject, found.step, found.last_step, found.value, found.threshold) == ("train", 1, 1, target, outputs)


@pytest.mark.parametrize("target, outputs", [(3, 4), (0, 4), (1, 1)])
def test_silent_on_classes_that_have_an_output(target: int, outputs: int) -> None:
    assert findings(CHECK, run(target, outputs)) == []


def test_silent_on_what_is_ignored() -> None:
    assert findings(CHECK, run(-100, ignore_index=-100)) == []
    assert findings(CHECK, run(255, elements=0)) == []


def test_finds_a_mask_value_that_no_output_stands_for() -> None:
    rows = [areas(i, {0: 90, 255: 10}, {0: 100}, {0: 90}) for i in range(4)]
    [found] = findings(CHECK, sample_log("segmentation", [[rows]]))
    assert found.value == 255
