import pytest

from .builder import Log, findings, healthy_log

CHECK = "metric_in_percent"


def logged(factor: float, name: str = "accuracy", steps: int = 100) -> Log:
    log = healthy_log(steps)
    values = [(row["step"], row["value"]) for row in log.rows["metrics"] if (row["name"], row["split"]) == ("accuracy", "valid")]
    log.change("metrics", lambda row: row if row["name"] != "accuracy" else None)
    return log.metric(name, [factor * value for _, value in values], split="valid", steps=[step for step, _ in values])


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_calls_percent_info() -> None:
    [found] = findings(CHECK, logged(100))
    assert (found.subject, found.severity, found.last_step) == ("accuracy", "info", 99)
    assert findings("metric_by_another_formula", logged(100)) == []


@pytest.mark.parametrize("factor, name", [(1, "accuracy"), (100, "accuracy_percent"), (10, "accuracy"), (90, "accuracy")])
def test_silent_on_shares_on_names_that_say_percent_and_on_other_factors(factor: float, name: str) -> None:
    assert findings(CHECK, logged(factor, name)) == []
