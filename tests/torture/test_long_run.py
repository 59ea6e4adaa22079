"""A million steps, thousands of tensors, a hundred thousand samples: memory stays flat, files stay few, and the analyzer opens them.

The figures are printed: `pytest -m slow -s tests/torture/test_long_run.py`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import pytest

from analyzer import open_run
from analyzer.verify import verify
from recorder.compact import compact
from recorder.format import TABLES
from tests.torture.long_runs import BATCH, BATCHES, EPOCHS, KINDS, LAYERS, SCALAR_STEPS, TENSOR_STEPS

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the resident memory is read from /proc")]

MIB = 2**20

MOST_GROWTH = 16 * MIB
"""From half of the run to its end."""

MOST_GROWTH_SINCE_A_TENTH = 96 * MIB
"""The first sealing holds a tail of 16 MiB as rows and as a Parquet file, and the allocator keeps that memory. Of samples the hash is remembered,
of 131,072 at most (`recorder/inputs.py`)."""

ANALYZER_MEMORY = 2000 * MIB

IN_A_PROCESS = """
import re, sys
from analyzer.cli import main
try:
    main()
finally:
    print("peak", re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
"""


@dataclass(frozen=True)
class Recorded:
    kind: str
    run: Path
    resident: list[int]


@pytest.fixture(scope="module", params=list(KINDS))
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    run = tmp_path_factory.mktemp("long") / "run"
    ended = subprocess.run([sys.executable, "-m", "tests.torture.long_runs", request.param, str(run)], capture_output=True, text=True, check=True)
    assert ended.stderr == ""
    told = json.loads(ended.stdout)
    print(f"\n{request.param}: {told['seconds']:.0f} s, resident at 10, 50 and 100 %: {', '.join(f'{size / MIB:.0f}' for size in told['resident'])} MiB")
    return Recorded(request.param, run, told["resident"])


def sealed(run: Path) -> list[Path]:
    return [file for file in run.rglob("*.parquet") if file.is_file()]


def test_memory_is_flat(recorded):
    at_a_tenth, at_half, at_end = recorded.resident
    assert at_end - at_half < MOST_GROWTH
    assert at_end - at_a_tenth < MOST_GROWTH_SINCE_A_TENTH


def test_every_row_is_there_in_few_files(recorded):
    with open_run(recorded.run) as run:
        rows = {table: run.rows(f"select count(*) as count from {table}")[0]["count"] for table in TABLES}
        losses = run.rows("select count(*) as count, count(distinct step) as steps from metrics where name = 'loss'")[0]
        per_step = run.rows("select min(count) as fewest from (select count(*) as count from stats group by step, split)")[0]
    files = sealed(recorded.run)
    size = sum(file.stat().st_size for file in files)
    print(f"\n{recorded.kind}: {len(files)} files, {size / MIB:.1f} MiB, rows { ({table: count for table, count in rows.items() if count}) }")
    steps = {"scalars": SCALAR_STEPS, "tensors": TENSOR_STEPS, "samples": EPOCHS * BATCHES}[recorded.kind]
    assert losses == {"count": steps, "steps": steps}
    if recorded.kind == "tensors":
        assert per_step["fewest"] >= 8 * LAYERS
    if recorded.kind == "samples":
        assert rows["samples"] == (EPOCHS + 1) * BATCH * BATCHES and rows["inputs"] == 2 * BATCH * BATCHES
        assert 100 <= rows["previews"] <= 500
    assert [path.name for path in recorded.run.rglob("_*")] == []
    assert len(files) <= 100 and size < 200 * MIB


@pytest.mark.parametrize("command", ["check", "report"])
def test_the_analyzer_opens_it(recorded, command, tmp_path):
    arguments = [command, str(recorded.run)] + (["-o", str(tmp_path / "report.html")] if command == "report" else [])
    began = perf_counter()
    ended = subprocess.run([sys.executable, "-c", IN_A_PROCESS, *arguments], capture_output=True, text=True, check=False)
    *errors, peak = ended.stderr.splitlines()
    memory = int(peak.removeprefix("peak ")) * 1024
    page = f", page of {(tmp_path / 'report.html').stat().st_size / MIB:.1f} MiB" if command == "report" else ""
    print(f"\n{recorded.kind}: analyze {command} in {perf_counter() - began:.1f} s and {memory / MIB:.0f} MiB{page}")
    assert ended.returncode in (0, 1) and not [line for line in errors if "Traceback" in line]
    assert memory < ANALYZER_MEMORY


def test_compaction_loses_no_row(recorded):
    def contents() -> dict[str, object]:
        with open_run(recorded.run) as run:
            return {table: run.rows(f"select count(*) as count, sum(hash(row)) as hash from {table} as row")[0] for table in TABLES}

    before = contents()
    done = compact(recorded.run)
    print(f"\n{recorded.kind}: {done.files_before} files, {done.bytes_before / MIB:.1f} MiB, become {done.files_after}, {done.bytes_after / MIB:.1f} MiB")
    assert contents() == before
    assert verify(recorded.run).problems == () and done.files_after <= done.files_before
