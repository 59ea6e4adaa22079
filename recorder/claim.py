"""Takes a run directory for one rank: what is already there, who else records there, and where a resumed run goes on."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .format import TABLES, lock_name, rank_folder, sealed_name, sealed_numbers, tail_name, tail_number
from .sealing import write_sealed
from .tails import decode_tail

try:
    import fcntl
except ImportError:  # Windows has no flock: two recorders on one directory go unnoticed there
    fcntl = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Claim:
    """A run directory that is now this process's own for one rank.

    `last_step` is the last step of the history so far, None where the log has none. `next_pass` is above every pass number of the samples so far,
    so that no two forward passes share theirs. `next_numbers` maps each table to the number of the next
    file. `details` belongs into the `resumed` event, which must be the first row written: with it a reader hides the rows of earlier files
    (number below `first_file` of their table) whose step is `step` or later.
    """

    lock: Lock
    resumed: bool
    last_step: int | None
    next_step: int
    next_pass: int
    next_numbers: dict[str, int]
    details: dict[str, Any]


class Lock:
    """The lock file of a rank. Held by this process until `release` or its end; forked children let go of it at once."""

    def __init__(self, path: Path) -> None:
        """Raises FileExistsError when another live recorder holds it."""
        self.path = path
        self._descriptor: int | None = _acquire(path)
        if hasattr(os, "register_at_fork"):
            itself = weakref.ref(self)
            os.register_at_fork(after_in_child=lambda: _forget(itself()))

    def release(self) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                self.path.unlink()
            self.forget()

    def forget(self) -> None:
        """Closes this process's handle and leaves the file and its lock to whoever else holds it: the parent of a fork."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _forget(lock: Lock | None) -> None:
    if lock is not None:
        lock.forget()


