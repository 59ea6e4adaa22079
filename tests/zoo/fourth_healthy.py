"""Fourth set of healthy trainings, first part: what a good engineer's sound run looks like in twelve fields."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Adagrad, Adam, AdamW, RMSprop
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR, StepLR

from recorder import Recorder

from .case import Case
from .data import digits, loaders
from .fourth_healthy_more import MORE
from .fourth_healthy_odd import ODD
from .fourth_healthy_strange import STRANGE
from .fourth_healthy_tasks import (
    Study,
    clipped,
    concordance,
    drawn,
    film_ratings,
    grid_load,
    lifetimes,
    marked_sums,
    molecules,
    river,
    survey,
    tones,
    topic_texts,
)
from .models import class_losses, mlp, squared_errors
from .training import accuracy, r2


class Wages(nn.Module):
    """Numbers beside the embeddings of two categories."""

    def __init__(self) -> None:
        super().__init__()
        self.trade, self.region = nn.Embedding(8, 4), nn.Embedding(5, 3)
        self.hidden1, self.hidden2, self.out = nn.Linear(12, 32), nn.Linear(32, 16), nn.Linear(16, 1)

    def forward(self, x: Tensor) -> Tensor:
        joined = torch.cat([x[:, :5], self.trade(x[:, 5].long()), self.region(x[:, 6].long())], 1)
        return self.out(F.silu(self.hidden2(F.silu(self.hidden1(joined))))).squeeze(1)


def wages_of_a_survey(path: Path, seed: int, scale: float) -> None:
    """Ordinary: a table with categories by embeddings and two SiLU layers, AdamW."""
    model = Wages()
    train, valid = loaders(*survey(), seed, batch=32)
    optimizer = AdamW(model.parameters(), lr=4e-3 * scale, weight_decay=0.02)
    Study(model, optimizer, train, valid, squared_errors, 8, "mse_loss", "regression", metrics={"r2": r2}).record(path)


class Shortcut(nn.Module):
    """Two convolutions with batch norm and a way around them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.norm2 = nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x))))))


def digits_with_shortcuts(path: Path, seed: int, scale: float) -> None:
    """Ordinary: a small residual network for images, Nesterov momentum, decay of weights, cosine down to the end."""
    model = nn.Sequential(
        nn.Conv2d(1, 10, 3, padding=1, bias=False), nn.BatchNorm2d(10), nn.ReLU(), nn.MaxPool2d(2), Shortcut(10), Shortcut(10), nn.AdaptiveAvgPool2d(2),
        nn.Flatten(), nn.Linear(40, 10),
    )  # fmt: skip
    train, valid = loaders(*digits(), seed, batch=32)
    optimizer = SGD(model.parameters(), lr=0.05 * scale, momentum=0.9, nesterov=True, weight_decay=5e-4)
    schedule = CosineAnnealingLR(optimizer, 6 * len(train))
    parts: dict[str, Any] = {"metrics": {"accuracy": accuracy}, "after_step": lambda step: schedule.step()}
    Study(model, optimizer, train, valid, class_losses, 6, "cross_entropy", "classification", None, **parts).record(path)


class Bag(nn.Module):
    """The mean of the words' embeddings and a linear layer."""

    def __init__(self, words: int, classes: int) -> None:
        super().__init__()
        self.words = nn.EmbeddingBag(words, 24, mode="mean")
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(24, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.drop(self.words(x)))


def topics_by_a_bag_of_words(path: Path, seed: int, scale: float) -> None:
    """Ordinary: topics of short texts from the mean of embeddings, Adagrad; samples of the validation only."""
    model = Bag(150, 5)
    train, valid = loaders(*topic_texts(), seed, batch=32)
    optimizer = Adagrad(model.parameters(), lr=0.1 * scale)
    Study(model, optimizer, train, valid, class_losses, 6, "cross_entropy", metrics={"accuracy": accuracy}, tells="valid").record(path)


