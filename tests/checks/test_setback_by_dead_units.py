import pytest

from .builder import Log, findings, healthy_log


def dying(units: list[int], losses: list[float]) -> Log:
    return healthy_log().layer("fc1", silent_units=units).metric("loss", losses)


DIE = [3] * 5 + [30] * 5
FALLS_THEN_RISES = [2.3 - 0.03 * step for step in range(40)] + [2.0] * 60


def test_silent_on_a_healthy_log() -> None:
    assert findings("setback_by_dead_units", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("setback_by_dead_units", healthy_log(steps=0)) == []


def test_finds_the_layer_and_the_onset_before_the_passes_that_prove_it() -> None:
    [found] = findings("setback_by_dead_units", dying(DIE, FALLS_THEN_RISES))
    assert (found.subject, found.step, found.last_step, found.value) == ("fc1", 30, 90, 30 / 64)


def test_silent_where_the_loss_falls_on() -> None:
    assert findings("setback_by_dead_units", dying(DIE, [2.3 - 0.02 * step for step in range(100)])) == []


def test_silent_where_the_units_come_back() -> None:
    assert findings("setback_by_dead_units", dying([3] * 5 + [30] * 4 + [4], FALLS_THEN_RISES)) == []


def test_silent_on_a_layer_that_was_always_like_this() -> None:
    assert findings("setback_by_dead_units", dying([30] * 10, FALLS_THEN_RISES)) == []


@pytest.mark.parametrize(("units", "count"), [(22, 0), (23, 1)])
def test_needs_three_tenths_more_than_before(units: int, count: int) -> None:
    assert len(findings("setback_by_dead_units", dying([3] * 5 + [units] * 5, FALLS_THEN_RISES))) == count
