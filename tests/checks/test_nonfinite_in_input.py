import math

from .builder import findings, healthy_log
from .test_nonfinite_in_forward import broken_at


def test_silent_on_a_healthy_log() -> None:
    assert findings("nonfinite_in_input", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("nonfinite_in_input", healthy_log(steps=0)) == []


def test_finds_the_input_of_an_event() -> None:
    [found] = findings("nonfinite_in_input", broken_at(53, "input", "x"))
    assert (found.subject, found.step, found.value) == ("x", 53, 3)


def test_finds_the_input_in_the_statistics() -> None:
    log = healthy_log().tensor("input", "x", rms=1.0, nonfinite=[0] * 4 + [2] + [0] * 5).metric("loss", [1.0] * 40 + [math.nan] * 60)
    [found] = findings("nonfinite_in_input", log)
    assert (found.subject, found.step, found.last_step, found.value) == ("x", 40, 40, 2)


def test_finds_the_input_of_an_evaluation() -> None:
    log = healthy_log().event("nonfinite", 29, tensor="x", kind="input", split="valid", count=1)
    [found] = findings("nonfinite_in_input", log.metric("loss", [math.nan] * 14, split="valid", steps=range(29, 99, 5)))
    assert (found.subject, found.step) == ("x", 29)
    assert "in valid" in found.message


def test_silent_on_an_evaluation_that_is_finite_all_the_same() -> None:
    log = healthy_log().event("nonfinite", 29, tensor="x", kind="input", split="valid", count=1)
    assert findings("nonfinite_in_input", log) == []


def test_silent_on_missing_values_that_the_model_masks() -> None:
    assert findings("nonfinite_in_input", broken_at(53, "input", "x", losses=1.0)) == []


def test_silent_on_an_activation() -> None:
    assert findings("nonfinite_in_input", broken_at(53, "activation")) == []
