"""More supervised trainings that work as they stand: coordinates, boxes, masks, several heads, rare classes, adapters, quantized and masked networks."""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from recorder import Recorder

from .data import digits, loaders, scenes
from .fresh_tasks import PatchReader, ResidualNet
from .models import Block, Cnn, Segmenter, mlp
from .training import Training, accuracy

Judge = Callable[[Any, Tensor, Tensor], tuple[Tensor, Tensor]]
"""Losses of the samples and what to log as prediction."""


def fit(
    path: Path,
    model: Any,
    optimizer: Optimizer,
    data: tuple[Iterable[Any], Iterable[Any]],
    judge: Judge,
    epochs: int,
    metrics: dict[str, Callable[[Tensor, Tensor], float]],
    *,
    mean: Callable[[Tensor, Tensor], Tensor] = lambda losses, y: losses.mean(),
    after_step: Callable[[int], object] = lambda step: None,
    told: dict[str, Any] | None = None,
) -> None:
    """A plain loop for losses that need more of a model than one output."""
    with Recorder(path, model, optimizer, **(told or {})) as rec:
        for rec.epoch in range(epochs):
            model.train()
            for ids, x, y in data[0]:
                losses, prediction = judge(model, x, y)
                optimizer.zero_grad()
                mean(losses, y).backward()
                optimizer.step()
                rec.log(loss=mean(losses.detach(), y))
                rec.samples(ids, loss=losses.detach(), prediction=prediction.detach(), target=y)
                after_step(rec.steps)
            model.eval()
            with rec.split("valid"), torch.no_grad():
                seen = []
                for ids, x, y in data[1]:
                    losses, prediction = judge(model, x, y)
                    rec.samples(ids, loss=losses, prediction=prediction, target=y)
                    seen.append((losses, prediction, y))
                losses, prediction, y = (torch.cat(parts) for parts in zip(*seen, strict=True))
                rec.log({"loss": mean(losses, y), **{name: metric(prediction, y) for name, metric in metrics.items()}})


def explained(prediction: Tensor, target: Tensor) -> float:
    return (1 - ((prediction - target) ** 2).sum() / ((target - target.mean(0)) ** 2).sum()).item()


class Sine(nn.Module):
    """The activation of coordinate networks."""

    def __init__(self, frequency: float) -> None:
        super().__init__()
        self.frequency = frequency

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(self.frequency * x)


def sine_net(frequency: float, drawn: bool) -> nn.Sequential:
    """A network from a place to a value; `drawn`: its weights are drawn as sines need it, the larger the frequency the smaller."""
    layers = [nn.Linear(2, 64), Sine(frequency), nn.Linear(64, 64), Sine(frequency), nn.Linear(64, 64), Sine(frequency), nn.Linear(64, 1)]
    model = nn.Sequential(*layers)
    for number in (2, 4, 6) if drawn else ():
        nn.init.uniform_(model[number].weight, -math.sqrt(6 / 64) / frequency, math.sqrt(6 / 64) / frequency)
    if drawn:
        nn.init.uniform_(model[0].weight, -0.5 / 4, 0.5 / 4)
    return model


def coordinates(path: Path, seed: int, scale: float, *, frequency: float = 15.0, drawn: bool = True) -> None:
    """A landscape as a function of the place, learned from samples of it."""
    torch.manual_seed(seed)
    places = torch.rand(1600, 2, generator=torch.Generator().manual_seed(0)) * 2 - 1
    u, v = places.unbind(1)
    height = torch.sin(6 * u) * torch.cos(5 * v) + 0.5 * torch.sin(9 * u * v + 1)
    model = sine_net(frequency, drawn)
    optimizer = Adam(model.parameters(), lr=3e-4 * scale)
    data = loaders(places, height[:, None], seed, batch=40, train=range(1200), valid=range(1200, 1600))
    told = {"loss": "mse_loss", "task": "regression", "config": {"frequency": frequency}}
    fit(path, model, optimizer, data, lambda model, x, y: ((model(x) - y).square().mean(1), model(x)), 10, {"r2": explained}, told=told)


