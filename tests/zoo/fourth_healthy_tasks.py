"""Plumbing and synthetic data of the fourth set of healthy trainings: a loop that can keep samples to itself, metrics, data drawn once and for all."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from sklearn.metrics import average_precision_score, roc_auc_score
from torch import Tensor, nn
from torch.optim import Optimizer

from recorder import Recorder

from .training import Batch, Training, nothing


@dataclass
class Study(Training):
    """The plain loop for people who log less than everything: `tells` is "all", "valid" (samples of the validation only) or "numbers" (scalars only)."""

    tells: str = "all"
    after_epoch: Callable[[int], object] = nothing

    def run(self, rec: Recorder, epochs: range | None = None) -> None:
        for epoch in range(self.epochs) if epochs is None else epochs:
            rec.epoch = epoch
            self.start_training(self.model, epoch)
            for ids, x, y in self.train:
                self.learn(rec, ids, x, y)
            self.evaluate(rec)
            self.after_epoch(epoch)

    def learn(self, rec: Recorder, ids: list[str], x: Tensor, y: Tensor) -> None:
        prediction = self.forward(self.model, x)
        losses = self.losses(prediction, y)
        mask = self.mask(y) if self.mask else None
        loss = self.reduce(losses, mask)
        self.optimizer.zero_grad()
        (loss + self.penalty(self.step)).backward()
        self.before_step(self.step)
        self.optimizer.step()
        rec.log(loss=loss.detach())
        if self.tells == "all":
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
                if self.tells != "numbers":
                    rec.samples(ids, loss=losses, prediction=prediction, target=y, mask=mask)
            rec.log((self.summarize or self.numbers)(seen))


def clipped(model: nn.Module, norm: float) -> Callable[[int], object]:
    return lambda step: nn.utils.clip_grad_norm_(model.parameters(), norm)


def with_rate(optimizer: Optimizer, rate: Callable[[int], float]) -> Callable[[int], object]:
    """A hook that sets the rate of every group to its first rate times `rate(step)`; at once for step 0."""
    first = [group["lr"] for group in optimizer.param_groups]

    def put(step: int) -> None:
        for group, lr in zip(optimizer.param_groups, first, strict=True):
            group["lr"] = lr * rate(step)

    put(0)
    return lambda step: put(step + 1)


def drawn(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def logits_of_yes(prediction: Tensor, target: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(prediction, target, reduction="none")


def area(prediction: Tensor, target: Tensor) -> float:
    """Area under the curve of hits against false alarms."""
    return float(roc_auc_score(target.numpy(), prediction.numpy()))


def precision_of_rare(prediction: Tensor, target: Tensor) -> float:
    return float(average_precision_score(target.numpy(), prediction.numpy()))


def balanced(prediction: Tensor, target: Tensor) -> float:
    """Accuracy of each class, averaged over classes."""
    right = prediction.argmax(1) == target
    return torch.stack([right[target == c].float().mean() for c in target.unique()]).mean().item()


def concordance(risk: Tensor, time: Tensor, died: Tensor) -> float:
    """Share of comparable pairs in which who died sooner had the higher risk."""
    comparable = (time[:, None] < time[None]) & (died[:, None] > 0)
    return (risk[:, None] > risk[None])[comparable].float().mean().item()


@functools.cache
def survey() -> tuple[Tensor, Tensor]:
    """1200 people: five numbers, a trade (0..7) and a region (0..4) as columns, and a standardized logarithm of their wage."""
    g = drawn(11)
    numbers, trade, region = torch.randn(1200, 5, generator=g), torch.randint(0, 8, (1200,), generator=g), torch.randint(0, 5, (1200,), generator=g)
    by_trade, by_region = torch.randn(8, generator=g), 0.5 * torch.randn(5, generator=g)
    wage = by_trade[trade] + by_region[region] + 0.8 * numbers[:, 0] * (trade % 2) + 0.5 * numbers[:, 1].abs() + 0.4 * torch.randn(1200, generator=g)
    return torch.cat([numbers, trade[:, None].float(), region[:, None].float()], 1), (wage - wage.mean()) / wage.std()


@functools.cache
def topic_texts() -> tuple[Tensor, Tensor]:
    """1200 texts of 16 words out of 150, of one of five topics that prefer other words (and share the frequent ones)."""
    g = drawn(12)
    preference = torch.softmax(0.7 * torch.randn(5, 150, generator=g) - torch.arange(150) / 60, 1)
    topic = torch.randint(0, 5, (1200,), generator=g)
    return torch.multinomial(preference[topic], 16, replacement=True, generator=g), topic


@functools.cache
def marked_sums(length: int = 12) -> tuple[Tensor, Tensor]:
    """1200 rows of numbers with two of them marked; the target is the (standardized) sum of the two."""
    g = drawn(13)
    numbers, marks = torch.rand(1200, length, generator=g), torch.zeros(1200, length)
    marks.scatter_(1, torch.rand(1200, length, generator=g).topk(2, 1).indices, 1.0)
    return torch.stack([numbers, marks], 2), ((numbers * marks).sum(1) - 1) / 0.4


@functools.cache
def tones() -> tuple[Tensor, Tensor]:
    """1000 pieces of sound of 96 samples: sine, square, saw or triangle of any pitch and phase, in noise."""
    g = drawn(14)
    kind, pitch, shift = torch.randint(0, 4, (1000,), generator=g), 3 + 5 * torch.rand(1000, 1, generator=g), torch.rand(1000, 1, generator=g)
    phase = (pitch * torch.arange(96) / 96 + shift) % 1
    shapes = torch.stack([torch.sin(2 * math.pi * phase), torch.sign(phase - 0.5), 2 * phase - 1, 4 * (phase - 0.5).abs() - 1])
    loudness = 0.6 + 0.8 * torch.rand(1000, 1, generator=g)
    return (loudness * shapes[kind, torch.arange(1000)] + 0.25 * torch.randn(1000, 96, generator=g)).unsqueeze(1), kind


@functools.cache
def grid_load() -> tuple[Tensor, Tensor]:
    """Windows of 36 hours of a load with a day, a week and slow weather, and the load of the hour after (in order of time)."""
    g = drawn(15)
    hour, shocks = torch.arange(1300).float(), torch.randn(1300, generator=g)
    weather = torch.zeros(1300)
    for t in range(1, 1300):
        weather[t] = 0.95 * weather[t - 1] + 0.3 * shocks[t]
    load = torch.sin(2 * math.pi * hour / 24) + 0.4 * torch.sin(2 * math.pi * hour / 168) + 0.5 * weather + 0.15 * torch.randn(1300, generator=g)
    load = (load - load.mean()) / load.std()
    return load.unfold(0, 36, 1)[:-1].unsqueeze(1).contiguous(), load[36:].contiguous()


@functools.cache
def molecules() -> tuple[Tensor, Tensor]:
    """900 graphs of nine atoms as `[9, 9 + 4]` (bonds, then the kind of atom) and an energy made of bonded pairs."""
    g = drawn(16)
    upper = (torch.rand(900, 9, 9, generator=g) < 0.3).float().triu(1)
    bonds, kind = upper + upper.transpose(1, 2), torch.randint(0, 4, (900, 9), generator=g)
    strength = torch.randn(4, 4, generator=g)
    strength = strength + strength.T
    energy = (bonds * strength[kind[:, :, None], kind[:, None]]).sum((1, 2)) + 0.3 * torch.randn(900, generator=g)
    return torch.cat([bonds, F.one_hot(kind, 4).float()], 2), (energy - energy.mean()) / energy.std()


@functools.cache
def film_ratings() -> tuple[Tensor, Tensor]:
    """2400 pairs of a viewer (of 60) and a film (of 40), and a rating from taste and fame."""
    g = drawn(17)
    pairs = torch.randperm(2400, generator=g)
    viewer, film = pairs // 40, pairs % 40
    taste, kind = torch.randn(60, 3, generator=g), torch.randn(40, 3, generator=g)
    rating = 3 + 0.4 * torch.randn(60, generator=g)[viewer] + 0.6 * torch.randn(40, generator=g)[film] + 0.4 * (taste[viewer] * kind[film]).sum(1)
    return torch.stack([viewer, film], 1), rating + 0.3 * torch.randn(2400, generator=g)


@functools.cache
def lifetimes() -> tuple[Tensor, Tensor]:
    """900 machines of six readings; the month (0..7) in which they failed or were last seen, and whether they failed, as `[N, 2]`."""
    g = drawn(18)
    x = torch.randn(900, 6, generator=g)
    risk = -2.2 + 0.9 * x[:, 0] - 0.6 * x[:, 1] + 0.5 * x[:, 2] * x[:, 3]
    failed = torch.rand(900, 8, generator=g) < torch.sigmoid(risk)[:, None]
    month = torch.where(failed.any(1), failed.float().argmax(1), 7)
    last_seen = torch.randint(3, 8, (900,), generator=g)
    return x, torch.stack([torch.minimum(month, last_seen), (failed.any(1) & (month <= last_seen)).long()], 1)


@functools.cache
def river() -> tuple[Tensor, Tensor]:
    """1000 days of rain and season and a level whose spread grows with the rain."""
    g = drawn(19)
    rain, season = torch.rand(1000, generator=g) * 3, torch.rand(1000, generator=g) * 2 * math.pi
    level = rain.sqrt() + 0.5 * torch.sin(season) + (0.1 + 0.25 * rain) * torch.randn(1000, generator=g)
    return torch.stack([rain - 1.5, torch.sin(season), torch.cos(season)], 1), level


def rows(prediction: Tensor) -> Any:
    """Names of the rows of a batch drawn on the spot."""
    return [f"drawn:{row}" for row in range(len(prediction))]
