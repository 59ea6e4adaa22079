"""One plain training loop, with a place for every mistake that a case makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from recorder import Recorder

from .data import Loader

Losses = Callable[[Tensor, Tensor], Tensor]
Metric = Callable[[Tensor, Tensor], float]
Batch = tuple[Tensor, Tensor, Tensor, Tensor | None]
"""Prediction, target, losses and mask of one batch of an evaluation."""


def nothing(step: int) -> None:
    """The hook of a loop without a mistake at this place."""


def masked_mean(losses: Tensor, mask: Tensor | None) -> Tensor:
    return losses.mean() if mask is None else (losses * mask).sum() / mask.sum()


@dataclass
class Training:
    """The parts of a training. What has a default does the right thing; a case replaces what it gets wrong."""

    model: Any
    optimizer: Optimizer
    train: Loader
    valid: Loader
    losses: Losses
    epochs: int
    criterion: str | nn.Module | None = None
    task: str | None = None
    every: int | None = 5
    metrics: dict[str, Metric] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    guarantees: tuple[str, ...] = ()
    classes: list[str] | None = None

    mask: Callable[[Tensor], Tensor] | None = None
    forward: Callable[[Any, Tensor], Tensor] = lambda model, x: model(x)
    reduce: Callable[[Tensor, Tensor | None], Tensor] = masked_mean
    penalty: Callable[[int], Tensor | float] = lambda step: 0.0
    clears: Callable[[int], bool] = lambda step: True
    before_step: Callable[[int], object] = nothing
    after_step: Callable[[int], object] = nothing
    start_training: Callable[[Any, int], object] = lambda model, epoch: model.train()
    start_evaluation: Callable[[Any], object] = lambda model: model.eval()
    logged: Callable[[Tensor, Tensor | None], Tensor] | None = None
    summarize: Callable[[list[Batch]], dict[str, float]] | None = None
    step: int = 0

    def open(self, path: Path, **options: Any) -> Recorder:
        """A recorder that has been told what the user of such a loop would tell it."""
        group = self.optimizer.param_groups[0]
        config = {"optimizer": type(self.optimizer).__name__, "lr": group["lr"], "epochs": self.epochs, **self.config}
        told: dict[str, Any] = {"every": self.every, "task": self.task, "classes": self.classes, "loss": self.criterion, "guarantees": self.guarantees}
        return Recorder(path, self.model, self.optimizer, config=config, **{**told, **options})

    def record(self, path: Path, **options: Any) -> None:
        """The whole training, recorded into a directory."""
        with self.open(path, **options) as rec:
            self.run(rec)

    def run(self, rec: Recorder, epochs: range | None = None) -> None:
        for epoch in range(self.epochs) if epochs is None else epochs:
            rec.epoch = epoch
            self.start_training(self.model, epoch)
            for ids, x, y in self.train:
                self.learn(rec, ids, x, y)
            self.evaluate(rec)

    def learn(self, rec: Recorder, ids: list[str], x: Tensor, y: Tensor) -> None:
        prediction = self.forward(self.model, x)
        losses = self.losses(prediction, y)
        mask = self.mask(y) if self.mask else None
        loss = self.reduce(losses, mask)
        if self.clears(self.step):
            self.optimizer.zero_grad()
        (loss + self.penalty(self.step)).backward()
        self.before_step(self.step)
        self.optimizer.step()
        rec.log(loss=self.logged(losses.detach(), mask) if self.logged else loss.detach())
        rec.samples(ids, loss=losses.detach(), prediction=prediction.detach(), target=y, mask=mask)
        self.after_step(self.step)
        self.step += 1

    def evaluate(self, rec: Recorder, split: str = "valid") -> None:
        self.start_evaluation(self.model)
        seen: list[Batch] = []
        with rec.split(split), torch.no_grad():
            for ids, x, y in self.valid:
                prediction = self.forward(self.model, x)
                losses = self.losses(prediction, y)
                mask = self.mask(y) if self.mask else None
                seen.append((prediction, y, losses, mask))
                rec.samples(ids, loss=losses, prediction=prediction, target=y, mask=mask)
            rec.log((self.summarize or self.numbers)(seen))

    def numbers(self, seen: list[Batch]) -> dict[str, float]:
        """Loss and metrics over all samples at once."""
        predictions, targets = torch.cat([batch[0] for batch in seen]), torch.cat([batch[1] for batch in seen])
        losses = torch.cat([batch[2] for batch in seen])
        mask = torch.cat([batch[3] for batch in seen if batch[3] is not None]) if seen[0][3] is not None else None
        return {"loss": masked_mean(losses, mask).item(), **{name: metric(predictions, targets) for name, metric in self.metrics.items()}}


def accuracy(prediction: Tensor, target: Tensor) -> float:
    return (prediction.argmax(1) == target).float().mean().item()


def binary_accuracy(prediction: Tensor, target: Tensor) -> float:
    return ((prediction > 0) == (target > 0.5)).float().mean().item()


def mean_absolute_error(prediction: Tensor, target: Tensor) -> float:
    return (prediction - target).abs().mean().item()


def r2(prediction: Tensor, target: Tensor) -> float:
    return (1 - ((prediction - target) ** 2).sum() / ((target - target.mean()) ** 2).sum()).item()


def mean_iou(prediction: Tensor, target: Tensor) -> float:
    predicted, classes = prediction.argmax(1), prediction.shape[1]
    both = torch.stack([((predicted == c) & (target == c)).sum() for c in range(classes)])
    either = torch.stack([((predicted == c) | (target == c)).sum() for c in range(classes)])
    return (both / either.clamp(min=1)).mean().item()
