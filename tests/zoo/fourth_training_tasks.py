"""Data, networks and plumbing of the fourth set of trainings with a mistake in model or optimization."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recorder import Recorder

from .data import Loader, digits, loaders, standardize
from .training import Training

VOCABULARY = 31
"""Words of the remarks; 0 is padding."""


class Numbers:
    """A recorder that gets the numbers and no samples."""

    def __init__(self, rec: Recorder) -> None:
        self.rec = rec

    def samples(self, ids: Any, **columns: Any) -> None:
        """Nobody logs samples here."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rec, name)


def numbers_only(rec: Recorder) -> Recorder:
    return cast(Recorder, Numbers(rec))


@dataclass
class Told(Training):
    """A training whose user logs "all", samples of "valid" only, or nothing but "numbers"."""

    tells: str = "all"

    def learn(self, rec: Recorder, ids: list[str], x: Tensor, y: Tensor) -> None:
        super().learn(rec if self.tells == "all" else numbers_only(rec), ids, x, y)

    def evaluate(self, rec: Recorder, split: str = "valid") -> None:
        super().evaluate(numbers_only(rec) if self.tells == "numbers" else rec, split)


def told(training: Training, tells: str) -> Told:
    """The same training, logged more sparingly."""
    return Told(**{part.name: getattr(training, part.name) for part in fields(training)}, tells=tells)


def judge(
    rec: Recorder,
    model: Callable[[Tensor], Tensor],
    valid: Loader,
    losses: Callable[[Tensor, Tensor], Tensor],
    score: Callable[[Tensor, Tensor], float],
    name: str,
) -> None:
    """One evaluation of a loop of one's own, logged with its samples."""
    predictions, targets, errors = [], [], []
    with rec.split("valid"), torch.no_grad():
        for ids, x, y in valid:
            prediction = model(x)
            loss = losses(prediction, y)
            rec.samples(ids, loss=loss, prediction=prediction, target=y)
            predictions.append(prediction)
            targets.append(y)
            errors.append(loss)
        rec.log({"loss": torch.cat(errors).mean(), name: score(torch.cat(predictions), torch.cat(targets))})


@functools.cache
def rhythms(count: int = 1000, length: int = 20) -> tuple[Tensor, Tensor]:
    """Noisy recordings `[N, length, 3]` of four rhythms; the phase is random, and the third channel is noise."""
    generator = torch.Generator().manual_seed(41)
    labels = torch.randint(0, 4, (count,), generator=generator)
    phase = 2 * math.pi * torch.rand(count, 1, generator=generator)
    angle = 2 * math.pi * (labels + 1.0)[:, None] * torch.arange(length) / length + phase
    noise = torch.randn(count, length, 3, generator=generator)
    return torch.stack([angle.sin(), angle.cos(), torch.zeros_like(angle)], dim=2) + 0.4 * noise, labels


@functools.cache
def remarks(count: int = 1200, longest: int = 12) -> tuple[Tensor, Tensor]:
    """Word numbers `[N, longest]` padded with 0, and whether more is praised than blamed; word 1 or 2 turns the next one round."""
    generator = torch.Generator().manual_seed(42)
    x = torch.randint(1, VOCABULARY, (count, longest), generator=generator)
    lengths = torch.randint(5, longest + 1, (count,), generator=generator)
    x[torch.arange(longest) >= lengths[:, None]] = 0
    worth = (0.5 + torch.rand(VOCABULARY, generator=generator)) * (1.0 - 2.0 * (torch.arange(VOCABULARY) % 2))
    worth[0] = 0.0
    return x, (worth[x].sum(1) > 0).long()


@functools.cache
def quarters(count: int = 1200, features: int = 8) -> tuple[Tensor, Tensor]:
    """Points `[N, features]` of four classes that no plane tells apart: the signs of two products."""
    x = torch.randn(count, features, generator=torch.Generator().manual_seed(43))
    return x, 2 * (x[:, 0] * x[:, 1] > 0).long() + (x[:, 2] * x[:, 3] > 0).long()


