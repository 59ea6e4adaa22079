"""The files of a run directory: found, read, and what is lost of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from recorder.format import FORMAT_VERSION, TABLES, sealed_numbers, tail_number
from recorder.sealing import sealed_file_is_whole

from .errors import LogError

_RANK = re.compile(r"rank=(\d+)")

_DAMAGE = (OSError, pa.ArrowException, ValueError)

Info = dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """Something in the log that could not be read. `rows` is how many rows were lost, None where that cannot be known."""

    file: str
    message: str
    rows: int | None = None

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


@dataclass(frozen=True)
class LogFile:
    """One file of rows: sealed Parquet, or (`live`) the tail that will become the sealed file of its number.

    A compacted file stands for the numbers `first` to `number`.
    """

    path: Path
    table: str
    rank: int
    first: int
    number: int
    live: bool
    size: int

    @property
    def name(self) -> str:
        """Path within the run directory."""
        return "/".join(self.path.parts[-3:])

    def covers(self, other: LogFile) -> bool:
        """Whether this sealed file holds the rows of the other one too."""
        if self.live or self is other or (self.table, self.rank) != (other.table, other.rank):
            return False
        return self.first <= other.first and other.number <= self.number


def read_info(run_dir: Path) -> Info:
    """Contents of run.json. Raises LogError with what to do where there is no run, or none that this version can read."""
    path = run_dir / "run.json"
    try:
        if not run_dir.is_dir():
            what = "is a file, not a run directory" if run_dir.exists() else "does not exist"
            raise LogError(f"{run_dir} {what}. Give the directory that was passed to Recorder; `analyze list DIR` shows the runs below a folder.")
        info = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LogError(_no_run_json(run_dir)) from None
    except PermissionError:
        raise LogError(f"{path} may not be read (permission denied). Ask its owner, or copy the run to a folder of your own.") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise LogError(f"{path} is not valid JSON ({error}). Restore it from a copy; without it the rows' meaning is not certain.") from None
    if not isinstance(info, dict):
        raise LogError(f"{path} holds {type(info).__name__}, not a JSON object. Restore it from a copy of the run.")
    _check_version(path, info.get("format_version"))
    return info


def _no_run_json(run_dir: Path) -> str:
    below = sorted(found.parent.name for found in run_dir.glob("*/run.json"))
    if below:
        return f"{run_dir} holds runs but is none itself. Give one of them, such as {run_dir / below[0]}; `analyze list {run_dir}` shows all {len(below)}."
    if any(run_dir.glob("*/rank=*")):
        return f"{run_dir} has rows but no run.json. Rank 0 writes it at the start: copy it from the machine that rank 0 ran on."
    return f"{run_dir} holds no run: run.json is missing. Give the directory that was passed to Recorder; `analyze list DIR` shows the runs below a folder."


def _check_version(path: Path, version: object) -> None:
    major = re.fullmatch(r"(\d+)\.(\d+)", str(version))
    if major is None:
        expected = f"found {version!r}, expected {FORMAT_VERSION!r}"
        raise LogError(f"{path} names no format version that can be read ({expected}). Was it written by retrograd's Recorder?")
    if int(major[1]) > int(FORMAT_VERSION.split(".")[0]):
        raise LogError(f"{path} has format {version}; this retrograd reads up to {FORMAT_VERSION}. Upgrade it: pip install --upgrade retrograd")


def find_files(run_dir: Path) -> tuple[list[LogFile], list[Problem]]:
    """All files of rows by table, rank and number, a file before those that it covers, tails last; unreadable folders are problems."""
    files: list[LogFile] = []
    problems: list[Problem] = []
    for table in TABLES:
        try:
            files.extend(_files_of(run_dir / table, table))
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(Problem(table, f"the folder cannot be listed ({error.strerror})"))
    order = list(TABLES)
    return sorted(files, key=lambda file: (order.index(file.table), file.rank, file.live, file.first, -file.number)), problems


def _files_of(folder: Path, table: str) -> Iterator[LogFile]:
    for rank_folder in folder.iterdir():
        rank = _RANK.fullmatch(rank_folder.name)
        if rank is None or not rank_folder.is_dir():
            continue
        # Tails first: one that is sealed in between is then seen as a tail, as a sealed file or as both, never as neither.
        listed = [path for path in rank_folder.iterdir() if tail_number(path.name) is not None]
        listed += [path for path in rank_folder.iterdir() if sealed_numbers(path.name) is not None]
        for path in listed:
            sealed, tail = sealed_numbers(path.name), tail_number(path.name)
            first, last = sealed or (tail or 0, tail or 0)
            yield LogFile(path, table, int(rank[1]), first, last, sealed is None, _size(path))


def _size(path: Path) -> int:
    """In bytes; 0 for one that has just been sealed or merged, which whoever opens it will notice."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def read_schema(file: LogFile) -> tuple[pa.Schema, int] | Problem:
    """Arrow schema and number of rows of a sealed file, from its footer."""
    try:
        with pq.ParquetFile(file.path) as parquet:
            return parquet.schema_arrow, parquet.metadata.num_rows
    except _DAMAGE as error:
        return Problem(file.name, _why(error))


