"""Bad input: a clear message, the right exit status, and good rows still used."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from analyzer import RetrogradError, open_run
from analyzer.cli import cli
from recorder import format as log_format
from tests.checks.builder import healthy_log

from .run_directory import metric_rows, rows_of, seal, tail, write_info, write_log

READERS = ["check", "worst", "report", "verify", "compact"]


def analyze(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def steps(run_dir: Path) -> list[int]:
    with open_run(run_dir) as run:
        return [row["step"] for row in run.rows("select step from metrics order by step")]


@pytest.fixture(params=["read at opening", "scanned in place"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Small tables are read at opening, large ones scanned where they lie: damage must cost the same."""
    if request.param == "scanned in place":
        monkeypatch.setattr("analyzer.contents.READ_AT_ONCE", 0)
    return str(request.param)


@pytest.fixture
def open_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that everybody may enter, as pytest's own is not; settings are looked for there as well."""
    with tempfile.TemporaryDirectory() as name:
        monkeypatch.setenv("RETROGRAD_CONFIG", name)
        Path(name).chmod(0o755)
        yield Path(name)
        Path(name).chmod(0o755)


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root may do everything, so for a while it is nobody. Whatever is imported lazily must have been before."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


# No run there.


@pytest.mark.parametrize("command", [*READERS, "list"])
def test_a_directory_that_does_not_exist(tmp_path: Path, command: str) -> None:
    result = analyze(command, tmp_path / "nowhere")
    assert result.exit_code == 2
    assert f"{tmp_path / 'nowhere'} does not exist" in result.stderr
    assert result.stdout == ""


def test_a_file_in_place_of_a_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = analyze("check", tmp_path / "file")
    assert (result.exit_code, "is a file, not a run directory" in result.stderr) == (2, True)


def test_the_folder_above_the_runs(tmp_path: Path) -> None:
    write_info(tmp_path / "exp1")
    write_info(tmp_path / "exp2")
    result = analyze("check", tmp_path)
    assert result.exit_code == 2
    assert f"such as {tmp_path / 'exp1'}" in result.stderr
    assert "shows all 2" in result.stderr


def test_rows_without_run_json(tmp_path: Path) -> None:
    seal(tmp_path, "metrics", metric_rows(0))
    result = analyze("check", tmp_path)
    assert (result.exit_code, "has rows but no run.json" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    "content, message",
    [
        ("{", "not valid JSON"),
        ("", "not valid JSON"),
        ("[1]", "holds list, not a JSON object"),
        ('{"task": "regression"}', "names no format version"),
        ('{"format_version": "99.0"}', "has format 99.0; this retrograd reads up to 1.0. Upgrade it"),
        ('{"format_version": null}', "names no format version"),
    ],
)
def test_a_run_json_that_cannot_be_read(tmp_path: Path, content: str, message: str) -> None:
    write_log(tmp_path)
    (tmp_path / "run.json").write_text(content)
    result = analyze("check", tmp_path)
    assert (result.exit_code, message in result.stderr, str(tmp_path / "run.json") in result.stderr) == (2, True, True)


def test_bytes_that_are_no_text_in_run_json(tmp_path: Path) -> None:
    write_info(tmp_path)
    (tmp_path / "run.json").write_bytes(b"\xff\xfe{}")
    assert "not valid JSON" in analyze("check", tmp_path).stderr


@pytest.mark.parametrize("version", ["1.0", "1.7", "0.3"])
def test_other_versions_that_can_be_read(tmp_path: Path, version: str) -> None:
    write_info(tmp_path, format_version=version)
    seal(tmp_path, "metrics", metric_rows(0))
    assert steps(tmp_path) == [0]


def test_a_run_that_may_not_be_read(open_folder: Path) -> None:
    write_log(open_folder)
    assert analyze("check", open_folder).exit_code == 0
    (open_folder / "run.json").chmod(0)
    with without_privileges():
        result = analyze("check", open_folder)
    assert (result.exit_code, "permission denied" in result.stderr) == (2, True)


# Nothing in it yet.


