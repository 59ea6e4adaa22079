"""Records and judges the whole zoo, and writes docs/accuracy.md: `python -m tests.zoo.sweep` (`make zoo`).

Recordings stay in a folder, so that an interrupted sweep goes on where it was, and `--reuse` judges what is there without training anything.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
import traceback
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from .accuracy_page import page
from .case import Case
from .catalogue import LOOK_ALIKES, PLANTED, REAL, REPAIRED
from .runner import Result, as_json, from_json, judge, record

ROOT = Path(__file__).parents[2]
HEALTHY_SEEDS = range(5)
HEALTHY_SCALES = (1.0, 0.5, 2.0)
FAULT_SEEDS = range(3)


@dataclass(frozen=True)
class Job:
    """One case at one seed and learning rate."""

    name: str
    seed: int
    scale: float

    @property
    def folder(self) -> str:
        return f"{self.name}/seed{self.seed}-rate{self.scale:g}"


def jobs(fault_seeds: Iterable[int], healthy_seeds: Iterable[int], scales: Iterable[float]) -> list[Job]:
    """All jobs, in rounds, so that the first of each case come first."""
    faults = [Job(case.name, seed, 1.0) for seed in fault_seeds for case in (*PLANTED, *REAL)]
    healthy = [Job(case.name, seed, scale) for seed in healthy_seeds for scale in scales for case in (*LOOK_ALIKES, *REPAIRED)]
    return sorted([*faults, *healthy], key=lambda job: (job.seed, HEALTHY_SCALES.index(job.scale)))


CASES: dict[str, Case] = {case.name: case for case in (*PLANTED, *REAL, *LOOK_ALIKES, *REPAIRED)}


def record_job(job: Job, cache: Path) -> str:
    """Records a job unless it is there; returns why it could not, else nothing."""
    folder = cache / job.folder
    if (folder / "truth.json").exists():
        return ""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        record(CASES[job.name], folder, job.seed, job.scale)
    except Exception:
        return f"{job.folder}: {traceback.format_exc(limit=-3)}"
    return ""


def judge_job(job: Job, cache: Path) -> Result | str:
    """Judges a recorded job; returns why it could not, else the result."""
    folder = cache / job.folder
    if not (folder / "truth.json").exists():
        return f"{job.folder}: not recorded"
    try:
        result = judge(CASES[job.name], folder, job.seed, job.scale)
    except Exception:
        return f"{job.folder}: {traceback.format_exc(limit=-3)}"
    (folder / "result.json").write_text(as_json(result))
    return result


def both(job: Job, cache: Path, reuse: bool) -> Result | str:
    return (record_job(job, cache) if not reuse else "") or judge_job(job, cache)


def sweep(wanted: list[Job], cache: Path, processes: int, *, reuse: bool = False, only_record: bool = False) -> tuple[list[Result], list[str]]:
    """Results, and what could not be recorded or judged."""
    results: list[Result] = []
    broken: list[str] = []
    started = time.monotonic()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        if only_record:
            outcomes: Iterable[Result | str] = pool.map(record_job, wanted, [cache] * len(wanted))
        else:
            outcomes = pool.map(both, wanted, [cache] * len(wanted), [reuse] * len(wanted))
        for number, outcome in enumerate(outcomes, start=1):
            if isinstance(outcome, Result):
                results.append(outcome)
            elif outcome:
                broken.append(outcome)
                print(outcome, file=sys.stderr, flush=True)
            if number % 20 == 0:
                print(f"{number} of {len(wanted)}, {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return results, broken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", nargs="?", type=Path, default=ROOT / ".cache" / "zoo", help="folder of the recordings")
    parser.add_argument("--reuse", action="store_true", help="judge the recordings that are there; train nothing")
    parser.add_argument("--missing", action="store_true", help="only the jobs that have no result yet (then no page is written)")
    parser.add_argument("--record", action="store_true", help="only record")
    parser.add_argument("--print", action="store_true", help="print the page from the last results; judge nothing")
    parser.add_argument("--case", action="append", default=[], help="only these cases (then no page is written)")
    parser.add_argument(
        "--half",
        choices=["tuning", "held_out"],
        help="only the cases that thresholds were set with, or only those kept for measuring (then no page is written)",
    )
    parser.add_argument("--fault-seeds", type=int, default=len(FAULT_SEEDS))
    parser.add_argument("--healthy-seeds", type=int, default=len(HEALTHY_SEEDS))
    parser.add_argument("--rates", type=float, nargs="+", default=HEALTHY_SCALES, help="factors on the learning rate of healthy runs")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    wanted = jobs(range(asked.fault_seeds), range(asked.healthy_seeds), asked.rates)
    wanted = [job for job in wanted if not asked.case or job.name in asked.case]
    wanted = [job for job in wanted if not asked.half or CASES[job.name].half == asked.half]
    if asked.missing:
        wanted = [job for job in wanted if not (asked.cache / job.folder / "result.json").exists()]
    if asked.reuse:
        wanted = [job for job in wanted if (asked.cache / job.folder / "truth.json").exists()]
    if asked.print:
        results = [from_json(text.read_text()) for job in wanted if (text := asked.cache / job.folder / "result.json").exists()]
        broken: list[str] = []
    else:
        results, broken = sweep(wanted, asked.cache, asked.processes, reuse=asked.reuse, only_record=asked.record)
    if results and not (asked.case or asked.missing or asked.half):
        (ROOT / "docs" / "accuracy.md").write_text(
            page(results, frozenset(case.name for case in REAL), [case for case in (*PLANTED, *REAL) if len(case.causes) > 1])
        )
        print(f"docs/accuracy.md: {len(results)} runs")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
