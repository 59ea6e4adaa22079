"""Batches of `metrics` and what a reader finds of them: the shared vocabulary of the writer's tests."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from recorder.format import rank_folder, schema, sealed_numbers, tail_number
from recorder.tails import decode_tail


def metrics(step: int | None, count: int = 2, name: str = "loss") -> pa.RecordBatch:
    """`count` rows of one step; the value says which row it is."""
    rows = [{"step": step, "epoch": 0, "split": "train", "name": name, "value": (step or 0) + place / 16, "seconds": 0.0} for place in range(count)]
    return pa.RecordBatch.from_pylist(rows, schema=schema("metrics"))


def files(run: Path, table: str = "metrics", rank: int = 0) -> list[str]:
    folder = run / table / rank_folder(rank)
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def read(run: Path, table: str = "metrics", rank: int = 0) -> pa.Table:
    """What a reader sees: sealed files, and the whole batches of tails that no sealed file covers.

    Tails are looked at before sealed files: one that is sealed in between is seen as one or the other, and never as neither.
    """
    folder = run / table / rank_folder(rank)
    while True:
        try:
            tails = {number: path.read_bytes() for path in sorted(folder.glob("_*.arrows")) if (number := tail_number(path.name)) is not None}
            sealed = {path: numbers for path in sorted(folder.glob("*.parquet")) if (numbers := sealed_numbers(path.name))}
            counting = {path: numbers for path, numbers in sealed.items() if not _covered(path, sealed)}
            tables = [pq.ParquetFile(path).read() for path in counting]
            break
        except FileNotFoundError:  # sealed or merged in the meantime
            continue
    for number, data in tails.items():
        content = decode_tail(data)
        if content.schema is not None and not any(first <= number <= last for first, last in counting.values()):
            tables.append(pa.Table.from_batches(content.batches, content.schema))
    return pa.concat_tables(tables, promote_options="default") if tables else schema(table).empty_table()


def _covered(path: Path, sealed: dict[Path, tuple[int, int]]) -> bool:
    first, last = sealed[path]
    return any(other != path and begin <= first and last <= end for other, (begin, end) in sealed.items())


def steps(run: Path, table: str = "metrics", rank: int = 0) -> list[int | None]:
    return read(run, table, rank).column("step").to_pylist()
