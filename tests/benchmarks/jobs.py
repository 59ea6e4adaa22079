"""The trainings that are measured: each a function of one step, the same for every variant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass
class Job:
    """One training: `batch()` gives ids, inputs and targets; `losses(output, target)` the loss of each sample, [N]."""

    name: str
    model: nn.Module
    optimizer: torch.optim.Optimizer
    batch: Callable[[], tuple[list[int], Tensor, Tensor]]
    losses: Callable[[Tensor, Tensor], Tensor]


def _classes(output: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(output, target, reduction="none")


def mlp() -> Job:
    """784-512-512-10, batch 128."""
    model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
    inputs, targets, ids = torch.randn(128, 784), torch.randint(0, 10, (128,)), list(range(128))
    return Job("mlp", model, torch.optim.Adam(model.parameters()), lambda: (ids, inputs, targets), _classes)


def cnn() -> Job:
    """Four convolutions with batch norm on 32x32 images, batch 64."""
    widths = [3, 32, 64, 64, 128]
    layers: list[nn.Module] = []
    for place, (before, after) in enumerate(pairwise(widths)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        if place % 2:
            layers.append(nn.MaxPool2d(2))
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 64, 10))
    inputs, targets, ids = torch.randn(64, 3, 32, 32), torch.randint(0, 10, (64,)), list(range(64))
    return Job("cnn", model, torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9), lambda: (ids, inputs, targets), _classes)


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        n, t, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(n, t, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        x = x + self.out(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(n, t, width))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class Language(nn.Module):
    def __init__(self, words: int = 512, width: int = 256, length: int = 128, layers: int = 4) -> None:
        super().__init__()
        self.embed, self.place = nn.Embedding(words, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList(Block(width, 4) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, words)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens) + self.place.weight[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def transformer() -> Job:
    """4 layers, width 256, 8 sequences of 128 tokens."""
    model = Language()
    tokens, ids = torch.randint(0, 512, (8, 129)), list(range(8))
    return Job(
        "transformer",
        model,
        torch.optim.AdamW(model.parameters(), lr=3e-4),
        lambda: (ids, tokens[:, :-1], tokens[:, 1:]),
        lambda output, target: F.cross_entropy(output.transpose(1, 2), target, reduction="none"),
    )


def narrow() -> Job:
    """500 layers of width 32: 1000 small tensors."""
    layers: list[nn.Module] = []
    for _ in range(499):
        layers += [nn.Linear(32, 32), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(32, 10))
    inputs, targets, ids = torch.randn(32, 32), torch.randint(0, 10, (32,)), list(range(32))
    return Job("narrow", model, torch.optim.SGD(model.parameters(), lr=0.01), lambda: (ids, inputs, targets), _classes)


JOBS = {"mlp": mlp, "cnn": cnn, "transformer": transformer, "narrow": narrow}
