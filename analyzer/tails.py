"""Live tails: Arrow IPC streams read message by message, so that damage costs the batches it touches and no more."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.ipc as ipc

from recorder.format import CHECKSUM_KEY, TABLES, checksum

from .files import LogFile, Problem

_CONTINUATION = b"\xff\xff\xff\xff"
_DAMAGED = (pa.ArrowException, OSError, EOFError, ValueError)


@dataclass(frozen=True)
class Tail:
    """The whole batches of a tail, and what is lost of it."""

    batches: tuple[pa.RecordBatch, ...]
    problems: tuple[Problem, ...]


def read_tail(file: LogFile) -> Tail:
    """Every batch whose checksum holds. A torn last batch and damaged ones are dropped and counted."""
    try:
        data = file.path.read_bytes()
    except OSError as error:
        return Tail((), (Problem(file.name, (error.strerror or str(error)).lower()),))
    try:
        head = _schema_length(data)
    except _DAMAGED:
        return _headless(file, data)
    return _batches(file, data, data[:head], head)


def _schema_length(data: bytes) -> int:
    reader = pa.BufferReader(data)
    message = ipc.read_message(reader)
    if message.type != "schema":
        raise ValueError("the stream does not begin with a schema")
    ipc.read_schema(message)
    return int(reader.tell())


def _headless(file: LogFile, data: bytes) -> Tail:
    """A tail that was cut within its schema holds no batch yet; one whose schema is damaged is read with the format's own."""
    if len(data) < 64 or data.find(_CONTINUATION, 8) < 0:
        return Tail((), (Problem(file.name, "torn before its first batch", 0),) if data else ())
    schema = pa.schema(TABLES[file.table].schema()).serialize().to_pybytes()
    rescued = _batches(file, data, schema, 8)
    return Tail(rescued.batches, (Problem(file.name, "damaged: its schema cannot be read"), *rescued.problems))


def _batches(file: LogFile, data: bytes, schema: bytes, start: int) -> Tail:
    batches: list[pa.RecordBatch] = []
    damaged = 0
    position = start
    while position < len(data):
        read = _batch_at(data, schema, position)
        if read is not None:
            batch, position = read
            batches.append(batch)
            continue
        following = _next_batch(data, schema, position + 8)
        if following is None:
            torn = () if _is_end(data, position) else (Problem(file.name, "torn: its last batch is not whole and was dropped"),)
            break
        damaged += 1
        position = following
    else:
        torn = ()
    lost = (Problem(file.name, f"damaged: {damaged} batch{'es' if damaged > 1 else ''} in its middle dropped, checksum wrong"),) if damaged else ()
    return Tail(tuple(batches), (*lost, *torn))


def _is_end(data: bytes, position: int) -> bool:
    """The end-of-stream mark that a writer puts when it closes the stream."""
    return data[position:] == _CONTINUATION + b"\0\0\0\0"


def _batch_at(data: bytes, schema: bytes, position: int) -> tuple[pa.RecordBatch, int] | None:
    """The batch that begins at a position and where it ends, or None where none that is whole does."""
    if data[position : position + 4] != _CONTINUATION:
        return None
    try:
        reader = pa.BufferReader(memoryview(data)[position:])
        message = ipc.read_message(reader)
        if message.type != "record batch":
            return None
        length = reader.tell()
        stream = ipc.open_stream(pa.py_buffer(schema + data[position : position + length]))
        batch, metadata = stream.read_next_batch_with_custom_metadata()
        if message.body is None or metadata is None or metadata.get(CHECKSUM_KEY) != checksum(message.body, batch.num_rows, batch.schema.names):
            return None
        batch.validate(full=True)
    except _DAMAGED:
        return None
    return batch, position + length


def _next_batch(data: bytes, schema: bytes, position: int) -> int | None:
    while True:
        position = data.find(_CONTINUATION, position)
        if position < 0:
            return None
        if _batch_at(data, schema, position) is not None:
            return position
        position += 1
