import pytest

from .builder import findings, healthy_log
from .test_large_updates import moved


def test_silent_on_a_healthy_log() -> None:
    assert findings("replaced_weights", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("replaced_weights", healthy_log(steps=0)) == []


def test_finds_the_step_even_in_a_run_that_learns() -> None:
    [found] = findings("replaced_weights", moved([1e-3] * 3 + [5.0] + [1e-3] * 6))
    assert (found.step, found.last_step) == (30, 30)
    assert found.value == pytest.approx(5.0)


def test_silent_on_the_first_step_of_rmsprop() -> None:
    assert findings("replaced_weights", moved([0.6, 0.06] + [0.01] * 8)) == []


def test_silent_on_one_layer() -> None:
    assert findings("replaced_weights", moved([5.0] * 10, "out")) == []


@pytest.mark.parametrize(("ratios", "count"), [([1.5, 0.9], 0), ([1.5, 1.1], 1), ([1.9, 0.9], 0), ([2.1, 0.9], 1)])
def test_needs_two_such_steps_or_one_of_twice_the_size(ratios: list[float], count: int) -> None:
    assert len(findings("replaced_weights", moved(ratios + [1e-3] * 8))) == count


def test_silent_on_the_line_search_of_l_bfgs() -> None:
    log = moved([1e-3] * 3 + [5.0] + [1e-3] * 6)
    log.info["optimizers"] = [{"type": "LBFGS", "groups": [{"lr": 1.0}]}]
    assert findings("replaced_weights", log) == []
