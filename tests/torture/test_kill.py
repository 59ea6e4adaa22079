"""SIGKILL at 200 moments: by the clock, and at every system call that stands between a row and its file."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from analyzer import open_run
from analyzer.verify import verify
from tests.torture.recording import BATCH, die_at, train_and_die

pytestmark = pytest.mark.slow

TARGETS = [
    *(("write", call, when) for call in (1, 2, 3, 7, 20, 41, 90) for when in ("before", "half", "after")),
    *(("rename", call, when) for call in range(1, 9) for when in ("before", "after")),
    *(("unlink", call, when) for call in range(1, 7) for when in ("before", "after")),
    *(("fsync", call, when) for call in (1, 2, 3, 5, 8) for when in ("before", "after")),
    *(("open", call, when) for call in (4, 8, 12, 16, 20) for when in ("before", "after")),
    *(("mkdir", call, when) for call in (2, 4, 6) for when in ("before", "after")),
]
BY_THE_CLOCK = 200 - len(TARGETS)


def assert_whole(run_dir: Path, finished: list[int]) -> None:
    """Every row of the finished steps is there once, and nothing else but the step in flight."""
    with open_run(run_dir) as run:
        assert [problem for problem in run.problems if "torn" not in problem.message] == []
        losses = Counter(row["step"] for row in run.rows("select step from metrics where name = 'loss'"))
        samples = Counter((row["step"], row["sample_id"]) for row in run.rows("select step, sample_id from samples"))
        norms = Counter(row["step"] for row in run.rows("select step from metrics where name = 'gradient_norm'"))
        stats = Counter((row["step"], row["tensor_id"], row["split"]) for row in run.rows("select step, tensor_id, split from stats"))
        recorded = {row["step"] for row in run.rows("select distinct step from stats")}
    for step in finished:
        assert losses[step] == 1, step
        assert [samples[step, f"s{step}-{place}"] for place in range(BATCH)] == [1] * BATCH, step
        assert norms[step] == 1, step
    assert all(count == 1 for counts in (losses, samples, norms, stats) for count in counts.values())
    in_flight = max(finished, default=-1) + 1
    assert {*losses, *norms, *recorded} <= {*finished, in_flight}
    assert {step for step in finished if step % 2 == 0} <= recorded or not finished
    state = verify(run_dir)
    assert all("torn" in problem.message for problem in state.problems), state.problems


@pytest.mark.parametrize("number", range(BY_THE_CLOCK))
def test_killed_by_the_clock(tmp_path, number):
    delay = random.Random(number).uniform(0, 0.4)
    finished = train_and_die(tmp_path / "run", 10_000, False, lambda: None, delay)
    assert_whole(tmp_path / "run", finished)


@pytest.mark.parametrize("function, call, when", TARGETS)
def test_killed_at_a_system_call(tmp_path, function, call, when):
    finished = train_and_die(tmp_path / "run", 60, False, die_at(function, call, when), None)
    if not (tmp_path / "run" / "run.json").exists():
        assert finished == []
        return
    assert_whole(tmp_path / "run", finished)


@pytest.mark.parametrize("number", range(10))
def test_killed_and_resumed_and_killed_again_is_one_history(tmp_path, number):
    draw = random.Random(number)
    run, finished = tmp_path / "run", []
    for attempt in range(3):
        if attempt == 1 and len(finished) > 6:
            back = len(finished) // 2
            finished = finished[:back] + train_and_die(run, 10_000, back, lambda: None, draw.uniform(0, 0.2))
        else:
            finished = finished + train_and_die(run, 10_000, attempt > 0, lambda: None, draw.uniform(0, 0.2))
        with open_run(run) as opened:
            losses = Counter(row["step"] for row in opened.rows("select step from metrics where name = 'loss'"))
        assert all(losses[step] == 1 for step in finished)
        assert all(count == 1 for count in losses.values())
        if attempt < 2:
            finished = sorted(losses)  # the step in flight may have been complete but for its report
