import math

import pytest

from .builder import CLASSES, Log, findings, healthy_log

GUESS = math.log(CLASSES)


def starts(loss: float, *, output: float = 100.0, first: float = 1.0) -> Log:
    """The loss of the first step, and the rms of the first and the last layer there; ten steps later all is well."""
    log = healthy_log().layer("fc1", rms=[first] + [0.7] * 9)
    facts = {"module": "out", "module_type": "Linear", "depth": 2, "trainable": None, "numel": CLASSES * 8}
    return log.layer("out", facts=facts, rms=[output] + [2.0] * 9).metric("loss", [loss] + [1.0] * 99)


def test_silent_on_a_healthy_log() -> None:
    assert findings("swollen_signal", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("swollen_signal", healthy_log(steps=0)) == []


def test_finds_a_signal_that_swells() -> None:
    [found] = findings("swollen_signal", starts(200.0))
    assert (found.subject, found.step, found.last_step, found.value) == ("out", 0, 0, 100.0)
    assert "from 1 in fc1 to 100 in out" in found.message


@pytest.mark.parametrize(("loss", "count"), [(9 * GUESS, 0), (11 * GUESS, 1)])
def test_needs_a_loss_of_ten_guesses(loss: float, count: int) -> None:
    assert len(findings("swollen_signal", starts(loss))) == count


@pytest.mark.parametrize(("first", "count"), [(3.5, 0), (3.0, 1)])
def test_silent_on_inputs_that_are_as_large(first: float, count: int) -> None:
    assert len(findings("swollen_signal", starts(200.0, first=first))) == count


def test_silent_on_a_loss_that_is_summed_over_a_batch() -> None:
    assert findings("swollen_signal", starts(200.0, first=0.02, output=2.0)) == []


def test_silent_on_a_model_that_is_given_other_labels() -> None:
    assert findings("swollen_signal", starts(9.0)) == []


def test_silent_where_no_class_is_predicted() -> None:
    log = starts(200.0)
    log.info["loss"] = {"name": "mse_loss"}
    assert findings("swollen_signal", log) == []
