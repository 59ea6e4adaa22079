from .builder import findings, healthy_log
from .test_missing_gradient import without_gradient


def test_silent_on_a_healthy_log() -> None:
    assert findings("unused_parameter", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("unused_parameter", healthy_log(steps=0)) == []


def test_finds_a_head_that_nothing_uses() -> None:
    found = findings("unused_parameter", without_gradient(healthy_log(), "out"))
    assert [finding.subject for finding in found] == ["out.weight", "out.bias"]


def test_finds_a_module_that_is_never_called() -> None:
    found = findings("unused_parameter", without_gradient(healthy_log(), "fc1", depth=None))
    assert [finding.subject for finding in found] == ["fc1.weight", "fc1.bias"]


def test_finds_a_small_part_at_the_end_of_a_submodule() -> None:
    assert len(findings("unused_parameter", without_gradient(healthy_log(), "fc2", numel=64, module="encoder.pooler"))) == 2


def test_leaves_layers_before_others_with_a_gradient_to_another_check() -> None:
    assert findings("unused_parameter", without_gradient(healthy_log(), "fc1")) == []


def test_silent_on_frozen_parameters() -> None:
    assert findings("unused_parameter", without_gradient(healthy_log(), "out", trainable=False)) == []
