"""Rows of `samples` for tasks other than the builder's classifier, and logs made of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from .builder import Log, Row

Batches = Sequence[Sequence[Row]]


def quantity(key: int | str, target: float, predicted: float) -> Row:
    """A sample of a regression with one output and the squared error as its loss."""
    error = predicted - target
    loss = {"loss_sum": error**2, "loss_sum_total": error**2, "elements": 1, "elements_total": 1}
    return {"sample_id": str(key), "target_value": target, "predicted_value": predicted, "error": error, **loss}


def sequence(key: int | str, losses: Sequence[float], padding: Sequence[float] = (), *, correct: int = 0, **columns: Any) -> Row:
    """A sample of a language model: the losses of its tokens, and those of its padding."""
    counted = sum(losses)
    sums = {"loss_sum": counted, "loss_sum_total": counted + sum(padding), "elements": len(losses), "elements_total": len(losses) + len(padding)}
    return {"sample_id": str(key), **sums, "perplexity": math.exp(counted / len(losses)), "tokens_correct": correct, "outputs": 30, **columns}


def areas(key: int | str, target: dict[int, int], predicted: dict[int, int], shared: dict[int, int]) -> Row:
    """A sample of a segmentation with three classes: pixels of each class in target, prediction and both."""
    pixels = sum(target.values())
    loss = {"loss_sum": 1.0, "loss_sum_total": 1.0, "elements": pixels, "elements_total": pixels}
    maps = {"target_pixels": list(target.items()), "predicted_pixels": list(predicted.items()), "intersection": list(shared.items())}
    return {"sample_id": str(key), "pixels_correct": sum(shared.values()), "outputs": 3, **maps, **loss}


def answer(key: int | str, target: int, prediction: int, *, outputs: int = 2, confidence: float = 0.8, **columns: Any) -> Row:
    """A sample of a classification that is predicted as `prediction` with probability `confidence`; the rest is shared evenly."""
    rest = (1 - confidence) / (outputs - 1)
    p_target = confidence if target == prediction else rest
    loss = -math.log(p_target)
    other = next(c for c in (prediction, *range(outputs)) if c != target)
    z = {"z_target": math.log(p_target) + 2, "z_other": math.log(confidence if other == prediction else rest) + 2}
    z |= {"z_max": math.log(confidence) + 2, "z_min": math.log(rest) + 2, "z_sum": math.log(confidence) + (outputs - 1) * math.log(rest) + 2 * outputs}
    return {
        "sample_id": str(key), "target": target, "prediction": prediction, "correct": target == prediction, "p_target": p_target, "p_max": confidence,
        "other": other, "p_other": confidence if other == prediction else rest, **z, "p_square_sum": confidence**2 + (outputs - 1) * rest**2,
        "p_exp_sum": math.exp(confidence) + (outputs - 1) * math.exp(rest), "target_rank": int(target != prediction), "outputs": outputs,
        "loss_sum": loss, "loss_sum_total": loss, "elements": 1, "elements_total": 1, **columns,
    }  # fmt: skip


def sample_log(task: str, train: Iterable[Batches] = (), valid: Iterable[Batches] = (), *, loss: str | None = None, reduction: str = "mean") -> Log:
    """A log of samples alone: an epoch is a list of batches, a batch a list of rows; each training batch is a step, an evaluation follows each epoch."""
    train, valid = list(train), list(valid)
    steps = sum(len(epoch) for epoch in train) or len(valid)
    log = Log(steps, 1)
    log.info |= {"task": task, "loss": {"name": loss, "reduction": reduction}}
    step = -1
    for number in range(max(len(train), len(valid))):
        for batch, rows in enumerate(train[number] if number < len(train) else ()):
            step += 1
            _place(log, rows, step=step, epoch=number, split="train", number=number, batch=batch)
        if not train:
            step = number
        for batch, rows in enumerate(valid[number] if number < len(valid) else ()):
            _place(log, rows, step=step, epoch=number, split="valid", number=number, batch=batch)
    return log.event("started", None).event("finished", max(step, 0))


def _place(log: Log, rows: Sequence[Row], *, number: int, **place: Any) -> None:
    log.add("samples", *({**row, **place, "pass": number, "position": position} for position, row in enumerate(rows)))


def log_numbers(log: Log, name: str, values: Sequence[float], *, split: str) -> Log:
    """Log a number for each step at which samples of the split were recorded."""
    steps = sorted({row["step"] for row in log.rows["samples"] if row["split"] == split})
    return log.metric(name, values, split=split, steps=steps)
