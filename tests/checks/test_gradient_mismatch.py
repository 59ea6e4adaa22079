import pytest

from .builder import Log, findings, healthy_log


def probed(passed: bool | None, value: float, subject: str = "fc1.weight") -> Log:
    row = {"step": 0, "probe": "gradient_check", "subject": subject, "value": value, "reference": 0.0, "tolerance": 1e-4, "passed": passed, "details": "{}"}
    return healthy_log().add("probes", row)


def test_silent_on_a_healthy_log() -> None:
    assert findings("gradient_mismatch", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("gradient_mismatch", healthy_log(steps=0)) == []


def test_silent_on_a_probe_that_passed() -> None:
    assert findings("gradient_mismatch", probed(True, 2e-8)) == []


def test_silent_where_no_direction_settled() -> None:
    assert findings("gradient_mismatch", probed(None, 0.5)) == []


@pytest.mark.parametrize(("error", "count"), [(0.009, 0), (0.011, 1)])
def test_an_error_below_one_percent_is_no_mistake(error: float, count: int) -> None:
    assert len(findings("gradient_mismatch", probed(False, error))) == count


def test_puts_the_largest_error_first() -> None:
    log = probed(False, 0.2).add("probes", {**probed(False, 0.9, "custom").rows["probes"][0]})
    assert [found.subject for found in findings("gradient_mismatch", log)] == ["custom", "fc1.weight"]


def test_names_the_module_to_blame_and_not_the_parameters_before_it() -> None:
    blamed = {"details": '{"kind": "parameter", "blamed": ["act1"]}'}
    log = probed(False, 0.7, "fc1.weight")
    log.rows["probes"][0].update(blamed)
    log.add("probes", {**log.rows["probes"][0], "subject": "", "details": '{"kind": "summary", "blamed": ["act1"]}'})
    log.add("probes", {**log.rows["probes"][0], "subject": "act1", "value": 0.6, "details": '{"kind": "module"}'})
    [found] = findings("gradient_mismatch", log)
    assert (found.subject, found.value) == ("act1", 0.6)
    assert "the backward of act1 is wrong" in found.message
