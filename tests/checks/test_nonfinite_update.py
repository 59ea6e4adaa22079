import math

from .builder import findings, healthy_log
from .test_nonfinite_in_forward import broken_at


def test_silent_on_a_healthy_log() -> None:
    assert findings("nonfinite_update", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("nonfinite_update", healthy_log(steps=0)) == []


def test_finds_the_step_before_the_weight_is_nan() -> None:
    [found] = findings("nonfinite_update", broken_at(53, "weight", "fc1.weight"))
    assert (found.subject, found.step, found.last_step) == ("fc1.weight", 52, 53)


def test_silent_where_the_gradient_before_was_nan() -> None:
    log = broken_at(53, "weight", "fc1.weight").metric("gradient_norm", [1.0] * 52 + [math.nan] * 48)
    assert findings("nonfinite_update", log) == []


def test_silent_after_a_divergence() -> None:
    log = broken_at(53, "weight", "fc1.weight").metric("loss", [1.0] * 45 + [10.0**n for n in range(8)] + [math.nan] * 47)
    assert findings("nonfinite_update", log) == []


def test_silent_on_an_activation() -> None:
    assert findings("nonfinite_update", broken_at(53, "activation")) == []
