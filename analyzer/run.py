"""A run directory opened as DuckDB views."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import duckdb
import pyarrow as pa

from recorder.format import FORMAT_VERSION, TABLES, Column

from . import facts, tables
from .alive import is_recording
from .base_views import RUN_INFO_COLUMNS, RUN_INFO_GRAIN, create_base, create_run_info, create_table, describe
from .contents import Chunk, Contents, Resume, read_contents
from .errors import ViewFileError
from .files import Problem, non_null_values, verify_sealed
from .view_files import BASE_HINTS, ViewFile, load_views, names_in

if TYPE_CHECKING:
    from .diagnosis import Diagnosis
    from .ignores import Ignore
    from .notebook import Picture

MEMORY_LIMIT = "1600MB"
"""What DuckDB may hold; with Python and Arrow around it a process stays below 2 GB."""

_FAULTS_OF_THE_QUERY = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException, duckdb.InterruptException, duckdb.PermissionException)

_CATALOG = re.compile(r"\b(show|duckdb_\w+|information_schema|pg_\w+|sqlite_master)\b", re.IGNORECASE)

_Result = TypeVar("_Result")


def open_run(path: str | os.PathLike[str]) -> Run:
    """Open a run directory.

    Damage costs the rows it touches: see `Run.problems`. Raises LogError where there is no run that this version can read.
    """
    run_dir = Path(path).expanduser().resolve()
    contents = read_contents(run_dir)
    run = Run(run_dir, contents)
    if contents.scanned:
        run.notes.append(f"the checksums of {len(contents.scanned)} large file{'s'[: len(contents.scanned) != 1]} were not verified; analyze verify does it")
    return run


class Run:
    """A run: its tables and views, answered by DuckDB. A context manager; `close` frees memory and temporary files.

    Views are created when first named, and those marked `-- Materialize` are computed then, once.
    """

    def __init__(self, path: Path, contents: Contents) -> None:
        self.path = path
        self.info = dict(contents.info)
        self.problems: list[Problem] = list(contents.problems)
        self.notes: list[str] = []
        self.ignored_findings = 0
        self._contents = contents
        self._views: Mapping[str, ViewFile] = load_views()
        self._spill = Path(tempfile.gettempdir()) / f"retrograd-{os.getpid()}-{id(self):x}"
        self._connection = duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(self._spill), "autoinstall_known_extensions": "false"})
        self._created: set[str] = set()
        self._computed: set[str] = set()
        self._verified = False
        self._documented = False
        self._counts: dict[str, dict[str, int]] = {}
        self._diagnoses: dict[object, Diagnosis] = {}
        self._connection.execute("create schema loaded; set python_scan_all_frames = true")
        resumes = contents.resumes()
        if resumes:
            self.notes.append(_resume_note(resumes))

    @classmethod
    def from_tables(cls, rows: Mapping[str, pa.Table], info: Mapping[str, Any] | None = None) -> Self:
        """A run that was never on disk: Arrow tables by name, as the format declares them."""
        facts = {"format_version": FORMAT_VERSION, **(info or {})}
        return cls(Path(), Contents(facts, chunks=[Chunk(table, name, 0, 0) for name, table in rows.items()]))

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """DuckDB's connection with every table and view created and its columns described."""
        for name in self.names():
            self._create(name)
        if not self._documented:
            self._documented = True
            for name, view in self._views.items():
                if view.materialize and name not in self._computed:
                    self._connection.execute(f"create or replace view {name} as {view.sql}")
            for name in sorted(self._created):
                self._describe(name)
        return self._connection

    def rows(self, query: str, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Rows of a query as dicts; `params` are its named parameters. Raises duckdb.Error."""

        def fetch() -> list[dict[str, Any]]:
            self.need(self._names(query))
            result = self._connection.execute(query, params)
            names = [column[0] for column in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

        return self._guarded(fetch)

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """A query as a DuckDB relation: `.df()`, `.pl()`, `.arrow()`, `.show()`. Raises duckdb.Error."""

        def relation() -> duckdb.DuckDBPyRelation:
            self.need(self._names(query))
            return self._connection.sql(query)

        return self._guarded(relation)

    def statements(self, query: str) -> list[duckdb.Statement]:
        """The statements of a query, parsed and not run. Raises duckdb.ParserException."""
        return self._connection.extract_statements(query)

    def need(self, names: Iterable[str]) -> None:
        """Create these tables and views, and compute those that are computed once. Raises KeyError for an unknown name, duckdb.Error."""
        for name in names:
            self._create(name)
            self._compute(name)

    def columns(self, view: str) -> Mapping[str, int]:
        """Number of non-null values of each column of a table or view. Raises KeyError for an unknown name."""
        if view not in self._counts:
            self._create(view)
            names = [tables.identifier(column) for column, _ in self.column_types(view)]
            scanned = [scanned.file for scanned in self._contents.scanned if scanned.file.table == view]
            source = f"loaded.{view}" if scanned else view
            [counts] = self.rows(f"select {', '.join(f'count({name}) as {name}' for name in names)} from {source}")
            for file in scanned:  # the footers know: reading every column of a large table to count it would take longer than most checks
                counts = {name: total + found.get(name, 0) for found in [non_null_values(file)] for name, total in counts.items()}
            self._counts[view] = counts
        return self._counts[view]

    def column_types(self, view: str) -> list[tuple[str, str]]:
        """Columns of a table or view with their DuckDB types. Raises KeyError for an unknown name."""
        self._create(view)
        columns = self._connection.execute(
            "select column_name, data_type from duckdb_columns() where schema_name = 'main' and table_name = ? order by column_index", [view]
        )
        return [(str(name), str(kind)) for name, kind in columns.fetchall()]

    def record_hint(self, view: str) -> str:
        """What to record so that a table or view has rows."""
        return BASE_HINTS[view] if view in BASE_HINTS else self._views[view].record

    def diagnose(
        self,
        extra_dirs: Sequence[Path] = (),
        ignores: Sequence[Ignore] = (),
        progress: Callable[[int, int], None] | None = None,
    ) -> Diagnosis:
        """What is wrong with the run, causes before symptoms. Computed once for the same arguments.

        `extra_dirs` are folders of checks beside the built-in ones; findings that `ignores` name do not count.
        """
        key = (tuple(extra_dirs), tuple(ignores))
        if key not in self._diagnoses:
            from .check import load_checks, run_checks
            from .diagnosis import diagnose

            checks = load_checks(extra_dirs)
            findings, not_checked = run_checks(self, checks, progress)
            kept = [finding for finding in findings if not any(ignore.covers(finding) for ignore in ignores)]
            self.ignored_findings = len(findings) - len(kept)
            self._diagnoses[key] = diagnose(self, kept, not_checked, checks)
        return self._diagnoses[key]

    def lock(self) -> None:
        """From now on queries read this run only: no other file, no Python object, no setting. Cannot be undone."""
        folders = ", ".join(tables.literal(str(folder)) for folder in (self.path, self._spill))
        self._connection.execute(f"set allowed_directories = [{folders}]")
        self._connection.execute("set python_enable_replacements = false; set enable_external_access = false; set lock_configuration = true")

    def is_empty(self) -> bool:
        """Whether nothing was recorded but, at most, that recording began."""
        counts = [f"(select count(*) from {table})" for table in ("stats", "metrics", "samples", "probes")]
        began = "(select count(*) from events where kind not in ('started', 'mode', 'interval', 'not_recorded'))"
        return not self.rows(f"select {' + '.join([*counts, began])} as rows")[0]["rows"]

    def is_running(self) -> bool | None:
        """Whether a recorder still writes; None where that cannot be told."""
        return is_recording(self.path)

    def figure(self, name: str = "verdict") -> Picture:
        """One figure of the report for a notebook: the verdict, a logged number, or a heat map (update_ratio, gradient_rms, ...). Raises UsageError."""
        from .notebook import run_figure

        return run_figure(self, name)

    def interrupt(self) -> None:
        """Stop the query that runs in another thread."""
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()
        shutil.rmtree(self._spill, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def _repr_html_(self) -> str:
        from .notebook import run_as_html

        return run_as_html(self, next(iter(self._diagnoses.values()), None))

    def names(self) -> list[str]:
        """Every table and view."""
        return [*BASE_HINTS, *self._views]

    def _names(self, query: str) -> set[str]:
        """Tables and views that a query names; all of them where it asks for the catalog."""
        if _CATALOG.search(query):
            for name in self.names():
                self._create(name)
        return names_in(query, self.names())

    def _guarded(self, action: Callable[[], _Result]) -> _Result:
        """Do it; where damaged files stand in the way, leave them out and do it again."""
        try:
            return action()
        except _FAULTS_OF_THE_QUERY:
            raise
        except duckdb.Error:
            if not self._leave_out_damaged():
                raise
            return action()

    def _create(self, name: str) -> None:
        if name in self._created:
            return
        if name == "run_info":
            create_run_info(self._connection, self.info)
        elif name in facts.DESCRIPTIONS:
            create_table(self._connection, name, facts.SCHEMAS[name], facts.rows(self.info, self.is_running())[name])
        elif name in TABLES:
            self.problems.extend(create_base(self._connection, self._contents, TABLES[name]))
        else:
            self._create_view(self._views[name])
        self._created.add(name)
        if self._documented:
            self._describe(name)

    def _create_view(self, view: ViewFile) -> None:
        for read in sorted(view.reads):
            self._create(read)
        try:
            if view.materialize:  # empty until it is needed: what reads it is bound to a table, which is far quicker than binding the whole query again
                self._connection.execute(f"create table loaded.{view.name} as select * from (\n{view.sql}\n) limit 0")
            self._connection.execute(f"create view {view.name} as {f'from loaded.{view.name}' if view.materialize else view.sql}")
        except _FAULTS_OF_THE_QUERY as error:
            raise ViewFileError(f"{view.path}: {error}") from None

    def _compute(self, name: str) -> None:
        """Compute the materialised views that a view stands on, itself included, and put tables in their places."""
        view = self._views.get(name)
        if view is None or name in self._computed:
            return
        for read in sorted(view.reads):
            self._compute(read)
        if view.materialize:
            self._connection.execute(f"create or replace table loaded.{name} as {view.sql}")
            self._connection.execute(f"create or replace view {name} as from loaded.{name}")
            if self._documented:
                self._describe(name)
        self._computed.add(name)

    def _describe(self, name: str) -> None:
        table, view = TABLES.get(name), self._views.get(name)
        row = f"One row per {table.row}" if table else view.grain if view else facts.DESCRIPTIONS.get(name, RUN_INFO_GRAIN)
        meanings = self.meanings(name)
        columns = {column: meanings[column] for column, _ in self.column_types(name) if column in meanings}
        describe(self._connection, name, "view" if table or view else "table", row, columns)

    def meanings(self, name: str) -> dict[str, str]:
        """What the columns of a table or view mean, units included; a view passes on what it reads. Raises KeyError for an unknown name."""
        if name in TABLES:
            return {"rank": "rank that wrote the row", **{column.name: meaning(column) for column in TABLES[name].columns}}
        if name not in self._views:
            return RUN_INFO_COLUMNS if name == "run_info" else {}
        view = self._views[name]
        inherited = [self.meanings(read) for read in sorted(view.reads, reverse=True)]
        return {column: text for meanings in (*inherited, view.columns) for column, text in meanings.items() if text}

    def _leave_out_damaged(self) -> bool:
        """Verify the files that queries scan, leave out those that are damaged, and say whether there were any."""
        if self._verified:
            return False
        self._verified = True
        if not all(scanned.file.path.exists() for scanned in self._contents.scanned):
            return self._list_again()
        damaged = {}
        for scanned in self._contents.scanned:
            problem = verify_sealed(scanned.file, self.info.get("checksums") is True)
            if problem is not None:
                damaged[scanned.file.path] = problem
        self._contents.scanned = [scanned for scanned in self._contents.scanned if scanned.file.path not in damaged]
        self.problems.extend(damaged.values())
        for table in {problem.file.split("/")[0] for problem in damaged.values()} & self._created:
            create_base(self._connection, self._contents, TABLES[table])
        return bool(damaged)

    def _list_again(self) -> bool:
        """A compaction has put other files in the place of those that were found at opening."""
        self._contents = read_contents(self.path)
        for table in TABLES.keys() & self._created:
            create_base(self._connection, self._contents, TABLES[table])
        return True


def meaning(column: Column) -> str:
    """A column's meaning with its unit."""
    return f"{column.meaning} ({column.unit})" if column.unit else column.meaning


def _resume_note(resumes: Sequence[Resume]) -> str:
    steps = ", ".join(str(resume.step) for resume in resumes)
    return f"the run was resumed at step {steps}; rows that this superseded are left out"
