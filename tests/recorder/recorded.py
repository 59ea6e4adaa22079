"""Reads a closed run directory with pyarrow alone, for the recorder's own tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq


def rows(run: Path, table: str) -> list[dict[str, Any]]:
    """All rows of a table, file by file."""
    found: list[dict[str, Any]] = []
    for file in sorted(run.glob(f"{table}/rank=*/*.parquet")):
        found += pq.ParquetFile(file).read().to_pylist()
    return found


def stats(run: Path, kind: str, name: str, split: str = "train") -> dict[int, dict[str, Any]]:
    """The statistics of one tensor by step."""
    ids = {row["tensor_id"] for row in rows(run, "tensors") if (row["kind"], row["name"]) == (kind, name)}
    found: dict[int, dict[str, Any]] = {}
    for row in rows(run, "stats"):
        if row["tensor_id"] in ids and row["split"] == split:
            assert row["step"] not in found, "two rows of one tensor and step"
            found[row["step"]] = row
    return found


def names(run: Path, kind: str) -> list[str]:
    """Names of the watched tensors of a kind, in the order of first use."""
    return [row["name"] for row in sorted(rows(run, "tensors"), key=lambda row: (row["depth"] is None, row["depth"])) if row["kind"] == kind]


def events(run: Path, kind: str) -> list[tuple[int | None, dict[str, Any]]]:
    """Step and details of the events of a kind."""
    return [(row["step"], json.loads(row["details"])) for row in rows(run, "events") if row["kind"] == kind]


def metric(run: Path, name: str, split: str = "train") -> dict[int | None, float]:
    return {row["step"]: row["value"] for row in rows(run, "metrics") if (row["name"], row["split"]) == (name, split)}
