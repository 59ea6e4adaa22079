"""Rows that go to the log at every step, as Arrow IPC messages made without Arrow objects.

A small batch costs Arrow far more in objects than in bytes. Here a column is the list of its buffers, and the header of its message a copy of one that
Arrow itself has made for that schema, with the numbers in it replaced: rows, nodes, places of the buffers. What comes out is read by any Arrow reader
(https://arrow.apache.org/docs/format/Columnar.html#recordbatch-message).
"""

from __future__ import annotations

import functools
import itertools
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .tails import encode_batch, fill_digits, unsigned_message

Values = npt.NDArray[Any]

_PADDING = [b"\0" * size for size in range(8)]
_PROBE_ROWS = 1237


@dataclass(slots=True)
class Column:
    """One column: of each of its fields, depth first, length and number of nulls (`nodes`), and its buffers, empty where the format leaves them out."""

    nodes: Sequence[int]
    buffers: Sequence[bytes]


@dataclass(slots=True)
class Rows:
    """A batch of rows, in the order of the schema. `last_step` is the last value of `step`."""

    schema: pa.Schema
    num_rows: int
    columns: Sequence[Column]
    last_step: int | None

    @property
    def nbytes(self) -> int:
        return sum(len(buffer) for column in self.columns for buffer in column.buffers)

    def to_arrow(self) -> pa.RecordBatch:
        arrays = [_to_array(field.type, iter(_pairs(column.nodes)), iter(column.buffers)) for field, column in zip(self.schema, self.columns, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def numbers(values: Values, unknown: Values | None = None) -> Column:
    """Values in the column's own type; `unknown` marks nulls."""
    validity, nulls = _validity(unknown)
    return Column((len(values), nulls), (validity, values.tobytes()))


def truths(values: Values, unknown: Values | None = None) -> Column:
    validity, nulls = _validity(unknown)
    return Column((len(values), nulls), (validity, np.packbits(values, bitorder="little").tobytes()))


def lists(values: Values) -> Column:
    """A list of equal length a row: [rows, width]."""
    rows, width = values.shape
    return Column((rows, 0, rows * width, 0), (b"", _even_offsets(rows, width), b"", values.tobytes()))


def texts(values: Sequence[str]) -> Column:
    joined = "".join(values)
    encoded = list(values) if joined.isascii() else [value.encode("utf-8", "replace") for value in values]
    data = joined.encode("ascii") if joined.isascii() else b"".join(encoded)  # type: ignore[arg-type]
    return Column((len(values), 0), (b"", _offsets(list(map(len, encoded))), data))


def _offsets(lengths: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(lengths) + 1}i", *itertools.accumulate(lengths, initial=0))


@functools.lru_cache(maxsize=256)
def same_text(value: str, rows: int) -> Column:
    return texts([value] * rows)


@functools.lru_cache(maxsize=256)
def few_texts(values: tuple[str, ...]) -> Column:
    """Texts that come again and again in the same order."""
    return texts(values)


def same_number(value: int | float | None, kind: type[np.generic], rows: int) -> Column:
    """One number, or null, in every row."""
    return nulls(np.dtype(kind).itemsize, rows) if value is None else Column((rows, 0), (b"", np.full(rows, value, kind).tobytes()))


@functools.lru_cache(maxsize=64)
def nulls(size: int, rows: int) -> Column:
    """Nulls of a type of `size` bytes."""
    return Column((rows, rows), (b"\0" * -(-rows // 8), b"\0" * (size * rows)))


def struct_of(*fields: Column) -> Column:
    """Fields of equal length, put together."""
    nodes = [fields[0].nodes[0], 0, *(number for field in fields for number in field.nodes)]
    return Column(nodes, [b"", *(buffer for field in fields for buffer in field.buffers)])


def ragged(lengths: Values, items: Column) -> Column:
    """A list, or a map, of `lengths[row]` of the items a row."""
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return Column([len(lengths), 0, *items.nodes], [b"", offsets.tobytes(), *items.buffers])


_NUMPY = {"int64": np.int64, "int32": np.int32, "float": np.float32, "double": np.float64}


def of_values(kind: pa.DataType, values: Sequence[Any]) -> Column:
    """Python values, None for null. Not by `pa.array`: that imports pandas, which costs a training 40 MB and half a second."""
    absent = np.array([value is None for value in values], bool)
    validity, count = _validity(absent)
    if pa.types.is_map(kind):
        pairs = [pair for value in values for pair in value or ()]
        items = struct_of(of_values(kind.key_type, [key for key, _ in pairs]), of_values(kind.item_type, [item for _, item in pairs]))
        column = ragged(np.array([len(value or ()) for value in values], np.int32), items)
    elif pa.types.is_list(kind):
        items = of_values(kind.value_type, [one for value in values for one in value or ()])
        column = ragged(np.array([len(value or ()) for value in values], np.int32), items)
    elif pa.types.is_string(kind):
        column = texts([value or "" for value in values])
    elif pa.types.is_binary(kind):
        column = Column((len(values), 0), (b"", _offsets([len(value or b"") for value in values]), b"".join(value or b"" for value in values)))
    elif pa.types.is_boolean(kind):
        column = truths(np.array([bool(value) for value in values], bool))
    else:
        column = numbers(np.array([0 if value is None else value for value in values], _NUMPY[str(kind)]))
    return Column([column.nodes[0], count, *column.nodes[2:]], [validity, *column.buffers[1:]])


def of_records(columns: pa.Schema, by_name: dict[str, Sequence[Any]]) -> Rows:
    """Rows of Python values, a sequence a column; a column that is left out is null."""
    size = len(next(iter(by_name.values())))
    steps = by_name.get("step")
    made = [of_values(field.type, by_name.get(field.name) or [None] * size) for field in columns]
    return Rows(columns, size, made, steps[-1] if steps else None)


def of_array(array: Any) -> Column:
    """Any pyarrow array, nested ones too."""
    whole = array if array.offset == 0 else pa.concat_arrays([array])
    nodes: list[int] = []
    buffers: list[bytes] = []
    _flatten(whole, nodes, buffers)
    return Column(nodes, buffers)


class Template:
    """The header of one schema's messages, as Arrow makes it, and where in it the numbers stand that differ from message to message.

    Raises ValueError where a header is not built as expected: then `encode` must not be used.
    """

    def __init__(self, columns: pa.Schema, schema_message: bytes) -> None:
        probe = _all_null(columns, _PROBE_ROWS)
        self._header = bytes(unsigned_message(probe.to_arrow(), schema_message)[0])
        nodes, places, body = _body(probe.columns)
        self._nodes = struct.Struct(f"<{len(nodes)}q")
        self._places = struct.Struct(f"<{len(places)}q")
        self._number = struct.Struct("<q")
        self._nodes_at = _only(self._header, self._nodes.pack(*nodes))
        self._places_at = _only(self._header, self._places.pack(*places))
        taken = bytearray(self._header)
        taken[self._nodes_at : self._nodes_at + self._nodes.size] = bytes(self._nodes.size)
        taken[self._places_at : self._places_at + self._places.size] = bytes(self._places.size)
        self._rows_at = _only(taken, self._number.pack(_PROBE_ROWS))
        self._size_at = _only(taken, self._number.pack(len(body)))
        self._names = "\0".join(("", *columns.names)).encode()
        self._schema_crc = zlib.crc32(schema_message)
        if any(self.encode(rows, 3) != encode_batch(rows.to_arrow(), schema_message, 3) for rows in (probe, _all_null(columns, 1))):
            raise ValueError("Arrow writes the header of a record batch in another way than expected")

    def encode(self, rows: Rows, first_row: int) -> bytearray:
        """The same message as `tails.encode_batch` makes of the same rows."""
        nodes, places, body = _body(rows.columns)
        message = bytearray(self._header)
        self._nodes.pack_into(message, self._nodes_at, *nodes)
        self._places.pack_into(message, self._places_at, *places)
        self._number.pack_into(message, self._rows_at, rows.num_rows)
        self._number.pack_into(message, self._size_at, len(body))
        fill_digits(message, b"%08x" % zlib.crc32(body, zlib.crc32(b"%d%b" % (rows.num_rows, self._names))), first_row, self._schema_crc)
        message += body
        return message


@functools.lru_cache(maxsize=32)
def template(columns: pa.Schema, schema_message: bytes) -> Template | None:
    """The template of a schema; None where this version of Arrow builds its messages otherwise: then the rows go through Arrow."""
    try:
        return Template(columns, schema_message)
    except ValueError:
        return None


def _all_null(columns: pa.Schema, rows: int) -> Rows:
    return Rows(columns, rows, [of_array(pa.nulls(rows, field.type)) for field in columns], None)


def _only(text: bytes | bytearray, part: bytes) -> int:
    if text.count(part) != 1:
        raise ValueError("a number of the header is not where it was looked for")
    return text.index(part)


def _body(columns: Sequence[Column]) -> tuple[list[int], list[int], bytes]:
    """Nodes, places of the buffers (offset and length each), and the buffers one after the other, padded to eight bytes."""
    nodes: list[int] = []
    places: list[int] = []
    parts: list[bytes] = []
    position = 0
    for column in columns:
        nodes += column.nodes
        for buffer in column.buffers:
            size = len(buffer)
            places += (position, size)
            if size:
                parts.append(buffer)
                if size & 7:
                    parts.append(_PADDING[-size & 7])
                position += size + (-size & 7)
    return nodes, places, b"".join(parts)


def _validity(unknown: Values | None) -> tuple[bytes, int]:
    count = 0 if unknown is None else int(np.count_nonzero(unknown))
    return (np.packbits(~unknown, bitorder="little").tobytes(), count) if unknown is not None and count else (b"", 0)


@functools.lru_cache(maxsize=64)
def _even_offsets(rows: int, width: int) -> bytes:
    return np.arange(0, rows * width + 1, width, dtype=np.int32).tobytes() if width else bytes(4 * (rows + 1))


def _pairs(nodes: Sequence[int]) -> list[tuple[int, int]]:
    return list(zip(nodes[::2], nodes[1::2], strict=True))


def _children(kind: pa.DataType) -> list[pa.DataType]:
    if pa.types.is_map(kind):
        return [pa.struct([kind.key_field, kind.item_field])]
    return [kind.field(place).type for place in range(kind.num_fields)]


def _own_buffers(kind: pa.DataType) -> int:
    return 1 if pa.types.is_struct(kind) else 3 if _is_text(kind) else 2


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_binary(kind)


def _flatten(array: Any, nodes: list[int], buffers: list[bytes]) -> None:
    nodes += (len(array), array.null_count)
    own = [b"" if buffer is None else buffer.to_pybytes() for buffer in array.buffers()[: _own_buffers(array.type)]]
    for place, size in enumerate(_sizes(array, own)):
        own[place] = own[place][:size]
    buffers += own
    for child in _children_of(array):
        _flatten(child, nodes, buffers)


def _sizes(array: Any, own: Sequence[bytes]) -> list[int]:
    """Bytes of each buffer that belong to the array: Arrow's own may be longer."""
    validity = -(-len(array) // 8) if array.null_count else 0
    if pa.types.is_struct(array.type):
        return [validity]
    if _is_text(array.type):
        offsets = 4 * (len(array) + 1)
        return [validity, offsets, struct.unpack_from("<i", own[1], offsets - 4)[0]]
    if pa.types.is_list(array.type) or pa.types.is_map(array.type):
        return [validity, 4 * (len(array) + 1)]
    return [validity, -(-len(array) * array.type.bit_width // 8)]


def _children_of(array: Any) -> list[Any]:
    if pa.types.is_map(array.type):
        return [pa.StructArray.from_arrays([array.keys, array.items], fields=[array.type.key_field, array.type.item_field])]
    if pa.types.is_struct(array.type):
        return [array.field(place) for place in range(array.type.num_fields)]
    return [array.values] if pa.types.is_list(array.type) else []


def _to_array(kind: pa.DataType, nodes: Iterator[tuple[int, int]], buffers: Iterator[bytes]) -> Any:
    length, null_count = next(nodes)
    own = [pa.py_buffer(next(buffers)) for _ in range(_own_buffers(kind))]
    first = own[0] if null_count else None
    children = [_to_array(child, nodes, buffers) for child in _children(kind)]
    return pa.Array.from_buffers(kind, length, [first, *own[1:]], null_count, 0, children or None)
