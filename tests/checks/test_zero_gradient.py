import pytest

from .builder import findings, healthy_log


def test_silent_on_a_healthy_log() -> None:
    assert findings("zero_gradient", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("zero_gradient", healthy_log(steps=0)) == []


def test_finds_a_matrix_whose_gradient_is_always_zero() -> None:
    [found] = findings("zero_gradient", healthy_log().tensor("gradient", "fc1.weight", rms=0.0))
    assert (found.subject, found.step, found.last_step, found.value) == ("fc1.weight", 0, 90, 10)


def test_silent_where_the_gradient_comes_with_the_second_step() -> None:
    assert findings("zero_gradient", healthy_log().tensor("gradient", "fc1.weight", rms=[0.0] + [0.01] * 9)) == []


def test_silent_where_every_gradient_is_zero() -> None:
    log = healthy_log()
    for module in ("fc1", "fc2", "out"):
        log.tensor("gradient", f"{module}.weight", rms=0.0).tensor("gradient", f"{module}.bias", rms=0.0)
    assert findings("zero_gradient", log) == []


def test_silent_behind_a_layer_that_was_silent_from_the_start() -> None:
    log = healthy_log().tensor("gradient", "fc1.weight", rms=0.0).layer("fc2", rms=0.0)
    assert findings("zero_gradient", log) == []


def test_silent_on_an_embedding_whose_rows_do_not_occur() -> None:
    log = healthy_log().tensor("gradient", "fc1.weight", rms=0.0).tensor("weight", "fc1.weight", facts={"module_type": "Embedding"})
    assert findings("zero_gradient", log) == []


def test_silent_behind_a_layer_that_was_saturated_from_the_start() -> None:
    log = healthy_log().tensor("gradient", "fc1.weight", rms=0.0).tensor("preactivation", "fc2", saturated=250)
    assert findings("zero_gradient", log) == []


def test_silent_on_an_expert_that_is_never_chosen() -> None:
    facts = {"module_type": "Linear", "depth": 1, "shape": [4, 4], "numel": 16, "optimizer_group": 0}
    log = healthy_log().tensor("weight", "expert.weight", facts=facts, rms=0.1).tensor("gradient", "expert.weight", facts=facts, rms=0.0)
    assert findings("zero_gradient", log) == []


@pytest.mark.parametrize(("steps", "count"), [(20, 0), (30, 1)])
def test_needs_three_recorded_steps(steps: int, count: int) -> None:
    assert len(findings("zero_gradient", healthy_log(steps=steps).tensor("gradient", "fc1.weight", rms=0.0))) == count