class Adder(nn.Module):
    """A GRU whose last state is read."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(2, 24, batch_first=True)
        self.read = nn.Linear(24, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.read(self.gru(x)[0][:, -1]).squeeze(1)


def two_marked_numbers_added(path: Path, seed: int, scale: float) -> None:
    """Ordinary: a GRU learns to add the two marked numbers of a row; Adam with clipping, which acts now and then."""
    model = Adder()
    train, valid = loaders(*marked_sums(), seed, batch=32)
    optimizer = Adam(model.parameters(), lr=1e-2 * scale)
    schedule = CosineAnnealingLR(optimizer, 16)
    parts: dict[str, Any] = {"metrics": {"r2": r2}, "before_step": clipped(model, 1.0), "after_epoch": lambda epoch: schedule.step()}
    Study(model, optimizer, train, valid, squared_errors, 16, "mse_loss", "regression", 10, **parts).record(path)


def tones_by_shape(path: Path, seed: int, scale: float) -> None:
    """Ordinary: one-dimensional convolutions tell the shapes of a sound; RMSprop with steps of the rate; samples of the validation only."""
    model = nn.Sequential(
        nn.Conv1d(1, 12, 9, stride=2), nn.BatchNorm1d(12), nn.LeakyReLU(0.1), nn.Conv1d(12, 16, 7, stride=2), nn.BatchNorm1d(16), nn.LeakyReLU(0.1),
        nn.AdaptiveMaxPool1d(2), nn.Flatten(), nn.Linear(32, 4),
    )  # fmt: skip
    train, valid = loaders(*tones(), seed, batch=25)
    optimizer = RMSprop(model.parameters(), lr=4e-3 * scale)
    schedule = StepLR(optimizer, 5, gamma=0.3)
    parts: dict[str, Any] = {"metrics": {"accuracy": accuracy}, "tells": "valid", "after_epoch": lambda epoch: schedule.step()}
    Study(model, optimizer, train, valid, class_losses, 12, **parts).record(path)


class Dilated(nn.Module):
    """Causal convolutions that look ever farther back."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.enter = nn.Conv1d(1, width, 1)
        self.layers = nn.ModuleList(nn.Conv1d(width, width, 3, dilation=2**k) for k in range(4))
        self.out = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        for k, layer in enumerate(self.layers):
            x = x + torch.tanh(layer(F.pad(x, (2 * 2**k, 0))))
        return self.out(x[:, :, -1]).squeeze(1)


def load_of_a_power_grid(path: Path, seed: int, scale: float) -> None:
    """Ordinary: the next hour of a series from dilated convolutions, split by time, one cycle of the rate."""
    model = Dilated()
    train, valid = loaders(*grid_load(), seed, batch=32)
    optimizer = AdamW(model.parameters(), lr=6e-3 * scale, weight_decay=0.01)
    schedule = OneCycleLR(optimizer, 6e-3 * scale, total_steps=7 * len(train))
    parts: dict[str, Any] = {"metrics": {"r2": r2}, "after_step": lambda step: schedule.step()}
    Study(model, optimizer, train, valid, squared_errors, 7, nn.MSELoss(), "regression", **parts).record(path)


