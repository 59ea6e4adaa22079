import json
import os
import signal
import subprocess
import sys
import time

import pyarrow as pa
import pytest

from recorder.format import TABLES, lock_name, schema, tail_name
from recorder.writer import Writer, claim
from tests.recorder.log_rows import files, metrics, steps


def recorded(run, steps=range(5), rank=0, close=True):
    taken = claim(run, rank)
    writer = Writer(run, rank)
    for step in steps:
        writer.append("metrics", metrics(step))
    if close:
        writer.close()
    taken.lock.forget()  # as a process that ended does
    return run


def resumed_event(taken):
    row = {"step": taken.next_step, "kind": "resumed", "message": "", "details": json.dumps(taken.details)}
    return pa.RecordBatch.from_pylist([row], schema=schema("events"))


def test_a_new_directory_is_made_and_begins_at_zero(tmp_path):
    taken = claim(tmp_path / "a" / "b")
    assert (taken.resumed, taken.last_step, taken.next_step) == (False, None, 0)
    assert (tmp_path / "a" / "b" / lock_name(0)).exists()
    taken.lock.release()
    assert not (tmp_path / "a" / "b" / lock_name(0)).exists()


@pytest.mark.parametrize("close", [True, False])
def test_a_recorded_run_is_refused_without_resume(tmp_path, close):
    recorded(tmp_path, close=close)
    with pytest.raises(FileExistsError, match=r"already holds a recorded run .* resume=True"):
        claim(tmp_path)


def test_another_rank_s_rows_are_no_reason_to_refuse(tmp_path):
    recorded(tmp_path, rank=0)
    assert claim(tmp_path, rank=1).next_step == 0


def test_resume_seals_the_old_tails_and_goes_on_after_the_last_step(tmp_path):
    recorded(tmp_path, close=False)
    taken = claim(tmp_path, resume=True)
    assert files(tmp_path) == ["00000000.parquet"]
    assert (taken.resumed, taken.last_step, taken.next_step, taken.next_numbers["metrics"]) == (True, 4, 5, 1)
    writer = Writer(tmp_path)
    writer.append("metrics", metrics(5))
    assert files(tmp_path) == ["00000000.parquet", "_00000001.arrows"]
    assert steps(tmp_path) == sorted([*range(6)] * 2)


def test_resume_of_an_empty_directory_begins_at_zero(tmp_path):
    taken = claim(tmp_path, resume=True)
    assert (taken.resumed, taken.next_step) == (False, 0)


def test_resume_at_a_step_says_from_which_file_on_the_history_is_new(tmp_path):
    recorded(tmp_path)
    taken = claim(tmp_path, resume=2)
    assert taken.details == {"step": 2, "first_file": {**dict.fromkeys(TABLES, 0), "metrics": 1}}


def test_the_last_step_is_that_of_the_history_that_counts(tmp_path):
    """A run to step 4, resumed at 2 and killed at 3, goes on at 4 and not at 5."""
    recorded(tmp_path)
    taken = claim(tmp_path, resume=2)
    writer = Writer(tmp_path)
    writer.append("events", resumed_event(taken))
    writer.append("metrics", metrics(2))
    writer.append("metrics", metrics(3))
    taken.lock.forget()
    assert claim(tmp_path, resume=True).next_step == 4


def test_what_was_torn_or_damaged_is_told_in_the_resumed_event(tmp_path):
    recorded(tmp_path, close=False)
    tail = tmp_path / "metrics/rank=00000" / tail_name(0)
    data = bytearray(tail.read_bytes())
    data[data.index(b"train")] ^= 1
    tail.write_bytes(data[:-3])
    taken = claim(tmp_path, resume=True)
    assert taken.details["lost"] == {"metrics": {"rows_lost": 2, "torn_tails": 1}}
    assert steps(tmp_path) == [1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize("content", [b"", b"\xff\xff\xff\xff", b"garbage" * 100])
def test_a_tail_without_a_batch_is_cleared_away(tmp_path, content):
    folder = tmp_path / "metrics/rank=00000"
    folder.mkdir(parents=True)
    (folder / tail_name(3)).write_bytes(content)
    assert claim(tmp_path, resume=True).next_step == 0
    assert files(tmp_path) == []


def test_a_tail_whose_sealed_file_exists_is_cleared_away(tmp_path):
    recorded(tmp_path)
    (tmp_path / "metrics/rank=00000" / tail_name(0)).write_bytes(b"left by a crash after the rename")
    (tmp_path / "metrics/rank=00000" / "_00000001.parquet").write_bytes(b"left by a crash before the rename")
    claim(tmp_path, resume=True)
    assert files(tmp_path) == ["00000000.parquet"]


def test_a_negative_step_is_refused(tmp_path):
    with pytest.raises(ValueError, match="resume=-1"):
        claim(tmp_path, resume=-1)


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(OSError, match="run"):
        claim(tmp_path / "run")


def test_two_recorders_in_one_process_are_refused(tmp_path):
    first = claim(tmp_path)
    with pytest.raises(FileExistsError, match="this very process"):
        claim(tmp_path, resume=True)
    first.lock.release()
    claim(tmp_path, resume=True)


HOLD = """
import sys, time
from pathlib import Path
from recorder.writer import claim
taken = claim(Path(sys.argv[1]), resume=True)
print("held", flush=True)
time.sleep(60)
"""


def test_two_processes_on_one_directory_are_refused_until_one_is_gone(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(FileExistsError, match=f"process {other.pid} on "):
            claim(tmp_path, resume=True)
        other.send_signal(signal.SIGKILL)
        other.wait()
    claim(tmp_path, resume=True)


def test_a_forked_child_that_lives_on_does_not_hold_the_directory(tmp_path):
    """DataLoader workers may outlive a killed parent by seconds."""
    taken = claim(tmp_path)
    ready, forked = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(forked, b"!")
        time.sleep(60)
        os._exit(0)
    os.read(ready, 1)
    try:
        taken.lock.forget()
        claim(tmp_path, resume=True).lock.release()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
