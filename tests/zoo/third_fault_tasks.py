"""Traces, hidden states, graphs, sets and networks for them: a third lot of trainings that work as they stand."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Adam, AdamW, Optimizer

from .data import loaders, standardize
from .fresh_tasks import CLASSES, ITEMS, USERS, VALUES, training
from .models import token_losses
from .tasks import MakeOptimizer, token_accuracy
from .training import Training

STATES = 3
NODES = 8


def seeded(number: int) -> torch.Generator:
    return torch.Generator().manual_seed(number)


@functools.cache
def traces(count: int = 900, length: int = 48, noise: float = 0.3) -> tuple[Tensor, Tensor]:
    """Noisy traces `[N, length]` of four shapes (sine, square, saw, chirp) with random phase and pace."""
    generator = seeded(0)
    kind = torch.randint(0, 4, (count,), generator=generator)
    pace = 2 + 2 * torch.rand(count, 1, generator=generator)
    time = torch.linspace(0, 1, length)[None] * pace + torch.rand(count, 1, generator=generator)
    turn = 2 * math.pi * time
    shapes = torch.stack([turn.sin(), turn.sin().sign(), 2 * (time % 1) - 1, (turn * (0.5 + 0.5 * time)).sin()], dim=1)
    return shapes[torch.arange(count), kind] + noise * torch.randn(count, length, generator=generator), kind


@functools.cache
def states(count: int = 800, length: int = 30, stay: float = 0.7, noise: float = 0.4) -> tuple[Tensor, Tensor]:
    """Readings `[N, T, 2]` of a machine that goes through three hidden states, and the state of each moment `[N, T]`."""
    generator = seeded(1)
    now = torch.randint(0, STATES, (count,), generator=generator)
    moments = []
    for _ in range(length):
        moves = torch.rand(count, generator=generator) > stay
        now = torch.where(moves, (now + torch.randint(1, STATES, (count,), generator=generator)) % STATES, now)
        moments.append(now)
    hidden = torch.stack(moments, dim=1)
    centres = torch.tensor([[1.0, 0.0], [-0.5, 0.87], [-0.5, -0.87]])
    return centres[hidden] + noise * torch.randn(count, length, 2, generator=generator), hidden


@functools.cache
def graphs(count: int = 1000) -> tuple[Tensor, Tensor]:
    """Graphs of eight nodes, adjacency and three features of each node side by side `[N, 8, 11]`, and a standardized property that sums over edges."""
    generator = seeded(2)
    upper = (torch.rand(count, NODES, NODES, generator=generator) < 0.35).float().triu(1)
    adjacency = upper + upper.transpose(1, 2)
    features = torch.randn(count, NODES, 3, generator=generator)
    pairs = torch.tanh(features[..., :1] @ features[..., 1:2].transpose(1, 2))
    target = (adjacency * pairs).sum((1, 2)) + features[..., 2].abs().sum(1)
    return torch.cat([adjacency, features], dim=2), standardize(target)


@functools.cache
def clouds(count: int = 1000, points: int = 16) -> tuple[Tensor, Tensor]:
    """Sets of points `[N, 16, 2]` of four shapes (ring, disk, cross, two heaps), turned and noisy."""
    generator = seeded(3)
    kind = torch.randint(0, 4, (count,), generator=generator)
    angle = 2 * math.pi * torch.rand(count, points, generator=generator)
    spread = torch.rand(count, points, generator=generator)
    side = (torch.rand(count, points, generator=generator) < 0.5).float()
    around = torch.stack([angle.cos(), angle.sin()], dim=-1)
    line = 2 * spread - 1
    cross = torch.stack([line * side, line * (1 - side)], dim=-1) * 1.4
    heaps = torch.stack([2 * side - 1, 0 * side], dim=-1) + 0.25 * torch.randn(count, points, 2, generator=generator)
    shapes = torch.stack([around, around * spread.sqrt()[..., None] * 1.4, cross, heaps], dim=1)[torch.arange(count), kind]
    turn = 2 * math.pi * torch.rand(count, generator=generator)
    rotation = torch.stack([turn.cos(), -turn.sin(), turn.sin(), turn.cos()], dim=1).view(count, 2, 2)
    return shapes @ rotation + 0.12 * torch.randn(count, points, 2, generator=generator), kind


class StateTagger(nn.Module):
    """A recurrent network that says the state of each moment."""

    def __init__(self, width: int = 24, cell: Callable[..., nn.RNNBase] = nn.LSTM, both: bool = True, features: int = 2) -> None:
        super().__init__()
        self.rnn = cell(features, width, batch_first=True, bidirectional=both)
        self.head = nn.Linear(width * (1 + both), STATES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(x)[0])


class GraphNet(nn.Module):
    """Messages from neighbours, twice, then the mean over nodes and a small network."""

    def __init__(self, width: int = 32, rounds: int = 2) -> None:
        super().__init__()
        self.enter = nn.Linear(3, width)
        self.messages = nn.ModuleList(nn.Linear(width, width) for _ in range(rounds))
        self.updates = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(rounds))
        self.act = nn.SiLU()
        self.out1 = nn.Linear(width, width)
        self.last = nn.SiLU()
        self.out2 = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        adjacency, nodes = x[..., :NODES], self.act(self.enter(x[..., NODES:]))
        for message, update in zip(self.messages, self.updates, strict=True):
            heard = adjacency @ self.act(message(nodes))
            nodes = nodes + self.act(update(torch.cat([nodes, heard], dim=-1)))
        return self.out2(self.last(self.out1(nodes.mean(1)))).squeeze(-1)


class SetNet(nn.Module):
    """Each point by itself, the largest of each feature over the set, a head."""

    def __init__(self, width: int = 48, pool: Callable[[Tensor], Tensor] | None = None, classes: int = 4) -> None:
        super().__init__()
        self.point1 = nn.Linear(2, width)
        self.act1 = nn.ReLU()
        self.point2 = nn.Linear(width, width)
        self.pool = pool or (lambda points: points.amax(1))
        self.fc = nn.Linear(width, width)
        self.act2 = nn.ReLU()
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        points = self.point2(self.act1(self.point1(x)))
        return self.head(self.act2(self.fc(self.pool(points))))


class UNet(nn.Module):
    """Down once, up once, and a bridge."""

    def __init__(self, classes: int = 3, width: int = 10) -> None:
        super().__init__()
        self.down = nn.Conv2d(1, width, 3, padding=1)
        self.deep1 = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.deep2 = nn.Conv2d(2 * width, 2 * width, 3, padding=1)
        self.up = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.join = nn.Conv2d(2 * width, width, 3, padding=1)
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        wide = F.relu(self.down(x))
        deep = F.relu(self.deep2(F.relu(self.deep1(F.max_pool2d(wide, 2)))))
        return self.head(F.relu(self.join(torch.cat([wide, self.up(deep)], dim=1))))


class TraceNet(nn.Module):
    """Convolutions along a trace and the mean over time."""

    def __init__(self, width: int = 24, classes: int = 4) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(1, width, 5, padding=2)
        self.conv2 = nn.Conv1d(width, width, 5, padding=2, stride=2)
        self.conv3 = nn.Conv1d(width, width, 5, padding=2, stride=2)
        self.act = nn.ReLU()
        self.head = nn.Linear(width, classes)

    def features(self, x: Tensor) -> Tensor:
        return self.act(self.conv3(self.act(self.conv2(self.act(self.conv1(x.unsqueeze(1)))))))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x).mean(2))


class SlopedUnits(nn.Module):
    """Almost binary units: a sigmoid whose slope grows while the network trains."""

    def __init__(self) -> None:
        super().__init__()
        self.code = nn.Linear(64, 24)
        self.squash = nn.Sigmoid()
        self.slope = 1.0
        self.fc = nn.Linear(24, 32)
        self.act = nn.ReLU()
        self.head = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.act(self.fc(self.squash(self.slope * self.code(x.flatten(1))))))


class Sparse(nn.Module):
    """An autoencoder of which few units are to be awake."""

    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Linear(64, 48)
        self.wake = nn.ReLU()
        self.decode = nn.Linear(48, 64)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.wake(self.encode(x)))


class GatedStack(nn.Module):
    """Gated convolutions along a trace, tanh times sigmoid, one after the other."""

    def __init__(self, around: bool, depth: int = 10, width: int = 12) -> None:
        super().__init__()
        self.enter = nn.Conv1d(1, width, 5, padding=2)
        self.layers: Any = nn.ModuleList(nn.Conv1d(width, 2 * width, 3, padding=1) for _ in range(depth))
        self.around = around
        self.head = nn.Linear(width, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x.unsqueeze(1))
        for layer in self.layers:
            signal, gate = layer(x).chunk(2, dim=1)
            new = torch.tanh(signal) * torch.sigmoid(gate)
            x = x + new if self.around else new
        return self.head(x.amax(2))


class Accumulator(nn.Module):
    """A linear memory, run over as many moments as it is given, and a small network on it."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.enter = nn.Linear(2, width)
        self.keep = nn.Linear(width, width, bias=False)
        self.fc = nn.Linear(width, width)
        self.act = nn.ReLU()
        self.head = nn.Linear(width, 1)
        nn.init.orthogonal_(self.keep.weight, gain=1.25)

    def forward(self, x: Tensor) -> Tensor:
        state = x.new_zeros(len(x), self.keep.in_features)
        for moment in x.unbind(1):
            state = self.enter(moment) + self.keep(state)
        return self.head(self.act(self.fc(state))).squeeze(-1)


