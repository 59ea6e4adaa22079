"""Rows to files: append-only, crash-safe, one writer a rank.

The protocol, per table and rank (folder `<run>/<table>/rank=00000/`):

- Rows go to the live tail `_00000043.arrows` (see `tails.py`). It is created together with its first batch; each `append` adds one record batch
  with a single unbuffered write, so that it outlives the process. The tail's modification time is the time of the last append: the heartbeat.
- A tail that has grown enough is left and the next number begins; a background thread seals the one that was left (see `sealing.py`). So there
  may be several tails at a time; one whose number a sealed file covers is ignored.
- `samples` has other columns for another task: a batch with another schema begins the next number.
- A write that fails is cut back to the last good byte, or, where even that fails, the next number begins: a half batch in mid-stream would hide
  all that follow it. The batch waits in memory and is tried again with the next append; beyond `WAITING_BYTES` the oldest are dropped and
  counted. When writing works again, an event `recorder_error` tells what was lost.
- A resumed run (`claim`) seals the old tails and never appends to them; it begins with the next number in every table.
- A forked child never writes: only the process that made the Writer does.
- `compact.py` merges sealed files; their numbers then stand in the name as a range.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import threading
from collections import deque
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow as pa

from .claim import Claim, claim
from .format import rank_folder, schema, sealed_numbers, tail_name, tail_number
from .messages import Rows, Template, of_records, template
from .sealing import seal_tail
from .tails import encode_batch

__all__ = ["Claim", "Failure", "Writer", "claim"]

SEAL_BYTES = 16 * 2**20
"""Size at which a tail is sealed: what a crash leaves unsealed, and what sealing holds in memory."""

WAITING_BYTES = 8 * 2**20
"""Rows kept in memory while the disk refuses them."""


Batch = pa.RecordBatch | Rows
"""What can be appended: rows of a table, as Arrow or as `messages` has them."""


@dataclass(frozen=True)
class Failure:
    """What went wrong in writing a table: the system's reason, how often in a row, and how many rows were lost for good."""

    table: str
    reason: str
    times: int = 1
    rows_lost: int = 0


@dataclass
class _Tail:
    """An open tail. `size` is its length up to the last whole batch."""

    number: int
    descriptor: int
    schema: pa.Schema
    schema_message: bytes
    template: Template | None = None
    size: int = 0
    rows: int = 0

    def message(self, batch: Batch) -> bytearray:
        if isinstance(batch, pa.RecordBatch):
            return encode_batch(batch, self.schema_message, self.rows)
        if self.template is None:
            self.template = template(self.schema, self.schema_message)
        return encode_batch(batch.to_arrow(), self.schema_message, self.rows) if self.template is None else self.template.encode(batch, self.rows)


