"""A run directory as DuckDB views: every table, whatever the files hold."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from analyzer import open_run
from analyzer.run import Run
from recorder import format as log_format
from recorder.tails import encode_batch
from tests.checks.builder import healthy_log

from .run_directory import metric_rows, rows_of, seal, tail, write_info, write_log


def steps(run: Run, table: str = "metrics") -> list[int]:
    return [row["step"] for row in run.rows(f"select step from {table} order by step")]


def test_every_table_is_a_view_with_the_columns_of_the_format_also_where_it_is_missing(tmp_path: Path) -> None:
    write_info(tmp_path)
    with open_run(tmp_path) as run:
        for table in log_format.TABLES.values():
            assert run.rows(f"from {table.name}") == []
            names = [name for name, _ in run.column_types(table.name)]
            assert names == [column.name for column in table.columns] + ["rank"] * (table.name != "tensors")
        assert run.is_empty()
        assert run.problems == []


def test_rows_of_sealed_files_and_tails_of_all_ranks(tmp_path: Path) -> None:
    write_info(tmp_path)
    seal(tmp_path, "metrics", metric_rows(0, 1), number=0, rank=0)
    tail(tmp_path, "metrics", metric_rows(2, 3), number=1, rank=0)
    seal(tmp_path, "metrics", metric_rows(4), number=0, rank=11)
    with open_run(tmp_path) as run:
        assert run.rows("select rank, list(step order by step) as steps from metrics group by rank order by rank") == [
            {"rank": 0, "steps": [0, 1, 2, 3]},
            {"rank": 11, "steps": [4]},
        ]


def test_large_tables_are_scanned_where_they_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.contents.READ_AT_ONCE", 0)
    write_info(tmp_path)
    seal(tmp_path, "metrics", metric_rows(0, 1), number=0, rank=0)
    seal(tmp_path, "metrics", metric_rows(2), number=0, rank=1)
    tail(tmp_path, "metrics", metric_rows(3), number=1, rank=0)
    with open_run(tmp_path) as run:
        assert run.rows("select rank, step from metrics order by step") == [
            {"rank": 0, "step": 0},
            {"rank": 0, "step": 1},
            {"rank": 1, "step": 2},
            {"rank": 0, "step": 3},
        ]


def test_a_tail_whose_sealed_file_exists_is_not_read_again(tmp_path: Path) -> None:
    write_info(tmp_path)
    seal(tmp_path, "metrics", metric_rows(0, 1), number=0)
    tail(tmp_path, "metrics", metric_rows(0, 1), number=0)
    with open_run(tmp_path) as run:
        assert steps(run) == [0, 1]


def test_files_within_the_range_of_a_compacted_one_are_not_read_again(tmp_path: Path) -> None:
    write_info(tmp_path)
    for number in range(3):
        seal(tmp_path, "metrics", metric_rows(number), number=number)
    compacted = seal(tmp_path, "metrics", metric_rows(0, 1), number=9)
    compacted.rename(compacted.with_name(log_format.sealed_name(0, 1)))
    with open_run(tmp_path) as run:
        assert steps(run) == [0, 1, 2]


def test_tensors_have_one_row_an_id_over_ranks_and_resumes(tmp_path: Path) -> None:
    write_info(tmp_path)
    tensor = {"tensor_id": 7, "name": "fc.weight", "kind": "weight"}
    seal(tmp_path, "tensors", rows_of("tensors", [{**tensor, "optimizer_group": 0}]), number=0, rank=0)
    seal(tmp_path, "tensors", rows_of("tensors", [{**tensor, "optimizer_group": 1}]), number=1, rank=0)
    seal(tmp_path, "tensors", rows_of("tensors", [{**tensor, "optimizer_group": 9}]), number=0, rank=1)
    with open_run(tmp_path) as run:
        assert run.rows("select tensor_id, optimizer_group from tensors") == [{"tensor_id": 7, "optimizer_group": 1}]


def resumed(step: int, **first_file: int) -> pa.Table:
    details = json.dumps({"step": step, "first_file": first_file})
    return rows_of("events", [{"step": step, "seconds": 0.0, "kind": "resumed", "message": "", "details": details}])


@pytest.mark.parametrize("at_once", [0, 1 << 20])
def test_rows_that_a_resume_supersedes_are_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr("analyzer.contents.READ_AT_ONCE", at_once)
    write_info(tmp_path)
    seal(tmp_path, "metrics", metric_rows(0, 1, 2, 3, name="first"), number=0)
    seal(tmp_path, "events", resumed(2, metrics=1, events=0), number=0)
    tail(tmp_path, "metrics", metric_rows(2, 3, 4, name="second"), number=1)
    with open_run(tmp_path) as run:
        rows = run.rows("select step, name from metrics order by step")
        assert [(row["step"], row["name"]) for row in rows] == [(0, "first"), (1, "first"), (2, "second"), (3, "second"), (4, "second")]
        assert run.notes[0] == "the run was resumed at step 2; rows that this superseded are left out"


def test_a_resume_of_one_rank_leaves_the_others_alone(tmp_path: Path) -> None:
    write_info(tmp_path)
    for rank in (0, 1):
        seal(tmp_path, "metrics", metric_rows(0, 1, 2), number=0, rank=rank)
    seal(tmp_path, "events", resumed(1, metrics=1), number=0, rank=0)
    with open_run(tmp_path) as run:
        assert run.rows("select rank, max(step) as step from metrics group by rank order by rank") == [{"rank": 0, "step": 0}, {"rank": 1, "step": 2}]


def test_of_two_resumes_both_hold_also_where_the_second_hides_the_first(tmp_path: Path) -> None:
    write_info(tmp_path)
    seal(tmp_path, "metrics", metric_rows(0, 1, 2, 3, 4, name="a"), number=0)
    seal(tmp_path, "events", resumed(3, metrics=1, events=0), number=0)
    seal(tmp_path, "metrics", metric_rows(3, 4, 5, name="b"), number=1)
    seal(tmp_path, "events", resumed(2, metrics=2, events=1), number=1)
    seal(tmp_path, "metrics", metric_rows(2, name="c"), number=2)
    with open_run(tmp_path) as run:
        assert [(row["step"], row["name"]) for row in run.rows("select step, name from metrics order by step")] == [(0, "a"), (1, "a"), (2, "c")]


def test_says_which_checksums_were_not_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_info(tmp_path)
    seal(tmp_path, "metrics", metric_rows(0, 1))
    with open_run(tmp_path) as run:
        assert run.notes == []
    monkeypatch.setattr("analyzer.contents.READ_AT_ONCE", 0)
    with open_run(tmp_path) as run:
        assert run.notes == ["the checksums of 1 large file were not verified; analyze verify does it"]


def test_nan_and_infinities_survive(tmp_path: Path) -> None:
    write_info(tmp_path)
    values = [float("nan"), float("inf"), -float("inf"), None]
    seal(tmp_path, "metrics", rows_of("metrics", [{"step": step, "value": value} for step, value in enumerate(values)]))
    with open_run(tmp_path) as run:
        assert repr([row["value"] for row in run.rows("select value from metrics order by step")]) == "[nan, inf, -inf, None]"


@pytest.mark.parametrize("name", ["it's", 'dou"ble', "new\nline", "größe 图", "glob[1]*?", "step=5", "rank=00003", "semi;colon--", "a" * 200])
def test_a_hostile_path_works(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.contents.READ_AT_ONCE", 0)
    run_dir = tmp_path / name / "run"
    write_info(run_dir)
    seal(run_dir, "metrics", metric_rows(0, 1))
    with open_run(run_dir) as run:
        run.lock()
        assert run.rows("select step, rank from metrics order by step") == [{"step": 0, "rank": 0}, {"step": 1, "rank": 0}]


def test_columns_that_the_format_does_not_know_are_left_out(tmp_path: Path) -> None:
    write_info(tmp_path)
    seal(tmp_path, "metrics", metric_rows(0).append_column("colour", pa.array(["blue"])))
    with open_run(tmp_path) as run:
        assert "colour" not in run.rows("from metrics")[0]


def test_columns_that_a_file_lacks_are_null(tmp_path: Path) -> None:
    write_info(tmp_path)
    seal(tmp_path, "metrics", metric_rows(0).drop_columns(["epoch", "seconds"]))
    seal(tmp_path, "metrics", metric_rows(1), number=1)
    with open_run(tmp_path) as run:
        assert [row["epoch"] for row in run.rows("select epoch from metrics order by step")] == [None, 0]


def test_every_task_has_its_columns_of_samples(tmp_path: Path) -> None:
    for task in log_format.TASKS:
        write_info(tmp_path / task, task=task)
        schema = log_format.schema("samples", task)
        seal(tmp_path / task, "samples", pa.Table.from_pylist([{"step": 0, "sample_id": "a"}], schema=schema))
        with open_run(tmp_path / task) as run:
            types = dict(run.column_types("samples"))
            assert [row["sample_id"] for row in run.rows("from samples")] == ["a"]
            assert types["worst"] == 'STRUCT("position" INTEGER, "target" INTEGER, predicted INTEGER, loss FLOAT)[]'


def test_relations_can_be_had_as_data_frames_and_arrow_and_joined_with_ones_own(tmp_path: Path) -> None:
    write_log(tmp_path)
    with open_run(tmp_path) as run:
        mine = pd.DataFrame({"step": [3, 4], "phase": ["warm-up", "main"]})
        assert run.sql("select phase from metrics join mine using (step) where name = 'learning_rate' order by step").df()["phase"].tolist() == [
            "warm-up",
            "main",
        ]
        assert run.sql("select step from metrics").arrow().read_all().num_rows == len(run.rows("select step from metrics"))
        assert len(mine) == 2


def test_the_catalog_says_what_columns_mean(tmp_path: Path) -> None:
    write_log(tmp_path)
    with open_run(tmp_path) as run:
        comments = run.connection.execute(
            "select table_name, comment from duckdb_columns() "
            "where schema_name = 'main' and column_name = 'rms' and table_name in ('stats', 'weights') order by table_name"
        ).fetchall()
    assert comments == [("stats", "root mean square of the finite values"), ("weights", "root mean square of the finite values")]


def test_cursors_see_tails_and_views(tmp_path: Path) -> None:
    write_log(tmp_path)
    tail(tmp_path, "metrics", metric_rows(100), number=1)
    with open_run(tmp_path) as run:
        assert run.connection.cursor().execute("select max(step) from metrics").fetchone() == (100,)
        assert run.connection.cursor().execute("select count(*) > 0 from weights").fetchone() == (True,)


def test_a_view_that_is_materialized_is_computed_once_and_seen_by_those_that_read_it(tmp_path: Path) -> None:
    write_log(tmp_path)
    with open_run(tmp_path) as run:
        before = run.rows("select count(*) as rows from weights")
        assert run.rows("select count(*) as rows from weights") == before
        assert run.rows("select table_name as name from duckdb_tables() where schema_name = 'loaded' and table_name = 'tensor_history'") == [
            {"name": "tensor_history"}
        ]


def test_non_null_values_are_counted_by_column(tmp_path: Path) -> None:
    write_log(tmp_path, healthy_log(10, 5))
    with open_run(tmp_path) as run:
        counts = run.columns("samples")
        assert counts["target"] == counts["sample_id"] > 0
        assert counts["perplexity"] == 0
        with pytest.raises(KeyError):
            run.columns("nothing")


def test_non_null_values_of_a_large_table_are_counted_from_its_footers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_log(tmp_path, healthy_log(10, 5))
    tail(tmp_path, "metrics", metric_rows(100, 101), number=1)
    with open_run(tmp_path) as run:
        expected = {table: dict(run.columns(table)) for table in log_format.TABLES}
    monkeypatch.setattr("analyzer.contents.READ_AT_ONCE", 0)
    with open_run(tmp_path) as run:
        assert {table: dict(run.columns(table)) for table in log_format.TABLES} == expected


def test_run_json_is_a_table(tmp_path: Path) -> None:
    write_info(tmp_path, config={"lr": 0.1, "layers": [3, 5], "name": "a.b"})
    with open_run(tmp_path) as run:
        values = {row["name"]: row["value"] for row in run.rows("from run_info")}
    assert values["config.lr"] == "0.1"
    assert values["config.layers"] == "[3, 5]"
    assert values["config.layers.1"] == "5"
    assert values["config.name"] == "a.b"


def test_a_query_that_fails_says_so(tmp_path: Path) -> None:
    write_log(tmp_path)
    with open_run(tmp_path) as run, pytest.raises(duckdb.BinderException, match="nonsense"):
        run.rows("select nonsense from metrics")


def test_nothing_of_a_run_is_changed_by_reading_it(tmp_path: Path) -> None:
    write_log(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with open_run(tmp_path) as run:
        run.diagnose()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_notebook_shows_the_run_with_names_escaped(tmp_path: Path) -> None:
    run_dir = write_log(tmp_path / "<b>run", healthy_log(10, 5))
    with open_run(run_dir) as run:
        assert "&lt;b&gt;run" in run._repr_html_()
        assert "run.diagnose()" in run._repr_html_()
        run.diagnose()
        assert "Healthy" in run._repr_html_()


def test_a_tail_that_grows_while_it_is_read_gives_its_whole_batches(tmp_path: Path) -> None:
    write_info(tmp_path)
    path = tail(tmp_path, "metrics", metric_rows(*range(8)), batch_rows=4)
    more = metric_rows(8, 9).combine_chunks().to_batches()[0]
    message = bytes(encode_batch(more, more.schema.serialize().to_pybytes(), 8))
    whole = path.read_bytes()
    for length in range(0, len(message), 40):
        path.write_bytes(whole + message[:length])
        with open_run(tmp_path) as run:
            assert steps(run) == list(range(8))
    path.write_bytes(whole + message)
    with open_run(tmp_path) as run:
        assert steps(run) == list(range(10))
        assert run.problems == []
