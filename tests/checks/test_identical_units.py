from .builder import Log, findings, healthy_log


def constant(log: Log, module: str, value: float = 0.05, **facts: object) -> Log:
    return log.tensor("weight", f"{module}.weight", facts=facts, rms=abs(value), mean=value, min=value, max=value)


def test_silent_on_a_healthy_log() -> None:
    assert findings("identical_units", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("identical_units", healthy_log(steps=0)) == []


def test_finds_the_hidden_layer() -> None:
    [found] = findings("identical_units", constant(healthy_log(), "fc1"))
    assert (found.subject, found.step, found.last_step) == ("fc1.weight", 0, 0)
    assert "its 64 units are copies of one" in found.message


def test_silent_on_a_last_layer_that_starts_constant() -> None:
    assert findings("identical_units", constant(healthy_log(), "out")) == []


def test_leaves_zeros_to_another_check() -> None:
    assert findings("identical_units", constant(healthy_log(), "fc1", 0.0)) == []


def test_silent_on_one_unit_and_on_one_input() -> None:
    for shape in ([1, 64], [64, 1, 3, 3]):
        assert findings("identical_units", constant(healthy_log(), "fc1", shape=shape)) == []


def test_silent_on_constant_biases() -> None:
    log = healthy_log().tensor("weight", "fc1.bias", rms=0.1, mean=0.1, min=0.1, max=0.1)
    assert findings("identical_units", log) == []


def test_silent_where_the_layer_is_not_trained() -> None:
    assert findings("identical_units", constant(healthy_log(), "fc1", trainable=False)) == []
