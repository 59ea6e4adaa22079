import math

import pytest

from .builder import Log, findings, healthy_log

CHECK = "module_never_called"


def idle(log: Log, name: str, shape: list[int], module_type: str = "Linear", **facts: object) -> Log:
    """A parameter in the optimizer that has a weight and nothing else, of a module without a place in the forward pass."""
    known = {"module": name.rpartition(".")[0], "module_type": module_type, "depth": None, "shape": shape, "numel": math.prod(shape), "optimizer_group": 0}
    return log.tensor("weight", name, facts=known | facts, rms=0.1)


def place(log: Log, **facts: object) -> Log:
    """An embedding of 40 places that gives the 64 values that fc1 takes."""
    return idle(log, "place.weight", [40, 64], "Embedding", **facts)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_an_embedding_that_nothing_calls() -> None:
    [found] = findings(CHECK, place(healthy_log()))
    assert (found.subject, found.step, found.last_step, found.value) == ("place.weight", 0, 90, 10)


def test_finds_a_layer_left_out_of_forward_with_its_bias() -> None:
    log = idle(healthy_log(), "middle.weight", [64, 64])
    found = findings(CHECK, idle(log, "middle.bias", [64]))
    assert [finding.subject for finding in found] == ["middle.weight", "middle.bias"]


def test_silent_where_it_is_called() -> None:
    assert findings(CHECK, place(healthy_log(), depth=7)) == []


@pytest.mark.parametrize("facts", [{"trainable": False}, {"optimizer_group": None}])
def test_silent_on_what_is_not_trained(facts: dict[str, object]) -> None:
    assert findings(CHECK, place(healthy_log(), **facts)) == []


def test_silent_where_it_moved_between_recorded_steps() -> None:
    log = place(healthy_log()).tensor("weight", "place.weight", rms=[0.1] * 5 + [0.11] * 5)
    assert findings(CHECK, log) == []


def test_silent_where_it_has_a_gradient_though_its_module_is_not_called() -> None:
    log = place(healthy_log()).tensor("gradient", "place.weight", facts={"numel": 2560}, rms=0.01)
    assert findings(CHECK, log) == []


def test_silent_on_a_head_for_another_task() -> None:
    log = idle(healthy_log(), "head_b.0.weight", [16, 64])
    log = idle(log, "head_b.0.bias", [16])
    assert findings(CHECK, idle(log, "head_b.2.weight", [5, 16])) == []


def test_silent_on_an_expert_that_is_never_chosen() -> None:
    log = healthy_log()
    for expert in ("experts.0", "experts.1"):
        facts = {"module": f"{expert}.up", "module_type": "Linear", "depth": 1, "shape": [64, 64], "numel": 4096, "optimizer_group": 0}
        log.tensor("weight", f"{expert}.up.weight", facts=facts, rms=0.1).tensor("gradient", f"{expert}.up.weight", facts=facts, rms=0.01)
    assert findings(CHECK, idle(log, "experts.2.up.weight", [64, 64])) == []


@pytest.mark.parametrize(("steps", "count"), [(90, 0), (91, 1)])
def test_needs_ten_recorded_steps(steps: int, count: int) -> None:
    assert len(findings(CHECK, place(healthy_log(steps=steps)))) == count
