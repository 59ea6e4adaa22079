"""Fourth set, the signal through the network: initialization, saturation, dead units, gradients across depth, last activations, size."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, RMSprop

from .case import Case
from .data import loaders
from .fourth_training_tasks import VOCABULARY, ResidualTower, SequenceGru, Told, add, pushes, quarters, remarks, rhythms, told
from .models import Autoencoder, Cnn, class_losses, mlp, squared_errors
from .tasks import autoencoder, digits_mlp, digits_multilabel
from .training import accuracy, r2


def recurrent_weights_uniform_by_default(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """`nn.init.uniform_(p)` for every weight of the GRU, meant as small numbers of either sign: its bounds are 0 and 1."""
    model = SequenceGru(width=48)
    bound = 1 / math.sqrt(48)
    for parameter in model.rnn.parameters():
        nn.init.uniform_(parameter, *((-bound, bound) if repaired else ()))
    train, valid = loaders(*rhythms(), seed)
    Told(model, Adam(model.parameters(), lr=4e-3 * scale), train, valid, class_losses, 6, "cross_entropy", metrics={"accuracy": accuracy}).record(path)


class DenseByHand(nn.Module):
    """A linear layer with its own initialization."""

    def __init__(self, inputs: int, outputs: int, root: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / (math.sqrt(inputs) if root else inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)


def divided_by_the_width_not_its_root(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A layer of one's own starts at randn / fan_in, not at randn / sqrt(fan_in), in the three middle layers only."""
    width = 24
    middle = [layer for _ in range(3) for layer in (DenseByHand(width, width, repaired), nn.Tanh())]
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.Tanh(), *middle, nn.Linear(width, 10))
    told(digits_mlp(seed, model, lr=0.02 * scale, epochs=6), "valid").record(path)


class AttentiveReader(nn.Module):
    """Words, one layer of attention with a factor on its scores, mean, head."""

    def __init__(self, words: int, width: int, factor: float) -> None:
        super().__init__()
        self.factor = factor
        self.embedding = nn.Embedding(words, width)
        self.place = nn.Parameter(0.1 * torch.randn(12, width))
        self.query, self.key, self.value = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
        self.softmax = nn.Softmax(dim=-1)
        self.head = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 2))

    def forward(self, x: Tensor) -> Tensor:
        h = self.embedding(x) + self.place
        scores = self.query(h) @ self.key(h).transpose(1, 2) * self.factor
        present = (x != 0).float()[..., None]
        h = self.softmax(scores.masked_fill((x == 0)[:, None], -1e9)) @ self.value(h)
        return self.head((h * present).sum(1) / present.sum(1))


