"""Fresh faults in what a network is and in how a signal travels through it; written without sight of checks and thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam

from recorder.probes import batch_independence, overfit

from . import fresh_tasks as tasks
from .case import Case
from .data import PAD, loaders
from .faults_structure import mean_loss
from .fresh_tasks import Factorization, PatchReader, ResidualNet, WordReader
from .models import Flat, mlp
from .tasks import digits_cnn, digits_mlp


def convolutions_at_two_hundredths(path: Path, seed: int, scale: float) -> None:
    """All weights drawn with deviation 0.02, as in a recipe for networks with batch norm; this one has seven plain convolutions and no norm."""
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for depth in range(7):
        layers += [nn.Conv2d(1 if depth == 0 else 12, 12, 3, padding=1), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(12 * 64, 10))
    for module in model:
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)
    tasks.residual(seed, model, lr=0.02 * scale, every=10).record(path)


def factors_start_at_zero(path: Path, seed: int, scale: float) -> None:
    """A recommender whose factors of users and items all start at zero: each is the other's gradient, and only the biases ever learn."""
    torch.manual_seed(seed)
    tasks.ratings(seed, Factorization(rank=6, spread=0.0), lr=2e-2 * scale).record(path)


def normal_without_a_scale(path: Path, seed: int, scale: float) -> None:
    """`nn.init.normal_(weight)` with the scale left out, in every linear layer of a vision transformer: deviation 1."""
    torch.manual_seed(seed)
    model = PatchReader(blocks=3)
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight)
    tasks.patches(seed, model, lr=1e-3 * scale, epochs=7, every=None).record(path)


