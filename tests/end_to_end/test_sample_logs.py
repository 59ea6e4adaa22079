"""The recorded samples: each gets the verdict that its script says, and a recording made now gets the same as the stored one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from analyzer import open_run
from analyzer.diagnosis import Diagnosis

ROOT = Path(__file__).parents[2]
SAMPLE_LOGS = ROOT / "sample_logs"
NAMES = ("saturating_tanh", "mislabelled_digits", "padded_text", "healthy_digits")


@cache
def diagnosis(name: str) -> Diagnosis:
    return open_run(SAMPLE_LOGS / name).diagnose()


def serious(found: Diagnosis) -> list[tuple[str, str]]:
    return [(entry.cause, entry.subject) for entry in found.entries if entry.severity != "info"]


def test_saturating_tanh_is_the_schedules_doing() -> None:
    found = diagnosis("saturating_tanh")
    first = found.entries[0]
    assert (first.cause, first.step, first.subject) == ("learning_rate_schedule", 240, "learning_rate")
    assert {"saturated_layers", "loss_diverges"} <= set(first.explains)
    saturated = [finding for finding in found.findings if finding.check == "saturated_layers"]
    assert {finding.subject for finding in saturated} == {"2", "4", "6"}
    assert all(240 <= finding.step <= 260 for finding in saturated if finding.step is not None)


def test_mislabelled_digits_has_two_causes() -> None:
    found = diagnosis("mislabelled_digits")
    assert {cause for cause, _ in serious(found)} == {"dead_units", "label_errors"}
    [dead] = [entry for entry in found.entries if entry.cause == "dead_units"]
    assert dead.subject == "relu3"
    assert 330 <= (dead.step or 0) <= 340


def test_the_labels_called_wrong_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    monkeypatch.syspath_prepend(SAMPLE_LOGS)
    from record_mislabelled_digits import data

    wrong = {f"digits:{index}" for index in data()[2]}
    found = [finding.subject for finding in diagnosis("mislabelled_digits").findings if finding.cause == "label_errors"]
    assert len(found) >= 10
    assert set(found) <= wrong


def test_padded_text_counts_padding() -> None:
    found = diagnosis("padded_text")
    assert serious(found) == [("padding_counted", "loss")]
    assert found.entries[0].step == 0


def test_healthy_digits_is_healthy() -> None:
    found = diagnosis("healthy_digits")
    assert found.healthy, found.entries


def test_recording_again_gives_the_same_diagnosis(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    run = tmp_path / "again"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-W", "error", SAMPLE_LOGS / "record_saturating_tanh.py", run], check=True, env=environment, cwd=tmp_path)
    again, stored = open_run(run).diagnose(), diagnosis("saturating_tanh")
    assert [(entry.cause, entry.severity) for entry in again.entries] == [(entry.cause, entry.severity) for entry in stored.entries]
    assert (again.entries[0].step, again.entries[0].subject) == (stored.entries[0].step, stored.entries[0].subject)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_tells_nothing_of_the_machine_it_was_recorded_on(name: str) -> None:
    info = json.loads((SAMPLE_LOGS / name / "run.json").read_text())
    assert (info["host"], info["directory"], info["git"]) == ("", "", None)
    assert info["command"] == ["python", f"sample_logs/record_{name}.py"]
    texts = json.dumps(info) + json.dumps([row["details"] for row in open_run(SAMPLE_LOGS / name).rows("select details from events")])
    assert not [mark for mark in ("/home/", "/root", "/work", "/tmp", "/Users/") if mark in texts]


def test_together_the_samples_stay_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLE_LOGS.rglob("*") if path.is_file()) < 5e6
