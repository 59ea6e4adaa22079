"""Bytes flipped, cut, doubled or zeroed in any file: no traceback, no wrong row, and what is lost is named."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from analyzer import RetrogradError, open_run
from analyzer.verify import verify
from recorder import format as log_format
from tests.checks.builder import healthy_log

from .run_directory import metric_rows, rows_of, tail, write_log

Rows = dict[str, Counter[str]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = write_log(tmp_path_factory.mktemp("runs") / "whole", healthy_log(20, 5))
    tail(run_dir, "metrics", metric_rows(*range(20, 60)), number=1)
    tail(run_dir, "samples", rows_of("samples", healthy_log(20, 5).rows["samples"]), number=1)
    return run_dir


@pytest.fixture(scope="module")
def truth(whole: Path) -> Rows:
    return read(whole)[0]


def read(run_dir: Path) -> tuple[Rows, list[str]]:
    with open_run(run_dir) as run:
        rows = {table: Counter(repr(row) for row in run.rows(f"from {table}")) for table in log_format.TABLES}
        return rows, [problem.file for problem in run.problems]


def damage(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content))
    end = min(len(content), place + chance.randrange(1, 200))
    damaged = bytearray(content)
    kind = chance.choice(["flip", "cut", "double", "zero"])
    if kind == "flip":
        damaged[place] ^= 1 << chance.randrange(8)
    elif kind == "cut":
        del damaged[place:]
    elif kind == "double":
        damaged[end:end] = content[place:end]
    else:
        damaged[place:end] = bytes(end - place)
    return bytes(damaged)


def survive(run_dir: Path, whole: Path, truth: Rows, seed: int) -> None:
    chance = random.Random(seed)
    original = chance.choice(sorted(path for path in whole.rglob("*") if path.is_file()))
    name = original.relative_to(whole).as_posix()
    content = damage(original.read_bytes(), chance)
    shutil.rmtree(run_dir, ignore_errors=True)
    shutil.copytree(whole, run_dir)
    (run_dir / name).write_bytes(content)
    try:
        rows, problems = read(run_dir)
        verification = verify(run_dir)
    except RetrogradError as error:
        assert name == "run.json" and "run.json" in str(error)
        return
    lost = sum((truth[table] - rows[table]).total() for table in truth)
    wrong = sum((rows[table] - truth[table]).total() for table in truth)
    assert wrong == 0, f"seed {seed}: {wrong} wrong rows from {name}"
    assert problems == [] or problems[0] == name, f"seed {seed}"
    assert lost == 0 or name in problems, f"seed {seed}: {lost} rows of {name} lost without a word"
    assert [problem.file for problem in verification.problems] == problems
    assert verification.whole or any(problem.file == name for problem in verification.problems)


@pytest.mark.parametrize("seeds", [range(start, start + 10) for start in range(0, 40, 10)], ids=str)
def test_random_damage(tmp_path: Path, whole: Path, truth: Rows, seeds: range) -> None:
    for seed in seeds:
        survive(tmp_path / "run", whole, truth, seed)


@pytest.mark.slow
def test_much_random_damage(tmp_path: Path, whole: Path, truth: Rows) -> None:
    for seed in range(1000, 3000):
        survive(tmp_path / "run", whole, truth, seed)