_CHANGED = "damaged: the file does not match its checksum"
"""Page checksums leave a file's headers and footer uncovered: a flipped bit there can turn a column into another."""


def non_null_values(file: LogFile) -> dict[str, int]:
    """Number of non-null values of each column, from the footer: exact for plain columns, for lists and maps that of their entries."""
    with pq.ParquetFile(file.path) as parquet:
        counts: dict[str, int] = {"rank": parquet.metadata.num_rows}
        for group in range(parquet.num_row_groups):
            columns = parquet.metadata.row_group(group)
            for place in range(columns.num_columns):
                column = columns.column(place)
                name = column.path_in_schema.partition(".")[0]
                statistics = column.statistics
                nulls = (statistics.null_count or 0) if statistics is not None else 0
                counts[name] = counts.get(name, 0) + column.num_values - nulls
    return counts


def _is_whole(file: LogFile, checksummed: bool) -> bool:
    """Where run.json says that files are `checksummed`, one without a checksum has lost it."""
    whole = sealed_file_is_whole(file.path)
    return not checksummed if whole is None else whole


def read_sealed(file: LogFile, checksummed: bool = False) -> pa.Table | Problem:
    """All rows of a sealed file, its page checksums verified."""
    rows = None
    try:
        with pq.ParquetFile(file.path, page_checksum_verification=True) as parquet:
            rows = parquet.metadata.num_rows
            table = parquet.read(use_threads=False)
            table.validate(full=True)
            return table if _is_whole(file, checksummed) else Problem(file.name, _CHANGED, rows)
    except _DAMAGE as error:
        return Problem(file.name, _why(error), rows)


def verify_sealed(file: LogFile, checksummed: bool = False) -> Problem | None:
    """Read a sealed file piece by piece, its page checksums verified; None where it is whole."""
    rows = None
    try:
        with pq.ParquetFile(file.path, page_checksum_verification=True) as parquet:
            rows = parquet.metadata.num_rows
            for group in range(parquet.num_row_groups):
                parquet.read_row_group(group, use_threads=False).validate(full=True)
            return None if _is_whole(file, checksummed) else Problem(file.name, _CHANGED, rows)
    except _DAMAGE as error:
        return Problem(file.name, _why(error), rows)


def _why(error: BaseException) -> str:
    if isinstance(error, PermissionError):
        return "permission denied"
    text = " ".join(str(error).split())
    lowered = text.lower()
    if "magic bytes" in lowered or "footer" in lowered or "is 0 bytes" in lowered or "file size" in lowered:
        return "torn: it has no Parquet footer"
    if "crc" in lowered or "checksum" in lowered:
        return "damaged: a page does not match its checksum"
    return f"damaged: {text[:160]}"
