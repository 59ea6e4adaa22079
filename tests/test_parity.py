"""What a reviewer would have to look for: every check has its test, its texts and its parameters; every path in the docs exists."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from analyzer.causes import CAUSES
from analyzer.check import ROW_SHAPE, Check, load_checks, run_check
from analyzer.run import Run

from .checks.builder import healthy_log

ROOT = Path(__file__).parents[1]
CHECKS = load_checks()


@pytest.fixture(scope="module")
def healthy_run() -> Run:
    return healthy_log().run()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_is_whole(check: Check, healthy_run: Run) -> None:
    assert (ROOT / "tests" / "checks" / f"test_{check.name}.py").exists(), "it has no test"
    assert check.cause in CAUSES
    assert set(check.explains) <= set(CAUSES)
    for text in (check.title, check.finds, check.matters, check.do, check.ignore):
        assert text.strip() and text != "None"
    [statement] = duckdb.extract_statements(check.sql)
    assert statement.type == duckdb.StatementType.SELECT
    assert statement.named_parameters == {param.name for param in check.params}, "parameters of header and query differ"
    assert all(param.unit and param.source for param in check.params)
    assert re.search(r"\border by\b(?!.*\bfrom\b)", check.sql, re.DOTALL | re.IGNORECASE), "its rows come in no fixed order"
    known = set(healthy_run.names())
    for view, columns in check.reads.items():
        assert view in known, f"it reads {view}, which does not exist"
        assert set(columns) <= {name for name, _ in healthy_run.column_types(view)}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_is_silent_on_the_healthy_log(check: Check, healthy_run: Run) -> None:
    answer = run_check(healthy_run, check)
    assert answer == [] or not isinstance(answer, list)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_has_the_row_shape_even_without_rows(check: Check, healthy_run: Run) -> None:
    healthy_run.need(check.reads)
    assert tuple(healthy_run.sql(check.runnable_sql()).columns) == ROW_SHAPE


def test_every_cause_has_a_check_that_can_name_it() -> None:
    named = {check.cause for check in CHECKS if check.strength != "symptom"}
    assert set(CAUSES) - named == {"unknown"}


def test_every_test_of_a_check_has_a_check() -> None:
    names = {check.name for check in CHECKS}
    tested = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "checks").glob("test_*.py")}
    assert tested <= names


def test_views_say_what_their_rows_are() -> None:
    for path in sorted((ROOT / "analyzer" / "views").glob("*.sql")):
        assert path.read_text().startswith("-- One row per "), path.name


def test_paths_named_in_the_docs_exist() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    for page in pages:
        for path in re.findall(r"(?:analyzer|recorder|reports|tests|docs|sample_logs|scripts)/[\w./-]+\.(?:py|sql|md|png)", page.read_text()):
            assert (ROOT / path).exists(), f"{page.name} names {path}"