class SumPooled(nn.Module):
    """Convolutions, the sum over the picture, a tanh layer, a head."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.act1 = nn.ReLU()
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.act2 = nn.ReLU()
        self.fc1 = nn.Linear(32, 32)
        self.tanh1 = nn.Tanh()
        self.head = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act2(self.conv2(self.act1(self.conv1(x))))
        return self.head(self.tanh1(self.fc1(x.sum((2, 3)))))


def summed_where_averaged(path: Path, seed: int, scale: float) -> None:
    """Features are added over all pixels where their mean was meant; the tanh behind is flat for most of them and soon for all."""
    torch.manual_seed(seed)
    digits_cnn(seed, SumPooled(), lr=5e-3 * scale, epochs=8).record(path)


def constraint_of_the_wrong_sign(path: Path, seed: int, scale: float) -> int:
    """After a warm-up of 80 steps a layer is held to be non-negative, by a clamp that has `max` for `min`: behind it no unit can ever fire."""
    torch.manual_seed(seed)
    model = mlp([10, 40, 32, 1])
    training = tasks.waves(seed, Flat(model), lr=3e-3 * scale, epochs=9)

    def after_step(step: int) -> None:
        with torch.no_grad():
            for parameter in model.fc2.parameters() if step >= 80 else ():
                parameter.clamp_(max=0.0)

    training.after_step = after_step
    training.record(path)
    return 81


def sixteen_plain_layers(path: Path, seed: int, scale: float) -> None:
    """Sixteen ReLU layers as torch makes them: each passes less than half of the signal on, and of the gradient back."""
    torch.manual_seed(seed)
    model = Flat(mlp([10] + [40] * 15 + [1]))
    tasks.waves(seed, model, optimizer=SGD, lr=0.03 * scale, epochs=9, every=3).record(path)


class SumOfAll(nn.Module):
    """Every layer is given the sum of all that came before it, unnormalized."""

    def __init__(self, depth: int, width: int) -> None:
        super().__init__()
        self.enter = nn.Linear(64, width)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.act = nn.ReLU()
        self.head = nn.Linear(width, 10)
        for layer in self.layers:
            nn.init.kaiming_normal_(layer.weight)

    def forward(self, x: Tensor) -> Tensor:
        seen = self.enter(x.flatten(1))
        for layer in self.layers:
            seen = seen + self.act(layer(seen))
        return self.head(seen)


def sums_of_all_earlier_layers(path: Path, seed: int, scale: float) -> None:
    """Dense connections by adding instead of joining: the sum grows by half with each of fourteen layers, and the gradient of the first with it."""
    torch.manual_seed(seed)
    digits_mlp(seed, SumOfAll(14, 32), lr=1e-3 * scale, epochs=6, every=2).record(path)


def tanh_before_standardized_targets(path: Path, seed: int, scale: float) -> None:
    """A tanh at the end of a regression whose targets reach from -2.7 to 2.8."""
    torch.manual_seed(seed)
    tasks.waves(seed, nn.Sequential(tasks.wave_mlp(), nn.Tanh()), lr=3e-3 * scale, every=10).record(path)


def softmax_before_nll(path: Path, seed: int, scale: float) -> None:
    """A softmax before a loss that wants logarithms: the loss is minus the probability, between -1 and 0."""
    torch.manual_seed(seed)
    model = nn.Sequential(ResidualNet(), nn.Softmax(dim=1))
    training = tasks.residual(seed, model, lr=0.02 * scale, epochs=4, criterion="nll_loss")
    training.losses = lambda prediction, target: nn.functional.nll_loss(prediction, target, reduction="none")
    training.record(path)


def spirals(seed: int) -> tuple[Any, Any]:
    """Two arms of 500 points each, wound once and a half."""
    generator = torch.Generator().manual_seed(seed)
    turn = torch.rand(1000, generator=generator).sqrt() * 9.5
    arm = (torch.arange(1000) % 2).long()
    points = torch.stack([turn * torch.cos(turn + 3.1416 * arm), turn * torch.sin(turn + 3.1416 * arm)], dim=1) / 5
    return loaders(points + 0.03 * torch.randn(1000, 2, generator=generator), arm, seed, batch=25)


def three_units_for_two_spirals(path: Path, seed: int, scale: float) -> None:
    """Two spirals and a hidden layer of three units: both errors are level and high. Two points were learned by heart in a probe."""
    torch.manual_seed(seed)
    model = mlp([2, 3, 2], nn.Tanh)
    train, valid = spirals(seed)
    training = tasks.patches(seed, model, optimizer=Adam, lr=2e-2 * scale, epochs=14, train=train, valid=valid, every=10)
    with training.open(path) as rec:
        _, x, y = next(iter(train))
        overfit(rec, model, training.optimizer, mean_loss(training), (x[:2], y[:2]))
        training.run(rec)


class HardAttention(nn.Module):
    """Reads the one patch whose score is highest."""

    def __init__(self) -> None:
        super().__init__()
        self.read = nn.Linear(16, 32)
        self.score = nn.Linear(32, 1)
        self.act = nn.ReLU()
        self.head = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        patches = self.act(self.read(nn.functional.unfold(x, 4, stride=2).transpose(1, 2)))
        best = self.score(patches).squeeze(-1).argmax(1)
        return self.head(patches[torch.arange(len(x)), best])


def attention_by_argmax(path: Path, seed: int, scale: float) -> None:
    """The patch to be looked at is chosen by an argmax, through which the layer that scores patches gets no gradient."""
    torch.manual_seed(seed)
    tasks.residual(seed, HardAttention(), optimizer=Adam, lr=5e-3 * scale, epochs=8).record(path)


def statistics_reset_before_evaluation(path: Path, seed: int, scale: float) -> None:
    """Half of a recipe: the running statistics are reset before each evaluation, to be measured anew, and then are not."""
    torch.manual_seed(seed)
    training = tasks.residual(seed, ResidualNet(norm=nn.BatchNorm2d), lr=0.02 * scale)

    def start_evaluation(model: Any) -> None:
        model.eval()
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_running_stats()

    training.start_evaluation = start_evaluation
    training.record(path)


def pooled_over_the_padding(path: Path, seed: int, scale: float) -> None:
    """The mask of a mean over letters is the wrong way round: what is averaged is the padding, the same for all words."""

    class Inverted(WordReader):
        def counted(self, x: Tensor) -> Tensor:
            return x == PAD

    torch.manual_seed(seed)
    tasks.spelling(seed, Inverted(), lr=5e-3 * scale, every=10).record(path)


def attention_across_the_batch(path: Path, seed: int, scale: float) -> None:
    """torch's attention wants the sequence first; it is given the batch first, and each patch attends to that patch of the other images."""

    class Crossed(PatchReader):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(32, 2)

        def tokens(self, x: Tensor) -> Tensor:
            found = super().tokens(x)
            return found + self.attention(found, found, found, need_weights=False)[0]

    torch.manual_seed(seed)
    model = Crossed()
    training = tasks.patches(seed, model, lr=3e-3 * scale, epochs=8)
    with training.open(path) as rec:
        training.run(rec)
        _, x, _ = next(iter(training.valid))
        batch_independence(rec, model, x[:8])


