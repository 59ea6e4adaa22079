import pytest

from .builder import Log, findings, healthy_log


def test_silent_on_a_healthy_log() -> None:
    assert findings("dead_units", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("dead_units", healthy_log(steps=0)) == []


def test_finds_the_layer_and_the_step_at_which_it_dies() -> None:
    log = healthy_log(steps=160).layer("fc1", zeros=256, silent_units=[3] * 10 + [40] * 6)
    [found] = findings("dead_units", log)
    assert (found.subject, found.step, found.last_step, found.value) == ("fc1", 100, 150, 0.625)


def test_the_onset_lies_before_the_passes_that_prove_it() -> None:
    """Silent from step 80 on, as the zeros show; the recorder calls the units silent only 20 passes later."""
    log = healthy_log(steps=160).layer("fc1", zeros=[300] * 8 + [512] * 8, silent_units=[3] * 10 + [64] * 6)
    [found] = findings("dead_units", log)
    assert found.step == 80


@pytest.mark.parametrize(("tail", "count"), [(2, 0), (3, 1)])
def test_needs_three_recorded_steps_in_a_row(tail: int, count: int) -> None:
    log = healthy_log().layer("fc1", silent_units=[3] * (10 - tail) + [40] * tail)
    assert len(findings("dead_units", log)) == count


@pytest.mark.parametrize(("units", "count"), [(31, 0), (32, 1)])
def test_needs_half_of_the_units(units: int, count: int) -> None:
    assert len(findings("dead_units", healthy_log().layer("fc1", silent_units=units))) == count


def same_outputs(log: Log, since: int = 0) -> Log:
    """From an epoch on the training outputs are one and the same."""
    one = {"p_max": 0.4, "prediction": 1, "z_max": 2.0, "z_min": 0.0}
    return log.change("samples", lambda row: row if row["split"] != "train" or row["epoch"] < since else {**row, **one})


def test_silent_where_the_outputs_never_differed_and_some_units_fire() -> None:
    assert findings("dead_units", same_outputs(healthy_log().layer("fc1", silent_units=50))) == []


def test_finds_a_layer_without_a_living_unit_behind_which_no_output_differs() -> None:
    assert len(findings("dead_units", same_outputs(healthy_log().layer("fc1", silent_units=64)))) == 1


def test_finds_units_that_die_and_take_the_outputs_with_them() -> None:
    assert len(findings("dead_units", same_outputs(healthy_log().layer("fc1", silent_units=[3] * 2 + [50] * 8), since=4))) == 1


def test_silent_when_the_units_come_back() -> None:
    assert findings("dead_units", healthy_log().layer("fc1", silent_units=[60] * 8 + [3, 2])) == []


def test_silent_on_a_sparse_layer_of_which_each_unit_fires_now_and_then() -> None:
    assert findings("dead_units", healthy_log().layer("fc1", zeros=480, silent_units=5)) == []