class GaussianLoss(nn.Module):
    """Negative log likelihood of a normal distribution whose logarithmic variance the network tells too."""

    def forward(self, told: Tensor, target: Tensor) -> Tensor:
        mean, log_variance = told.unbind(1)
        return 0.5 * (log_variance + (target - mean) ** 2 * (-log_variance).exp())


def own_doubt(path: Path, seed: int, scale: float) -> None:
    """A regression that tells its uncertainty, on data that is noisy in places and nearly exact elsewhere."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1600, 6, generator=generator)
    y = torch.sin(2 * x[:, 0]) + 0.5 * x[:, 1] * x[:, 2] + 0.3 * torch.sigmoid(4 * x[:, 3]) * torch.randn(1600, generator=generator)
    model = mlp([6, 64, 64, 2], nn.SiLU)
    loss = GaussianLoss()

    def judge(model: Any, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        told = model(x)
        return loss(told, y), told[:, 0]

    data = loaders(x, y, seed, batch=32, train=range(1200), valid=range(1200, 1600))
    fit(path, model, AdamW(model.parameters(), lr=3e-3 * scale), data, judge, 16, {"r2": explained}, told={"loss": loss, "task": "regression"})


@functools.cache
def boxes(corners: bool = True) -> tuple[Tensor, Tensor]:
    """Scenes, and the box of the digit in parts of the picture with its kind (black ink or grey): two corners, or corner and size."""
    pictures, mask = scenes(700)
    rows, columns = (mask > 0).any(2), (mask > 0).any(1)
    low = torch.stack([columns.int().argmax(1), rows.int().argmax(1)], dim=1).float() / 16
    high = 1 - torch.stack([columns.flip(1).int().argmax(1), rows.flip(1).int().argmax(1)], dim=1).float() / 16
    kind = (torch.rand(len(mask), generator=torch.Generator().manual_seed(0)) < 0.5).float()
    pictures = torch.where((mask > 0)[:, None], pictures * (0.6 + 0.4 * kind[:, None, None, None]), pictures)
    return pictures, torch.cat([low, high if corners else high - low, kind[:, None]], dim=1)


class Finder(nn.Module):
    """A small detector: four numbers of a box, and a logit of its kind."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
        )
        self.neck = nn.Sequential(nn.Linear(24 * 16, 64), nn.ReLU())
        self.box, self.kind = nn.Linear(64, 4), nn.Linear(64, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.neck(self.body(x))
        return torch.cat([self.box(x), self.kind(x)], dim=1)


def overlap(prediction: Tensor, target: Tensor) -> float:
    """Mean intersection over union of boxes given by two corners."""
    low, high = torch.maximum(prediction[:, :2], target[:, :2]), torch.minimum(prediction[:, 2:4], target[:, 2:4])
    both = (high - low).clamp(min=0).prod(1)
    sizes = (prediction[:, 2:4] - prediction[:, :2]).clamp(min=0).prod(1) + (target[:, 2:4] - target[:, :2]).clamp(min=0).prod(1)
    return (both / (sizes - both).clamp(min=1e-6)).mean().item()


def kinds_right(prediction: Tensor, target: Tensor) -> float:
    return ((prediction[:, 4] > 0) == (target[:, 4] > 0)).float().mean().item()


def detection(path: Path, seed: int, scale: float, *, corners_in_training: bool = True) -> None:
    """Where the digit is and which kind it is: smooth L1 on boxes and a binary loss on kinds, added."""
    torch.manual_seed(seed)
    model = Finder()

    def judge(model: Any, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        told = model(x)
        box = F.smooth_l1_loss(told[:, :4], y[:, :4], beta=0.05, reduction="none").mean(1)
        return 5 * box + F.binary_cross_entropy_with_logits(told[:, 4], y[:, 4], reduction="none"), told

    train = loaders(*boxes(corners_in_training), seed, batch=25, train=range(550), valid=range(550, 700))[0]
    valid = loaders(*boxes(), seed, train=range(550), valid=range(550, 700))[1]
    told = {"task": "regression", "config": {"box_weight": 5, "kind_weight": 1}}
    fit(path, model, Adam(model.parameters(), lr=2e-3 * scale), (train, valid), judge, 10, {"iou": overlap, "kind_accuracy": kinds_right}, told=told)


class DiceLoss(nn.Module):
    """One minus the overlap of probabilities and mask."""

    def forward(self, logits: Tensor, mask: Tensor) -> Tensor:
        p = logits.sigmoid()
        return 1 - (2 * (p * mask).sum(1) + 1) / (p.sum(1) + mask.sum(1) + 1)


def outline(path: Path, seed: int, scale: float, *, last: nn.Module | None = None) -> None:
    """Which pixels belong to the digit, by Dice loss; `last` comes after the last layer of the network."""
    torch.manual_seed(seed)
    model = nn.Sequential(Segmenter(classes=1), nn.Flatten(), *([last] if last else []))
    pictures, mask = scenes(400)
    data = loaders(pictures, (mask > 0).float().flatten(1), seed, batch=15, train=range(300), valid=range(300, 400))
    loss = DiceLoss()

    def judge(model: Any, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        logits = model(x)
        return loss(logits, y), logits

    def iou(prediction: Tensor, target: Tensor) -> float:
        found = prediction > 0
        return ((found & (target > 0)).sum() / (found | (target > 0)).sum()).item()

    fit(path, model, Adam(model.parameters(), lr=4e-3 * scale), data, judge, 6, {"iou": iou}, told={"loss": loss, "task": "multilabel"})


def balanced_accuracy(prediction: Tensor, target: Tensor) -> float:
    right = prediction.argmax(1) == target
    return torch.stack([right[target == label].float().mean() for label in target.unique()]).mean().item()


def rare_digits(path: Path, seed: int, scale: float, *, weigh: Callable[[Tensor], Tensor] = lambda counts: counts.sum() / (10 * counts)) -> None:
    """Digits above four are rare in training; the loss weighs classes by what `weigh` makes of their counts."""
    torch.manual_seed(seed)
    images, labels = digits()
    rows = [row for label in range(10) for row in (labels[:1300] == label).nonzero()[: 100 if label < 5 else 9, 0].tolist()]
    weight = weigh(torch.bincount(labels[rows], minlength=10).float())
    data = loaders(images, labels, seed, batch=20, train=rows, valid=range(1300, 1700))
    model = Cnn()

    def judge(model: Any, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        logits = model(x)
        return F.cross_entropy(logits, y, weight=weight, reduction="none"), logits

    metrics = {"accuracy": accuracy, "balanced_accuracy": balanced_accuracy}
    told = {"loss": nn.CrossEntropyLoss(weight=weight)}
    optimizer = Adam(model.parameters(), lr=2e-3 * scale)
    fit(path, model, optimizer, data, judge, 10, metrics, mean=lambda losses, y: losses.sum() / weight[y].sum(), told=told)


class LowRank(nn.Module):
    """A frozen linear layer with a product of two thin ones beside it."""

    def __init__(self, layer: Any, zeroed: tuple[str, ...], rank: int = 4) -> None:
        super().__init__()
        self.layer = layer.requires_grad_(False)
        self.lora_a = nn.Parameter(torch.randn(rank, layer.in_features) / math.sqrt(layer.in_features))
        self.lora_b = nn.Parameter(torch.randn(layer.out_features, rank) / math.sqrt(rank))
        for name in zeroed:
            nn.init.zeros_(getattr(self, name))

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x) + 2 * x @ self.lora_a.T @ self.lora_b.T


def adapters(path: Path, seed: int, scale: float, *, zeroed: tuple[str, ...] = ("lora_b",)) -> None:
    """A vision transformer that knows digits learns them upside down, by adapters of its attention and feed-forward layers alone."""
    torch.manual_seed(seed)
    images, labels = digits()
    model = PatchReader()
    first = AdamW(model.parameters(), lr=4e-3)
    for _ in range(150):
        rows = torch.randint(0, 900, (40,))
        first.zero_grad()
        F.cross_entropy(model(images[rows]), labels[rows]).backward()
        first.step()
    model.requires_grad_(False)
    for block in model.blocks:
        block.attention.qkv = LowRank(block.attention.qkv, zeroed)
        block.fc1, block.fc2 = LowRank(block.fc1, zeroed), LowRank(block.fc2, zeroed)
    optimizer = AdamW([parameter for parameter in model.parameters() if parameter.requires_grad], lr=6e-3 * scale)
    train, valid = loaders(images.flip(2), labels, seed, batch=40)
    training = Training(model, optimizer, train, valid, lambda told, y: F.cross_entropy(told, y, reduction="none"), 6, criterion="cross_entropy", every=20)
    training.metrics = {"accuracy": accuracy}
    training.record(path)


def averaged(path: Path, seed: int, scale: float, *, buffers: bool = True) -> None:
    """Evaluated is an average of the weights over steps; `buffers`: the statistics of its norms follow too."""
    torch.manual_seed(seed)
    live = ResidualNet(width=12, norm=nn.BatchNorm2d)
    both = nn.ModuleDict({"live": live, "average": copy.deepcopy(live).requires_grad_(False)})
    images, labels = digits()
    train, valid = loaders(images * 3, labels, seed, batch=30)
    optimizer = SGD(live.parameters(), lr=0.03 * scale, momentum=0.9)
    training = Training(both, optimizer, train, valid, lambda told, y: F.cross_entropy(told, y, reduction="none"), 5, criterion="cross_entropy")
    training.metrics = {"accuracy": accuracy}
    training.forward = lambda both, x: (both["live"] if both.training else both["average"])(x)

    def follow(step: int) -> None:
        with torch.no_grad():
            for slow, fast in zip(both["average"].parameters(), live.parameters(), strict=True):
                slow.lerp_(fast, 0.05)
            for slow, fast in zip(both["average"].buffers(), live.buffers(), strict=True) if buffers else ():
                slow.copy_(fast)

    training.after_step = follow
    training.record(path)


class MaskedReader(nn.Module):
    """Sixteen patches of a digit, of which some are hidden; tells all of them."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.embed, self.hidden = nn.Linear(4, width), nn.Parameter(0.02 * torch.randn(width))
        self.place = nn.Parameter(0.02 * torch.randn(16, width))
        self.blocks = nn.Sequential(Block(width, causal=False), Block(width, causal=False))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 4)

    def forward(self, patches: Tensor, hidden: Tensor) -> Tensor:
        x = torch.where(hidden.unsqueeze(-1), self.hidden, self.embed(patches)) + self.place
        return self.head(self.norm(self.blocks(x)))


def masked_patches(path: Path, seed: int, scale: float, *, hide: Callable[[Tensor], Tensor] = lambda hidden: hidden) -> None:
    """A masked autoencoder: eight of sixteen patches are hidden, their pixels are the target; `hide` is what of the mask reaches the network in training."""
    torch.manual_seed(seed)
    patches = F.unfold(digits()[0], 2, stride=2).transpose(1, 2) * 2 - 0.6
    train, valid = loaders(patches, patches, seed, batch=50, train=range(1300), valid=range(1300, 1700))
    model = MaskedReader()
    optimizer = AdamW(model.parameters(), lr=3e-3 * scale)
    with Recorder(path, model, optimizer, task="regression", loss="mse_loss", config={"hidden": 8}) as rec:
        for rec.epoch in range(8):
            model.train()
            for ids, x, _ in train:
                hidden = torch.rand(len(x), 16).argsort(1) < 8
                prediction = model(x, hide(hidden))[hidden].view(len(x), 32)
                target = x[hidden].view(len(x), 32)
                losses = ((prediction - target) ** 2).mean(1)
                optimizer.zero_grad()
                losses.mean().backward()
                optimizer.step()
                rec.log(loss=losses.detach().mean())
                rec.samples(ids, loss=losses.detach(), prediction=prediction.detach(), target=target)
            model.eval()
            with rec.split("valid"), torch.no_grad():
                found, fixed = [], torch.Generator().manual_seed(1)
                for ids, x, _ in valid:
                    hidden = torch.rand(len(x), 16, generator=fixed).argsort(1) < 8
                    prediction, target = model(x, hidden)[hidden].view(len(x), 32), x[hidden].view(len(x), 32)
                    found.append(((prediction - target) ** 2).mean(1))
                    rec.samples(ids, loss=found[-1], prediction=prediction, target=target)
                rec.log(loss=torch.cat(found).mean())
