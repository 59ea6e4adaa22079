"""Live tails: the whole batches of each, and what is lost."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from recorder.format import TASKS, schema
from recorder.tails import TailContent, decode_tail

from .files import LogFile, Problem


@dataclass(frozen=True)
class Tail:
    """The rows of a tail whose checksums hold, and what is lost of it."""

    batches: tuple[pa.RecordBatch, ...]
    problems: tuple[Problem, ...]


def read_tail(file: LogFile) -> Tail:
    """Every batch that is whole. A torn last batch and damaged ones are dropped and named."""
    try:
        data = file.path.read_bytes()
    except OSError as error:
        return Tail((), (Problem(file.name, (error.strerror or str(error)).lower()),))
    content = decode_tail(data)
    if content.batches or not content.torn:
        return Tail(content.batches, tuple(_losses(file, content)))
    rescued = _with_known_schema(file, data)
    if rescued is not None:
        return Tail(rescued.batches, (Problem(file.name, "damaged: its head was unreadable and was rebuilt", 0), *_losses(file, rescued)))
    return Tail((), tuple(_losses(file, content)))


def _losses(file: LogFile, content: TailContent) -> list[Problem]:
    losses = []
    if content.rows_lost:
        rows = f"{content.rows_lost} row{'s' if content.rows_lost > 1 else ''}"
        losses.append(Problem(file.name, f"damaged: {rows} before its end dropped, checksum wrong", content.rows_lost))
    if content.torn:
        losses.append(Problem(file.name, "torn: its last batch is not whole and was dropped"))
    return losses


def _with_known_schema(file: LogFile, data: bytes) -> TailContent | None:
    """A tail whose schema message is damaged, read with the format's own in its place."""
    tasks = TASKS if file.table == "samples" else (None,)
    for task in tasks:
        head = schema(file.table, task).serialize().to_pybytes()
        content = decode_tail(head + data[len(head) :])
        if content.batches:
            return content
    return None
