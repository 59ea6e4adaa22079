"""Whether a recorder is alive, told by its lock."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from analyzer.alive import is_recording
from recorder.claim import Lock
from recorder.format import lock_name

from .run_directory import metric_rows, seal


def test_a_run_without_a_lock_has_ended(tmp_path: Path) -> None:
    assert is_recording(tmp_path) is False
    assert is_recording(Path()) is False


def test_a_lock_that_is_held(tmp_path: Path) -> None:
    lock = Lock(tmp_path / lock_name(0))
    assert is_recording(tmp_path) is True
    lock.forget()
    assert is_recording(tmp_path) is False


def test_a_compaction_is_no_recorder(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "_lock.compact")
    assert is_recording(tmp_path) is False
    lock.release()


def test_a_recorder_on_another_machine_is_judged_by_its_last_write(tmp_path: Path) -> None:
    (tmp_path / lock_name(0)).write_text(json.dumps({"pid": 1, "host": "another.example"}))
    path = seal(tmp_path, "metrics", metric_rows(0))
    os.utime(path, (time.time(), time.time()))
    assert is_recording(tmp_path) is True
    os.utime(path, (0, 0))
    assert is_recording(tmp_path) is None


def test_a_lock_that_makes_no_sense(tmp_path: Path) -> None:
    (tmp_path / lock_name(0)).write_text("{")
    assert is_recording(tmp_path) is None