def _acquire(path: Path) -> int:
    """The locked descriptor. A file that its holder deleted in the meantime is not the one at the path: try again."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise FileExistsError(f"{path.parent} is being recorded to by {holder}: close that recorder first, or choose another directory") from None
        except OSError:
            pass  # a file system without locks: go on without
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                break
        os.close(descriptor)
    me = {"pid": os.getpid(), "host": socket.gethostname(), "started": datetime.now(UTC).isoformat(timespec="seconds")}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(me).encode(), 0)
    return descriptor


def _holder(descriptor: int) -> str:
    with contextlib.suppress(ValueError, KeyError, TypeError, OSError):
        owner = json.loads(os.pread(descriptor, 4096, 0))
        own = owner["pid"] == os.getpid() and owner["host"] == socket.gethostname()
        return "this very process" if own else f"process {owner['pid']} on {owner['host']} (since {owner['started']})"
    return "another process"


def claim(run_dir: Path, rank: int = 0, resume: bool | int = False) -> Claim:
    """Takes the directory for a rank and seals what an earlier recording left open.

    `resume=True` goes on after the last step in the log, `resume=N` makes N the next step. Raises FileExistsError when the directory holds rows
    of this rank and `resume` is False, or when another recorder is alive there; ValueError for a negative N; OSError when it cannot be written to.
    """
    if not isinstance(resume, bool) and resume < 0:
        raise ValueError(f"resume={resume}: a step is counted from 0; resume=True goes on after the last step in the log")
    wanted = resume is not False
    if not wanted:
        _refuse_rows(run_dir, rank)
    run_dir.mkdir(parents=True, exist_ok=True)
    lock = Lock(run_dir / lock_name(rank))
    try:
        if not wanted:
            _refuse_rows(run_dir, rank)
        return _take(run_dir, rank, resume, lock)
    except BaseException:
        lock.release()
        raise


def _refuse_rows(run_dir: Path, rank: int) -> None:
    for table in TABLES:
        folder = run_dir / table / rank_folder(rank)
        if any(_numbers(folder)):
            raise FileExistsError(
                f"{run_dir} already holds a recorded run ({table}/{folder.name}): choose another directory, or pass resume=True to go on after its last step"
            )


def _take(run_dir: Path, rank: int, resume: bool | int, lock: Lock) -> Claim:
    next_numbers: dict[str, int] = {}
    recovered: dict[str, dict[str, Any]] = {}
    for table in TABLES:
        folder = run_dir / table / rank_folder(rank)
        lost = [loss for number in sorted(_tails(folder)) if (loss := _seal_old_tail(folder, number))]
        if lost:
            recovered[table] = {"rows_lost": sum(loss["rows_lost"] for loss in lost), "torn_tails": sum(loss["torn"] for loss in lost)}
        next_numbers[table] = max((last for _, last in _numbers(folder)), default=-1) + 1
    resumed = resume is not False and any(next_numbers.values())
    last_step = _last_step(run_dir, rank) if resumed else None
    next_step = (0 if last_step is None else last_step + 1) if isinstance(resume, bool) else int(resume)
    details: dict[str, Any] = {"step": next_step, "first_file": next_numbers}
    if recovered:
        details["lost"] = recovered
    passes = [_largest(path, "pass") for path, _ in _sealed(run_dir / "samples" / rank_folder(rank))] if resumed else []
    next_pass = 1 + max((number for number in passes if number is not None), default=-1)
    return Claim(lock, resumed, last_step, next_step, next_pass, next_numbers, details)


def _numbers(folder: Path) -> Iterator[tuple[int, int]]:
    """First and last number of every file of rows, sealed or not."""
    for name in _names(folder):
        sealed, tail = sealed_numbers(name), tail_number(name)
        if sealed is not None:
            yield sealed
        elif tail is not None:
            yield tail, tail


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _tails(folder: Path) -> Iterator[int]:
    """Tails that count: those whose sealed file exists are removed."""
    names = _names(folder)
    sealed = [numbers for name in names if (numbers := sealed_numbers(name))]
    for name in names:
        number = tail_number(name)
        if number is not None and any(first <= number <= last for first, last in sealed):
            (folder / name).unlink(missing_ok=True)
        elif number is not None:
            yield number
        elif name.startswith("_") and sealed_numbers(name[1:]):
            (folder / name).unlink(missing_ok=True)


def _seal_old_tail(folder: Path, number: int) -> dict[str, int] | None:
    """Seals the whole batches of a tail that another process left. What it lost, where it lost something."""
    content = decode_tail((folder / tail_name(number)).read_bytes())
    if content.schema is not None and content.batches:
        write_sealed(folder, sealed_name(number), pa.Table.from_batches(content.batches, content.schema))
    (folder / tail_name(number)).unlink()
    return {"rows_lost": content.rows_lost, "torn": int(content.torn)} if content.torn or content.rows_lost else None


def _last_step(run_dir: Path, rank: int) -> int | None:
    """The last step of the history that readers see: steps that an earlier resume superseded do not count."""
    superseded = resumes(run_dir / "events" / rank_folder(rank))
    steps: list[int] = []
    for table in TABLES:
        for path, number in _sealed(run_dir / table / rank_folder(rank)):
            last = _largest(path, "step")
            limits = [resume["step"] - 1 for resume in superseded if number < resume["first_file"].get(table, 0)]
            if last is not None:
                steps.append(min([last, *limits]))
    return max((step for step in steps if step >= 0), default=None)


def _sealed(folder: Path) -> list[tuple[Path, int]]:
    return sorted((folder / name, numbers[1]) for name in _names(folder) if (numbers := sealed_numbers(name)))


def _largest(path: Path, column: str) -> int | None:
    """The largest number of a column of a sealed file, from its statistics."""
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            groups = [file.metadata.row_group(index) for index in range(file.metadata.num_row_groups)]
    except (OSError, pa.ArrowException):
        return None
    if column not in names:
        return None
    statistics = [group.column(names.index(column)).statistics for group in groups]
    return max((int(str(found.max)) for found in statistics if found is not None and found.has_min_max), default=None)


def resumes(folder: Path) -> list[dict[str, Any]]:
    """Details of the `resumed` events of a rank, from sealed files and live tails."""
    found: list[dict[str, Any]] = []
    for events in _event_tables(folder):
        for event in events.select(["kind", "details"]).to_pylist():
            if event["kind"] == "resumed":
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    details = json.loads(event["details"])
                    found.append({"step": int(details["step"]), "first_file": dict(details["first_file"])})
    return found


def _event_tables(folder: Path) -> Iterator[pa.Table]:
    for path, _ in _sealed(folder):
        with contextlib.suppress(OSError, pa.ArrowException, ValueError):
            yield pq.read_table(path)
    for name in _names(folder):
        if tail_number(name) is not None:
            content = decode_tail((folder / name).read_bytes())
            if content.schema is not None:
                yield pa.Table.from_batches(content.batches, content.schema)
