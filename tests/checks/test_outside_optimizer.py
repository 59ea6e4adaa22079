import pytest

from .builder import Log, Row, findings, healthy_log


def outside(log: Log, module: str) -> Log:
    """The module's parameters keep their gradient but are in no group and have no update."""
    names = {f"{module}.weight", f"{module}.bias"}
    gone = {row["tensor_id"] for row in log.rows["tensors"] if row["name"] in names and row["kind"] == "update"}

    def change(row: Row) -> Row:
        return {**row, "optimizer_group": None} if row["name"] in names else row

    return log.change("stats", lambda row: None if row["tensor_id"] in gone else row).change("tensors", change)


def test_silent_on_a_healthy_log() -> None:
    assert findings("outside_optimizer", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("outside_optimizer", healthy_log(steps=0)) == []


def test_finds_the_parameters_that_the_optimizer_does_not_know() -> None:
    found = findings("outside_optimizer", outside(healthy_log(), "out"))
    assert [(finding.subject, finding.step, finding.last_step) for finding in found] == [("out.weight", 0, 90), ("out.bias", 0, 90)]


def test_silent_on_an_average_of_the_weights_that_gets_no_gradient() -> None:
    log = outside(healthy_log(), "out").tensor("gradient", "out.weight", rms=0.0).tensor("gradient", "out.bias", rms=0.0)
    assert findings("outside_optimizer", log) == []


def test_silent_where_requires_grad_is_off() -> None:
    log = outside(healthy_log(), "out").change("tensors", lambda row: {**row, "trainable": row["module"] != "out"})
    assert findings("outside_optimizer", log) == []


def test_silent_where_no_optimizer_was_given() -> None:
    log = healthy_log().change("tensors", lambda row: {**row, "optimizer_group": None})
    assert findings("outside_optimizer", log) == []


def left_out(log: Log, *changes: tuple[int, bool]) -> Log:
    """Parameters of `out` in no group, frozen at first, with a gradient left over from before, and these changes of requires_grad."""
    names = ("out.weight", "out.bias")
    outside(log, "out").change("tensors", lambda row: {**row, "trainable": row["name"] not in names})
    for name in names:
        log.tensor("weight", name, rms=0.1)
        for step, trainable in changes:
            log.event("trainable", step, tensor=name, trainable=trainable)
    return log


def test_finds_parameters_that_were_thawed_and_never_given_to_the_optimizer() -> None:
    found = findings("outside_optimizer", left_out(healthy_log(), (29, True)))
    assert [(finding.subject, finding.step, finding.last_step, finding.value) for finding in found] == [("out.weight", 29, 90, 7), ("out.bias", 29, 90, 7)]


def test_silent_on_frozen_parameters_with_a_gradient_left_over_from_training_before() -> None:
    assert findings("outside_optimizer", left_out(healthy_log())) == []


def test_silent_on_thawed_parameters_that_move() -> None:
    log = left_out(healthy_log(), (29, True))
    for name in ("out.weight", "out.bias"):
        log.tensor("weight", name, rms=[0.1 + 1e-5 * max(place - 3, 0) for place in range(10)])
    assert findings("outside_optimizer", log) == []


def test_silent_on_parameters_that_were_thawed_for_a_while() -> None:
    assert findings("outside_optimizer", left_out(healthy_log(), (29, True), (60, False))) == []


@pytest.mark.parametrize(("step", "count"), [(81, 0), (79, 2)])
def test_needs_two_recorded_steps_with_a_gradient(step: int, count: int) -> None:
    assert len(findings("outside_optimizer", left_out(healthy_log(), (step, True)))) == count
