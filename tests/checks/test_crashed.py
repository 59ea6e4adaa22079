import pytest

from analyzer.run import Run

from .builder import Log, findings, healthy_log


def unfinished() -> Log:
    return healthy_log().change("events", lambda row: None if row["kind"] == "finished" else row)


def test_silent_on_a_healthy_log() -> None:
    assert findings("crashed", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("crashed", healthy_log(steps=0)) == []


def test_finds_an_exception_with_its_step_and_message() -> None:
    log = unfinished().event("exception", 57, "RuntimeError: out of memory")
    [found] = findings("crashed", log)
    assert (found.subject, found.step) == ("exception", 57)
    assert "RuntimeError: out of memory" in found.message


def test_finds_a_log_without_an_end() -> None:
    [found] = findings("crashed", unfinished())
    assert (found.subject, found.step) == ("killed", 99)


def test_silent_while_the_process_is_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "is_running", lambda self: True)
    assert findings("crashed", unfinished()) == []


def test_silent_where_a_resumed_run_came_to_its_end() -> None:
    log = unfinished().event("exception", 50, "KeyError: 'x'")
    log.add("events", {"step": 51, "seconds": 10.0, "kind": "resumed"}, {"step": 99, "seconds": 20.0, "kind": "finished"})
    assert findings("crashed", log) == []
