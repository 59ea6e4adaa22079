"""Turns a tail into the sealed Parquet file of its number, at no moment showing a row twice or not at all.

The sealed file is written under a name with `_`, synced, and renamed; then the tail is deleted. A tail is ignored as soon as the sealed file of
its number exists, so a crash between any two of these leaves one history.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from .format import sealed_name, tail_name
from .tails import decode_tail

ROW_GROUP_ROWS = 122_880
"""What DuckDB reads as one unit of parallel work."""

COMPRESSION_LEVEL = 3


def seal_tail(folder: Path, number: int) -> None:
    """Seals a tail that this process wrote. Raises OSError, and leaves the tail, when the disk refuses."""
    tail = folder / tail_name(number)
    try:
        with pa.OSFile(str(tail), "rb") as source:
            table: pa.Table | None = pa.ipc.open_stream(source).read_all()
    except pa.ArrowInvalid:  # its end is torn: a failed write could not be cut back
        table = _whole_batches(tail)
    if table is not None:
        write_sealed(folder, sealed_name(number), table)
    tail.unlink(missing_ok=True)


def _whole_batches(tail: Path) -> pa.Table | None:
    content = decode_tail(tail.read_bytes())
    return pa.Table.from_batches(content.batches, content.schema) if content.schema is not None and content.batches else None


def write_sealed(folder: Path, name: str, table: pa.Table) -> None:
    """Writes a table as a sealed file, sorted by step; all or nothing. Raises OSError."""
    write_sealed_pieces(folder, name, table.schema, [sorted_by_step(table)])


def write_sealed_pieces(folder: Path, name: str, columns: pa.Schema, pieces: Iterable[pa.Table]) -> None:
    """Writes the pieces, which are in order, as one sealed file; all or nothing. Raises OSError."""
    temporary = folder / f"_{name}"
    try:
        with open(temporary, "w+b") as file:
            with pq.ParquetWriter(file, columns, **parquet_options(columns)) as writer:
                for piece in pieces:
                    writer.write_table(piece, row_group_size=ROW_GROUP_ROWS)
                writer.add_key_value_metadata({CHECKSUM_KEY: _NO_CHECKSUM})
            file.flush()
            _enter_checksum(file)
            os.fsync(file.fileno())
        temporary.rename(folder / name)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(folder)


CHECKSUM_KEY = "retrograd.crc32"
"""Key in a sealed file's metadata: CRC-32 of the whole file, with its own eight digits as zeros. Page checksums leave headers and footer uncovered."""

_NO_CHECKSUM = "<crc32->"
_ZEROS = b"00000000"
_PIECE = 1 << 20


def _enter_checksum(file: BinaryIO) -> None:
    """Fills in the digits that the metadata holds a place for."""
    descriptor, size = file.fileno(), os.fstat(file.fileno()).st_size
    start = max(0, size - _PIECE)
    place = start + os.pread(descriptor, size - start, start).rindex(_NO_CHECKSUM.encode())
    os.pwrite(descriptor, _ZEROS, place)
    checksum, position = 0, 0
    while piece := os.pread(descriptor, _PIECE, position):
        checksum = zlib.crc32(piece, checksum)
        position += len(piece)
    os.pwrite(descriptor, b"%08x" % checksum, place)


def sealed_file_is_whole(path: Path) -> bool | None:
    """Whether every byte of a sealed file is as written; None where it holds no checksum. Raises OSError where it cannot be read."""
    content = path.read_bytes()
    try:
        with pq.ParquetFile(pa.BufferReader(content)) as file:
            digits = (file.metadata.metadata or {}).get(CHECKSUM_KEY.encode())
    except (pa.ArrowException, OSError, ValueError):
        return False
    if digits is None:
        return None
    place = content.rindex(digits)
    return b"%08x" % zlib.crc32(content[place + len(digits) :], zlib.crc32(_ZEROS, zlib.crc32(content[:place]))) == digits


def sync_folder(folder: Path) -> None:
    """Makes a rename outlive a power cut, where the system can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sorted_by_step(table: pa.Table) -> pa.Table:
    """The rows by step, those before the first step first, in the order of writing within a step."""
    if "step" not in table.column_names or _is_sorted(table):
        return table
    order = np.ascontiguousarray(_steps(table).argsort(kind="stable"), np.int64)
    return table.take(pa.Array.from_buffers(pa.int64(), len(order), [None, pa.py_buffer(order.data)]))


def _is_sorted(table: pa.Table) -> bool:
    steps = _steps(table)
    return bool((steps[1:] >= steps[:-1]).all())


def _steps(table: pa.Table) -> npt.NDArray[np.int64]:
    """The step of each row, -1 before the first. From the buffers: pyarrow's own ways to numpy import pandas, which costs a training 40 MB."""
    pieces = [np.zeros(0, np.int64)]
    chunks: list[Any] = [chunk for chunk in table.column("step").chunks if len(chunk)]
    for chunk in chunks:
        validity, values = chunk.buffers()
        piece = np.frombuffer(values, np.int64)[chunk.offset : chunk.offset + len(chunk)]
        if validity is not None:
            valid = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")[chunk.offset : chunk.offset + len(chunk)]
            piece = np.where(valid, piece, -1)
        pieces.append(piece)
    return np.concatenate(pieces)


def parquet_options(schema: pa.Schema) -> dict[str, Any]:
    """zstd, page checksums; dictionaries for texts and whole numbers; measurements (float32) with their bytes apart, which makes them a tenth smaller.

    The doubles of `metrics` repeat themselves (a step's rows have one time), and zstd finds that only where their bytes are together.
    """
    floats = _leaves(schema, pa.types.is_float32)
    return {
        "compression": "zstd",
        "compression_level": COMPRESSION_LEVEL,
        "write_page_checksum": True,
        "use_dictionary": _leaves(schema, lambda kind: not pa.types.is_floating(kind)),
        "use_byte_stream_split": floats,
        "sorting_columns": [pq.SortingColumn(schema.get_field_index("step"), nulls_first=True)] if "step" in schema.names else None,
    }


def _leaves(schema: pa.Schema, wanted: Any) -> list[str]:
    """Parquet paths of the columns, nested ones included, whose type is wanted."""
    return [path for field in schema for path, kind in _paths(field.name, field.type) if wanted(kind)]


def _paths(path: str, kind: pa.DataType) -> Sequence[tuple[str, pa.DataType]]:
    if pa.types.is_map(kind):
        return [*_paths(f"{path}.key_value.key", kind.key_type), *_paths(f"{path}.key_value.value", kind.item_type)]
    if pa.types.is_list(kind):
        return _paths(f"{path}.list.element", kind.value_type)
    if pa.types.is_struct(kind):
        return [inner for index in range(kind.num_fields) for inner in _paths(f"{path}.{kind.field(index).name}", kind.field(index).type)]
    return [(path, kind)]
