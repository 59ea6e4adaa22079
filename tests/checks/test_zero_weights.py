import pytest

from .builder import Log, findings, healthy_log


def zeros(log: Log, module: str, first: int) -> Log:
    """A matrix that is zero for the first recorded steps."""
    count = len(log.recorded)
    return log.tensor("weight", f"{module}.weight", rms=[0.0] * min(first, count) + [0.01] * max(count - first, 0))


def test_silent_on_a_healthy_log() -> None:
    assert findings("zero_weights", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("zero_weights", healthy_log(steps=0)) == []


def test_finds_a_matrix_that_stays_zero() -> None:
    [found] = findings("zero_weights", zeros(healthy_log(), "fc2", 10))
    assert (found.subject, found.step, found.last_step) == ("fc2.weight", 0, 90)


def test_finds_hidden_layers_that_all_start_at_zero() -> None:
    found = findings("zero_weights", zeros(zeros(healthy_log(), "fc1", 1), "fc2", 1))
    assert [finding.subject for finding in found] == ["fc1.weight", "fc2.weight"]


def test_silent_on_a_last_layer_that_starts_at_zero() -> None:
    assert findings("zero_weights", zeros(healthy_log(), "out", 1)) == []


def test_silent_on_one_branch_that_starts_at_zero() -> None:
    assert findings("zero_weights", zeros(healthy_log(), "fc2", 1)) == []


def test_silent_on_biases() -> None:
    assert findings("zero_weights", healthy_log().tensor("weight", "fc1.bias", rms=0.0)) == []


@pytest.mark.parametrize(("steps", "count"), [(20, 0), (30, 1)])
def test_needs_three_recorded_steps(steps: int, count: int) -> None:
    assert len(findings("zero_weights", zeros(healthy_log(steps=steps), "fc2", 99))) == count


def zero_embedding(gradient: float) -> Log:
    facts = {"module": "user", "module_type": "Embedding", "shape": [50, 6], "numel": 300, "depth": 0}
    return healthy_log().tensor("weight", "user.weight", facts=facts, rms=0.0).tensor("gradient", "user.weight", facts=facts, rms=gradient)


def test_finds_factors_that_give_each_other_no_gradient() -> None:
    [found] = findings("zero_weights", zero_embedding(0.0))
    assert (found.subject, found.step, found.last_step) == ("user.weight", 0, 90)


def test_silent_on_an_embedding_whose_gradient_comes_late() -> None:
    assert findings("zero_weights", zero_embedding(1e-3)) == []


def test_silent_on_an_embedding_that_is_never_used() -> None:
    facts = {"module": "user", "module_type": "Embedding", "shape": [50, 6], "numel": 300, "depth": 0}
    assert findings("zero_weights", healthy_log().tensor("weight", "user.weight", facts=facts, rms=0.0)) == []
