"""What recording costs, as tables for docs/performance.md: time of a step, memory, bytes on disk.

    python -m tests.benchmarks.bench [--jobs mlp cnn] [--variants ...] [--seconds 60] [--cpu] [--no-memory]

Time: every variant takes one step in turn, so that a busy machine troubles all alike, and a step is compared with the bare step of the same round.
A variant that has used twice its share of the time sits rounds out. A variant that records in full now and then is the mean of both kinds of step,
weighted by how often each was taken; the steps in which the interval is found are left out. Memory: see memory.py.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import pyarrow.parquet as pq
import torch

import recorder.finite
import recorder.hooks
import recorder.log
import recorder.observe
from tests.benchmarks.jobs import JOBS
from tests.benchmarks.memory import Memory, measured_in_processes
from tests.benchmarks.variants import FOLDERS_OF_SAMPLES, VARIANTS, step

FEWEST_ROUNDS = 10


@dataclass
class Times:
    """Seconds of each step by round, in the order of the steps; the first `warm_up` steps do not count."""

    warm_up: int
    by_round: dict[int, float] = field(default_factory=dict)

    def counted(self) -> list[tuple[int, int, float]]:
        """Step, round and seconds of the steps that count."""
        return [(number, place, seconds) for number, (place, seconds) in enumerate(self.by_round.items()) if number >= self.warm_up]


class OwnTime:
    """The recorder's clock here: it stands still while others take their steps, for the interval is chosen by the time from step to step."""

    def __init__(self) -> None:
        self._left: dict[str, float] = {}
        self._others: dict[str, float] = {}
        self._now = ""
        for module in (recorder.finite, recorder.hooks, recorder.log, recorder.observe):
            module.perf_counter = self

    def __call__(self) -> float:
        return perf_counter() - self._others.get(self._now, 0.0)

    def turn_of(self, variant: str) -> float:
        """From now on it is this variant's clock; returns the true time."""
        now = perf_counter()
        self._left[self._now] = now
        self._others[variant] = self._others.get(variant, 0.0) + (now - self._left.get(variant, now) if variant != self._now else 0.0)
        self._now = variant
        return now


def run(name: str, variants: list[str], seconds: float, clock: Callable[[], float], folder: Path) -> dict[str, Times]:
    jobs, started, times = {}, {}, {}
    for variant in variants:
        torch.manual_seed(0)
        jobs[variant] = JOBS[name]()
        started[variant] = VARIANTS[variant](jobs[variant], folder_of(folder, variant))
        times[variant] = Times(started[variant].warm_up)
    used = dict.fromkeys(variants, 0.0)
    own_time = OwnTime()
    place = 0
    while sum(used.values()) < seconds or any(len(taken.by_round) < taken.warm_up + FEWEST_ROUNDS for taken in times.values()):
        for variant in variants:
            few = len(times[variant].by_round) < times[variant].warm_up + FEWEST_ROUNDS
            if variant == "bare" or few or used[variant] <= 2 * sum(used.values()) / len(variants):
                began = own_time.turn_of(variant)
                times[variant].by_round[place] = step(jobs[variant], started[variant], clock)
                used[variant] += perf_counter() - began
        place += 1
    for variant in started.values():
        variant.close()
    return times


def folder_of(folder: Path, variant: str) -> Path:
    return folder / variant.replace(" ", "_")


def full_steps(folder: Path) -> set[int]:
    return {number for file in folder.glob("stats/*/*.parquet") for number in pq.read_table(file, columns=["step"])["step"].to_pylist()}


def cost(times: Times, full: set[int]) -> float:
    """Seconds of a step: medians of the steps recorded in full and of the others, weighted."""
    kinds: dict[bool, list[float]] = {True: [], False: []}
    for number, _, seconds in times.counted():
        kinds[number in full].append(seconds)
    return sum(median(kind) * len(kind) for kind in kinds.values() if kind) / sum(map(len, kinds.values()))


def middle_half(times: Times, bare: Times) -> str:
    ratios = sorted(seconds / bare.by_round[place] for _, place, seconds in times.counted())
    quarter = len(ratios) // 4
    return f"{ratios[quarter]:.2f} to {ratios[-quarter - 1]:.2f}"


def disk(folder: Path, steps: int) -> tuple[str, str]:
    """Bytes a step without the samples and their inputs, and bytes a row of samples."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    of_samples = [file for file in files if file.relative_to(folder).parts[0] in FOLDERS_OF_SAMPLES]
    size = sum(file.stat().st_size for file in files) - sum(file.stat().st_size for file in of_samples)
    of_rows = [file for file in of_samples if file.relative_to(folder).parts[0] == "samples" and file.suffix == ".parquet"]
    rows = sum(pq.read_metadata(file).num_rows for file in of_rows)
    return (f"{size / steps:,.0f}" if size else ""), (f"{sum(file.stat().st_size for file in of_rows) / rows:.0f}" if rows else "")


def memory_cell(memory: dict[str, Memory], variant: str) -> str:
    if variant not in memory or variant == "bare":
        return ""
    found = memory[variant]
    text = f"{(found.peak - memory['bare'].peak) / 2**20:.0f}"
    text += f", copies of weights {found.copies / 2**20:.1f}" if found.copies else ""
    return text + (f", its own process {found.children / 2**20:.0f}" if found.children else "")


def table(name: str, times: dict[str, Times], memory: dict[str, Memory], folder: Path) -> str:
    base = cost(times["bare"], set())
    title = f"{(JOBS[name].__doc__ or name).rstrip('.')}: bare step {base * 1e3:.2f} ms"
    title += f", {memory['bare'].peak / 2**20:.0f} MiB" if memory else ""
    head = ["variant", "step, bare = 1", "middle half", "steps", "in full", "MiB above bare", "bytes a step", "bytes a sample"]
    rows = [head, ["---"] * len(head)]
    for variant, taken in times.items():
        place = folder_of(folder, variant)
        full = full_steps(place)
        counted = [number for number, *_ in taken.counted()]
        many = str(len(full & {*counted})) if full else ""
        figures = [f"{cost(taken, full) / base:.2f}", middle_half(taken, times["bare"]), str(len(counted)), many, memory_cell(memory, variant)]
        rows.append([variant, *figures, *disk(place, len(taken.by_round))])
    return f"### {title}\n\n" + "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", nargs="+", default=list(JOBS), choices=list(JOBS))
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--seconds", type=float, default=60.0, help="for each job, all variants together")
    parser.add_argument("--cpu", action="store_true", help="measure processor time instead of the clock: for a machine that is busy with other things")
    parser.add_argument("--no-memory", action="store_true", help="leave out the memory, which starts a process for each variant")
    options = parser.parse_args()
    torch.set_num_threads(1)
    variants = ["bare", *(variant for variant in options.variants if variant != "bare")]
    for name in options.jobs:
        memory = {} if options.no_memory else measured_in_processes(name, variants)
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            times = run(name, variants, options.seconds, process_time if options.cpu else perf_counter, folder)
            print(table(name, times, memory, folder), flush=True)


if __name__ == "__main__":
    main()
