"""Merges many small sealed files into few large ones, never losing or doubling a row.

A merged file is written under a `_` name and renamed; its name then bears the numbers of all its parts (`00000000-00000041.parquet`), and readers
ignore a file whose numbers lie within another's. So a crash at any moment leaves one history, and the next call clears away what is covered.
Files are merged only with their neighbours: same columns, steps in order, no resume and no live tail between them.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .claim import Lock, resumes
from .format import TABLES, sealed_name, sealed_numbers, tail_number
from .sealing import ROW_GROUP_ROWS, sealed_file_is_whole, write_sealed_pieces

TARGET_BYTES = 64 * 2**20
"""Size of the merged files, about; files of half that size are left as they are."""


@dataclass(frozen=True)
class Compaction:
    """What was done: files before and after, and their bytes."""

    files_before: int
    files_after: int
    bytes_before: int
    bytes_after: int


@dataclass(frozen=True)
class _Sealed:
    path: Path
    first: int
    last: int
    size: int
    rows: int
    columns: pa.Schema
    first_step: int | None
    last_step: int | None
    whole: bool


def compact(run_dir: Path, target_bytes: int = TARGET_BYTES) -> Compaction:
    """Merges the sealed files of every table and rank; may run while a recorder writes. Damaged files are left untouched.

    Whoever reads the run at that moment has to open it again. Raises FileExistsError when another compaction runs there, OSError when the disk
    refuses.
    """
    lock = Lock(run_dir / "_lock.compact")
    try:
        before = _total(run_dir)
        for table in TABLES:
            for folder in sorted((run_dir / table).glob("rank=*")):
                _compact_folder(folder, _borders(run_dir, table, folder.name), target_bytes)
        return Compaction(*(number for pair in zip(before, _total(run_dir), strict=True) for number in pair))
    finally:
        lock.release()


def _total(run_dir: Path) -> tuple[int, int]:
    sizes = [path.stat().st_size for table in TABLES for path in (run_dir / table).glob("rank=*/*.parquet") if sealed_numbers(path.name)]
    return len(sizes), sum(sizes)


def _borders(run_dir: Path, table: str, rank: str) -> list[int]:
    """Numbers at which a resumed recording begins: a merged file must not reach across, or what was superseded could not be told apart."""
    return [resume["first_file"].get(table, 0) for resume in resumes(run_dir / "events" / rank)]


def _compact_folder(folder: Path, borders: list[int], target_bytes: int) -> None:
    _remove_covered(folder)
    tails = [number for name in os.listdir(folder) if (number := tail_number(name)) is not None]
    for group in _groups(_sealed_files(folder), [*borders, *tails], target_bytes):
        name = sealed_name(group[0].first, group[-1].last)
        write_sealed_pieces(folder, name, group[0].columns, _rows(group))
        with pq.ParquetFile(folder / name) as merged:
            if merged.metadata.num_rows != sum(one.rows for one in group):
                (folder / name).unlink()
                raise OSError(f"{folder / name} does not hold the rows of its parts: they were left as they are")
        for one in group:
            one.path.unlink()


def _remove_covered(folder: Path) -> None:
    """What an interrupted compaction left behind."""
    known = {name: numbers for name in os.listdir(folder) if (numbers := sealed_numbers(name))}
    for name, (first, last) in known.items():
        if any(other != name and begin <= first and last <= end for other, (begin, end) in known.items()):
            (folder / name).unlink()
    for name in os.listdir(folder):
        if name.startswith("_") and (numbers := sealed_numbers(name[1:])) and numbers[0] != numbers[1]:
            (folder / name).unlink()


def _sealed_files(folder: Path) -> list[_Sealed]:
    found = []
    for name in os.listdir(folder):
        numbers = sealed_numbers(name)
        if numbers is not None:
            found.append(_describe(folder / name, *numbers))
    return sorted(found, key=lambda one: one.first)


def _describe(path: Path, first: int, last: int) -> _Sealed:
    size = path.stat().st_size
    with contextlib.suppress(pa.ArrowException, OSError, ValueError), pq.ParquetFile(path) as file:
        columns, rows = file.schema_arrow, file.metadata.num_rows
        steps = [found for group in range(file.metadata.num_row_groups) if (found := _steps(file, group)) is not None]
        lowest, highest = (min(low for low, _ in steps), max(high for _, high in steps)) if steps else (None, None)
        return _Sealed(path, first, last, size, rows, columns, lowest, highest, sealed_file_is_whole(path) is not False)
    return _Sealed(path, first, last, size, 0, pa.schema([]), None, None, False)


def _steps(file: pq.ParquetFile, group: int) -> tuple[int, int] | None:
    if "step" not in file.schema_arrow.names:
        return None
    statistics: Any = file.metadata.row_group(group).column(file.schema_arrow.names.index("step")).statistics
    return (int(statistics.min), int(statistics.max)) if statistics is not None and statistics.has_min_max else None


def _groups(files: Iterable[_Sealed], borders: list[int], target_bytes: int) -> Iterator[list[_Sealed]]:
    """Neighbours that may become one file, two or more together."""
    group: list[_Sealed] = []
    for file in files:
        if group and not (_follows(group[-1], file, borders) and sum(one.size for one in group) + file.size <= target_bytes):
            yield from [group] if len(group) > 1 else []
            group = []
        group = [*group, file] if file.whole and file.size <= target_bytes // 2 else []
    yield from [group] if len(group) > 1 else []


def _follows(one: _Sealed, other: _Sealed, borders: list[int]) -> bool:
    in_order = one.last_step is None or (other.first_step is not None and one.last_step <= other.first_step)
    return other.whole and one.columns.equals(other.columns) and in_order and not any(one.last < border <= other.last for border in borders)


def _rows(group: Iterable[_Sealed]) -> Iterator[pa.Table]:
    """The rows of the files in order, a row group at a time."""
    waiting: list[pa.RecordBatch] = []
    for one in group:
        with pq.ParquetFile(one.path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(batch_size=ROW_GROUP_ROWS // 4, use_threads=False):
                waiting.append(batch)
                if sum(piece.num_rows for piece in waiting) >= ROW_GROUP_ROWS:
                    yield pa.Table.from_batches(waiting)
                    waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)
