import math

import pytest

from .builder import Log, findings, healthy_log


def triangles(*peaks: float, low: float = 0.1) -> list[float]:
    """Cycles of 25 steps each that climb from `low` to a peak and come down again, in thousandths."""
    return [1e-3 * (low + (peak - low) * (1 - abs(place - 12) / 12.5)) for peak in peaks for place in range(25)]


def cyclic(rates: list[float], losses: list[float]) -> Log:
    return healthy_log().metric("learning_rate", rates).metric("loss", losses)


LOST = [2.0] * 25 + [1.0] * 35 + [4.0] * 40


def test_silent_on_a_healthy_log() -> None:
    assert findings("growing_peaks", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("growing_peaks", healthy_log(steps=0)) == []


def test_finds_the_climb_after_which_the_loss_is_lost() -> None:
    [found] = findings("growing_peaks", cyclic(triangles(1, 1, 3, 9), LOST))
    assert (found.subject, found.step, found.last_step) == ("learning_rate", 55, 99)
    assert found.value == pytest.approx(9, rel=0.05)


def test_finds_it_where_the_loss_holds_out_until_the_top() -> None:
    assert len(findings("growing_peaks", cyclic(triangles(1, 1, 3, 2), LOST))) == 1


def test_finds_a_climb_after_which_the_loss_is_nan() -> None:
    assert len(findings("growing_peaks", cyclic(triangles(1, 1, 3, 9), LOST[:60] + [math.nan] * 40))) == 1


def test_silent_where_the_low_phase_brings_the_loss_back() -> None:
    assert findings("growing_peaks", cyclic(triangles(1, 1, 3, 9), LOST[:90] + [0.9] * 10)) == []


@pytest.mark.parametrize("peaks", [(1, 1, 1, 1), (1, 0.5, 0.25, 0.125), (1, 1, 1.1, 1.1)])
def test_silent_on_cycles_that_do_not_grow(peaks: tuple[float, ...]) -> None:
    assert findings("growing_peaks", cyclic(triangles(*peaks), LOST)) == []


def test_silent_on_a_search_for_the_largest_rate() -> None:
    assert findings("growing_peaks", cyclic([1e-6 * 1.1**step for step in range(100)], LOST)) == []


def test_silent_on_a_warm_up_after_a_first_step_at_the_full_rate() -> None:
    rates = [1e-3] + [2e-4 * step for step in range(10)] + [2e-3] * 89
    assert findings("growing_peaks", cyclic(rates, [2.0] * 5 + [4.0] * 95)) == []


@pytest.mark.parametrize(("level", "count"), [(1.4, 0), (1.6, 1)])
def test_needs_a_loss_well_above_the_one_before(level: float, count: int) -> None:
    losses = [2.0] * 25 + [1.0] * 35 + [level] * 40
    assert len(findings("growing_peaks", cyclic(triangles(1, 1, 3, 9), losses))) == count
