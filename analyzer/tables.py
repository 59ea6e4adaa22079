"""Base views: a table of the log as one view over sealed files and tails, with the format's columns whatever the files hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from recorder.format import Table

_PLAIN = (
    (pa.types.is_int64, "BIGINT"),
    (pa.types.is_int32, "INTEGER"),
    (pa.types.is_float32, "FLOAT"),
    (pa.types.is_float64, "DOUBLE"),
    (pa.types.is_boolean, "BOOLEAN"),
    (pa.types.is_string, "VARCHAR"),
    (pa.types.is_large_string, "VARCHAR"),
    (pa.types.is_binary, "BLOB"),
    (pa.types.is_large_binary, "BLOB"),
)


@dataclass(frozen=True)
class Source:
    """Rows of one table that share columns: something to select from, as SQL.

    `keep_below` is the first step that a resume has superseded here; rows from it on are history that did not happen.
    """

    relation: str
    rank: str
    columns: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    keep_below: int | None = None


def sql_type(kind: pa.DataType) -> str:
    """DuckDB's name of an Arrow type; types that the format never uses get Arrow's own name."""
    for is_kind, name in _PLAIN:
        if is_kind(kind):
            return name
    if pa.types.is_dictionary(kind):
        return sql_type(kind.value_type)
    if pa.types.is_map(kind):
        return f"MAP({sql_type(kind.key_type)}, {sql_type(kind.item_type)})"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"{sql_type(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        fields = (kind.field(place) for place in range(kind.num_fields))
        return f"STRUCT({', '.join(f'{identifier(field.name)} {sql_type(field.type)}' for field in fields)})"
    return str(kind)


def columns_of(schema: pa.Schema) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, sql_type(field.type)) for field in schema)


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def parquet(paths: list[str]) -> str:
    """A scan of Parquet files. Hive partitioning stays off: a folder `step=5` above the run would become a column."""
    return f"read_parquet([{', '.join(map(literal, paths))}], hive_partitioning = false, filename = true)"


def rank_from_filename() -> str:
    return r"regexp_extract(filename, 'rank=(\d+)[/\\][^/\\]*$', 1)::integer"


def select(table: Table, source: Source, casts: Mapping[str, str]) -> str:
    """The format's columns of one source, and its rank. `casts` holds the expression of each column that is not of the format's type."""
    present = dict(source.columns)
    columns = []
    for column in table.columns:
        kind = sql_type(column.type)
        if column.name in casts:
            expression = casts[column.name]
        elif column.name in present:
            expression = identifier(column.name)
        else:
            expression = f"null::{kind}"
        columns.append(f"{expression} as {identifier(column.name)}")
    columns.append(f"{source.rank} as rank")
    query = f"select {', '.join(columns)} from {source.relation}"
    if source.keep_below is not None and any(column.name == "step" for column in table.columns):
        query += f" where step is null or step < {source.keep_below}"
    return query


def empty(table: Table) -> str:
    """A query with the table's columns and no row."""
    columns = [f"null::{sql_type(column.type)} as {identifier(column.name)}" for column in table.columns]
    return f"select {', '.join(columns)}, null::integer as rank where false"


def casts(connection: duckdb.DuckDBPyConnection, table: Table, source: Source) -> tuple[dict[str, str], list[str]]:
    """Expressions for the columns whose type is not the format's, and a sentence for each of them that could not be cast without loss."""
    present = dict(source.columns)
    expressions, lost = {}, []
    for column in table.columns:
        kind, found = sql_type(column.type), present.get(column.name)
        if found is None or found == kind:
            continue
        if _is_lossless(connection, source, column.name, kind, found):
            expressions[column.name] = f"try_cast({identifier(column.name)} as {kind})"
        else:
            expressions[column.name] = f"null::{kind}"
            lost.append(f"column {column.name} is {found} and not {kind}; its values cannot be kept and read as null")
    return expressions, lost


def _is_lossless(connection: duckdb.DuckDBPyConnection, source: Source, name: str, kind: str, found: str) -> bool:
    """Whether every value comes back from the other type. A float of another width counts as the same measurement."""
    column = identifier(name)
    there = f"try_cast({column} as {kind})"
    same_kind = found.replace("DOUBLE", "FLOAT") == kind.replace("DOUBLE", "FLOAT")
    changed = f"{there} is null" if same_kind else f"{there} is null or try_cast({there} as {found}) is distinct from {column}"
    try:
        row = connection.execute(f"select count(*) from {source.relation} where {column} is not null and ({changed})").fetchone()
    except duckdb.Error:
        return False
    return row is not None and row[0] == 0
