import pytest

from .builder import Log, findings, healthy_log


def saturating(shares: list[float], losses: list[float]) -> Log:
    return healthy_log().tensor("preactivation", "fc2", saturated=[round(256 * share) for share in shares]).metric("loss", losses)


SETS_IN = [0.05] * 5 + [0.9] * 5
FALLS_THEN_RISES = [2.3 - 0.03 * step for step in range(50)] + [2.0] * 50
FALLS_THEN_STOPS = [2.3 - 0.03 * step for step in range(50)] + [0.83] * 50


def test_silent_on_a_healthy_log() -> None:
    assert findings("setback_by_saturation", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("setback_by_saturation", healthy_log(steps=0)) == []


@pytest.mark.parametrize("losses", [FALLS_THEN_RISES, FALLS_THEN_STOPS])
def test_finds_the_layer_and_the_step(losses: list[float]) -> None:
    [found] = findings("setback_by_saturation", saturating(SETS_IN, losses))
    assert (found.subject, found.step, found.last_step) == ("fc2", 50, 90)


def test_silent_where_the_loss_falls_on() -> None:
    assert findings("setback_by_saturation", saturating(SETS_IN, [2.3 - 0.02 * step for step in range(100)])) == []


def test_silent_where_the_loss_had_come_near_its_end_before() -> None:
    losses = [2.3 - 0.044 * step for step in range(50)] + [0.1] * 50
    assert findings("setback_by_saturation", saturating(SETS_IN, losses)) == []


def test_silent_on_a_layer_that_was_always_like_this() -> None:
    assert findings("setback_by_saturation", saturating([0.9] * 10, FALLS_THEN_RISES)) == []


@pytest.mark.parametrize(("after", "count"), [(0.49, 0), (0.52, 1)])
def test_needs_half_of_the_values(after: float, count: int) -> None:
    assert len(findings("setback_by_saturation", saturating([0.05] * 5 + [after] * 5, FALLS_THEN_RISES))) == count
