"""Run directories on disk, made from the rows of a test log: what a reader must cope with, whoever wrote it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from recorder import format as log_format
from recorder.sealing import write_sealed
from recorder.tails import encode_batch
from tests.checks.builder import Log, healthy_log

INFO = {"format_version": log_format.FORMAT_VERSION, "task": "classification"}


def write_info(run_dir: Path, **facts: Any) -> None:
    run_dir.mkdir(parents=True, exist_ok=True)
    (run_dir / "run.json").write_text(json.dumps({**INFO, **facts}))


def rows_of(table: str, rows: Sequence[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=log_format.schema(table))


def seal(run_dir: Path, table: str, rows: pa.Table, number: int = 0, rank: int = 0) -> Path:
    path = run_dir / table / log_format.rank_folder(rank) / log_format.sealed_name(number)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_sealed(path.parent, path.name, rows)
    return path


def tail(run_dir: Path, table: str, rows: pa.Table, number: int = 0, rank: int = 0, batch_rows: int = 4) -> Path:
    path = run_dir / table / log_format.rank_folder(rank) / log_format.tail_name(number)
    path.parent.mkdir(parents=True, exist_ok=True)
    head = rows.schema.serialize().to_pybytes()
    batches = rows.combine_chunks().to_batches(max_chunksize=batch_rows)
    path.write_bytes(head + b"".join(encode_batch(batch, head, place * batch_rows) for place, batch in enumerate(batches)))
    return path


def write_log(run_dir: Path, log: Log | None = None) -> Path:
    """Every table of a log (the healthy one unless said) as one sealed file each."""
    log = healthy_log(20, 5) if log is None else log
    write_info(run_dir, **log.info)
    for table, rows in log.rows.items():
        if rows:
            seal(run_dir, table, rows_of(table, rows))
    return run_dir


def metric_rows(*steps: int, name: str = "loss", value: float = 1.0) -> pa.Table:
    return rows_of("metrics", [{"step": step, "epoch": 0, "split": "train", "name": name, "value": value + step, "seconds": float(step)} for step in steps])