class Writer:
    """Writes the tables of one rank. No method raises for what the disk does: see `failures`."""

    def __init__(self, run_dir: Path, rank: int = 0, *, seal_bytes: int = SEAL_BYTES, waiting_bytes: int = WAITING_BYTES) -> None:
        self.run_dir = Path(run_dir)
        self.rank = rank
        self._seal_bytes = seal_bytes
        self._waiting_bytes = waiting_bytes
        self._pid = os.getpid()
        self._guard = threading.RLock()
        self._busy = False
        self._closed = False
        self._tails: dict[str, _Tail] = {}
        self._next_numbers: dict[str, int] = {}
        self._waiting: deque[tuple[str, Batch]] = deque()
        self._committed: Batch | None = None
        self._failures: dict[tuple[str, str], Failure] = {}
        self._untold: dict[tuple[str, str], Failure] = {}
        self._last_step: int | None = None
        self._left: list[tuple[str, int]] = []
        self._jobs: queue.SimpleQueue[tuple[str, int] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def failures(self) -> list[Failure]:
        """What failed since the beginning, one entry a table and reason."""
        return list(self._failures.values())

    def append(self, table: str, batch: Batch) -> None:
        """Hands a batch of rows to the operating system. Never raises; after an interrupt in mid-write the batch is kept for the next call."""
        if os.getpid() != self._pid or self._closed or batch.num_rows == 0:
            return
        with self._guard:
            self._waiting.append((table, batch))
            if not self._busy:
                self._drain()

    def seal(self) -> None:
        """Seals all that was appended so far. Returns when it is on the disk, or when the disk refused."""
        if os.getpid() != self._pid:
            return
        with self._guard:
            self._drain()
            for table in list(self._tails):
                self._leave(table)
            self._stop_thread()
            for job in self._left[:]:
                self._seal(*job)

    def close(self) -> None:
        """Seals everything and stops. Rows that the disk still refuses are counted in `failures`."""
        if self._closed:
            return
        if os.getpid() == self._pid:
            self.seal()
            if self._waiting or self._untold:  # sealing makes room, and tells of its own failures
                self.seal()
            with self._guard:
                while self._waiting:
                    self._drop_oldest("closed before the disk took them")
        self._closed = True

    # The queue of batches: one at a time normally, more while the disk refuses or when a signal handler appends in the middle of an append.

    def _drain(self) -> None:
        self._busy = True
        try:
            while self._waiting:
                table, batch = self._waiting[0]
                if batch is not self._committed:  # an interrupt may have come between the write and taking it off the queue
                    self._write(table, batch)
                self._waiting.popleft()
            self._committed = None
            if self._untold:
                self._tell()
        except Exception as error:
            self._failed(error)
        finally:
            self._busy = False

    def _failed(self, error: Exception) -> None:
        """A batch that Arrow cannot encode would fail forever and block the others: it goes. One that the disk refuses waits."""
        reason = (error.strerror if isinstance(error, OSError) else None) or f"{type(error).__name__}: {error}"
        self._count(Failure(self._waiting[0][0] if self._waiting else "events", reason))
        if not isinstance(error, OSError) and self._waiting:
            self._drop_oldest(reason)
        while sum(batch.nbytes for _, batch in self._waiting) > self._waiting_bytes:
            self._drop_oldest(reason)

    def _drop_oldest(self, reason: str) -> None:
        table, batch = self._waiting.popleft()
        self._count(Failure(table, reason, 0, batch.num_rows))

    def _count(self, failure: Failure) -> None:
        key = (failure.table, failure.reason)
        for book in (self._failures, self._untold):
            known = book.get(key, replace(failure, times=0, rows_lost=0))
            book[key] = replace(known, times=known.times + failure.times, rows_lost=known.rows_lost + failure.rows_lost)

    def _tell(self) -> None:
        """Writes to the log itself what failed, now that writing works again."""
        told = dict(self._untold)
        rows = []
        for failure in told.values():
            fate = f"{failure.rows_lost} rows were lost" if failure.rows_lost else "no row was lost"
            message = f"writing {failure.table} failed {failure.times} times ({failure.reason}); {fate}"
            rows.append({"step": self._last_step, "kind": "recorder_error", "message": message, "details": json.dumps(asdict(failure))})
        self._write("events", of_records(schema("events"), {name: [row[name] for row in rows] for name in rows[0]}))
        for key, failure in told.items():
            if self._untold.get(key) == failure:
                del self._untold[key]

    # Tails.

    def _write(self, table: str, batch: Batch) -> None:
        tail = self._tails.get(table)
        if tail is not None and (tail.size >= self._seal_bytes or not self._fits(table, tail, batch)):
            self._leave(table)
            tail = None
        if tail is None:
            tail = self._begin(table, batch.schema)
        message = tail.message(batch)
        if tail.size == 0:
            message[:0] = tail.schema_message
        size, rows = tail.size + len(message), tail.rows + batch.num_rows
        try:
            _write_all(tail.descriptor, message)
        except BaseException:
            self._cut(table, tail)
            raise
        # No call between these three: an interrupt comes before all of them (then the size on disk tells, see `_fits`) or after.
        tail.size = size
        tail.rows = rows
        self._committed = batch
        if isinstance(batch, Rows):
            self._last_step = batch.last_step
        elif batch.schema.names[0] == "step":
            self._last_step = batch.column(0)[-1].as_py()

    def _fits(self, table: str, tail: _Tail, batch: Batch) -> bool:
        """Whether the batch may go to this tail: same columns, and its file is still there (a user may remove the directory)."""
        status = os.fstat(tail.descriptor)
        if status.st_nlink == 0:
            self._count(Failure(table, "the file was removed", 1, tail.rows))
            return False
        if status.st_size != tail.size:
            os.ftruncate(tail.descriptor, tail.size)
        return tail.schema is batch.schema or tail.schema.equals(batch.schema)

    def _begin(self, table: str, columns: pa.Schema) -> _Tail:
        folder = self._folder(table)
        folder.mkdir(parents=True, exist_ok=True)
        number = max(self._next_numbers.get(table, 0), _next_number(folder))
        descriptor = os.open(folder / tail_name(number), os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        self._next_numbers[table] = number + 1
        tail = _Tail(number, descriptor, columns, columns.serialize().to_pybytes())
        self._tails[table] = tail
        return tail

    def _cut(self, table: str, tail: _Tail) -> None:
        """Takes back a half-written batch. Where that fails too, the tail is left as it is: readers drop its torn end."""
        try:
            os.ftruncate(tail.descriptor, tail.size)
        except OSError:
            self._leave(table)

    def _leave(self, table: str) -> None:
        """Ends a tail and has it sealed in the background."""
        tail = self._tails.pop(table)
        with contextlib.suppress(OSError):
            os.close(tail.descriptor)
        self._left.append((table, tail.number))
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._seal_left, name="retrograd-seal", daemon=True)
            try:
                self._thread.start()
            except RuntimeError:  # the interpreter is ending: `close` seals
                self._thread = None
                return
        for job in self._left:  # with those that could not be sealed before
            self._jobs.put(job)

    # Sealing: in the background, in a handful of calls into Arrow that let go of the interpreter, so that training does not wait for it.

    def _seal_left(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._seal(*job)

    def _stop_thread(self) -> None:
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
            self._thread = None

    def _seal(self, table: str, number: int) -> None:
        """A tail that cannot be sealed stays: readers read it as well, and it is tried again."""
        if (table, number) not in self._left:
            return
        try:
            seal_tail(self._folder(table), number)
        except FileNotFoundError:
            pass  # removed by the user
        except (OSError, pa.ArrowException) as error:
            self._count(Failure(table, f"sealing: {getattr(error, 'strerror', None) or error}"))
            return
        self._left.remove((table, number))

    def _folder(self, table: str) -> Path:
        return self.run_dir / table / rank_folder(self.rank)


def _write_all(descriptor: int, message: bytes | bytearray) -> None:
    """A write may stop half way when the disk is full: the next one then says why."""
    left = memoryview(message)
    while left:
        left = left[os.write(descriptor, left) :]


def _next_number(folder: Path) -> int:
    numbers = [-1]
    for name in os.listdir(folder):
        sealed, tail = sealed_numbers(name), tail_number(name)
        numbers += [sealed[1]] if sealed else [tail] if tail is not None else []
    return max(numbers) + 1
