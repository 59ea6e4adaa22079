"""What recording costs: every variant takes one step in turn, so that a busy machine troubles all alike.

    python -m tests.benchmarks.bench [--jobs mlp cnn] [--variants ...] [--seconds 30] [--cpu]

Prints a table of ratios to the bare loop. A variant that records in full now and then is the mean of both kinds of step, weighted by how often
each was taken: (others * median of them + full * median of them) / all; the first 60 steps, in which the interval is found, are left out.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import pyarrow.parquet as pq
import torch

from tests.benchmarks.jobs import JOBS, Job
from tests.benchmarks.variants import VARIANTS, Variant

WARM_UP = 60


def step(job: Job, variant: Variant, clock: Callable[[], float]) -> float:
    """One step; returns its seconds."""
    started = clock()
    ids, inputs, targets = job.batch()
    output = job.model(inputs)
    losses = job.losses(output, targets)
    job.optimizer.zero_grad()
    losses.mean().backward()
    job.optimizer.step()
    if variant.after is not None:
        variant.after(ids, losses, output, targets)
    return clock() - started


def run(name: str, variants: list[str], seconds: float, clock: Callable[[], float], folder: Path) -> dict[str, list[float]]:
    """Seconds of each step, per variant, without the warm-up."""
    jobs, started = {}, {}
    for variant in variants:
        torch.manual_seed(0)
        jobs[variant] = JOBS[name]()
        started[variant] = VARIANTS[variant](jobs[variant], folder / variant.replace(" ", "_"))
    times: dict[str, list[float]] = {variant: [] for variant in variants}
    began = perf_counter()
    while perf_counter() - began < seconds or len(times["bare"]) < WARM_UP + 10:
        for variant in variants:
            times[variant].append(step(jobs[variant], started[variant], clock))
    for variant in started.values():
        variant.close()
    return times


def full_steps(folder: Path) -> set[int]:
    return {step for file in folder.glob("stats/*/*.parquet") for step in pq.read_table(file, columns=["step"])["step"].to_pylist()}


def cost(times: list[float], full: set[int]) -> float:
    """Seconds of a step after the warm-up: medians of the steps recorded in full and of the others, weighted."""
    kinds: dict[bool, list[float]] = {True: [], False: []}
    for number, seconds in enumerate(times[WARM_UP:], WARM_UP):
        kinds[number in full].append(seconds)
    return sum(median(kind) * len(kind) for kind in kinds.values() if kind) / (len(times) - WARM_UP)


def size(folder: Path, tables: tuple[str, ...]) -> int:
    return sum(file.stat().st_size for table in tables for file in (folder / table).rglob("*.parquet"))


def report(name: str, times: dict[str, list[float]], folder: Path) -> None:
    base = cost(times["bare"], set())
    print(f"\n{name}: bare step {base * 1e3:.2f} ms, {len(times['bare']) - WARM_UP} steps each")
    for variant, taken in times.items():
        place = folder / variant.replace(" ", "_")
        full = full_steps(place)
        ratios = sorted(seconds / other for seconds, other in zip(taken[WARM_UP:], times["bare"][WARM_UP:], strict=True))
        quarter = len(ratios) // 4
        line = f"  {variant:26} {cost(taken, full) / base:6.3f}   middle half of single steps {ratios[quarter]:.2f} to {ratios[-quarter - 1]:.2f}"
        if full:
            late = len([number for number in full if number >= WARM_UP])
            rows = sum(pq.read_metadata(file).num_rows for file in place.glob("samples/*/*.parquet"))
            line += f"   full steps {late}, {size(place, ('stats', 'metrics')) / len(taken):.0f} bytes a step"
            line += f", {size(place, ('samples',)) / rows:.0f} a sample" if rows else ""
        print(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", nargs="+", default=list(JOBS), choices=list(JOBS))
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--seconds", type=float, default=60.0, help="for each job, all variants together")
    parser.add_argument("--cpu", action="store_true", help="measure processor time instead of the clock: for a machine that is busy with other things")
    options = parser.parse_args()
    torch.set_num_threads(1)
    variants = ["bare", *(variant for variant in options.variants if variant != "bare")]
    for name in options.jobs:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            report(name, run(name, variants, options.seconds, process_time if options.cpu else perf_counter, folder), folder)


if __name__ == "__main__":
    main()
