"""The live tail: an Arrow IPC stream in which each record batch vouches for itself.

A tail is a schema message followed by record batch messages, as any Arrow reader reads them. The `custom_metadata` of each batch holds

    crc32          checksum of the body, the number of rows and the columns' names (`format.checksum`)
    first_row      number of rows before it in this tail: a repeated batch and a gap show, and how many rows the gap held
    header_crc32   CRC-32 of the batch's header with these eight digits as zeros, begun with the CRC-32 of the schema message

so that a flipped bit anywhere is noticed, and a batch that follows damage is found again by its header.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.ipc

from .format import CHECKSUM_KEY, checksum

_CONTINUATION = b"\xff\xff\xff\xff"
PREFIX = struct.Struct("<4si")
"""What a message begins with: a mark, and the length of its header."""
_BODY_DIGITS = b"<crc32->"
_HEADER_DIGITS = b"<header>"
_ROW_DIGITS = b"<--first_row-->"
_NO_DIGITS = b"0" * len(_HEADER_DIGITS)
_PLACEHOLDERS = pa.KeyValueMetadata({CHECKSUM_KEY: _BODY_DIGITS, b"first_row": _ROW_DIGITS, b"header_crc32": _HEADER_DIGITS})
_UNREADABLE = (pa.ArrowException, OSError, EOFError, ValueError, KeyError)


def encode_batch(batch: pa.RecordBatch, schema_message: bytes, first_row: int) -> bytearray:
    """The IPC message of one batch. `schema_message` is `batch.schema.serialize()`, which begins the tail."""
    header, body = unsigned_message(batch, schema_message)
    fill_digits(header, checksum(body, batch.num_rows, batch.schema.names), first_row, zlib.crc32(schema_message))
    return header + body


def unsigned_message(batch: pa.RecordBatch, schema_message: bytes) -> tuple[bytearray, pa.Buffer]:
    """Header and body of a batch's message, with placeholders for what `fill_digits` fills in."""
    sink = pa.BufferOutputStream()
    pa.ipc.new_stream(sink, batch.schema).write_batch(batch, custom_metadata=_PLACEHOLDERS)
    message = sink.getvalue()[len(schema_message) :]
    end = PREFIX.size + PREFIX.unpack_from(message)[1]
    return bytearray(message[:end]), message[end:]


def fill_digits(header: bytearray, body_checksum: bytes, first_row: int, schema_crc: int) -> None:
    """Puts checksums and the number of the first row in place of the placeholders in a header (its prefix included)."""
    _fill(header, _BODY_DIGITS, body_checksum)
    _fill(header, _ROW_DIGITS, b"%0*d" % (len(_ROW_DIGITS), first_row))
    place = _fill(header, _HEADER_DIGITS, _NO_DIGITS)
    header[place : place + len(_HEADER_DIGITS)] = b"%08x" % zlib.crc32(memoryview(header)[PREFIX.size :], schema_crc)


def _fill(header: bytearray, placeholder: bytes, digits: bytes) -> int:
    place = header.index(placeholder)
    header[place : place + len(placeholder)] = digits
    return place


def _header_checksum(header: bytes | memoryview, schema_message: bytes) -> bytes:
    return b"%08x" % zlib.crc32(header, zlib.crc32(schema_message))


@dataclass(frozen=True)
class TailContent:
    """What a tail holds: its whole batches in order, the rows known to be missing between them, and whether its end is torn."""

    schema: pa.Schema | None
    batches: tuple[pa.RecordBatch, ...]
    rows_lost: int
    torn: bool


def decode_tail(data: bytes) -> TailContent:
    """Every batch of a tail whose checksums hold; batches that come twice are taken once. Never raises."""
    schema_end = _schema_end(data)
    if schema_end is None:
        return TailContent(None, (), 0, bool(data))
    schema_message = data[:schema_end]
    batches: list[pa.RecordBatch] = []
    position, next_row, lost, torn = schema_end, 0, 0, False
    while 0 <= position < len(data):
        found = _decode_batch(data, position, schema_message)
        if found is None:
            position = data.find(_CONTINUATION, position + 1)
            torn = True
            continue
        batch, first_row, position = found
        torn = False
        if first_row >= next_row:
            lost += first_row - next_row
            next_row = first_row + batch.num_rows
            batches.append(batch)
    return TailContent(pa.ipc.read_schema(pa.py_buffer(schema_message)), tuple(batches), lost, torn)


def _schema_end(data: bytes) -> int | None:
    try:
        reader = pa.BufferReader(data)
        pa.ipc.read_message(reader)
        end = int(reader.tell())
        pa.ipc.read_schema(pa.py_buffer(data[:end]))
        return end
    except _UNREADABLE:
        return None


def _decode_batch(data: bytes, position: int, schema_message: bytes) -> tuple[pa.RecordBatch, int, int] | None:
    """The batch whose message begins at `position`, the number of its first row and where it ends; None where none that is whole does."""
    view = memoryview(data)[position:]
    if len(view) < PREFIX.size or view[:4] != _CONTINUATION:
        return None
    header_end = PREFIX.size + PREFIX.unpack_from(view)[1]
    if not PREFIX.size < header_end <= len(view):
        return None
    header = bytes(view[PREFIX.size : header_end])
    try:
        reader = pa.BufferReader(view)
        body = pa.ipc.read_message(reader).body
        end = reader.tell()
        stream = pa.ipc.open_stream(schema_message + view[:end])
        batch, metadata = stream.read_next_batch_with_custom_metadata()
        digits = metadata[b"header_crc32"]
        plain = header.replace(digits, _NO_DIGITS, 1) if header.count(digits) == 1 else header
        if body is None or digits != _header_checksum(plain, schema_message) or metadata[CHECKSUM_KEY] != checksum(body, batch.num_rows, batch.schema.names):
            return None
        return batch, int(metadata[b"first_row"]), position + end
    except (*_UNREADABLE, TypeError):
        return None
