"""Small networks, one of each kind, with layers that have names."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .data import VOCABULARY


class Mlp(nn.Sequential):
    """fc1, act1, fc2, act2, ... with the input flattened first and a last activation where there is one."""

    fc1: nn.Linear
    fc2: nn.Linear
    fc3: nn.Linear
    act1: nn.Module
    act2: nn.Module


def mlp(sizes: Sequence[int], activation: Callable[[], nn.Module] = nn.ReLU, last: nn.Module | None = None, dropout: float = 0.0) -> Mlp:
    """Fully connected layers of these sizes; `last` comes after the last of them."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    for number, (inputs, outputs) in enumerate(pairwise(sizes), start=1):
        layers[f"fc{number}"] = nn.Linear(inputs, outputs)
        if number < len(sizes) - 1:
            layers[f"act{number}"] = activation()
            if dropout:
                layers[f"drop{number}"] = nn.Dropout(dropout)
    if last is not None:
        layers["last"] = last
    return Mlp(layers)


class Flat(nn.Module):
    """A network whose single output is `[N]`, not `[N, 1]`."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body: Any = body

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x).squeeze(-1)


class Cnn(nn.Module):
    """Two convolutions and two linear layers for 8 x 8 images."""

    def __init__(
        self,
        classes: int = 10,
        width: int = 8,
        norm: Callable[[int], nn.Module] | None = None,
        dropout: float = 0.0,
        activation: Callable[[], nn.Module] = nn.ReLU,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, padding=1)
        self.norm1 = norm(width) if norm else nn.Identity()
        self.act1 = activation()
        self.conv2 = nn.Conv2d(width, 2 * width, 3, padding=1, stride=2)
        self.norm2 = norm(2 * width) if norm else nn.Identity()
        self.act2 = activation()
        self.fc1 = nn.Linear(2 * width * 16, 32)
        self.act3 = activation()
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(32, classes)

    def features(self, x: Tensor) -> Tensor:
        x = self.act1(self.norm1(self.conv1(x)))
        return self.act2(self.norm2(self.conv2(x))).flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.drop(self.act3(self.fc1(self.features(x)))))


class RowReader(nn.Module):
    """A recurrent network that reads a digit row by row, top to bottom."""

    def __init__(self, classes: int = 10, width: int = 32, cell: Callable[..., nn.RNNBase] = nn.LSTM, features: int = 8) -> None:
        super().__init__()
        self.rnn = cell(features, width, batch_first=True)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(x.flatten(1, -2) if x.dim() == 4 else x)[0][:, -1])


class CharacterGru(nn.Module):
    """Predicts the next character: embedding, GRU, linear."""

    def __init__(self, width: int = 48, outputs: int = VOCABULARY, tied: bool = False, cell: Callable[..., nn.RNNBase] = nn.GRU) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, width)
        self.rnn = cell(width, width, batch_first=True)
        self.head = nn.Linear(width, outputs)
        if tied:
            nn.init.normal_(self.embedding.weight, std=0.1)
            self.head.weight = self.embedding.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(self.embedding(x))[0])


class Attention(nn.Module):
    """Causal self-attention with its softmax in the open."""

    def __init__(self, width: int, heads: int = 2, causal: bool = True, gain: float = 1.0) -> None:
        super().__init__()
        self.heads, self.causal, self.gain = heads, causal, gain
        self.qkv = nn.Linear(width, 3 * width)
        self.softmax = nn.Softmax(dim=-1)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        count, length, width = x.shape
        q, k, v = (part.view(count, length, self.heads, -1).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
        scores = self.gain * q @ k.transpose(-2, -1) / math.sqrt(width // self.heads)
        if self.causal:
            scores = scores.masked_fill(torch.ones(length, length, dtype=torch.bool).triu(1), float("-inf"))
        return self.out((self.softmax(scores) @ v).transpose(1, 2).reshape(count, length, width))


class Block(nn.Module):
    """A pre-norm transformer block."""

    def __init__(self, width: int, causal: bool = True, gain: float = 1.0) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, causal=causal, gain=gain)
        self.norm2 = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, 2 * width)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.fc2(self.act(self.fc1(self.norm2(x))))


class Transformer(nn.Module):
    """A character model: token and place embeddings, pre-norm blocks, linear head."""

    def __init__(
        self, width: int = 32, blocks: int = 2, length: int = 24, outputs: int = VOCABULARY, causal: bool = True, tied: bool = False, gain: float = 1.0
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, width)
        self.place = nn.Embedding(length, width)
        self.blocks = nn.ModuleList(Block(width, causal, gain) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, outputs, bias=not tied)
        if tied:
            nn.init.normal_(self.embedding.weight, std=0.1)
            self.head.weight = self.embedding.weight

    def forward(self, x: Tensor) -> Tensor:
        x = self.embedding(x) + self.place.weight[: x.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


class Autoencoder(nn.Module):
    """64 pixels through a narrow code and back."""

    def __init__(self, code: int = 12, activation: Callable[[], nn.Module] = nn.ReLU, last: nn.Module | None = None) -> None:
        super().__init__()
        self.encoder = mlp([64, 48, code], activation)
        self.decoder = mlp([code, 48, 64], activation, last=last)

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


class Segmenter(nn.Module):
    """A small fully convolutional network, one output a class and pixel."""

    def __init__(self, classes: int = 3, width: int = 12, norm: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 5, padding=2)
        self.norm1 = nn.BatchNorm2d(width) if norm else nn.Identity()
        self.act1 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 5, padding=2)
        self.norm2 = nn.BatchNorm2d(width) if norm else nn.Identity()
        self.act2 = nn.ReLU()
        self.head = nn.Conv2d(width, classes, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act1(self.norm1(self.conv1(x)))
        return self.head(self.act2(self.norm2(self.conv2(x))))


class UnrolledRnn(nn.Module):
    """A recurrent network written out by hand: one linear layer called once a step, with its activation."""

    def __init__(self, features: int, width: int, outputs: int, activation: Callable[[Tensor], Tensor] = torch.tanh) -> None:
        super().__init__()
        self.width, self.activation = width, activation
        self.enter = nn.Linear(features, width)
        self.recur = nn.Linear(width, width)
        self.head = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        state = x.new_zeros(len(x), self.width)
        for moment in x.unbind(1):
            state = self.activation(self.enter(moment) + self.recur(state))
        return self.head(state)


def token_losses(prediction: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of each token `[N, T]` from `[N, T, V]`."""
    return F.cross_entropy(prediction.transpose(1, 2), target, reduction="none")


def pixel_losses(prediction: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of each pixel `[N, H, W]` from `[N, C, H, W]`."""
    return F.cross_entropy(prediction, target, reduction="none")


def class_losses(prediction: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of each sample `[N]`."""
    return F.cross_entropy(prediction, target, reduction="none")


def squared_errors(prediction: Tensor, target: Tensor) -> Tensor:
    """Squared error of each output, in the shape that broadcasting gives."""
    return (prediction - target) ** 2
