import pytest

from .builder import findings, healthy_log


def test_silent_on_a_healthy_log() -> None:
    assert findings("saturated_layers", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("saturated_layers", healthy_log(steps=0)) == []


def test_finds_the_layer_and_the_step_at_which_it_saturates() -> None:
    log = healthy_log().tensor("preactivation", "fc2", saturated=[10] * 4 + [200] * 6, abs_mean=[0.8] * 4 + [7.0] * 6)
    [found] = findings("saturated_layers", log)
    assert (found.subject, found.step, found.last_step, found.value) == ("fc2", 40, 90, 200 / 256)
    assert found.message.endswith("mean |z| is 7")


def test_silent_on_a_relu_whose_negative_side_is_flat() -> None:
    assert findings("saturated_layers", healthy_log().tensor("preactivation", "fc1", saturated=400)) == []


def test_silent_on_the_output_of_a_sure_classifier() -> None:
    log = healthy_log().tensor("preactivation", "fc2", facts={"depth": 3, "activation": "sigmoid"}, saturated=250)
    assert findings("saturated_layers", log) == []


def test_silent_when_the_layer_recovers() -> None:
    assert findings("saturated_layers", healthy_log().tensor("preactivation", "fc2", saturated=[200] * 8 + [20, 20])) == []


@pytest.mark.parametrize(("tail", "count"), [(2, 0), (3, 1)])
def test_needs_three_recorded_steps_in_a_row(tail: int, count: int) -> None:
    log = healthy_log().tensor("preactivation", "fc2", saturated=[0] * (10 - tail) + [200] * tail)
    assert len(findings("saturated_layers", log)) == count


@pytest.mark.parametrize(("values", "count"), [(127, 0), (128, 1)])
def test_needs_half_of_the_values(values: int, count: int) -> None:
    assert len(findings("saturated_layers", healthy_log().tensor("preactivation", "fc2", saturated=values))) == count