class Vae(nn.Module):
    """Digits by way of six random numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 12))
        self.decode = nn.Sequential(nn.Linear(6, 48), nn.ReLU(), nn.Linear(48, 64))
        self.divergence = torch.zeros(())

    def forward(self, x: Tensor) -> Tensor:
        mean, log_variance = self.encode(x).chunk(2, dim=1)
        self.divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1)
        return self.decode(mean + torch.randn_like(mean) * (0.5 * log_variance).exp() if self.training else mean)


class FrameSums(nn.Module):
    """An LSTM that takes time first, and a head on all of its moments."""

    def __init__(self, right: bool) -> None:
        super().__init__()
        self.right = right
        self.rnn = nn.LSTM(8, 24)
        self.head = nn.Linear(8 * 24, 10)

    def forward(self, x: Tensor) -> Tensor:
        moments = self.rnn(x.squeeze(1).transpose(0, 1))[0]
        return self.head((moments.transpose(0, 1) if self.right else moments).reshape(len(x), -1))


class TwoTowers(nn.Module):
    """Vectors of users and items, a small tower on each, and the product of both."""

    def __init__(self, freeze: bool, width: int = 8) -> None:
        super().__init__()
        self.user = nn.Embedding.from_pretrained(0.3 * torch.randn(USERS, width), freeze=freeze)
        self.item = nn.Embedding.from_pretrained(0.3 * torch.randn(ITEMS, width), freeze=freeze)
        self.tower1, self.tower2 = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, pairs: Tensor) -> Tensor:
        return (self.tower1(self.user(pairs[:, 0])) * self.tower2(self.item(pairs[:, 1]))).sum(1)


class Seq2Seq(nn.Module):
    """A GRU reads a trace, another says what comes next, from the first one's last state."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.encoder = nn.GRU(1, width, batch_first=True)
        self.decoder = nn.GRU(1, width, batch_first=True)
        self.head = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        state = self.encoder(x.unsqueeze(-1))[1]
        return self.head(self.decoder(x.new_zeros(len(x), 8, 1), state)[0]).squeeze(-1)


