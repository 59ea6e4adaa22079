"""What a run directory holds: small tables and tails read at once, large sealed files left in place to be scanned."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from .files import LogFile, Problem, find_files, read_info, read_schema, read_sealed
from .tables import Source, columns_of, parquet, rank_from_filename
from .tails import read_tail

READ_AT_ONCE = 4 << 20
"""Bytes of a table's sealed files up to which they are read at opening, checksums verified; larger tables are scanned where they lie."""

_ALWAYS_READ = ("tensors", "events")
_LISTINGS = 3


@dataclass(frozen=True)
class Chunk:
    """Rows in memory, and the file that they came from."""

    rows: pa.Table
    table: str
    rank: int
    number: int


@dataclass(frozen=True)
class Scanned:
    """A sealed file that is left where it lies."""

    file: LogFile
    schema: pa.Schema
    rows: int


@dataclass(frozen=True)
class Resume:
    """A rank went on at `step`: its rows from there on, in files numbered below `first_file` of their table, are history that did not happen."""

    rank: int
    step: int
    first_file: Mapping[str, int]


@dataclass
class Contents:
    """Everything that was found, before any query."""

    info: Mapping[str, Any]
    chunks: list[Chunk] = field(default_factory=list)
    scanned: list[Scanned] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    files: list[LogFile] = field(default_factory=list)

    def resumes(self) -> list[Resume]:
        return [resume for chunk in self.chunks if chunk.table == "events" for resume in _resumes(chunk)]

    def sources(self, table: str, chunks: Mapping[str, Chunk]) -> list[Source]:
        """The table's rows in groups of equal columns; `chunks` are the registered names of those in memory."""
        resumes = self.resumes()
        sources = [
            Source(name, str(chunk.rank), columns_of(chunk.rows.schema), (name,), _keep_below(resumes, chunk.rank, table, chunk.number))
            for name, chunk in chunks.items()
            if chunk.table == table
        ]
        groups: dict[tuple[tuple[tuple[str, str], ...], int | None], list[LogFile]] = {}
        for scanned in self.scanned:
            if scanned.file.table == table:
                key = columns_of(scanned.schema), _keep_below(resumes, scanned.file.rank, table, scanned.file.number)
                groups.setdefault(key, []).append(scanned.file)
        for (columns, keep_below), files in groups.items():
            ranks = {file.rank for file in files}
            rank = str(ranks.pop()) if len(ranks) == 1 else rank_from_filename()
            names = tuple(file.name for file in files)
            sources.append(Source(parquet([str(file.path) for file in files]), rank, columns, names, keep_below))
        return sources


def read_contents(run_dir: Path) -> Contents:
    """Read a run directory. Raises LogError where there is no run; damage to single files is listed in `problems`.

    A recorder may be sealing or compacting: files that vanish between listing and reading are looked for again under their new names.
    """
    info = read_info(run_dir)
    for _ in range(_LISTINGS):
        contents = _read_files(run_dir, info)
        if all(file.path.exists() for file in contents.files):
            break
    return contents


def _read_files(run_dir: Path, info: Mapping[str, Any]) -> Contents:
    contents = Contents(info)
    contents.files, contents.problems = find_files(run_dir)
    sizes: dict[str, int] = {}
    for file in contents.files:
        sizes[file.table] = sizes.get(file.table, 0) + (0 if file.live else file.size)
    whole: dict[tuple[str, int], list[LogFile]] = {}
    for file in contents.files:
        better = whole.setdefault((file.table, file.rank), [])
        if any(other.covers(file) for other in better):
            continue
        if file.live:
            tail = read_tail(file)
            contents.problems.extend(tail.problems)
            contents.chunks.extend(_chunks(file, tail.batches))
            continue
        problem = _read(contents, file, at_once=file.table in _ALWAYS_READ or sizes[file.table] <= READ_AT_ONCE)
        if problem is None:
            better.append(file)
        else:
            contents.problems.append(problem)
    return contents


def _read(contents: Contents, file: LogFile, at_once: bool) -> Problem | None:
    if at_once:
        rows = read_sealed(file, contents.info.get("checksums") is True)
        if isinstance(rows, Problem):
            return rows
        contents.chunks.append(Chunk(rows, file.table, file.rank, file.number))
        return None
    footer = read_schema(file)
    if isinstance(footer, Problem):
        return footer
    contents.scanned.append(Scanned(file, *footer))
    return None


def _chunks(file: LogFile, batches: Iterable[pa.RecordBatch]) -> list[Chunk]:
    listed = list(batches)
    return [Chunk(pa.Table.from_batches(listed), file.table, file.rank, file.number)] if listed else []


def _resumes(chunk: Chunk) -> list[Resume]:
    if not {"kind", "details"} <= set(chunk.rows.column_names):
        return []
    found = []
    for kind, details in zip(chunk.rows["kind"].to_pylist(), chunk.rows["details"].to_pylist(), strict=True):
        if kind != "resumed":
            continue
        try:
            facts = json.loads(details or "{}")
            first_file = {str(table): int(number) for table, number in facts["first_file"].items()}
            found.append(Resume(chunk.rank, int(facts["step"]), first_file))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


def _keep_below(resumes: Iterable[Resume], rank: int, table: str, number: int) -> int | None:
    steps = [resume.step for resume in resumes if resume.rank == rank and number < resume.first_file.get(table, 0)]
    return min(steps) if steps else None
