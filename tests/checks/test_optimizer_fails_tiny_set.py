import json

from .builder import Log, findings, healthy_log


def probed(passed: bool | None, fault: str) -> Log:
    details = {"steps": 200, "examples": 8, "fault": fault, "learning_rate": 1e-7, "with_adam": {"best": 0.01, "accuracy": 1.0}}
    row = {"step": 0, "probe": "overfit", "subject": "", "value": 2.2, "reference": 2.3, "tolerance": 0.05, "passed": passed, "details": json.dumps(details)}
    return healthy_log().add("probes", row)


def test_silent_on_a_healthy_log() -> None:
    assert findings("optimizer_fails_tiny_set", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("optimizer_fails_tiny_set", healthy_log(steps=0)) == []


def test_silent_on_a_slow_optimizer_that_passed() -> None:
    assert findings("optimizer_fails_tiny_set", probed(True, "")) == []


def test_silent_where_adam_fails_too() -> None:
    assert findings("optimizer_fails_tiny_set", probed(False, "model_or_loss")) == []


def test_finds_an_optimizer_that_is_alone_in_failing() -> None:
    [found] = findings("optimizer_fails_tiny_set", probed(False, "optimizer"))
    assert (found.subject, found.step, found.value) == ("tiny set", 0, 2.2)
    assert "Adam to 0.01" in found.message