class Both:
    """Two optimizers that are stepped together; which of them is cleared is for the case to say."""

    def __init__(self, parts: list[Optimizer], cleared: list[Optimizer]) -> None:
        self.parts, self.cleared, self.param_groups = parts, cleared, parts[0].param_groups

    def zero_grad(self) -> None:
        for part in self.cleared:
            part.zero_grad()

    def step(self) -> None:
        for part in self.parts:
            part.step()


class ThinnedSets(SetNet):
    """Leaves out points at random while it trains, and takes the mean over those that are left."""

    def __init__(self, floor: float) -> None:
        super().__init__()
        self.floor = floor
        self.empty = False

    def forward(self, x: Tensor) -> Tensor:
        kept = (torch.rand(x.shape[:2]) > 0.64 if self.training else torch.ones(x.shape[:2])).float()
        self.empty = bool((kept.sum(1) == 0).any())
        points = torch.relu(self.point2(self.act1(self.point1(x)))) * kept[..., None]
        return self.head(self.act2(self.fc(points.sum(1) / kept.sum(1).clamp(min=self.floor)[:, None])))


class StatisticsPooled(nn.Module):
    """Frames of a trace, their mean and deviation over time, a head."""

    def __init__(self, floor: float, width: int = 20) -> None:
        super().__init__()
        self.frame1, self.frame2 = nn.Conv1d(1, width, 9), nn.Conv1d(width, width, 9)
        self.act1, self.act2 = nn.SiLU(), nn.Tanh()
        self.head = nn.Linear(2 * width, 4)
        self.floor = floor

    def forward(self, x: Tensor) -> Tensor:
        frames = self.act2(self.frame2(self.act1(self.frame1(x.unsqueeze(1)))))
        mean = frames.mean(2, keepdim=True)
        deviation = (((frames - mean) ** 2).mean(2) + self.floor).sqrt()
        return self.head(torch.cat([mean.squeeze(2), deviation], dim=1))