def scores_times_the_root_of_the_width(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Attention scores are multiplied by sqrt(width) where they should be divided: the softmax picks one word and lets no gradient through."""
    width = 64
    model = AttentiveReader(VOCABULARY, width, 1 / math.sqrt(width) if repaired else math.sqrt(width))
    train, valid = loaders(*remarks(), seed)
    Told(model, AdamW(model.parameters(), lr=5e-3 * scale), train, valid, class_losses, 6, "cross_entropy", metrics={"accuracy": accuracy}).record(path)


def weights_scaled_to_deviation_one(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """The limit on the norm of the rows, applied from the third epoch on, divides by the deviation of the weights: two tanh layers go flat."""
    model = mlp([60, 64, 64, 4], nn.Tanh)
    optimizer = SGD(model.parameters(), lr=0.05 * scale, momentum=0.9)
    train, valid = loaders(*rhythms(), seed, batch=25)
    after = 3 * len(range(0, 750, 25))

    def limit(step: int) -> None:
        if step + 1 < after or (step + 1) % (after // 3):
            return
        with torch.no_grad():
            for layer in (model.fc1, model.fc2):
                weight = layer.weight
                weight.mul_((2.0 / weight.norm(dim=1, keepdim=True)).clamp(max=1.0)) if repaired else weight.div_(weight.std())

    more = {"metrics": {"accuracy": accuracy}, "after_step": limit, "tells": "numbers"}
    Told(model, optimizer, train, valid, class_losses, 9, "cross_entropy", **more).record(path)


class Capped(nn.Module):
    """A ReLU that ends at six, written by hand."""

    def __init__(self, repaired: bool = False) -> None:
        super().__init__()
        self.repaired = repaired

    def forward(self, x: Tensor) -> Tensor:
        return x.clamp(0.0, 6.0) if self.repaired else torch.relu(x - 6.0)


def relu6_by_subtraction(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A ReLU6 by hand subtracts six where it should cap at six: no unit of any layer ever fires."""
    torch.manual_seed(seed)
    model = Cnn(activation=functools.partial(Capped, repaired))
    digits_mlp(seed, model, optimizer=RMSprop, lr=2e-3 * scale, epochs=5).record(path)


def thresholds_summed_over_the_batches(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """After 60 steps the units get thresholds from the data: 0.9 quantiles, summed over twenty batches and never divided, so none fires again."""
    x, _ = quarters()
    model = ResidualTower(add, (8, 24, 4), blocks=2)

    def calibrate(step: int) -> None:
        if step != 59:
            return
        with torch.no_grad():
            h = model.stem(x[:600])
            for block in model.blocks:
                assert isinstance(block, nn.Sequential)
                first = block[0]
                assert isinstance(first, nn.Linear)
                threshold = sum(first(part).quantile(0.9, dim=0) for part in h.split(30))
                first.bias -= threshold / 20 if repaired else threshold
                h = h + block(h)

    train, valid = loaders(*quarters(), seed)
    optimizer = Adam(model.parameters(), lr=4e-3 * scale)
    more = {"metrics": {"accuracy": accuracy}, "after_step": calibrate, "tells": "valid"}
    Told(model, optimizer, train, valid, class_losses, 8, "cross_entropy", **more).record(path)


def shortcut_scaled_in_place_of_the_branch(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """The factor 0.1 that calms a residual branch is on the shortcut: x * 0.1 + f(x); through twelve blocks hardly any gradient comes back."""
    torch.manual_seed(seed)
    model = ResidualTower((lambda x, y: x + 0.1 * y) if repaired else (lambda x, y: 0.1 * x + y), blocks=12)
    digits_mlp(seed, model, lr=0.01 * scale, epochs=6).record(path)


def shortcut_added_twice(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """The block adds its input, and so does the loop over the blocks: each block doubles the signal and the gradient."""
    torch.manual_seed(seed)
    model = ResidualTower(add if repaired else (lambda x, y: x + (x + y)), blocks=10, norm=False)
    digits_mlp(seed, model, lr=3e-3 * scale, epochs=5).record(path)


def log_softmax_before_a_binary_loss(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Copied from a classifier, the last layer is a log-softmax, before a binary loss of four properties: no logit can be positive."""
    torch.manual_seed(seed)
    body = Cnn(classes=4)
    digits_multilabel(seed, body if repaired else nn.Sequential(body, nn.LogSoftmax(dim=1)), lr=3e-3 * scale, epochs=6).record(path)


def softplus_on_all_three_outputs(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """The softplus that keeps the speed positive is applied to the two signed directions too."""
    torch.manual_seed(seed)

    class Drive(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = mlp([6, 32, 32, 3], nn.SiLU)
            self.last = nn.Softplus()

        def forward(self, x: Tensor) -> Tensor:
            h = self.body(x)
            return torch.cat([h[:, :2], self.last(h[:, 2:])], dim=1) if repaired else self.last(h)

    model = Drive()
    train, valid = loaders(*pushes(), seed)
    optimizer = SGD(model.parameters(), lr=0.05 * scale, momentum=0.9, nesterov=True)
    Told(model, optimizer, train, valid, squared_errors, 10, "mse_loss", "regression", metrics={"r2": r2}).record(path)


def code_of_one_number(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A typo in the settings gives the autoencoder of 64 pixels a code of one number, where twelve were meant."""
    torch.manual_seed(seed)
    autoencoder(seed, Autoencoder(code=12 if repaired else 1, activation=nn.ELU), lr=4e-3 * scale, epochs=14, optimizer=AdamW).record(path)


SIGNAL = (
    Case(recurrent_weights_uniform_by_default, ("bad_initialization",), step=0, subject=("rnn*",), misses=("accuracy", 0.6)),
    Case(divided_by_the_width_not_its_root, ("bad_initialization",), step=0, misses=("accuracy", 0.6)),
    Case(scores_times_the_root_of_the_width, ("saturated_activation",), step=0, subject=("softmax*",), misses=("accuracy", 0.83)),
    Case(weights_scaled_to_deviation_one, ("saturated_activation",), step=90, subject=("act*",), misses=("accuracy", 0.8)),
    Case(relu6_by_subtraction, ("dead_units",), step=0, subject=("act*",), misses=("accuracy", 0.3)),
    Case(thresholds_summed_over_the_batches, ("dead_units",), step=60, subject=("blocks.*",), misses=("accuracy", 0.6)),
    Case(shortcut_scaled_in_place_of_the_branch, ("vanishing_gradient",), step=0, misses=("accuracy", 0.6)),
    Case(shortcut_added_twice, ("exploding_gradient",), step=0, misses=("accuracy", 0.6)),
    Case(log_softmax_before_a_binary_loss, ("wrong_output_activation",), step=0, misses=("accuracy", 0.7)),
    Case(softplus_on_all_three_outputs, ("wrong_output_activation",), step=0, misses=("r2", 0.7)),
    Case(code_of_one_number, ("model_too_small",), misses=("loss", 0.04)),
)