class Messages(nn.Module):
    """Atoms tell their neighbours what they are, twice; then the sum over atoms is read."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.enter = nn.Linear(4, width)
        self.tell = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.keep = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.read = mlp([width, width, 1])

    def forward(self, x: Tensor) -> Tensor:
        bonds, state = x[:, :, :9], self.enter(x[:, :, 9:])
        for tell, keep in zip(self.tell, self.keep, strict=True):
            state = F.relu(keep(state) + bonds @ tell(state) / 3)
        return self.read(state.sum(1) / 3).squeeze(1)


def energies_by_messages(path: Path, seed: int, scale: float) -> None:
    """Ordinary: a graph network with two rounds of messages for the energy of small molecules."""
    model = Messages()
    train, valid = loaders(*molecules(), seed, batch=20)
    optimizer = Adam(model.parameters(), lr=3e-3 * scale)
    schedule = CosineAnnealingLR(optimizer, 14 * len(train))
    parts: dict[str, Any] = {"metrics": {"r2": r2}, "after_step": lambda step: schedule.step()}
    Study(model, optimizer, train, valid, squared_errors, 14, "mse_loss", "regression", 10, **parts).record(path)


class Factors(nn.Module):
    """A mean, a bias for each viewer and film, and the product of their factors."""

    def __init__(self, mean: float) -> None:
        super().__init__()
        self.viewers, self.films = nn.Embedding(60, 3), nn.Embedding(40, 3)
        self.viewer_bias, self.film_bias = nn.Embedding(60, 1), nn.Embedding(40, 1)
        self.mean = nn.Parameter(torch.tensor(mean))
        for table, spread in ((self.viewers, 0.3), (self.films, 0.3), (self.viewer_bias, 0.01), (self.film_bias, 0.01)):
            nn.init.normal_(table.weight, std=spread)

    def forward(self, x: Tensor) -> Tensor:
        viewer, film = x[:, 0], x[:, 1]
        return self.mean + self.viewer_bias(viewer)[:, 0] + self.film_bias(film)[:, 0] + (self.viewers(viewer) * self.films(film)).sum(1)


def films_by_factors(path: Path, seed: int, scale: float) -> None:
    """Ordinary: ratings by factors of viewers and films with a small decay; absolute errors are logged as a metric beside the squared ones."""
    x, y = film_ratings()
    model = Factors(y[:1800].mean().item())
    train, valid = loaders(x, y, seed, batch=30, train=range(1800), valid=range(1800, 2400))
    optimizer = Adam(model.parameters(), lr=2e-2 * scale, weight_decay=1e-4)
    schedule = CosineAnnealingLR(optimizer, 10)
    parts: dict[str, Any] = {"metrics": {"r2": r2}, "after_epoch": lambda epoch: schedule.step(), "tells": "valid"}
    Study(model, optimizer, train, valid, squared_errors, 10, "mse_loss", "regression", **parts).record(path)


def bandit_with_context(path: Path, seed: int, scale: float) -> None:
    """Ordinary reinforcement learning: which of four treatments suits a patient, by policy gradient with the mean reward taken off."""
    draw = drawn(20)
    worth = torch.randn(6, 4, generator=draw)
    held_out = torch.randn(300, 6, generator=draw)
    model = mlp([6, 24, 4], nn.Tanh)
    optimizer = Adam(model.parameters(), lr=1e-2 * scale)
    with Recorder(path, model, optimizer, every=5, config={"lr": 1e-2 * scale}) as rec:
        for step in range(300):
            x = torch.randn(64, 6)
            odds = F.log_softmax(model(x), 1)
            chosen = torch.multinomial(odds.detach().exp(), 1)
            reward = (x @ worth).gather(1, chosen) + torch.randn(64, 1)
            loss = -((reward - reward.mean()) * odds.gather(1, chosen)).mean() + 0.01 * (odds.exp() * odds).sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rec.log(loss=loss.detach(), reward=reward.mean())
            if step % 25 == 24:
                with rec.split("valid"), torch.no_grad():
                    rec.log(reward=(held_out @ worth).gather(1, model(held_out).argmax(1, keepdim=True)).mean())


TRAINED = (1, 2, 3, 5, 7, 8, 9)


def prototypes_of_new_digits(path: Path, seed: int, scale: float) -> None:
    """Ordinary few-shot learning: episodes of four digits, five noisy examples each; the validation is of three digits never trained."""
    images, labels = digits()
    by_digit = [images[labels == digit] for digit in range(10)]
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 24, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(216, 24)
    )  # fmt: skip
    optimizer = Adam(model.parameters(), lr=2e-3 * scale)
    order = drawn(seed)

    def episode(chosen: list[int], generator: torch.Generator) -> tuple[Tensor, Tensor]:
        rows = [by_digit[digit][torch.randperm(len(by_digit[digit]), generator=generator)[:15]] for digit in chosen]
        pictures = torch.cat(rows)
        codes = model(pictures + 0.2 * torch.randn_like(pictures) if model.training else pictures).view(len(chosen), 15, -1)
        distances = torch.cdist(codes[:, 5:].flatten(0, 1), codes[:, :5].mean(1)) ** 2
        return -distances, torch.arange(len(chosen)).repeat_interleave(10)

    with Recorder(path, model, optimizer, every=5, loss="cross_entropy", config={"ways": 4, "shots": 5}) as rec:
        for step in range(120):
            model.train()
            scores, target = episode([TRAINED[i] for i in torch.randperm(7, generator=order)[:4].tolist()], order)
            loss = F.cross_entropy(scores, target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rec.log(loss=loss.detach())
            if step % 20 == 19:
                model.eval()
                fixed = drawn(1)
                with rec.split("valid"), torch.no_grad():
                    results = [episode([0, 4, 6], fixed) for _ in range(8)]
                    rec.log(accuracy=sum(accuracy(*result) for result in results) / 8, loss=sum(F.cross_entropy(*result) for result in results) / 8)


def hazard_losses(prediction: Tensor, target: Tensor) -> Tensor:
    """Minus the log-likelihood of a life in months: survived all before, failed in the last (or not, where last seen)."""
    months = torch.arange(prediction.shape[1])
    lived = (months < target[:, :1]) | ((months == target[:, :1]) & (target[:, 1:] == 0))
    failed = (months == target[:, :1]) & (target[:, 1:] == 1)
    return -(F.logsigmoid(-prediction) * lived + F.logsigmoid(prediction) * failed).sum(1)


def lives_of_machines(path: Path, seed: int, scale: float) -> None:
    """Ordinary survival analysis: a hazard for each month, with censored machines; concordance of the validation."""
    model = nn.Sequential(nn.Linear(6, 24), nn.ELU(), nn.Linear(24, 8))
    train, valid = loaders(*lifetimes(), seed, batch=30)
    optimizer = AdamW(model.parameters(), lr=5e-3 * scale, weight_decay=0.05)
    with Recorder(path, model, optimizer, every=5, config={"months": 8}) as rec:
        for rec.epoch in range(8):
            for _ids, x, y in train:
                loss = hazard_losses(model(x), y).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                rec.log(loss=loss.detach())
            with rec.split("valid"), torch.no_grad():
                x, y = (torch.cat(part) for part in zip(*((x, y) for _ids, x, y in valid), strict=True))
                hazards = model(x)
                rec.log(loss=hazard_losses(hazards, y).mean(), concordance=concordance(torch.sigmoid(hazards).sum(1), y[:, 0], y[:, 1]))


LEVELS = torch.tensor([0.1, 0.5, 0.9])


def pinball(prediction: Tensor, target: Tensor) -> Tensor:
    short = target[:, None] - prediction
    return torch.maximum(LEVELS * short, (LEVELS - 1) * short)


def quantiles_of_a_river(path: Path, seed: int, scale: float) -> None:
    """Ordinary quantile regression: three levels of a river whose spread grows with the rain; a criterion of one's own, so none is declared."""
    model = mlp([3, 24, 24, 3], nn.Softplus)
    train, valid = loaders(*river(), seed, batch=25)
    optimizer = Adam(model.parameters(), lr=6e-3 * scale)
    schedule = CosineAnnealingLR(optimizer, 8 * len(train))
    inside = {"coverage": lambda prediction, target: ((target > prediction[:, 0]) & (target < prediction[:, 2])).float().mean().item()}
    parts: dict[str, Any] = {"metrics": inside, "after_step": lambda step: schedule.step(), "tells": "numbers"}
    Study(model, optimizer, train, valid, pinball, 8, **parts).record(path)


FOURTH_HEALTHY: tuple[Case, ...] = (
    Case(wages_of_a_survey, reaches=("r2", 0.7)),
    Case(digits_with_shortcuts, reaches=("accuracy", 0.94)),
    Case(topics_by_a_bag_of_words, reaches=("accuracy", 0.75)),
    Case(two_marked_numbers_added, reaches=("r2", 0.85)),
    Case(tones_by_shape, reaches=("accuracy", 0.85)),
    Case(load_of_a_power_grid, reaches=("r2", 0.85)),
    Case(energies_by_messages, reaches=("r2", 0.8)),
    Case(films_by_factors, reaches=("r2", 0.6)),
    Case(bandit_with_context, reaches=("reward", 1.8)),
    Case(prototypes_of_new_digits, reaches=("accuracy", 0.85)),
    Case(lives_of_machines, reaches=("concordance", 0.7)),
    Case(quantiles_of_a_river, reaches=("loss", 0.14)),
    *MORE,
    *ODD,
    *STRANGE,
)
