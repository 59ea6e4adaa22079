"""The files of views: form, order, and what they are allowed to be."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from analyzer.errors import ViewFileError
from analyzer.run import Run
from analyzer.view_files import BASE_HINTS, load_views, names_in

VIEWS = load_views()


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_every_view_is_described_and_works_on_an_empty_log(name: str) -> None:
    view = VIEWS[name]
    assert view.grain.startswith("One row per ")
    assert view.record
    with Run.from_tables({}) as run:
        run.rows(f"from {name}")
        columns = {column for column, _ in run.column_types(name)}
    assert set(view.columns) <= columns
    assert len(duckdb.extract_statements(view.sql)) == 1


def test_views_come_after_those_they_read() -> None:
    seen = set(BASE_HINTS)
    for name, view in VIEWS.items():
        assert view.reads <= seen
        seen.add(name)


def test_names_in_comments_and_strings_are_no_names() -> None:
    sql = "select 'stats', /* samples */ METRICS.a -- events\nfrom metrics join \"inputs\" using (a)"
    assert names_in(sql, {"stats", "samples", "metrics", "events", "inputs", "a_view"}) == {"metrics", "inputs"}


def test_a_view_must_say_what_a_row_is(tmp_path: Path) -> None:
    (tmp_path / "bad.sql").write_text("select 1 as a")
    with pytest.raises(ViewFileError, match=r"bad\.sql: the first line is 'select 1 as a'"):
        load_views(tmp_path)


def test_views_that_read_one_another_in_a_circle_are_named(tmp_path: Path) -> None:
    for name, other in (("one", "two"), ("two", "one")):
        (tmp_path / f"{name}.sql").write_text(f"-- One row per thing.\nfrom {other}")
    with pytest.raises(ViewFileError, match="in a circle"):
        load_views(tmp_path)


def test_a_view_that_does_not_fit_the_tables_is_named_with_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.sql").write_text("-- One row per thing.\n-- Record: nothing\nselect nonsense from metrics")
    monkeypatch.setattr("analyzer.run.load_views", lambda: load_views(tmp_path))
    with Run.from_tables({}) as run, pytest.raises(ViewFileError, match=r"bad\.sql.*nonsense"):
        run.rows("from bad")
