"""Rows of a recorded run, and what every integration must have brought into it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds


def rows(run: Path, table: str) -> list[dict[str, Any]]:
    folder = run / table
    return ds.dataset(folder).to_table().to_pylist() if folder.exists() else []


def assert_every_strategy_has_its_signals(run: Path, steps: int, ids: set[str]) -> None:
    """Tensors of all kinds at their steps, loss of every step, samples with the user's ids in training and evaluation, inputs, and an end."""
    kinds = {row["tensor_id"]: row["kind"] for row in rows(run, "tensors")}
    assert {kinds[row["tensor_id"]] for row in rows(run, "stats")} >= {"weight", "gradient", "update", "activation", "activation_gradient"}
    metrics = rows(run, "metrics")
    assert sorted({row["step"] for row in metrics if row["name"] == "loss" and row["split"] == "train"}) == list(range(steps))
    assert {"learning_rate", "gradient_norm"} <= {row["name"] for row in metrics}
    samples = rows(run, "samples")
    assert {row["sample_id"] for row in samples if row["split"] == "train"} == ids
    assert [row for row in samples if row["split"] != "train" and row["target"] is not None and row["loss_sum"] is not None]
    assert [row for row in metrics if row["name"] == "loss" and row["split"] != "train"]
    assert {row["sample_id"] for row in rows(run, "inputs")} >= ids
    assert [row["kind"] for row in rows(run, "events")].count("finished") == 1
    assert not [row["message"] for row in rows(run, "events") if row["kind"] == "recorder_error"]


def assert_loss_is_that_of_the_samples(run: Path, split: str = "train") -> None:
    """The logged loss of each step is the mean of its samples'."""
    logged = {row["step"]: row["value"] for row in rows(run, "metrics") if row["name"] == "loss" and row["split"] == split}
    for step, value in logged.items():
        losses = [row["loss_sum"] / row["elements"] for row in rows(run, "samples") if row["step"] == step and row["split"] == split]
        assert abs(sum(losses) / len(losses) - value) < 1e-4 * (1 + abs(value)), (step, value, losses)


def learning_rates(run: Path) -> list[float]:
    """Of each step, the first parameter group's."""
    return [row["value"] for row in sorted(rows(run, "metrics"), key=lambda row: row["step"] or 0) if row["name"] in ("learning_rate", "learning_rate/0")]


def steps_of_samples(run: Path) -> list[int]:
    """How many training samples each step has."""
    counts = Counter(row["step"] for row in rows(run, "samples") if row["split"] == "train")
    return [counts[step] for step in range(max(counts) + 1)]


def skipped_steps(run: Path) -> list[int]:
    return [row["step"] for row in rows(run, "events") if row["kind"] == "skipped_step"]


def messages(run: Path, kind: str) -> list[str]:
    return [row["message"] for row in rows(run, "events") if row["kind"] == kind]
