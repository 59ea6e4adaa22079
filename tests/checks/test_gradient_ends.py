import pytest

from .builder import Log, findings, healthy_log


def ending(recorded: int, *modules: str, log: Log | None = None, back: int = 100) -> Log:
    """The modules' parameters have no gradient from this recorded step on, until `back`."""
    log = log or healthy_log(steps=200)
    ids = {row["tensor_id"] for row in log.rows["tensors"] if row["kind"] == "gradient" and row["module"] in modules}
    gone = log.recorded[recorded:back]
    return log.change("stats", lambda row: None if row["tensor_id"] in ids and row["step"] in gone else row)


def test_silent_on_a_healthy_log() -> None:
    assert findings("gradient_ends", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("gradient_ends", healthy_log(steps=0)) == []


def test_finds_the_layers_and_since_when() -> None:
    found = findings("gradient_ends", ending(8, "fc1"))
    assert [(finding.subject, finding.step, finding.last_step, finding.value) for finding in found] == [
        ("fc1.weight", 80, 190, 12),
        ("fc1.bias", 80, 190, 12),
    ]


def test_silent_on_a_gradient_that_is_zero_from_then_on() -> None:
    """Units that died behind the layer make it so."""
    log = healthy_log(steps=200).tensor("gradient", "fc1.weight", rms=[0.01] * 8 + [0.0] * 12)
    assert findings("gradient_ends", log) == []


def test_silent_on_layers_that_are_frozen_in_mid_run() -> None:
    log = ending(8, "fc1")
    for name in ("fc1.weight", "fc1.bias"):
        log.event("trainable", 80, tensor=name, trainable=False)
    assert findings("gradient_ends", log) == []


def test_silent_on_parts_that_train_in_turn() -> None:
    assert findings("gradient_ends", ending(14, "fc1", log=ending(2, "fc1", back=8))) == []


def test_silent_where_the_gradient_comes_back() -> None:
    assert findings("gradient_ends", ending(8, "fc1", back=19)) == []


def test_silent_on_a_run_without_any_gradient_at_its_end() -> None:
    assert findings("gradient_ends", ending(8, "fc1", "fc2", "out")) == []


def test_silent_on_a_small_part_of_the_model() -> None:
    assert findings("gradient_ends", ending(8, "out")) == []


@pytest.mark.parametrize(("recorded", "count"), [(16, 0), (15, 2)])
def test_needs_five_recorded_steps_without(recorded: int, count: int) -> None:
    assert len(findings("gradient_ends", ending(recorded, "fc1"))) == count


@pytest.mark.parametrize(("recorded", "count"), [(4, 0), (5, 2)])
def test_needs_five_recorded_steps_with_one(recorded: int, count: int) -> None:
    assert len(findings("gradient_ends", ending(recorded, "fc1"))) == count
