"""`analyze sql`: questions, and nothing else."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from analyzer.cli import cli
from analyzer.errors import QueryError
from analyzer.query import as_question, open_locked
from analyzer.run import Run

from .run_directory import write_log


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("runs") / "run")


def sql(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["sql", *map(str, arguments)], input=stdin)


@pytest.mark.parametrize(
    "query",
    [
        "select 1",
        "from metrics limit 1;",
        "with a as (select 1 as b) from a",
        "values (1)",
        "describe metrics",
        "summarize metrics",
        "show tables",
        "explain select 1",
        "explain analyze select 1",
        "select 'delete from metrics'",
        'select 1 as "insert into"',
        "-- a remark\nselect 1 -- another; with a semicolon",
    ],
)
def test_questions_are_allowed(run_dir: Path, query: str) -> None:
    result = sql(run_dir, query)
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    "query",
    [
        "copy metrics to 'stolen.csv'",
        "create table a (b int)",
        "create view a as select 1",
        "drop view metrics",
        "insert into run_info values ('a', 'b')",
        "delete from run_info",
        "update run_info set name = 'a'",
        "with a as (insert into run_info values ('a', 'b') returning name) from a",
        "explain analyze insert into run_info values ('a', 'b')",
        "explain copy metrics to 'stolen.csv'",
        "/* a */ explain /* b */ analyze copy metrics to 'stolen.csv'",
        "-- a\nexplain (analyze) -- b\ncopy metrics to 'stolen.csv'",
        "attach 'other.db'",
        "install httpfs",
        "load httpfs",
        "pragma version",
        "set threads = 1",
        "set enable_external_access = true",
        "call pragma_version()",
        "export database 'stolen'",
        "checkpoint",
        "prepare a as select 1",
        "use memory",
        "begin",
    ],
)
def test_anything_else_is_refused(run_dir: Path, query: str) -> None:
    result = sql(run_dir, query)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "a run is read-only here" in result.stderr


@pytest.mark.parametrize("query", ["from read_text('/etc/hostname')", "from '/etc/*.parquet'", "from glob('/*')", "from read_csv('/etc/passwd')"])
def test_files_outside_the_run_are_refused(run_dir: Path, query: str) -> None:
    result = sql(run_dir, query)
    assert (result.exit_code, result.stdout) == (2, "")


def test_files_of_the_run_may_be_read(run_dir: Path) -> None:
    result = sql(run_dir, f"select count(*) > 0 as there from read_text('{run_dir}/run.json')", "--format", "csv")
    assert result.stdout == "there\nTrue\n"


def test_python_objects_are_out_of_reach(run_dir: Path) -> None:
    assert sql(run_dir, "from question").exit_code == 2


@pytest.mark.parametrize(
    "query, message",
    [
        ("", "the query is empty"),
        ("-- only a remark", "the query is empty"),
        ("select 1; select 2", "these are 2 statements"),
        ("slect 1", 'syntax error at or near "slect"'),
        ("from metrcs", "Did you mean 'metrics'?"),
        ("select valu from metrics", "valu"),
        ("select value / from metrics", "syntax error"),
    ],
)
def test_what_is_wrong_with_a_query_is_said(run_dir: Path, query: str, message: str) -> None:
    result = sql(run_dir, query)
    assert result.exit_code == 2
    assert message in result.stderr


def test_the_forms_of_a_result(run_dir: Path) -> None:
    query = "select 1 as a, 'x,\"y' as b, [1, 2] as c, 'nan'::float as d, null as e"
    assert sql(run_dir, query, "--format", "csv").stdout == 'a,b,c,d,e\n1,"x,""y","[1, 2]",nan,\n'
    assert json.loads(sql(run_dir, query, "--format", "json").stdout) == [{"a": 1, "b": 'x,"y', "c": [1, 2], "d": None, "e": None}]
    rows = pq.read_table(io.BytesIO(sql(run_dir, query, "--format", "parquet").stdout_bytes)).to_pylist()
    assert repr(rows) == "[{'a': 1, 'b': 'x,\"y', 'c': [1, 2], 'd': nan, 'e': None}]"
    assert "│     1 │" in sql(run_dir, query).stdout


def test_a_table_in_a_pipe_holds_every_row_and_column(run_dir: Path) -> None:
    shown = sql(run_dir, "from stats").stdout
    assert "magnitudes" in shown
    assert "·" not in shown


def test_an_option_that_does_not_exist_is_no_query(run_dir: Path) -> None:
    result = sql(run_dir, "--fromat")
    assert (result.exit_code, "No such option" in result.stderr) == (2, True)


def test_no_rows_are_still_json(run_dir: Path) -> None:
    assert json.loads(sql(run_dir, "from metrics where false", "--format", "json").stdout) == []


def test_a_query_comes_from_a_file_or_a_pipe(run_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "query.sql").write_text("select 7 as n\n;\n")
    assert sql(run_dir, "-f", tmp_path / "query.sql", "--format", "csv").stdout == "n\n7\n"
    assert sql(run_dir, "--format", "csv", stdin="select 8 as n").stdout == "n\n8\n"
    assert sql(run_dir, "select 1", "-f", tmp_path / "query.sql").exit_code == 2


def test_the_semicolon_is_taken_off(run_dir: Path) -> None:
    with open_locked(run_dir) as run:
        assert as_question(run, " select 1 ; ") == "select 1"
        with pytest.raises(QueryError, match="SET is not a question"):
            as_question(run, "set threads = 1")


def test_a_locked_run_can_still_be_diagnosed(run_dir: Path) -> None:
    with open_locked(run_dir) as run:
        assert run.diagnose().not_checked


def test_a_run_from_memory_can_be_locked() -> None:
    with Run.from_tables({}) as run:
        run.lock()
        assert run.rows("select count(*) as n from metrics") == [{"n": 0}]