@pytest.mark.parametrize("began", [False, True])
@pytest.mark.parametrize("command", ["check", "report"])
def test_an_empty_run(tmp_path: Path, began: bool, command: str) -> None:
    write_info(tmp_path)
    if began:
        seal(tmp_path, "events", rows_of("events", [{"kind": "started", "seconds": 0.0}]))
    result = analyze(command, tmp_path)
    assert result.exit_code == 2
    assert "the run has no rows yet" in result.stderr
    assert not (tmp_path / "report.html").exists()


def test_an_empty_run_can_be_asked_and_verified(tmp_path: Path) -> None:
    write_info(tmp_path)
    assert analyze("sql", tmp_path, "select count(*) as n from metrics", "--format", "csv").stdout == "n\n0\n"
    assert analyze("verify", tmp_path).exit_code == 0
    result = analyze("worst", tmp_path)
    assert (result.exit_code, "To have it: rec.samples(" in result.stderr) == (2, True)


def test_tables_that_are_missing_are_not_checked(tmp_path: Path) -> None:
    log = healthy_log(20, 5)
    for table in ("samples", "stats", "tensors", "inputs"):
        log.rows[table] = []
    write_log(tmp_path, log)
    result = analyze("check", tmp_path, "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert any(skipped["reason"].startswith("no activations in the log") for skipped in answer["not_checked"])


# Damage.


def test_a_torn_tail_costs_its_last_batch(tmp_path: Path) -> None:
    write_info(tmp_path)
    path = tail(tmp_path, "metrics", metric_rows(*range(12)), batch_rows=4)
    path.write_bytes(path.read_bytes()[:-30])
    assert steps(tmp_path) == list(range(8))
    result = analyze("verify", tmp_path)
    assert result.exit_code == 1
    assert "metrics/rank=00000/_00000000.arrows: torn: its last batch is not whole and was dropped" in " ".join(result.stdout.split())


def test_a_damaged_batch_in_the_middle_of_a_tail_costs_itself(tmp_path: Path) -> None:
    write_info(tmp_path)
    path = tail(tmp_path, "metrics", metric_rows(*range(12)), batch_rows=4)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    assert steps(tmp_path) == [0, 1, 2, 3, 8, 9, 10, 11]
    with open_run(tmp_path) as run:
        assert [problem.rows for problem in run.problems] == [4]


def test_a_tail_with_a_damaged_head_is_read_with_the_formats_own(tmp_path: Path) -> None:
    write_info(tmp_path)
    path = tail(tmp_path, "metrics", metric_rows(*range(8)), batch_rows=4)
    content = bytearray(path.read_bytes())
    content[20] ^= 0xFF
    path.write_bytes(bytes(content))
    assert steps(tmp_path) == list(range(8))


@pytest.mark.parametrize("length", [0, 3, 40])
def test_a_tail_that_was_cut_in_its_head_costs_nothing_else(tmp_path: Path, length: int) -> None:
    write_info(tmp_path)
    seal(tmp_path, "metrics", metric_rows(0, 1), number=0)
    path = tail(tmp_path, "metrics", metric_rows(2), number=1)
    path.write_bytes(path.read_bytes()[:length])
    assert steps(tmp_path) == [0, 1]


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.99])
def test_a_torn_parquet_file_costs_its_own_rows(tmp_path: Path, way: str, keep: float) -> None:
    write_info(tmp_path)
    paths = [seal(tmp_path, "metrics", metric_rows(number), number=number) for number in range(3)]
    content = paths[1].read_bytes()
    paths[1].write_bytes(content[: int(keep * len(content))])
    assert steps(tmp_path) == [0, 2]
    with open_run(tmp_path) as run:
        run.rows("from metrics")
        assert [(problem.file, problem.message) for problem in run.problems] == [("metrics/rank=00000/00000001.parquet", "torn: it has no Parquet footer")]


