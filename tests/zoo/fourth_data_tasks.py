"""Trainings for the fourth set of mistakes in data, loss and metric: their data, their networks, and a loop that records less than everything."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, RMSprop

from recorder import Recorder

from .data import Loader, digits, loaders, standardize
from .models import Flat, class_losses, mlp, squared_errors, token_losses
from .training import Training, accuracy, binary_accuracy, mean_absolute_error, r2

TOKENS = 60
"""Words of the synthetic reviews and sentences; 0 is padding."""


@dataclass
class Partly(Training):
    """The plain loop, whose user records samples of some splits only (by default of none)."""

    kept: tuple[str, ...] = ()

    def learn(self, rec: Recorder, ids: list[str], x: Tensor, y: Tensor) -> None:
        losses = self.losses(prediction := self.forward(self.model, x), y)
        loss = self.reduce(losses, self.mask(y) if self.mask else None)
        self.optimizer.zero_grad()
        loss.backward()
        self.before_step(self.step)
        self.optimizer.step()
        rec.log(loss=loss.detach())
        if "train" in self.kept:
            rec.samples(ids, loss=losses.detach(), prediction=prediction.detach(), target=y)
        self.after_step(self.step)
        self.step += 1

    def evaluate(self, rec: Recorder, split: str = "valid") -> None:
        self.start_evaluation(self.model)
        seen = []
        with rec.split(split), torch.no_grad():
            for ids, x, y in self.valid:
                losses = self.losses(prediction := self.forward(self.model, x), y)
                seen.append((prediction, y, losses, self.mask(y) if self.mask else None))
                if split in self.kept:
                    rec.samples(ids, loss=losses, prediction=prediction, target=y)
            rec.log((self.summarize or self.numbers)(seen))


def drawn(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@functools.cache
def houses(count: int = 640) -> tuple[Tensor, Tensor]:
    """Seven measurements of a house as they stand in the file (m2, rooms, age, km, floor, m2 of garden, decibels) and its price in thousands."""
    g = drawn(11)
    area = 40 + 160 * torch.rand(count, generator=g)
    rooms = (area / 28 + torch.randn(count, generator=g)).round().clamp(min=1)
    age, distance = 90 * torch.rand(count, generator=g), 25 * torch.rand(count, generator=g) ** 2
    floor, garden = torch.randint(0, 6, (count,), generator=g).float(), 400 * torch.rand(count, generator=g) ** 3
    traffic = 45 + 25 * torch.rand(count, generator=g)
    price = area * (5 - 0.1 * distance) * (1 - 0.003 * age) + 0.3 * garden - 2 * (traffic - 45) + 8 * floor + 15 * torch.randn(count, generator=g)
    return torch.stack([area, rooms, age, distance, floor, garden, traffic], 1), price


@functools.cache
def vibrations(count: int = 640, length: int = 48) -> tuple[Tensor, Tensor]:
    """Signals `[N, 1, length]` of a machine and what is wrong with it: nothing, a harmonic, a beat, or knocks."""
    g = drawn(12)
    kind = torch.randint(0, 4, (count,), generator=g)
    time = torch.arange(length) / length
    phase = torch.rand(count, 1, generator=g)
    base = torch.sin(6.283 * (5 * time + phase))
    knocks = ((time * 4 + phase) % 1 < 0.09).float() * 1.6
    added = torch.stack([torch.zeros_like(base), 0.7 * torch.sin(6.283 * (13 * time + 2 * phase)), base * 0.8 * torch.sin(6.283 * 1.5 * time + phase), knocks])
    signal = base + added[kind, torch.arange(count)] + 0.45 * torch.randn(count, length, generator=g)
    return standardize(signal.flatten()).view(count, 1, length), kind


@functools.cache
def weather(count: int = 600, length: int = 20) -> tuple[Tensor, Tensor]:
    """Windows `[N, length, 3]` of temperature (C), humidity (%) and pressure (Pa), and the next temperature and humidity, standardized."""
    g = drawn(13)
    total = count + length
    front = torch.zeros(total)
    for hour in range(1, total):
        front[hour] = 0.9 * front[hour - 1] + 0.45 * torch.randn(1, generator=g).item()
    day = torch.sin(6.283 * torch.arange(total) / 12)
    temperature = 14 + 5 * day - 3 * front.roll(2) + 0.6 * torch.randn(total, generator=g)
    humidity = 60 - 8 * day + 7 * front.roll(1) + 1.5 * torch.randn(total, generator=g)
    series = torch.stack([temperature, humidity, 101_325 - 450 * front], 1)
    targets = standardize(series[:, :2])
    return torch.stack([series[at : at + length] for at in range(count)]), targets[length:]


@functools.cache
def reviews(count: int = 1600, length: int = 16) -> tuple[Tensor, Tensor]:
    """Reviews `[N, length]` of 6 to 16 words, padded with 0, and whether they praise: words have a leaning, and word 1 turns the next one around."""
    g = drawn(14)
    leaning = torch.randn(TOKENS, generator=g)
    leaning[:2] = 0
    lengths = torch.randint(6, length + 1, (count, 1), generator=g)
    x = torch.randint(2, TOKENS, (count, length), generator=g)
    x[torch.rand(count, length, generator=g) < 0.12] = 1
    x[torch.arange(length) >= lengths] = 0
    turned = F.pad((x == 1).float(), (1, 0))[:, :-1]
    score = (leaning[x] * (1 - 2 * turned)).sum(1) + 0.5 * torch.randn(count, generator=g)
    return x, (score > 0).float()


@functools.cache
def sentences(count: int = 500, length: int = 14, rare: float = 0.0, every: int = 10) -> tuple[Tensor, Tensor]:
    """Sentences `[N, length]` padded with 0 and the kind of each word (1 to 3; 0 where padded), which follows from the word and the word before it.

    With `rare`: 2 where a word is one of every tenth and, with this probability, a name, else 1.
    """
    g = drawn(15)
    lengths = torch.randint(5, length + 1, (count, 1), generator=g)
    x = torch.randint(1, TOKENS, (count, length), generator=g)
    before = F.pad(x, (1, 0))[:, :-1]
    y = 1 + (x % 3 + (before % 2)) % 3
    if rare:
        y = 1 + ((x % every == 0) & (torch.rand(count, length, generator=g) < rare)).long()
    beyond = torch.arange(length) >= lengths
    x, y = x.clone(), y.clone()
    x[beyond], y[beyond] = 0, 0
    return x, y


@functools.cache
def spots(count: int = 500, size: int = 12) -> tuple[Tensor, Tensor]:
    """Pictures `[N, 1, size, size]` of one bright spot in noise, and where it is and how wide, each about -1..1."""
    g = drawn(16)
    place, width = 2 + (size - 5) * torch.rand(count, 2, generator=g), 0.8 + 1.4 * torch.rand(count, 1, generator=g)
    down, right = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    away = (down - place[:, 0, None, None]) ** 2 + (right - place[:, 1, None, None]) ** 2
    x = torch.exp(-away / (2 * width.unsqueeze(-1) ** 2)) + 0.1 * torch.randn(count, size, size, generator=g)
    return standardize(x.flatten()).view(count, 1, size, size), standardize(torch.cat([place, width], 1))


@functools.cache
def lakes(count: int = 320, size: int = 14) -> tuple[Tensor, Tensor]:
    """Aerial pictures `[N, 1, size, size]` of one lake each, longer than it is high, and the pixels that are water (1)."""
    g = drawn(17)
    down, right = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    centre = 3 + (size - 6) * torch.rand(count, 2, 1, 1, generator=g)
    half = torch.stack([1.5 + torch.rand(count, generator=g), 2.5 + 2 * torch.rand(count, generator=g)], 1)[:, :, None, None]
    water = (((down - centre[:, 0]) / half[:, 0]) ** 2 + ((right - centre[:, 1]) / half[:, 1]) ** 2 < 1).long()
    x = 0.8 * water + 0.5 * torch.randn(count, size, size, generator=g)
    return standardize(x.flatten()).view(count, 1, size, size), water


@functools.cache
def judgements(count: int = 1200) -> tuple[Tensor, Tensor]:
    """Who judged what, `[N, 2]` of 40 people and 50 films, and the standardized mark: four tastes and noise."""
    g = drawn(18)
    people, films = torch.randn(40, 4, generator=g), torch.randn(50, 4, generator=g)
    pairs = torch.stack([torch.randint(0, 40, (count,), generator=g), torch.randint(0, 50, (count,), generator=g)], 1)
    marks = (people[pairs[:, 0]] * films[pairs[:, 1]]).sum(1) / 2 + 0.4 * torch.randn(count, generator=g)
    return pairs, standardize(marks)


class Listener(nn.Module):
    """Two convolutions along time, a mean over it, a linear head."""

    def __init__(self, classes: int = 4, width: int = 16) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(1, width, 7, padding=3)
        self.act1 = nn.SiLU()
        self.conv2 = nn.Conv1d(width, width, 7, padding=3, stride=2)
        self.act2 = nn.SiLU()
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.act2(self.conv2(self.act1(self.conv1(x)))).mean(-1))


class Forecaster(nn.Module):
    """A GRU over a window and two numbers from its last state."""

    def __init__(self, features: int = 3, width: int = 24, outputs: int = 2) -> None:
        super().__init__()
        self.rnn = nn.GRU(features, width, batch_first=True)
        self.head = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(x)[0][:, -1])


class Reader(nn.Module):
    """Embeddings of words and of the words before them, pooled by attention over what is not padding; one logit."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.embedding = nn.Embedding(TOKENS, width, padding_idx=0)
        self.mix = nn.Conv1d(width, width, 2)
        self.act = nn.Tanh()
        self.score = nn.Linear(width, 1)
        self.head = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        words = self.act(self.mix(F.pad(self.embedding(x).transpose(1, 2), (1, 0)))).transpose(1, 2)
        weights = self.score(words).masked_fill((x == 0).unsqueeze(-1), float("-inf")).softmax(1)
        return self.head((weights * words).sum(1) * 8).squeeze(-1)


