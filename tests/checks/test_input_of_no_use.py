import pytest

from .builder import Log, findings, healthy_log


def probed(passed: bool | None, step: int) -> Log:
    row = {"step": step, "probe": "zero_input", "subject": "", "value": 2.31, "reference": 2.3, "tolerance": 0.01, "passed": passed, "details": "{}"}
    return healthy_log(steps=200, every=20).add("probes", row)


def test_silent_on_a_healthy_log() -> None:
    assert findings("input_of_no_use", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("input_of_no_use", healthy_log(steps=0)) == []


def test_silent_on_a_probe_that_passed() -> None:
    assert findings("input_of_no_use", probed(True, 199)) == []


def test_leaves_outputs_that_do_not_change_to_another_check() -> None:
    assert findings("input_of_no_use", probed(False, 199)) == []


@pytest.mark.parametrize(("step", "count"), [(99, 0), (100, 1)])
def test_a_probe_before_training_says_nothing(step: int, count: int) -> None:
    assert len(findings("input_of_no_use", probed(None, step))) == count
