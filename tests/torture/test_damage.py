"""2,000 logs, each damaged somewhere: no traceback, and no row shown that is not one of the run's, unless `analyze verify` says that it is not whole."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from analyzer import open_run
from analyzer.errors import LogError
from analyzer.verify import verify
from recorder.format import TABLES, tail_number
from tests.torture.recording import train

pytestmark = pytest.mark.slow

CASES = 2000
GROUPS = 20


def flip(data: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << draw.randrange(8))]) + data[place + 1 :]


def cut_end(data: bytes, draw: random.Random) -> bytes:
    return data[: draw.randrange(len(data))]


def cut_out(data: bytes, draw: random.Random) -> bytes:
    start, end = sorted(draw.randrange(len(data) + 1) for _ in range(2))
    return data[:start] + data[end:] if end > start else data[:-1]


def repeat(data: bytes, draw: random.Random) -> bytes:
    start, end = sorted(draw.randrange(len(data) + 1) for _ in range(2))
    return data[:end] + data[start:end] + data[end:] if end > start else data + data[-1:]


def zero(data: bytes, draw: random.Random) -> bytes:
    start = draw.randrange(len(data))
    end = min(len(data), start + draw.choice([1, 16, 512, 4096]))
    damaged = data[:start] + bytes(end - start) + data[end:]
    return damaged if damaged != data else flip(data, draw)


def scramble(data: bytes, draw: random.Random) -> bytes:
    start = draw.randrange(len(data))
    piece = draw.randbytes(min(64, len(data) - start))
    return data[:start] + piece + data[start + len(piece) :]


KINDS: list[Callable[[bytes, random.Random], bytes]] = [flip, cut_end, cut_out, repeat, zero, scramble]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with sealed files and with live tails: as it is when the process is killed."""
    whole = tmp_path_factory.mktemp("whole") / "run"
    copy = whole.with_name("killed")

    def finished(step: int) -> None:
        if step == 27:
            shutil.copytree(whole, copy)

    train(whole, 30, finished, seal_bytes=12_000)
    return copy


def rows_of(run_dir: Path, tables: Iterable[str] = TABLES) -> dict[str, Counter[str]]:
    """Every row of the tables as text, and how often it is there."""
    with open_run(run_dir) as run:
        return {table: Counter(map(repr, run.rows(f"select * from {table}"))) for table in tables}


@pytest.fixture(scope="module")
def good(recorded: Path) -> dict[str, Counter[str]]:
    assert verify(recorded).problems == ()
    return rows_of(recorded)


@pytest.mark.parametrize("group", range(GROUPS))
def test_damage(recorded, good, tmp_path, group):
    for case in range(group, CASES, GROUPS):
        draw = random.Random(case)
        run = tmp_path / f"run{case}"
        shutil.copytree(recorded, run)
        files = sorted(path for path in run.rglob("*") if path.is_file() and path.stat().st_size and not path.name.startswith("_lock"))
        victim = draw.choice(files)
        kind = draw.choice(KINDS)
        victim.write_bytes(kind(victim.read_bytes(), draw))
        try:
            assert_honest(run, victim, good, every_table=case % 50 == 0)
        except Exception as error:
            raise AssertionError(f"case {case}: {kind.__name__} of {victim.relative_to(run)}: {error}") from error
        shutil.rmtree(run)


def assert_honest(run: Path, victim: Path, good: dict[str, Counter[str]], every_table: bool) -> None:
    if victim.name == "run.json":
        try:
            rows_of(run)
        except LogError as error:
            assert "run.json" in str(error)
        return
    state = verify(run)
    table = victim.relative_to(run).parts[0]
    tables = TABLES if every_table else (table,)
    found = rows_of(run, tables)
    assert not found[table] - good[table], f"rows that were never recorded: {list(found[table] - good[table])[:1]}"
    assert all(found[other] == good[other] for other in tables if other != table), "another table has changed"
    missing = sum((good[table] - found[table]).values())
    if missing:
        named = [problem for problem in state.problems if problem.file.startswith(table)]
        assert named, f"{missing} rows are gone and verify says nothing"
        at_end = tail_number(victim.name) is not None and any("torn" in problem.message for problem in named)
        counted = sum(problem.rows or 0 for problem in named)
        assert at_end or counted == missing or any(problem.rows is None for problem in named), f"{missing} rows are gone, {counted} are counted"
