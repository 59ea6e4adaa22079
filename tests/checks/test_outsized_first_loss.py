import math

import pytest

from .builder import Log, findings, healthy_log
from .test_loss_not_moving import never_right
from .test_weights_out_of_scale import scaled


def starting_at(loss: float, gain: float = 8.0, *, learned: bool = False) -> Log:
    log = scaled(healthy_log(), gain, "fc1", "fc2", "out").metric("loss", [loss] + [1.0] * 99)
    return log if learned else log.change("samples", never_right)


def test_silent_on_a_healthy_log() -> None:
    assert findings("outsized_first_loss", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("outsized_first_loss", healthy_log(steps=0)) == []


def test_finds_a_first_loss_far_above_a_guess() -> None:
    [found] = findings("outsized_first_loss", starting_at(40.0))
    assert (found.subject, found.step, found.value) == ("fc1.weight", 0, 40.0)


def test_silent_where_the_weights_are_of_a_usual_scale() -> None:
    assert findings("outsized_first_loss", starting_at(40.0, gain=1.4)) == []


def test_silent_on_a_regression() -> None:
    log = starting_at(40.0).change("samples", lambda row: {**row, "outputs": None})
    assert findings("outsized_first_loss", log) == []


@pytest.mark.parametrize(("factor", "count"), [(2.4, 0), (2.6, 1)])
def test_needs_two_and_a_half_times_the_loss_of_a_guess(factor: float, count: int) -> None:
    assert len(findings("outsized_first_loss", starting_at(factor * math.log(10)))) == count


def test_silent_where_all_has_been_learned_in_the_end() -> None:
    """A loss with a scale and a margin in it begins high by nature."""
    assert findings("outsized_first_loss", starting_at(40.0, learned=True)) == []
