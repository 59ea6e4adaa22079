"""More trainings that work as they stand, on other data and other networks than those of `tasks`: for the cases that no threshold was set with."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from sklearn.datasets import make_friedman1
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, RMSprop

from .data import PAD, VOCABULARY, digits, loaders, passages, standardize, words
from .models import Block, Flat, class_losses, squared_errors, token_losses
from .tasks import MakeOptimizer
from .training import Training, accuracy, r2

WINDOW = 24
USERS, ITEMS = 80, 60
UNASKED = -100
"""Target of a position that the loss passes over, as torch has it."""


class PatchReader(nn.Module):
    """A small vision transformer: a digit is sixteen patches of two by two pixels; the mean over patches is classified."""

    def __init__(self, width: int = 32, blocks: int = 2, classes: int = 10) -> None:
        super().__init__()
        self.embed = nn.Linear(4, width)
        self.place = nn.Parameter(0.02 * torch.randn(16, width))
        self.blocks: Any = nn.ModuleList(Block(width, causal=False) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)

    def tokens(self, x: Tensor) -> Tensor:
        return self.embed(F.unfold(x, 2, stride=2).transpose(1, 2) * 2 - 0.6) + self.place

    def forward(self, x: Tensor) -> Tensor:
        x = self.tokens(x)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x).mean(1))


def groups(width: int) -> nn.Module:
    return nn.GroupNorm(4, width)


class Residual(nn.Module):
    """Two convolutions and a shortcut around them; the second norm may start at zero."""

    def __init__(self, width: int, norm: Callable[[int], nn.Module], shortcut: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm1: Any = norm(width)
        self.act1 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2: Any = norm(width)
        self.act2 = nn.ReLU()
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        inner = self.norm2(self.conv2(self.act1(self.norm1(self.conv1(x)))))
        return self.act2(x + inner if self.shortcut else inner)


class ResidualNet(nn.Module):
    """A residual network for 8 x 8 images, averaged over the picture before its head."""

    def __init__(self, width: int = 16, blocks: int = 2, classes: int = 10, norm: Callable[[int], nn.Module] = groups, shortcut: bool = True) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, width, 3, padding=1)
        self.blocks: Any = nn.Sequential(*(Residual(width, norm, shortcut) for _ in range(blocks)))
        self.pool = nn.AvgPool2d(2)
        self.head = nn.Linear(width * 16, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pool(self.blocks(self.stem(x))).flatten(1))


class Forecaster(nn.Module):
    """Dilated convolutions over a window of one signal; the last moment speaks."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(1, width, 3, padding=2, dilation=2)
        self.act1 = nn.ReLU()
        self.conv2 = nn.Conv1d(width, width, 3, padding=4, dilation=4)
        self.act2 = nn.ReLU()
        self.head = nn.Linear(width * 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act2(self.conv2(self.act1(self.conv1(x.unsqueeze(1)))))
        return self.head(x[..., -4:].flatten(1)).squeeze(-1)


class Factorization(nn.Module):
    """A rating is the product of a user's and an item's factors, and a bias of each."""

    def __init__(self, rank: int = 4, spread: float = 0.1) -> None:
        super().__init__()
        self.user, self.item = nn.Embedding(USERS, rank), nn.Embedding(ITEMS, rank)
        self.user_bias, self.item_bias = nn.Embedding(USERS, 1), nn.Embedding(ITEMS, 1)
        for factors in (self.user, self.item):
            nn.init.normal_(factors.weight, std=spread)
        for bias in (self.user_bias, self.item_bias):
            nn.init.zeros_(bias.weight)

    def forward(self, pairs: Tensor) -> Tensor:
        user, item = pairs.unbind(1)
        return (self.user(user) * self.item(item)).sum(1) + self.user_bias(user)[:, 0] + self.item_bias(item)[:, 0]


class Denoiser(nn.Module):
    """What is wrong with a picture is found by three convolutions and taken off it."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, padding=1)
        self.act1 = nn.SiLU()
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.act2 = nn.SiLU()
        self.conv3 = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x - self.conv3(self.act2(self.conv2(self.act1(self.conv1(x)))))


class WordReader(nn.Module):
    """The mean of the letters' embeddings, and a small network on it."""

    def __init__(self, width: int = 24, classes: int = 3) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, width)
        self.fc1 = nn.Linear(width, 32)
        self.act1 = nn.ReLU()
        self.head = nn.Linear(32, classes)

    def counted(self, x: Tensor) -> Tensor:
        """Which positions `[N, T]` belong to the word."""
        return x != PAD

    def forward(self, x: Tensor) -> Tensor:
        letters = self.counted(x).unsqueeze(-1).float()
        return self.head(self.act1(self.fc1((self.embedding(x) * letters).sum(1) / letters.sum(1).clamp(min=1))))


