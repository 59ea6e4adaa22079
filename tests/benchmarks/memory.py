"""What a variant adds to the memory of the process: the highest resident size, each variant in a process of its own.

    python -m tests.benchmarks.memory mlp default 10

prints a line of JSON; `measured_in_processes` is what the benchmark calls.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

STEPS = 10
"""The first steps are recorded in full, so the peak is reached soon; that memory stays flat over long runs is tested in tests/torture."""


@dataclass(frozen=True)
class Memory:
    """Bytes: highest resident size of the process, of its child processes (wandb has one), and the copies of weights that retrograd keeps."""

    peak: int
    children: int
    copies: int


def peak(process: str = "self") -> int:
    """Where /proc tells it, the peak since the program began: what `getrusage` says holds the peak of the parent that started it, too."""
    status = Path("/proc", process, "status")
    if status.exists():
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text())
        return 1024 * int(found[1]) if found else 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def children() -> list[str]:
    return [number for file in Path("/proc/self/task").glob("*/children") for number in file.read_text().split()]


def measure(job_name: str, variant_name: str, steps: int) -> Memory:
    import torch

    from tests.benchmarks.jobs import JOBS
    from tests.benchmarks.variants import VARIANTS, step

    torch.set_num_threads(1)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as place:
        job = JOBS[job_name]()
        variant = VARIANTS[variant_name](job, Path(place) / "run")
        for _ in range(steps):
            step(job, variant)
        copies, of_children = variant.copies(), sum(map(peak, children()))
        variant.close()
        return Memory(peak(), of_children, copies)


def measured_in_processes(job: str, variants: list[str], steps: int = STEPS) -> dict[str, Memory]:
    found = {}
    for variant in variants:
        command = [sys.executable, "-m", "tests.benchmarks.memory", job, variant, str(steps)]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found[variant] = Memory(**json.loads(output.splitlines()[-1]))
    return found


if __name__ == "__main__":
    print("\n" + json.dumps(asdict(measure(sys.argv[1], sys.argv[2], int(sys.argv[3])))))
