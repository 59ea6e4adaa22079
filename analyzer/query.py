"""A user's query: a question to this run only, and its result in the form that was asked for."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sys
from pathlib import Path

import click
import duckdb

from .errors import QueryError, unknown
from .interrupt import interruptible
from .json_output import plain
from .run import Run, open_run

ROWS_ON_A_TERMINAL = 40
_ALLOWED = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
_SPACE = r"(?:\s|--[^\n]*\n|/\*.*?\*/)"
_EXPLAIN = re.compile(rf"{_SPACE}*explain{_SPACE}+(analyze{_SPACE}+)?(\([^)]*\){_SPACE}*)?", re.IGNORECASE | re.DOTALL)
_NOT_CODE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", re.DOTALL)
_NO_TABLE = re.compile(r"Table with name (\S+) does not exist")
_CHANGES = re.compile(r"\b(insert\s+into|insert\s+or|update\s+\S+\s+set|delete\s+from|merge\s+into|truncate)\b", re.IGNORECASE)


def open_locked(path: Path) -> Run:
    """A run on which queries can be asked and nothing else: no file outside it, no change, no setting."""
    run = open_run(path)
    run.lock()
    return run


def as_question(run: Run, query: str) -> str:
    """The query without its semicolon, if it is one question. Raises QueryError for anything that would change something."""
    try:
        statements = run.statements(query)
    except duckdb.Error as error:
        raise QueryError(explain(run, error)) from None
    if not statements:
        raise QueryError("the query is empty. `analyze schema` shows the tables; try: from metrics limit 5")
    if len(statements) > 1:
        raise QueryError(f"one query at a time, please: these are {len(statements)} statements.")
    text = statements[0].query.strip().rstrip(";").rstrip()
    explained = _EXPLAIN.match(text)
    inner = run.statements(text[explained.end() :])[0] if explained else statements[0]
    if inner.type not in _ALLOWED or _CHANGES.search(_NOT_CODE.sub(" ", text)):
        kind = f"{_NOT_CODE.sub(' ', text).split(None, 1)[0].upper()} is not a question" if inner.type not in _ALLOWED else "this query would change rows"
        raise QueryError(f"{kind}: a run is read-only here. SELECT, FROM, WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW and EXPLAIN work.")
    return text


def explain(run: Run, error: BaseException) -> str:
    """DuckDB's message, and what to do where it cannot know."""
    text = str(error).strip()
    missing = _NO_TABLE.search(text)
    if missing is not None:
        return str(unknown("table", missing[1], run.names(), "`analyze schema` lists them"))
    if "file system operations are disabled" in text:
        return f"{text.splitlines()[0]}. `analyze sql` reads nothing outside the run; `open_run` in Python does."
    return text


def print_result(run: Run, query: str, form: str) -> None:
    """Ask and print; Ctrl-C stops the query. Raises QueryError."""
    interruptible(lambda: _print_result(run, query, form), run.interrupt)


def _print_result(run: Run, query: str, form: str) -> None:
    question = as_question(run, query)
    try:
        relation = run.sql(question)
        if form == "table":
            _print_table(relation)
        elif form == "csv":
            _print_csv(relation)
        elif form == "json":
            _print_json(relation)
        else:
            _print_parquet(relation)
    except duckdb.Error as error:
        raise QueryError(explain(run, error)) from None
    for problem in run.problems:
        click.echo(f"note: {problem}", err=True)


def _print_table(relation: duckdb.DuckDBPyRelation) -> None:
    """On a terminal as wide as it is; in a pipe everything."""
    if relation.columns[:2] == ["explain_key", "explain_value"]:
        click.echo("\n".join(str(value) for _, value in relation.fetchall()))
    elif sys.stdout.isatty():
        relation.show(max_width=shutil.get_terminal_size().columns, max_rows=ROWS_ON_A_TERMINAL)
    else:
        relation.show(max_width=1_000_000, max_rows=10_000_000, max_col_width=1_000_000)


def _print_csv(relation: duckdb.DuckDBPyRelation) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(relation.columns)
    for row in relation.iter_rows():
        writer.writerow([_cell(value) for value in row])


def _cell(value: object) -> object:
    """A cell of a CSV: NaN and infinities stay readable, bytes become base64, lists and maps JSON."""
    if isinstance(value, list | dict | tuple):
        return json.dumps(plain(value), ensure_ascii=False)
    return value if isinstance(value, float) else plain(value)


def _print_json(relation: duckdb.DuckDBPyRelation) -> None:
    names, first = relation.columns, True
    click.echo("[", nl=False)
    for row in relation.iter_rows():
        text = json.dumps(plain(dict(zip(names, row, strict=True))), ensure_ascii=False, allow_nan=False)
        click.echo(f"{'' if first else ','}\n{text}", nl=False)
        first = False
    click.echo("\n]")


def _print_parquet(relation: duckdb.DuckDBPyRelation) -> None:
    import pyarrow.parquet as pq

    if sys.stdout.isatty():
        raise QueryError("Parquet is not for a terminal: send it to a file, as in `analyze sql RUN QUERY --format parquet > rows.parquet`.")
    reader = relation.to_arrow_reader()
    with pq.ParquetWriter(sys.stdout.buffer, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
