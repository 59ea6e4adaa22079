"""Small models with and without the mistakes that probes look for."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recorder.probes.outcome import Outcome


class WrongTanhFunction(torch.autograd.Function):
    """A tanh whose backward forgets the square."""

    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        y = torch.tanh(z)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        return gradient * (1 - y)


class WrongTanh(nn.Module):
    def forward(self, z: Tensor) -> Tensor:
        return WrongTanhFunction.apply(z)


class WrongScaleFunction(torch.autograd.Function):
    """A product whose backward is right for its input and half of what it should be for its weight."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return x * weight

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        return gradient * weight, 0.5 * (gradient * x).sum(0)


class WrongScale(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return WrongScaleFunction.apply(x, self.weight)


class WrongLossFunction(torch.autograd.Function):
    """A mean squared error whose backward forgets the 2."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor) -> Tensor:
        ctx.save_for_backward(x, y)
        return (x - y).square().mean()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        x, y = ctx.saved_tensors
        return gradient * (x - y) / x.numel(), None


class Block(nn.Module):
    """A residual block with the activation given."""

    def __init__(self, width: int, activation: nn.Module) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        return x + self.activation(self.linear(x))


def blocks(activation: nn.Module, width: int = 12, classes: int = 4) -> nn.Sequential:
    """Two blocks, of which the second has the activation given."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(10, width), Block(width, nn.Tanh()), Block(width, activation), nn.Linear(width, classes))


def vectors(count: int = 3) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(count, 10, generator=generator), torch.arange(count) % 4


def cross_entropy(model: nn.Module, batch: Any) -> Tensor:
    return F.cross_entropy(model(batch[0]), batch[1])


def by_subject(outcomes: tuple[Outcome, ...]) -> dict[tuple[str, str], Outcome]:
    return {(outcome.details.get("kind", ""), outcome.subject): outcome for outcome in outcomes}
