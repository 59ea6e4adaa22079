import pytest

from .builder import findings, healthy_log


def test_silent_on_a_healthy_log() -> None:
    assert findings("saturated_units", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("saturated_units", healthy_log(steps=0)) == []


def test_finds_units_that_are_constant_though_the_layer_as_a_whole_is_not_flat() -> None:
    log = healthy_log().tensor("preactivation", "fc2", saturated=100, saturated_units=[1] * 6 + [12] * 4)
    [found] = findings("saturated_units", log)
    assert (found.subject, found.step, found.last_step, found.value) == ("fc2", 60, 90, 0.375)


def test_silent_on_a_relu() -> None:
    assert findings("saturated_units", healthy_log().tensor("preactivation", "fc1", saturated_units=30)) == []


def test_silent_on_the_output() -> None:
    log = healthy_log().tensor("preactivation", "fc2", facts={"depth": 3, "activation": "sigmoid"}, saturated_units=30)
    assert findings("saturated_units", log) == []


@pytest.mark.parametrize(("units", "count"), [(9, 0), (10, 1)])
def test_needs_three_tenths_of_the_units(units: int, count: int) -> None:
    assert len(findings("saturated_units", healthy_log().tensor("preactivation", "fc2", saturated_units=units))) == count


@pytest.mark.parametrize(("tail", "count"), [(2, 0), (3, 1)])
def test_needs_three_recorded_steps_in_a_row(tail: int, count: int) -> None:
    log = healthy_log().tensor("preactivation", "fc2", saturated_units=[0] * (10 - tail) + [12] * tail)
    assert len(findings("saturated_units", log)) == count