def zero_gamma_without_a_shortcut(path: Path, seed: int, scale: float) -> None:
    """The last norm of each block starts at zero, as residual networks like it, but the shortcuts were taken out: nothing passes, and no gradient either."""
    torch.manual_seed(seed)
    model = ResidualNet(norm=nn.BatchNorm2d, shortcut=False)
    for block in model.blocks:
        nn.init.zeros_(block.norm2.weight)
    tasks.residual(seed, model, optimizer=Adam, lr=3e-3 * scale, every=20).record(path)


FRESH_SIGNAL = (
    Case(convolutions_at_two_hundredths, ("bad_initialization",), 0, interval=10, misses=("accuracy", 0.5)),
    Case(factors_start_at_zero, ("bad_initialization",), 0, subject=("*user*", "*item*"), misses=("r2", 0.3)),
    Case(normal_without_a_scale, ("bad_initialization",), 0, misses=("accuracy", 0.7)),
    Case(
        zero_gamma_without_a_shortcut,
        ("bad_initialization", "dead_units"),
        0,
        interval=30,
        subject=("*norm2*", "*act2*", "*blocks*"),
        misses=("accuracy", 0.3),
        why="the units are dead because of how they start",
    ),
    Case(
        summed_where_averaged,
        ("saturated_activation", "bad_initialization"),
        0,
        subject=("*tanh1*", "*fc1*"),
        interval=30,
        misses=("accuracy", 0.4),
        why="a factor before the activation and weights that are too large are the same thing to a log",
    ),
    Case(
        constraint_of_the_wrong_sign, ("dead_units",), subject=("*act2*", "*fc2*"), interval=30, misses=("r2", 0.3), why="silence takes some passes to be known"
    ),
    Case(
        sixteen_plain_layers,
        ("vanishing_gradient", "bad_initialization"),
        0,
        misses=("r2", 0.3),
        why="signal and gradient shrink alike with the scale that the layers start with",
    ),
    Case(
        sums_of_all_earlier_layers,
        ("exploding_gradient", "bad_initialization"),
        0,
        misses=("accuracy", 0.87),
        why="a scale that grows with depth is one of initialization too",
    ),
    Case(tanh_before_standardized_targets, ("wrong_output_activation",), 0, interval=10, misses=("r2", 0.86)),
    Case(
        softmax_before_nll,
        ("wrong_output_activation", "loss_mismatch"),
        0,
        misses=("accuracy", 0.9),
        why="activation and loss do not fit each other; changing either mends it",
    ),
    Case(three_units_for_two_spirals, ("model_too_small",), misses=("accuracy", 0.8)),
    Case(attention_by_argmax, ("disconnected_parameter",), 0, subject=("*score*",), misses=("accuracy", 0.85)),
    Case(statistics_reset_before_evaluation, ("normalization_statistics",), 37, interval=38, subject=("*norm*", "valid"), misses=("loss", 0.5)),
    Case(pooled_over_the_padding, ("ignores_input",), 0, interval=300, misses=("accuracy", 0.6)),
    Case(attention_across_the_batch, ("samples_mixed",), 0, interval=300, subject=("*attention*", "", "valid")),
)
