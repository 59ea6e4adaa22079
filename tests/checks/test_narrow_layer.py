import pytest

from .builder import Log, findings, healthy_log
from .test_too_small_for_the_data import level


def narrow(units: int, right: float = 0.5, valid: float | None = None) -> Log:
    log = level(right, valid=valid)
    log.tensor("weight", "fc2.weight", facts={"shape": [units, 64], "numel": units * 64})
    return log.tensor("weight", "out.weight", facts={"shape": [10, units], "numel": units * 10})


def test_silent_on_a_healthy_log() -> None:
    assert findings("narrow_layer", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("narrow_layer", healthy_log(steps=0)) == []


def test_finds_the_narrow_layer() -> None:
    [found] = findings("narrow_layer", narrow(2))
    assert (found.subject, found.step, found.value, found.threshold) == ("fc2.weight", 0, 2, 5)


def test_silent_where_it_does_all_the_same() -> None:
    assert findings("narrow_layer", narrow(2, right=0.95)) == []


def test_silent_where_validation_is_far_worse() -> None:
    assert findings("narrow_layer", narrow(2, right=0.7, valid=0.4)) == []


def test_silent_on_the_code_of_an_autoencoder() -> None:
    log = narrow(2)
    log.info["task"] = "regression"
    assert findings("narrow_layer", log) == []


def test_silent_on_an_adapter_beside_the_main_path() -> None:
    log = narrow(2).tensor("weight", "adapter.weight", facts={"shape": [2, 48], "numel": 96, "depth": 1, "module_type": "Linear"}, rms=0.1)
    assert findings("narrow_layer", log) == []


@pytest.mark.parametrize(("units", "count"), [(5, 0), (4, 1)])
def test_needs_fewer_than_half_as_many_units_as_classes(units: int, count: int) -> None:
    assert len(findings("narrow_layer", narrow(units))) == count


def test_silent_on_the_score_of_an_attention_pooling() -> None:
    """One score a place, by which the places are weighed: nothing has to pass through it."""
    log = level(0.5).tensor("weight", "score.weight", facts={"shape": [1, 32], "numel": 32, "depth": 2, "module_type": "Linear"}, rms=0.1)
    log.tensor("weight", "fc2.weight", facts={"shape": [32, 64]}).tensor("weight", "out.weight", facts={"shape": [10, 32], "numel": 320, "depth": 3})
    assert findings("narrow_layer", log) == []