class BothWays(nn.Module):
    """A GRU that reads a passage from both ends."""

    def __init__(self, width: int = 40, outputs: int = VOCABULARY, dropout: float = 0.0) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, width)
        self.rnn = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(2 * width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.drop(self.rnn(self.embedding(x))[0]))


def wave_mlp(inputs: int = 10, width: int = 48) -> Flat:
    """A regression network with SiLU and a layer norm."""
    return Flat(nn.Sequential(nn.Linear(inputs, width), nn.LayerNorm(width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1)))


@functools.cache
def friedman() -> tuple[Tensor, Tensor]:
    """1200 rows of ten features, five of which matter, and a target with noise; all standardized."""
    x, y = make_friedman1(n_samples=1200, noise=1.0, random_state=0)
    return standardize(torch.tensor(x, dtype=torch.float32)), standardize(torch.tensor(y, dtype=torch.float32))


@functools.cache
def signal(length: int = 1300, noise: float = 0.05) -> Tensor:
    """The delay equation of Mackey and Glass, every sixth value of an Euler integration, standardized, with some noise of measurement."""
    values = [1.2] * 18
    for _ in range(6 * length):
        values.append(values[-1] + 0.2 * values[-18] / (1 + values[-18] ** 10) - 0.1 * values[-1])
    clean = standardize(torch.tensor(values[18::6][:length]))
    return clean + noise * torch.randn(length, generator=torch.Generator().manual_seed(0))


def windows(series: Tensor, count: int = 1200, ahead: int = 1) -> tuple[Tensor, Tensor]:
    """Windows of a signal and the value that comes `ahead` moments after each."""
    x = series.unfold(0, WINDOW, 1)[:count].contiguous()
    return x, series[WINDOW - 1 + ahead :][:count].contiguous()


