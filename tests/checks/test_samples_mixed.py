import json
from typing import Any

from .builder import Log, findings, healthy_log


def probed(passed: bool | None, value: float | None, probe: str = "batch_independence", **more: Any) -> Log:
    row = {"step": 0, "probe": probe, "subject": "flatten", "value": value, "reference": 0.0, "tolerance": 1e-4, "passed": passed, **more}
    return healthy_log().add("probes", {**row, "details": json.dumps({})})


def test_silent_on_a_healthy_log() -> None:
    assert findings("samples_mixed", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("samples_mixed", healthy_log(steps=0)) == []


def test_silent_on_a_probe_that_passed() -> None:
    assert findings("samples_mixed", probed(True, 3e-7)) == []


def test_silent_on_a_probe_that_could_not_be_run() -> None:
    assert findings("samples_mixed", probed(None, None)) == []


def test_silent_on_another_probe_that_failed() -> None:
    assert findings("samples_mixed", probed(False, 0.9, probe="overfit")) == []


def test_finds_the_module_that_mixes() -> None:
    [found] = findings("samples_mixed", probed(False, 0.8))
    assert (found.subject, found.step, found.threshold) == ("flatten", 0, 1e-4)
    assert "first in flatten" in found.message
