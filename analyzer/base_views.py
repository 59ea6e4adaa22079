"""Creates in DuckDB what lies beneath the views: one base view a table of the log, and `run_info`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from recorder.format import Table

from . import tables
from .contents import Chunk, Contents
from .files import Problem

RUN_INFO_GRAIN = "One row per entry of run.json"
RUN_INFO_COLUMNS = {"name": "place in run.json, such as optimizers.0.groups.0.lr", "value": "text of a number or string, JSON of a list or object"}


def create_base(connection: duckdb.DuckDBPyConnection, contents: Contents, table: Table) -> list[Problem]:
    """Create the base view of a table; rows in memory go to a table of the schema `loaded`, where cursors see them too.

    Returns what could not be kept of columns that have another type than the format's. Raises duckdb.Error.
    """
    connection.execute(f"create or replace table loaded.{table.name} as {tables.empty(table)}")
    problems: list[Problem] = []
    scans = []
    with_names = _registered(connection, contents, table)
    try:
        for source in contents.sources(table.name, with_names):
            expressions, lost = tables.casts(connection, table, source)
            file = source.names[0] if source.relation.startswith("read_parquet") else _file_name(with_names[source.relation])
            problems.extend(Problem(file, sentence) for sentence in lost)
            query = tables.select(table, source, expressions)
            if source.relation in with_names:
                connection.execute(f"insert into loaded.{table.name} {query}")
            else:
                scans.append(query)
    finally:
        for name in with_names:
            connection.unregister(name)
    union = " union all ".join([f"select * from loaded.{table.name}", *scans])
    connection.execute(f"create or replace view {table.name} as {_one_row_an_id() if table.name == 'tensors' else union}")
    return problems


def _one_row_an_id() -> str:
    """`tensors` is written by each rank and again after a resume: the last row of the lowest rank counts."""
    return "select * exclude (rank) from loaded.tensors qualify row_number() over (partition by tensor_id order by rank, rowid desc) = 1"


def _registered(connection: duckdb.DuckDBPyConnection, contents: Contents, table: Table) -> dict[str, Chunk]:
    """The table's chunks in memory, registered under names of their own; chunks of one rank that resumes cut alike go together."""
    resumes = bool(contents.resumes())
    merged: dict[tuple[int, int | None, pa.Schema], list[Chunk]] = {}
    for chunk in contents.chunks:
        if chunk.table == table.name:
            merged.setdefault((chunk.rank, chunk.number if resumes else None, chunk.rows.schema.remove_metadata()), []).append(chunk)
    registered = {}
    for place, chunks in enumerate(merged.values()):
        rows = pa.concat_tables(chunk.rows.replace_schema_metadata(None) for chunk in chunks)
        name = f"chunk_{table.name}_{place}"
        connection.register(name, rows)
        registered[name] = Chunk(rows, table.name, chunks[0].rank, chunks[0].number)
    return registered


def _file_name(chunk: Chunk) -> str:
    return f"{chunk.table}, rank {chunk.rank}, file {chunk.number}"


def create_run_info(connection: duckdb.DuckDBPyConnection, info: Mapping[str, Any]) -> None:
    """One row per entry of run.json, however deep; a list or object is a row and so is each of its entries."""
    entries = list(_entries("", dict(info)))
    create_table(
        connection, "run_info", pa.schema([("name", pa.string()), ("value", pa.string())]), [{"name": name, "value": value} for name, value in entries]
    )


def create_table(connection: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> None:
    """A table of these rows. They go in as a parameter: an Arrow table made of Python values would import pandas, which takes longer than all the rest."""
    fields = ", ".join(f"{tables.identifier(field.name)} {tables.sql_type(field.type)}" for field in schema)
    connection.execute(f"create or replace table {name} as select unnest($rows::struct({fields})[], recursive := true)", {"rows": [dict(row) for row in rows]})


def _entries(prefix: str, value: object) -> Iterator[tuple[str, str | None]]:
    if prefix:
        yield prefix, _text(value)
    children: Iterable[tuple[object, object]] = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from _entries(f"{prefix}.{key}" if prefix else str(key), child)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) or value is None else json.dumps(value)


def describe(connection: duckdb.DuckDBPyConnection, name: str, kind: str, row: str, columns: Mapping[str, str]) -> None:
    """Write what a row is and what each column means into DuckDB's catalog."""
    statements = [f"comment on {kind} {name} is {tables.literal(row)}"]
    statements += [f"comment on column {name}.{tables.identifier(column)} is {tables.literal(meaning)}" for column, meaning in columns.items()]
    connection.execute("; ".join(statements))
