import pytest

from .builder import Log, Row, findings, healthy_log
from .test_large_updates import moved


def wrong(row: Row) -> Row:
    return {**row, "correct": False}


def slow(ratio: float, end: float = 2.25) -> Log:
    losses = [2.3 + (end - 2.3) * step / 100 for step in range(100)]
    return moved([ratio] * 10).metric("loss", losses).change("samples", wrong)


def test_silent_on_a_healthy_log() -> None:
    assert findings("weights_hardly_moved", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("weights_hardly_moved", healthy_log(steps=0)) == []


def test_finds_a_run_that_went_nowhere() -> None:
    [found] = findings("weights_hardly_moved", slow(1e-4))
    assert (found.step, found.last_step) == (0, 90)
    assert found.value == pytest.approx(91e-4)


def test_silent_where_small_steps_were_enough() -> None:
    assert findings("weights_hardly_moved", slow(1e-4, end=0.5)) == []


def test_silent_on_fine_tuning_of_a_model_that_was_good_before() -> None:
    log = slow(1e-4).change("samples", lambda row: {**row, "correct": True})
    assert findings("weights_hardly_moved", log) == []


def test_silent_where_a_schedule_ended_the_steps() -> None:
    log = moved([2e-3] * 1 + [1e-5] * 9).metric("loss", 2.3).change("samples", wrong)
    assert findings("weights_hardly_moved", log) == []


@pytest.mark.parametrize(("ratio", "count"), [(6e-4, 0), (5e-4, 1)])
def test_needs_to_stay_within_a_twentieth_of_the_weights(ratio: float, count: int) -> None:
    assert len(findings("weights_hardly_moved", slow(ratio))) == count
