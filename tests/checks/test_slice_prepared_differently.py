import pytest

from .builder import findings, healthy_log
from .test_failing_slices import run

CHECK = "slice_prepared_differently"


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_the_group_whose_inputs_have_another_scale() -> None:
    [found] = findings(CHECK, run(3.0, std=16.0))
    assert (found.subject, found.severity, found.value) == ("camera=c0", "warning", 16.0)


@pytest.mark.parametrize("factor, std, count", [(3.0, 1.6, 0), (3.0, 1.8, 1), (3.0, 0.5, 1), (1.4, 16.0, 0)])
def test_needs_both_a_high_loss_and_another_scale(factor: float, std: float, count: int) -> None:
    assert len(findings(CHECK, run(factor, std=std))) == count