class Tagger(nn.Module):
    """Embedding, LSTM, and a class for each word."""

    def __init__(self, classes: int = 4, width: int = 32) -> None:
        super().__init__()
        self.embedding = nn.Embedding(TOKENS, width)
        self.rnn = nn.LSTM(width, width, batch_first=True)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(self.embedding(x))[0])


class Tastes(nn.Module):
    """A mark from the product of two embeddings and two biases."""

    def __init__(self, width: int = 6) -> None:
        super().__init__()
        self.people, self.films = nn.Embedding(40, width), nn.Embedding(50, width)
        self.strict, self.good = nn.Embedding(40, 1), nn.Embedding(50, 1)
        for table in (self.people, self.films, self.strict, self.good):
            nn.init.normal_(table.weight, std=0.3)

    def forward(self, x: Tensor) -> Tensor:
        person, film = x[:, 0], x[:, 1]
        return (self.people(person) * self.films(film)).sum(1, keepdim=True) + self.strict(person) + self.good(film)


def logit_losses(prediction: Tensor, target: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(prediction, target, reduction="none")


def word_accuracy(prediction: Tensor, target: Tensor) -> float:
    """Accuracy over words that are not padding."""
    return (prediction.argmax(-1) == target)[target != 0].float().mean().item()


def training(kind: type[Training], model: nn.Module, optimizer: Any, data: tuple[Loader, Loader], epochs: int, **parts: Any) -> Training:
    return kind(model, optimizer, data[0], data[1], epochs=epochs, **parts)


def prices(
    seed: int, scale: float, data: tuple[Loader, Loader] | None = None, kind: type[Training] = Training, epochs: int = 12, lr: float = 3e-3, **parts: Any
) -> Training:
    """The price of a house by a network for tables; AdamW."""
    x, y = houses()
    model = Flat(mlp([7, 32, 16, 1], nn.GELU))
    given = {"losses": squared_errors, "criterion": "mse_loss", "task": "regression", "metrics": {"r2": r2, "mae": mean_absolute_error}, **parts}
    data = data or loaders(standardize(x), standardize(y), seed)
    return training(kind, model, AdamW(model.parameters(), lr=lr * scale), data, epochs, **given)


def machines(
    seed: int, scale: float, data: tuple[Loader, Loader] | None = None, kind: type[Training] = Training, epochs: int = 10, lr: float = 5e-3, **parts: Any
) -> Training:
    """What is wrong with a machine, from its vibration; RMSprop."""
    model = Listener()
    given = {"losses": class_losses, "criterion": "cross_entropy", "task": "classification", "metrics": {"accuracy": accuracy}, **parts}
    return training(kind, model, RMSprop(model.parameters(), lr=lr * scale), data or loaders(*vibrations(), seed), epochs, **given)


def opinions_of(
    seed: int, scale: float, data: tuple[Loader, Loader] | None = None, kind: type[Training] = Training, epochs: int = 10, lr: float = 8e-3, **parts: Any
) -> Training:
    """Does a review praise; attention pooling and Adam."""
    model = Reader()
    given = {"losses": logit_losses, "criterion": "binary_cross_entropy_with_logits", "metrics": {"accuracy": binary_accuracy}, **parts}
    return training(kind, model, Adam(model.parameters(), lr=lr * scale), data or loaders(*reviews(), seed, batch=48), epochs, **given)


def word_kinds(
    seed: int, scale: float, data: tuple[Loader, Loader] | None = None, kind: type[Training] = Training, epochs: int = 10, lr: float = 1e-2, **parts: Any
) -> Training:
    """The kind of each word of a sentence, by an LSTM and Adam; padding is masked."""
    model = parts.pop("model", None) or Tagger()
    given = {
        "losses": token_losses,
        "criterion": "cross_entropy",
        "task": parts.pop("task", None),
        "metrics": {"accuracy": word_accuracy},
        "mask": lambda target: target != 0,
        **parts,
    }
    return training(kind, model, Adam(model.parameters(), lr=lr * scale), data or loaders(*sentences(), seed), epochs, **given)


def digit_net(
    seed: int,
    scale: float,
    data: tuple[Loader, Loader] | None = None,
    model: nn.Module | None = None,
    kind: type[Training] = Training,
    epochs: int = 6,
    lr: float = 0.05,
    activation: Callable[[], nn.Module] = nn.ReLU,
    **parts: Any,
) -> Training:
    """Digits by two hidden layers; SGD with Nesterov's momentum."""
    model = model or mlp([64, 40, 24, 10], activation)
    given = {"losses": class_losses, "criterion": "cross_entropy", "metrics": {"accuracy": accuracy}, **parts}
    optimizer = SGD(model.parameters(), lr=lr * scale, momentum=0.9, nesterov=True)
    return training(kind, model, optimizer, data or loaders(*digits(), seed), epochs, **given)
