"""A disk that fills up and empties again: a small tmpfs of its own where the test may mount one, else a file size limit."""

from __future__ import annotations

import random
import resource
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.verify import verify
from recorder.run_info import write_run_info
from recorder.writer import Writer
from tests.recorder.log_rows import metrics, read

pytestmark = pytest.mark.slow


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], capture_output=True, check=False)
    if not mounted or mounted.returncode:
        pytest.skip("no permission to mount a tmpfs")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def values(run: Path) -> Counter[float]:
    return Counter(read(run).column("value").to_pylist())


@pytest.mark.parametrize("seed", range(10))
def test_full_and_back(small_disk, seed):
    """What is missing in the end is what the writer says it lost; nothing is there twice and the log is whole."""
    draw = random.Random(seed)
    run, filler = small_disk / "run", small_disk / "filler"
    write_run_info(run, {"format_version": "1.0"})
    writer = Writer(run, seal_bytes=draw.choice([8000, 40_000, 10**9]), waiting_bytes=draw.choice([2000, 50_000, 10**7]))
    handed_over: Counter[float] = Counter()
    full = 0
    for step in range(600):
        if step in (100, 350):
            filler.write_bytes(b"")
            with open(filler, "ab", buffering=0) as file:
                size = 65536
                while size:
                    try:
                        file.write(bytes(size))
                    except OSError:
                        size //= 2
        if step in (100 + draw.randrange(200), 500):
            filler.unlink(missing_ok=True)
        batch = metrics(step, draw.randrange(1, 6))
        handed_over.update(batch.column("value").to_pylist())
        writer.append("metrics", batch)
        full += bool(writer.failures)
        assert step % 50 or all(count == 1 for count in values(run).values())
    filler.unlink(missing_ok=True)
    writer.close()
    found = values(run)
    assert full, "the disk never filled up"
    assert all(count == 1 for count in found.values()) and not found - handed_over
    assert sum((handed_over - found).values()) == sum(failure.rows_lost for failure in writer.failures)
    told = [row["message"] for row in read(run, "events").to_pylist() if row["kind"] == "recorder_error"]
    assert told and any("No space left on device" in message for message in told)
    assert verify(run).problems == ()


def test_a_limit_on_file_size_is_a_full_disk_too(tmp_path):
    """Where nothing can be mounted: the kernel refuses to let a file grow beyond the limit."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    writer = Writer(tmp_path)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
        for step in range(40):
            writer.append("metrics", metrics(step))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert writer.failures and writer.failures[0].reason == "File too large"
    writer.append("metrics", metrics(40))
    writer.close()
    assert read(tmp_path).column("step").to_pylist() == sorted([*range(41)] * 2)
