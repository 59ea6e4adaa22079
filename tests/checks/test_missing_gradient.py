import pytest

from .builder import Log, Row, findings, healthy_log


def without_gradient(log: Log, *modules: str, **facts: object) -> Log:
    """The modules' parameters get neither gradient nor update; `facts` are put into their rows of `tensors`."""
    names = {f"{module}.{part}" for module in modules for part in ("weight", "bias")}
    gone = {row["tensor_id"] for row in log.rows["tensors"] if row["name"] in names and row["kind"] in ("gradient", "update")}

    def change(row: Row) -> Row:
        return {**row, **facts} if row["name"] in names else row

    return log.change("stats", lambda row: None if row["tensor_id"] in gone else row).change("tensors", change)


def test_silent_on_a_healthy_log() -> None:
    assert findings("missing_gradient", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("missing_gradient", healthy_log(steps=0)) == []


def test_finds_the_layers_before_the_cut_the_nearest_first() -> None:
    found = findings("missing_gradient", without_gradient(healthy_log(), "fc1", "fc2"))
    assert [finding.subject for finding in found] == ["fc2.weight", "fc2.bias", "fc1.weight", "fc1.bias"]
    assert {(finding.step, finding.last_step) for finding in found} == {(0, 90)}


def test_silent_on_a_frozen_body() -> None:
    assert findings("missing_gradient", without_gradient(healthy_log(), "fc1", "fc2", trainable=False)) == []


def test_silent_on_a_teacher_outside_of_the_optimizer() -> None:
    assert findings("missing_gradient", without_gradient(healthy_log(), "fc1", optimizer_group=None)) == []


def test_silent_on_a_small_part_at_the_end_of_a_submodule() -> None:
    """The pooler of a pretrained encoder, beside a head that does not use it."""
    assert findings("missing_gradient", without_gradient(healthy_log(), "fc2", numel=64, module="encoder.pooler")) == []


def test_finds_a_small_part_before_a_layer_of_the_same_module() -> None:
    """The scores of an attention of which only the argmax is used."""
    assert {finding.subject for finding in findings("missing_gradient", without_gradient(healthy_log(), "fc2", numel=64))} == {"fc2.weight", "fc2.bias"}


def test_finds_a_large_part_beside_the_main_path() -> None:
    assert len(findings("missing_gradient", without_gradient(healthy_log(), "fc2", numel=4000))) == 2


def test_silent_on_a_last_head_that_is_not_used() -> None:
    assert findings("missing_gradient", without_gradient(healthy_log(), "out")) == []


@pytest.mark.parametrize(("steps", "count"), [(10, 0), (20, 2)])
def test_needs_two_recorded_steps(steps: int, count: int) -> None:
    assert len(findings("missing_gradient", without_gradient(healthy_log(steps=steps), "fc1"))) == count