def test_a_damaged_page_costs_its_own_file(tmp_path: Path, way: str) -> None:
    write_info(tmp_path)
    paths = [seal(tmp_path, "metrics", metric_rows(*range(1000 * number, 1000 * number + 1000)), number=number) for number in range(2)]
    content = bytearray(paths[0].read_bytes())
    content[200:1200] = bytes(1000)
    paths[0].write_bytes(bytes(content))
    assert steps(tmp_path) == list(range(1000, 2000))
    result = analyze("verify", tmp_path, "--json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["whole"], answer["rows_lost"]) == (1, False, 1000)
    assert answer["problems"][0]["file"] == "metrics/rank=00000/00000000.parquet"


def test_what_is_lost_is_said_beside_the_answer(tmp_path: Path) -> None:
    write_info(tmp_path)
    seal(tmp_path, "metrics", metric_rows(0), number=0)
    seal(tmp_path, "metrics", metric_rows(1), number=1).write_bytes(b"PAR1")
    result = analyze("sql", tmp_path, "select step from metrics", "--format", "csv")
    assert (result.exit_code, result.stdout) == (0, "step\n0\n")
    assert "metrics/rank=00000/00000001.parquet: torn" in result.stderr


def test_where_the_sealed_file_is_torn_its_tail_is_read(tmp_path: Path) -> None:
    write_info(tmp_path)
    seal(tmp_path, "metrics", metric_rows(0, 1), number=0).write_bytes(b"PAR1")
    tail(tmp_path, "metrics", metric_rows(0, 1), number=0)
    assert steps(tmp_path) == [0, 1]


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    write_info(tmp_path)
    for number in (0, 2):
        seal(tmp_path, "metrics", metric_rows(number), number=number)
    result = analyze("verify", tmp_path)
    assert (result.exit_code, "metrics/rank=00000: file 00000001 missing" in result.stdout) == (1, True)


def test_a_whole_log_is_whole(tmp_path: Path, way: str) -> None:
    write_log(tmp_path)
    result = analyze("verify", tmp_path)
    assert result.exit_code == 0
    assert result.stdout.rstrip().endswith("whole: every checksum holds")


# Types.


@pytest.mark.parametrize(
    "other, values",
    [
        (pa.int32(), [0, 1]),
        (pa.int16(), [0, 1]),
        (pa.float64(), [0.0, 1.0]),
        (pa.string(), ["0", "1"]),
        (pa.large_string(), ["0", "1"]),
    ],
)
def test_a_column_of_another_type_that_loses_nothing_is_cast(tmp_path: Path, way: str, other: pa.DataType, values: list[object]) -> None:
    write_info(tmp_path)
    seal(tmp_path, "metrics", metric_rows(0, 1).set_column(1, "epoch", pa.array(values, other)))
    with open_run(tmp_path) as run:
        assert [row["epoch"] for row in run.rows("select epoch from metrics order by step")] == [0, 1]
        assert run.problems == []


@pytest.mark.parametrize("other, values", [(pa.string(), ["zero", "one"]), (pa.float64(), [0.0, 1.5]), (pa.list_(pa.int64()), [[0], [1]])])
def test_a_column_of_another_type_that_would_lose_values_is_null_and_named(tmp_path: Path, way: str, other: pa.DataType, values: list[object]) -> None:
    write_info(tmp_path)
    seal(tmp_path, "metrics", metric_rows(0, 1).set_column(1, "epoch", pa.array(values, other)))
    seal(tmp_path, "metrics", metric_rows(2), number=1)
    with open_run(tmp_path) as run:
        assert [row["epoch"] for row in run.rows("select epoch from metrics order by step")] == [None, None, 0]
        [problem] = run.problems
        assert "column epoch is" in problem.message
        assert "read as null" in problem.message


def test_measurements_of_another_width_are_the_same_measurements(tmp_path: Path) -> None:
    write_info(tmp_path)
    rows = rows_of("stats", [{"step": 0, "tensor_id": 1, "mean": 0.1}])
    place = rows.column_names.index("mean")
    seal(tmp_path, "stats", rows.set_column(place, "mean", pa.array([0.1], pa.float64())))
    with open_run(tmp_path) as run:
        assert run.rows("select mean from stats")[0]["mean"] == pytest.approx(0.1)
        assert run.problems == []


# Names.

NASTY = ["<script>alert(1)</script>", 'it\'s "quoted"', "two\nlines\tand\x1b[31m red", "x" * 10_000, "", "größe/图", "a; drop table metrics; --"]


@pytest.mark.parametrize("name", NASTY)
def test_nasty_names_are_values_like_any_other(tmp_path: Path, name: str) -> None:
    write_info(tmp_path, classes=[name])
    seal(tmp_path, "metrics", metric_rows(0, 1, name=name))
    tensor_id = log_format.tensor_id("weight", name)
    seal(tmp_path, "tensors", rows_of("tensors", [{"tensor_id": tensor_id, "kind": "weight", "name": name, "module": name}]))
    seal(tmp_path, "stats", rows_of("stats", [{"step": 0, "split": "train", "tensor_id": tensor_id, "count": 1, "rms": 1.0}]))
    seal(tmp_path, "samples", rows_of("samples", [{"step": 0, "split": name, "sample_id": name, "loss_sum": 1.0, "elements": 1, "target": 0}]))
    with open_run(tmp_path) as run:
        assert run.rows("select distinct name from weights") == [{"name": name}]
    shown = analyze("worst", tmp_path)
    assert shown.exit_code == 0
    assert "\x1b" not in shown.stdout
    assert len(shown.stdout.splitlines()) == 3
    [row] = json.loads(analyze("worst", tmp_path, "--json").stdout)
    assert row["sample_id"] == name


def test_nasty_names_in_findings_and_in_the_report(tmp_path: Path) -> None:
    log = healthy_log(20, 5)
    name = "<script>alert(1)</script>\n\x1b[31m'\"" + "y" * 10_000
    log.change("tensors", lambda row: {**row, "name": name, "module": name} if row["name"] == "fc1.weight" else row)
    tensor_id = log_format.tensor_id("weight", "fc1.weight")
    log.change("stats", lambda row: {**row, "nonfinite": 5} if row["tensor_id"] == tensor_id else row)
    write_log(tmp_path, log)
    shown = analyze("check", tmp_path)
    assert "\x1b[31m'" not in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 100
    result = analyze("report", tmp_path)
    assert result.exit_code == 0, result.output
    assert "<script>alert(1)" not in (tmp_path / "report.html").read_text(encoding="utf-8")


# Nowhere to write.


def test_a_report_takes_the_place_of_an_earlier_one_and_of_nothing_else(tmp_path: Path) -> None:
    run = write_log(tmp_path / "run")
    (tmp_path / "thesis.html").write_text("years of work")
    result = analyze("report", run, "-o", tmp_path / "thesis.html")
    assert (result.exit_code, "exists and is no report of retrograd" in result.stderr) == (2, True)
    assert (tmp_path / "thesis.html").read_text() == "years of work"
    assert [analyze("report", run).exit_code for _ in range(2)] == [0, 0]


def test_a_report_that_cannot_be_written(tmp_path: Path) -> None:
    write_log(tmp_path)
    (tmp_path / "taken").write_text("a file")
    result = analyze("report", tmp_path, "-o", tmp_path / "taken" / "report.html")
    assert result.exit_code == 2
    assert f"cannot write the report {tmp_path / 'taken' / 'report.html'}" in result.stderr
    assert "-o FILE" in result.stderr


def test_no_permission_to_write_the_report(open_folder: Path) -> None:
    write_log(open_folder)
    assert analyze("report", open_folder, "-o", open_folder / "first.html").exit_code == 0
    open_folder.chmod(0o555)
    with without_privileges():
        result = analyze("report", open_folder)
    assert (result.exit_code, "cannot write the report" in result.stderr) == (2, True)
    assert not (open_folder / "report.html").exists()


def test_every_failure_is_one_kind_of_error(tmp_path: Path) -> None:
    with pytest.raises(RetrogradError):
        open_run(tmp_path / "nowhere")
