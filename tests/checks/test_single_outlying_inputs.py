import pytest

from .builder import findings, healthy_log
from .test_outlying_inputs import run

CHECK = "single_outlying_inputs"


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_calls_an_odd_file_info() -> None:
    [found] = findings(CHECK, run(1))
    assert (found.subject, found.severity) == ("0", "info")


@pytest.mark.parametrize("std, loss", [(1.3, 9.0), (30.0, 0.1)])
def test_silent_where_it_is_not_far_outside_or_predicted_well(std: float, loss: float) -> None:
    assert findings(CHECK, run(1, std=std, loss=loss)) == []
