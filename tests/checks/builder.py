"""Logs for the tests of checks: a builder that starts healthy and breaks one thing.

The healthy log is a classifier of ten classes: fc1 (relu), fc2 (tanh), out; Adam; 40 training samples and 20 validation samples, each seen once an
epoch in batches of eight; the loss falls from ln 10, validation follows it.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from analyzer.check import Finding, NotChecked, load_checks, run_check
from analyzer.run import Run
from recorder import format as log_format

CLASSES = 10
BATCH = 8
TRAINING_SAMPLES = 40
VALIDATION_SAMPLES = 20
LAYERS = {"fc1": ("relu", 64), "fc2": ("tanh", 32), "out": ("", CLASSES)}
_CHECKS = {check.name: check for check in load_checks()}

Row = dict[str, Any]


class Log:
    """Rows of every table, changed in place by methods that return the log, so that calls can be chained."""

    def __init__(self, steps: int, every: int) -> None:
        self.steps, self.every, self.random = steps, every, random.Random(0)
        self.recorded = list(range(0, steps, every))
        self.rows: dict[str, list[Row]] = {table: [] for table in log_format.TABLES}
        self.info: dict[str, Any] = {
            "format_version": log_format.FORMAT_VERSION,
            "task": "classification",
            "loss": {"name": "cross_entropy", "reduction": "mean", "label_smoothing": 0.0, "ignore_index": -100},
            "optimizers": [{"type": "Adam", "groups": [{"lr": 1e-3, "weight_decay": 0.0, "parameters": 6}]}],
            "guarantees": [],
        }

    def tensor(self, kind: str, name: str, *, facts: Row | None = None, **columns: Any) -> Log:
        """Add a tensor, or change its facts and statistics: a value for every recorded step, or a list with one for each."""
        tensor_id = log_format.tensor_id(kind, name)
        known = next((row for row in self.rows["tensors"] if row["tensor_id"] == tensor_id), None)
        if known is None:
            known = {
                "tensor_id": tensor_id,
                "kind": kind,
                "name": name,
                "module": name.rpartition(".")[0] or name,
                "trainable": True,
                "numel": 100,
                "shape": [10, 10],
            }
            self.rows["tensors"].append(known)
            self.rows["stats"] += [
                {"step": step, "split": "train", "tensor_id": tensor_id, "count": known["numel"], "zeros": 0, "nonfinite": 0, "sampled": 1.0}
                for step in self.recorded
            ]
        known.update(facts or {})
        rows = [row for row in self.rows["stats"] if row["tensor_id"] == tensor_id]
        for column, values in columns.items():
            for place, row in enumerate(rows):
                row["count"] = known["numel"]
                row[column] = values[place] if isinstance(values, Sequence) and column != "magnitudes" else values
        return self

    def layer(self, module: str, **columns: Any) -> Log:
        """Change the statistics of a layer's activation."""
        return self.tensor("activation", module, **columns)

    def metric(self, name: str, values: Sequence[float] | float, *, split: str = "train", steps: Sequence[int] | None = None) -> Log:
        """Put these values in place of a metric's, one for each step."""
        steps = range(self.steps) if steps is None else steps
        self.rows["metrics"] = [row for row in self.rows["metrics"] if (row["name"], row["split"]) != (name, split)]
        listed = values if isinstance(values, Sequence) else [values] * len(steps)
        self.rows["metrics"] += [
            {"step": step, "epoch": step // self.steps_an_epoch, "split": split, "name": name, "value": float(value), "seconds": step * 0.1}
            for step, value in zip(steps, listed, strict=True)
        ]
        return self

    def event(self, kind: str, step: int | None, message: str = "", /, **details: Any) -> Log:
        self.rows["events"].append({"step": step, "seconds": 0.0, "kind": kind, "message": message, "details": json.dumps(details)})
        return self

    def change(self, table: str, change: Callable[[Row], Row | None]) -> Log:
        """Change every row of a table, or drop it by returning None."""
        self.rows[table] = [changed for row in self.rows[table] if (changed := change(dict(row))) is not None]
        return self

    def add(self, table: str, *rows: Row) -> Log:
        self.rows[table] += rows
        return self

    @property
    def steps_an_epoch(self) -> int:
        return TRAINING_SAMPLES // BATCH

    def run(self) -> Run:
        tables = {table: pa.Table.from_pylist(rows, schema=log_format.schema(table)) for table, rows in self.rows.items() if rows}
        return Run.from_tables(tables, self.info)


def healthy_log(steps: int = 100, every: int = 10) -> Log:
    """A run in which nothing is wrong; with steps=0 one that recorded nothing."""
    log = Log(steps, every)
    if steps == 0:
        return log
    drift = [1e-5 * place for place in range(len(log.recorded))]
    for depth, (module, (activation, units)) in enumerate(LAYERS.items()):
        weight = {"module": module, "module_type": "Linear", "depth": depth, "shape": [units, 64], "numel": units * 64, "optimizer_group": 0}
        bias = {**weight, "shape": [units], "numel": units}
        for name, facts in ((f"{module}.weight", weight), (f"{module}.bias", bias)):
            log.tensor("weight", name, facts=facts, mean=drift, rms=0.1, abs_mean=0.08, min=-0.3, max=0.3, negatives=units // 2)
            log.tensor("gradient", name, facts=facts, mean=0.0, rms=0.01, abs_mean=0.008, min=-0.03, max=0.03, negatives=units // 2)
            log.tensor("update", name, facts=facts, mean=0.0, rms=1e-4, abs_mean=8e-5, min=-3e-4, max=3e-4, negatives=units // 2)
        if activation:
            facts = {**bias, "activation": activation, "optimizer_group": None, "trainable": None, "numel": units * BATCH}
            log.tensor(
                "preactivation",
                module,
                facts=facts,
                mean=0.0,
                rms=1.0,
                abs_mean=0.8,
                min=-3.0,
                max=3.0,
                negatives=units * 4,
                saturated=0,
                units=units,
                saturated_units=0,
            )
            log.tensor(
                "activation", module, facts=facts, mean=0.4, rms=0.7, abs_mean=0.4, min=0.0, max=3.0, zeros=units * 4, negatives=0, units=units, silent_units=0
            )
            log.tensor("activation_gradient", module, facts=facts, mean=0.0, rms=0.01, abs_mean=0.008, min=-0.03, max=0.03, negatives=units * 4)
    losses = [0.3 + 2.0 * math.exp(-3 * step / steps) + log.random.gauss(0, 0.05) for step in range(steps)]
    log.metric("learning_rate", 1e-3).metric("gradient_norm", [1.0 + log.random.gauss(0, 0.1) for _ in range(steps)])
    _visit_samples(log, losses)
    for kind, split, training in (("mode", "train", True), ("mode", "valid", False)):
        log.event(kind, 0, split=split, training=training, modules=[])
    return log.event("started", None).event("finished", steps - 1)


def _visit_samples(log: Log, losses: Sequence[float]) -> None:
    """Each training batch holds a random eighth of the samples; each validation pass all of them, a little worse than training."""
    order: list[int] = []
    seen: set[str] = set()
    logged, validated = [], {}
    for step, loss in enumerate(losses):
        epoch, batch = divmod(step, log.steps_an_epoch)
        if batch == 0:
            order = log.random.sample(range(TRAINING_SAMPLES), TRAINING_SAMPLES)
        ids = order[batch * BATCH : (batch + 1) * BATCH]
        place = {"step": step, "epoch": epoch, "split": "train", "pass": epoch, "batch": batch}
        rows = [sample(f"train:{i}", i % CLASSES, loss * log.random.uniform(0.8, 1.2), position=position, **place) for position, i in enumerate(ids)]
        logged.append(sum(row["loss_sum"] for row in rows) / BATCH)
        if batch == log.steps_an_epoch - 1:
            place |= {"split": "valid"}
            for i in range(VALIDATION_SAMPLES):
                rows.append(
                    sample(f"valid:{i}", i % CLASSES, 1.05 * loss * log.random.uniform(0.8, 1.2), **{**place, "batch": i // BATCH, "position": i % BATCH})
                )
            validated[step] = sum(row["loss_sum"] for row in rows[BATCH:]) / VALIDATION_SAMPLES
        for row in rows:
            if row["sample_id"] not in seen:
                seen.add(row["sample_id"])
                log.add(
                    "inputs",
                    {
                        "step": step,
                        "sample_id": row["sample_id"],
                        "split": row["split"],
                        "hash": row["sample_id"],
                        "shape": [64],
                        "dtype": "float32",
                        "min": -2.0,
                        "max": 2.0,
                        "mean": log.random.gauss(0, 0.05),
                        "std": 1.0,
                    },
                )
        log.add("samples", *rows)
    log.metric("loss", logged).metric("loss", list(validated.values()), split="valid", steps=list(validated))
    hits = {step: [row["correct"] for row in log.rows["samples"] if row["split"] == "valid" and row["step"] == step] for step in validated}
    log.metric("accuracy", [sum(hit) / len(hit) for hit in hits.values()], split="valid", steps=list(hits))


def sample(sample_id: str, target: int, loss: float, *, prediction: int | None = None, **place: Any) -> Row:
    """A row of `samples` whose probabilities fit its loss: the target gets exp(-loss), the next class the better half of the rest."""
    p_target = math.exp(-loss)
    other = (target + 1) % CLASSES
    p_other = (1 - p_target) * 0.6
    rest = (1 - p_target - p_other) / (CLASSES - 2)
    shares = [p_target, p_other] + [rest] * (CLASSES - 2)
    predicted = (target if p_target >= p_other else other) if prediction is None else prediction
    logits = [math.log(max(share, 1e-12)) + 1 for share in shares]
    return {
        "sample_id": sample_id, "loss_sum": loss, "elements": 1, "elements_total": 1, "loss_sum_total": loss,
        "target": target, "prediction": predicted, "correct": predicted == target, "p_target": p_target, "p_max": max(shares),
        "other": other, "p_other": p_other, "z_target": logits[0], "z_other": logits[1], "z_min": min(logits), "z_max": max(logits), "z_sum": sum(logits),
        "p_square_sum": sum(share * share for share in shares), "p_exp_sum": sum(math.exp(share) for share in shares),
        "entropy": -sum(share * math.log(max(share, 1e-12)) for share in shares), "target_rank": int(p_target < p_other), "outputs": CLASSES, **place,
    }  # fmt: skip


def findings(check: str, log: Log) -> list[Finding]:
    """What a check finds in a log; a log without the data it reads gives none. Raises where its query fails."""
    with log.run() as run:
        answer = run_check(run, _CHECKS[check])
    if isinstance(answer, NotChecked):
        assert "failed" not in answer.reason and "does not exist" not in answer.reason and "its columns" not in answer.reason, answer.reason
        return []
    return answer