@functools.cache
def opinions() -> tuple[Tensor, Tensor]:
    """2400 ratings: pairs of user and item, and what the one thinks of the other."""
    generator = torch.Generator().manual_seed(0)
    user, item = torch.randn(USERS, 3, generator=generator), torch.randn(ITEMS, 3, generator=generator)
    chosen = torch.randperm(USERS * ITEMS, generator=generator)[:2400]
    pairs = torch.stack([chosen // ITEMS, chosen % ITEMS], dim=1)
    taste = (user[pairs[:, 0]] * item[pairs[:, 1]]).sum(1) / 3**0.5
    return pairs, taste + 0.2 * torch.randn(2400, generator=generator)


@functools.cache
def gaps(count: int = 1000) -> tuple[Tensor, Tensor]:
    """Passages with a sixth of their characters hidden, and those characters; every other target is UNASKED."""
    whole, _ = passages(count)
    hidden = torch.rand(whole.shape, generator=torch.Generator().manual_seed(1)) < 1 / 6
    hidden[:, 0] = True
    return whole.masked_fill(hidden, PAD), whole.masked_fill(~hidden, UNASKED)


@functools.cache
def vowels() -> tuple[Tensor, Tensor]:
    """Words, padded, and whether they have up to one, two, or more vowels."""
    _, letters = words()
    letters = letters.masked_fill(letters == VOCABULARY - 1, PAD)
    count = torch.isin(letters, torch.tensor([1, 5, 9, 15, 21])).sum(1)
    return letters, (count - 1).clamp(0, 2)


@functools.cache
def noisy_digits() -> tuple[Tensor, Tensor]:
    clean = digits()[0]
    return clean + 0.4 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(0)), clean


def training(model: nn.Module, data: tuple[Any, Any], make: MakeOptimizer, lr: float, epochs: int, parts: dict[str, Any], given: dict[str, Any]) -> Training:
    """Puts a training together: `parts` (of the case) win over `given` (of the task); settings of the optimizer stand in `parts["settings"]`."""
    settings = dict(parts.pop("settings", {}))
    if make is SGD:
        settings.setdefault("momentum", 0.9)
    train, valid = data
    return Training(model, make(model.parameters(), lr=lr, **settings), epochs=epochs, **{"train": train, "valid": valid, **given, **parts})


CLASSES: dict[str, Any] = {"criterion": "cross_entropy", "metrics": {"accuracy": accuracy}, "losses": class_losses}
VALUES: dict[str, Any] = {"criterion": "mse_loss", "task": "regression", "metrics": {"r2": r2}, "losses": squared_errors}


def patches(
    seed: int, model: nn.Module | None = None, *, lr: float = 3e-3, epochs: int = 10, batch: int = 40, optimizer: MakeOptimizer = AdamW, **parts: Any
) -> Training:
    """Digits by a vision transformer."""
    torch.manual_seed(seed)
    model = PatchReader() if model is None else model
    return training(model, loaders(*digits(), seed, batch=batch), optimizer, lr, epochs, parts, CLASSES)


def residual(
    seed: int, model: nn.Module | None = None, *, lr: float = 0.02, epochs: int = 6, batch: int = 24, optimizer: MakeOptimizer = SGD, **parts: Any
) -> Training:
    """Digits by a residual network with group norm; SGD with momentum unless said."""
    torch.manual_seed(seed)
    model = ResidualNet() if model is None else model
    return training(model, loaders(*digits(), seed, batch=batch), optimizer, lr, epochs, parts, CLASSES)


def forecast(
    seed: int, model: nn.Module | None = None, *, lr: float = 3e-3, epochs: int = 10, batch: int = 30, optimizer: MakeOptimizer = Adam, **parts: Any
) -> Training:
    """The next value of a signal."""
    torch.manual_seed(seed)
    model = Forecaster() if model is None else model
    return training(model, loaders(*windows(signal()), seed, batch=batch), optimizer, lr, epochs, parts, VALUES)


def waves(
    seed: int, model: nn.Module | None = None, *, lr: float = 3e-3, epochs: int = 10, batch: int = 36, optimizer: MakeOptimizer = RMSprop, **parts: Any
) -> Training:
    """Friedman's regression."""
    torch.manual_seed(seed)
    model = wave_mlp() if model is None else model
    return training(model, loaders(*friedman(), seed, batch=batch), optimizer, lr, epochs, parts, VALUES)


def ratings(
    seed: int, model: nn.Module | None = None, *, lr: float = 1e-2, epochs: int = 10, batch: int = 60, optimizer: MakeOptimizer = Adam, **parts: Any
) -> Training:
    """Who likes what, by factors."""
    torch.manual_seed(seed)
    model = Factorization() if model is None else model
    data = loaders(*opinions(), seed, batch=batch, train=range(1800), valid=range(1800, 2400))
    return training(model, data, optimizer, lr, epochs, parts, VALUES)


def restoration(
    seed: int, model: nn.Module | None = None, *, lr: float = 4e-3, epochs: int = 8, batch: int = 20, optimizer: MakeOptimizer = AdamW, **parts: Any
) -> Training:
    """Hidden characters of English text from both sides; positions that are not hidden do not count."""
    torch.manual_seed(seed)
    model = BothWays() if model is None else model
    data = loaders(*gaps(), seed, batch=batch, train=range(750), valid=range(750, 1000), valid_batch=50)
    given = {"criterion": "cross_entropy", "task": "language_model", "losses": token_losses, "mask": lambda target: target != UNASKED}
    return training(model, data, optimizer, lr, epochs, parts, given)


def denoising(
    seed: int, model: nn.Module | None = None, *, lr: float = 3e-3, epochs: int = 6, batch: int = 30, optimizer: MakeOptimizer = Adam, **parts: Any
) -> Training:
    """Digits without their noise."""
    torch.manual_seed(seed)
    model = Denoiser() if model is None else model
    return training(model, loaders(*noisy_digits(), seed, batch=batch), optimizer, lr, epochs, parts, VALUES)


def spelling(
    seed: int, model: nn.Module | None = None, *, lr: float = 5e-3, epochs: int = 10, batch: int = 32, optimizer: MakeOptimizer = Adam, **parts: Any
) -> Training:
    """How many vowels a word has."""
    torch.manual_seed(seed)
    model = WordReader() if model is None else model
    return training(model, loaders(*vowels(), seed, batch=batch), optimizer, lr, epochs, parts, {**CLASSES, "task": "classification"})
