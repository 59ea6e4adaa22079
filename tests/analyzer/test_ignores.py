"""The ignore file: what a user knows and accepts, each entry with a reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyzer.check import Finding, load_checks
from analyzer.errors import UsageError
from analyzer.ignores import Ignore, load_ignores

CHECKS = load_checks()


def finding(check: str, subject: str) -> Finding:
    return Finding(check, "mistakes", "unknown", "symptom", "warning", subject, 0, 0, None, None, "", "", "")


def test_without_files_nothing_is_ignored(tmp_path: Path) -> None:
    assert load_ignores(tmp_path, [], CHECKS) == []


def test_the_runs_file_then_the_users_then_the_command_line(tmp_path: Path, no_settings: Path) -> None:
    (tmp_path / "ignore.yaml").write_text("- {check: loss_diverges, reason: a test}\n")
    (no_settings / "ignore.yaml").write_text("- check: dead_units\n  subject: fc1\n  reason: pruned on purpose\n")
    assert load_ignores(tmp_path, ["crashed", "dead_units:a:b"], CHECKS) == [
        Ignore("loss_diverges", None, "a test"),
        Ignore("dead_units", "fc1", "pruned on purpose"),
        Ignore("crashed", None, "given on the command line"),
        Ignore("dead_units", "a:b", "given on the command line"),
    ]


def test_without_a_subject_all_findings_of_the_check_are_covered() -> None:
    assert Ignore("dead_units", None, "").covers(finding("dead_units", "fc1"))
    assert Ignore("dead_units", "fc1", "").covers(finding("dead_units", "fc1"))
    assert not Ignore("dead_units", "fc2", "").covers(finding("dead_units", "fc1"))
    assert not Ignore("crashed", None, "").covers(finding("dead_units", "fc1"))


@pytest.mark.parametrize(
    "text, message",
    [
        ("- check: dead_units", "entry 1: why is dead_units ignored? Give a reason"),
        ("- {check: dead_units, reason: ' '}", "Give a reason"),
        ("- {reason: x}", "it must hold check, subject"),
        ("- {check: dead_units, reason: x, because: y}", "and nothing else"),
        ("- dead_units", "it must hold check, subject"),
        ("check: dead_units", "it must be a list"),
        ("- [", "is not valid YAML"),
        ("- {check: dead_unit, reason: x}", "Did you mean 'dead_units'"),
    ],
)
def test_what_is_wrong_with_an_ignore_file_is_said(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "ignore.yaml").write_text(text)
    with pytest.raises(UsageError, match=re.escape(message)):
        load_ignores(tmp_path, [], CHECKS)


def test_an_empty_file_ignores_nothing(tmp_path: Path) -> None:
    (tmp_path / "ignore.yaml").write_text("# nothing yet\n")
    assert load_ignores(tmp_path, [], CHECKS) == []
