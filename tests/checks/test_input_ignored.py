from typing import Any

from .builder import Log, findings, healthy_log


def probed(passed: bool | None, probe: str = "zero_input", **more: Any) -> Log:
    row = {"step": 99, "probe": probe, "subject": "", "value": 2.3, "reference": 2.3, "tolerance": 0.0, "passed": passed, "details": "{}", **more}
    return healthy_log().add("probes", row)


def test_silent_on_a_healthy_log() -> None:
    assert findings("input_ignored", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("input_ignored", healthy_log(steps=0)) == []


def test_silent_on_a_probe_that_passed() -> None:
    assert findings("input_ignored", probed(True, value=0.4)) == []


def test_silent_where_the_outputs_react_but_are_no_better() -> None:
    assert findings("input_ignored", probed(None)) == []


def test_silent_on_another_probe() -> None:
    assert findings("input_ignored", probed(False, probe="overfit")) == []


def test_finds_outputs_that_do_not_change() -> None:
    [found] = findings("input_ignored", probed(False))
    assert (found.step, found.last_step, found.value) == (99, 99, 2.3)


def test_dates_it_from_the_start_where_no_output_ever_differed() -> None:
    one = {"p_max": 0.4, "prediction": 1, "z_max": 2.0, "z_min": 0.0}
    [found] = findings("input_ignored", probed(False).change("samples", lambda row: {**row, **one}))
    assert (found.step, found.last_step) == (0, 99)
