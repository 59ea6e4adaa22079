"""The SQL prompt: driven through a pipe as a terminal would."""

from __future__ import annotations

from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from analyzer.prompt import Names, is_whole, prompt
from analyzer.query import open_locked

from .run_directory import write_log


def test_a_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    run_dir = write_log(tmp_path / "run")
    typed = "select 40 + 2\ras answer;\rfrom nowhere;\rset threads = 1;\rtables\rhelp\rquit\r"
    with create_pipe_input() as terminal, create_app_session(input=terminal, output=DummyOutput()), open_locked(run_dir) as run:
        terminal.send_text(typed)
        prompt(run)
    printed = capsys.readouterr()
    assert "answer" in printed.out and "42" in printed.out
    assert "\nweights\n" in printed.out
    assert "Ctrl-D" in printed.out
    assert "there is no table 'nowhere'" in printed.err
    assert "SET is not a question" in printed.err
    [history] = (tmp_path / "home").rglob("sql_history")
    assert "+select 40 + 2\n+as answer;" in history.read_text()


@pytest.mark.parametrize(
    "text, whole", [("select 1", False), ("select 1;", True), ("select 1\n;  ", True), ("", True), ("quit", True), ("help", True), ("tables", True)]
)
def test_enter_ends_a_query_at_its_semicolon(text: str, whole: bool) -> None:
    assert is_whole(text) == whole


@pytest.mark.parametrize(
    "text, first",
    [
        ("from met", "metrics"),
        ("select va from metrics", None),
        ("from metrics where val", "value"),
        ("from metrics where metrics.val", "value"),
        ("sel", "select"),
        ("select coun", "count"),
    ],
)
def test_names_are_completed(tmp_path: Path, text: str, first: str | None) -> None:
    with open_locked(write_log(tmp_path)) as run:
        cursor = len(text) if first else len("select va")
        offered = [completion.text for completion in Names(run).get_completions(Document(text, cursor), CompleteEvent())]
    assert offered[0] == (first or "value")
