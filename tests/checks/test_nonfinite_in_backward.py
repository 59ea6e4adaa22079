import math

from .builder import findings, healthy_log
from .test_nonfinite_in_forward import broken_at


def after(step: int) -> list[float]:
    return [1.0] * (step + 1) + [math.nan] * (99 - step)


def test_silent_on_a_healthy_log() -> None:
    assert findings("nonfinite_in_backward", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("nonfinite_in_backward", healthy_log(steps=0)) == []


def test_finds_the_gradient_while_the_loss_is_finite() -> None:
    [found] = findings("nonfinite_in_backward", broken_at(53, "gradient", "fc1.weight").metric("loss", after(53)))
    assert (found.subject, found.step, found.value) == ("fc1.weight", 53, 1.0)


def test_finds_the_gradient_of_an_activation() -> None:
    [found] = findings("nonfinite_in_backward", broken_at(53, "activation_gradient", "fc2").metric("loss", after(53)))
    assert found.subject == "fc2"


def test_silent_where_the_loss_is_not_finite_either() -> None:
    assert findings("nonfinite_in_backward", broken_at(53, "gradient", "fc1.weight")) == []


def test_silent_on_a_step_that_the_scaler_skips() -> None:
    log = broken_at(53, "gradient", "fc1.weight", losses=1.0).event("skipped_step", 53)
    assert findings("nonfinite_in_backward", log) == []


def test_silent_where_the_infinity_is_masked_on_its_way() -> None:
    assert findings("nonfinite_in_backward", broken_at(53, "activation_gradient", "fc2", losses=1.0)) == []


def test_silent_where_the_gradient_norm_had_exploded_before() -> None:
    log = broken_at(53, "gradient", "fc1.weight").metric("loss", after(53))
    log.metric("gradient_norm", [1.0] * 45 + [10.0**n for n in range(8)] + [math.nan] * 47)
    assert findings("nonfinite_in_backward", log) == []
