import pytest

from .builder import findings, healthy_log


def test_silent_on_a_healthy_log() -> None:
    assert findings("silent_layer", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("silent_layer", healthy_log(steps=0)) == []


def test_finds_the_layer_and_the_step_from_which_it_is_zero() -> None:
    [found] = findings("silent_layer", healthy_log().layer("fc1", zeros=[300] * 5 + [512] * 5))
    assert (found.subject, found.step, found.last_step, found.value) == ("fc1", 50, 90, 5)


def test_silent_on_a_layer_with_a_single_value_left() -> None:
    assert findings("silent_layer", healthy_log().layer("fc1", zeros=511)) == []


def test_silent_when_the_layer_comes_back() -> None:
    assert findings("silent_layer", healthy_log().layer("fc1", zeros=[512] * 9 + [300])) == []


@pytest.mark.parametrize(("tail", "count"), [(2, 0), (3, 1)])
def test_needs_three_recorded_steps_in_a_row(tail: int, count: int) -> None:
    assert len(findings("silent_layer", healthy_log().layer("fc1", zeros=[300] * (10 - tail) + [512] * tail))) == count
