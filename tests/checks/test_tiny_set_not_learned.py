import json

from .builder import Log, findings, healthy_log


def probed(passed: bool | None, fault: str = "model_or_loss") -> Log:
    details = {"steps": 200, "examples": 8, "fault": fault}
    row = {"step": 0, "probe": "overfit", "subject": "", "value": 2.2, "reference": 2.3, "tolerance": 0.05, "passed": passed, "details": json.dumps(details)}
    return healthy_log().add("probes", row)


def test_silent_on_a_healthy_log() -> None:
    assert findings("tiny_set_not_learned", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("tiny_set_not_learned", healthy_log(steps=0)) == []


def test_silent_on_a_probe_that_passed() -> None:
    assert findings("tiny_set_not_learned", probed(True)) == []


def test_silent_where_a_negative_loss_has_no_zero() -> None:
    assert findings("tiny_set_not_learned", probed(None)) == []


def test_finds_a_set_that_was_not_learned() -> None:
    [found] = findings("tiny_set_not_learned", probed(False))
    assert (found.subject, found.step, found.value) == ("tiny set", 0, 2.2)
    assert "after 200 steps on 8 examples" in found.message


def test_says_that_adam_learns_it() -> None:
    [found] = findings("tiny_set_not_learned", probed(False, "optimizer"))
    assert found.message.endswith("while Adam learns them")