def classified(
    seed: int, model: nn.Module, data: tuple[Tensor, Tensor], *, lr: float, epochs: int, batch: int = 30, optimizer: MakeOptimizer = Adam, **parts: Any
) -> Training:
    """Any data set with classes, by any network."""
    return training(model, loaders(*data, seed, batch=batch), optimizer, lr, epochs, parts, CLASSES)


def valued(
    seed: int, model: nn.Module, data: tuple[Tensor, Tensor], *, lr: float, epochs: int, batch: int = 30, optimizer: MakeOptimizer = AdamW, **parts: Any
) -> Training:
    """Any data set with numbers to be told, by any network."""
    return training(model, loaders(*data, seed, batch=batch), optimizer, lr, epochs, parts, VALUES)


def tagged(
    seed: int, model: nn.Module, data: tuple[Tensor, Tensor], *, lr: float, epochs: int, batch: int = 25, optimizer: MakeOptimizer = Adam, **parts: Any
) -> Training:
    """A class for each moment of a sequence."""
    given = {"criterion": "cross_entropy", "task": "language_model", "losses": token_losses, "metrics": {"accuracy": token_accuracy}}
    return training(model, loaders(*data, seed, batch=batch, valid_batch=100), optimizer, lr, epochs, parts, given)


def without_samples(training: Training, path: Path) -> None:
    """The loop of somebody who logs numbers and no samples."""
    with training.open(path) as rec:
        for epoch in range(training.epochs):
            rec.epoch = epoch
            training.start_training(training.model, epoch)
            for _, x, y in training.train:
                loss = training.losses(training.forward(training.model, x), y).mean()
                training.optimizer.zero_grad()
                loss.backward()
                training.optimizer.step()
                rec.log(loss=loss.detach())
                training.after_step(training.step)
                training.step += 1
            training.start_evaluation(training.model)
            with rec.split("valid"), torch.no_grad():
                seen = [(training.forward(training.model, x), y) for _, x, y in training.valid]
                rec.log(training.numbers([(prediction, y, training.losses(prediction, y), None) for prediction, y in seen]))