@functools.cache
def pushes(count: int = 1000) -> tuple[Tensor, Tensor]:
    """Six readings of a drive `[N, 6]` and where it goes `[N, 3]`: sideways and forward, either sign, and its speed, which is positive."""
    x = torch.randn(count, 6, generator=torch.Generator().manual_seed(44))
    side = torch.tanh(x[:, 0]) * x[:, 1] + 0.5 * x[:, 2]
    ahead = x[:, 3] - 0.4 * x[:, 4] * x[:, 0]
    return x, torch.stack([side, ahead, (side**2 + ahead**2 + 0.1).sqrt()], dim=1)


@functools.cache
def bursts(count: int = 1000, length: int = 48) -> tuple[Tensor, Tensor]:
    """One noisy line a recording `[N, 1, length]`, with a burst of 3, 8, 14 or 22 points that holds as much energy as any other."""
    generator = torch.Generator().manual_seed(45)
    labels = torch.randint(0, 4, (count,), generator=generator)
    widths = torch.tensor([3, 8, 14, 22])[labels]
    starts = (torch.rand(count, generator=generator) * (length - widths)).long()
    place = torch.arange(length)
    inside = (place >= starts[:, None]) & (place < (starts + widths)[:, None])
    sign = torch.where(torch.rand(count, length, generator=generator) < 0.5, -1.0, 1.0)
    sign = torch.where(labels[:, None] == 0, sign.abs(), 1.0)
    return (3 * inside * sign / widths[:, None].sqrt() * 1.5 + 0.4 * torch.randn(count, length, generator=generator))[:, None], labels


@functools.cache
def citations(nodes: int = 300, fields_of_work: int = 5) -> tuple[Tensor, Tensor, Tensor]:
    """Papers with faint words `[N, 40]`, their field, and who cites whom as an averaging matrix `[N, N]`."""
    generator = torch.Generator().manual_seed(46)
    labels = torch.randint(0, fields_of_work, (nodes,), generator=generator)
    topics = torch.randn(fields_of_work, 40, generator=generator)
    x = 0.35 * topics[labels] + torch.randn(nodes, 40, generator=generator)
    chance = torch.where(labels[:, None] == labels, 0.05, 0.01)
    edges = (torch.rand(nodes, nodes, generator=generator) < chance).float().triu(1)
    adjacency = edges + edges.T + torch.eye(nodes)
    return x, labels, adjacency / adjacency.sum(1, keepdim=True)


@functools.cache
def arrivals(count: int = 900) -> tuple[Tensor, Tensor]:
    """Eight counts of a shop and day `[N, 8]`, hardly ever zero, and its sales."""
    generator = torch.Generator().manual_seed(47)
    level = torch.exp(0.5 * torch.randn(count, 8, generator=generator) + 2.6)
    counts = torch.poisson(level, generator=generator).clamp(min=1.0)
    sales = standardize(counts.log() @ torch.tensor([1.0, 0.5, -0.5, 0.3, 0.0, 0.8, -0.2, 0.4]))
    return counts, sales + 0.2 * torch.randn(count, generator=generator)


class SequenceGru(nn.Module):
    """A GRU over numbers or over words, and a head on its last state."""

    def __init__(self, features: int = 3, width: int = 24, classes: int = 4, words: int = 0) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, features) if words else nn.Identity()
        self.rnn = nn.GRU(features, width, batch_first=True)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(self.embedding(x))[0][:, -1])


class ResidualTower(nn.Module):
    """Stem, blocks of two layers with a way around them, norm where wanted, head."""

    def __init__(self, join: Callable[[Tensor, Tensor], Tensor], sizes: tuple[int, int, int] = (64, 32, 10), blocks: int = 8, norm: bool = True) -> None:
        super().__init__()
        features, width, classes = sizes
        self.join = join
        self.stem = nn.Linear(features, width)
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width)) for _ in range(blocks))
        self.norm = nn.LayerNorm(width) if norm else nn.Identity()
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x.flatten(1))
        for block in self.blocks:
            x = self.join(x, block(x))
        return self.head(self.norm(x))


def add(x: Tensor, y: Tensor) -> Tensor:
    return x + y


def balanced_batches(seed: int, batch: int = 32) -> tuple[Loader, Loader]:
    """Digits in batches, with their numbers."""
    return loaders(*digits(), seed, batch=batch)


def one_logit_losses(prediction: Tensor, target: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(prediction, target.float(), reduction="none")


def named(model: nn.Module, *starts: str) -> Iterable[nn.Parameter]:
    """The parameters of those children."""
    return [parameter for name, parameter in model.named_parameters() if name.startswith(starts)]
