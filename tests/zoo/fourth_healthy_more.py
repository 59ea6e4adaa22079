"""Fourth set of healthy trainings, second part: twelve more ordinary runs, several of them with losses and loops of their own."""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import LBFGS, SGD, Adam, AdamW, NAdam, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, CyclicLR, ExponentialLR
from torch.utils.checkpoint import checkpoint

from recorder import Recorder

from .case import Case
from .data import digits, loaders, standardize, wine
from .fourth_healthy_tasks import Study, balanced, clipped, drawn, precision_of_rare, with_rate
from .models import Flat, class_losses, mlp, pixel_losses, squared_errors
from .training import accuracy, mean_iou, r2


def heat_in_a_rod(path: Path, seed: int, scale: float) -> None:
    """Ordinary physics-informed network: the heat equation with its start and ends, judged against the exact solution."""
    model = mlp([2, 24, 24, 1], nn.Tanh)
    optimizer = Adam(model.parameters(), lr=8e-3 * scale)
    schedule = ExponentialLR(optimizer, 0.995)
    grid = torch.cartesian_prod(torch.linspace(0, 1, 15), torch.linspace(0, 1, 15))
    exact = torch.exp(-0.1 * math.pi**2 * grid[:, 1:]) * torch.sin(math.pi * grid[:, :1])
    with Recorder(path, model, optimizer, every=10, config={"equation": "u_t = 0.1 u_xx"}) as rec:
        for step in range(400):
            inside = torch.rand(64, 2).requires_grad_()
            u = model(inside)
            first = torch.autograd.grad(u.sum(), inside, create_graph=True)[0]
            second = torch.autograd.grad(first[:, 0].sum(), inside, create_graph=True)[0][:, 0]
            equation = ((first[:, 1] - 0.1 * second) ** 2).mean()
            start, ends = torch.stack([torch.rand(32), torch.zeros(32)], 1), torch.stack([torch.randint(0, 2, (32,)).float(), torch.rand(32)], 1)
            border = ((model(start) - torch.sin(math.pi * start[:, :1])) ** 2).mean() + (model(ends) ** 2).mean()
            loss = equation + 5 * border
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            rec.log(loss=loss.detach(), equation=equation.detach(), border=border.detach())
            if step % 40 == 39:
                with rec.split("valid"), torch.no_grad():
                    rec.log(r2=r2(model(grid), exact))


def swings(count: int, steps: int, generator: torch.Generator) -> Tensor:
    """Paths `[count, steps + 1, 2]` of a damped pendulum, in strides of 0.25."""
    state = torch.stack([2.4 * torch.rand(count, generator=generator) - 1.2, 2 * torch.rand(count, generator=generator) - 1], 1)
    path = [state]
    for _ in range(steps):
        for _ in range(25):
            state = state + 0.01 * torch.stack([state[:, 1], -2 * torch.sin(state[:, 0]) - 0.2 * state[:, 1]], 1)
        path.append(state)
    return torch.stack(path, 1)


def motion_by_an_equation_learned(path: Path, seed: int, scale: float) -> None:
    """Ordinary neural differential equation: one network is called at every half stride along the path; gradients clipped now and then."""
    paths = swings(500, 8, drawn(31))
    model = mlp([2, 32, 2], nn.Tanh)
    train, valid = loaders(paths[:, 0], paths[:, 1:], seed, batch=32)
    optimizer = AdamW(model.parameters(), lr=1e-2 * scale, weight_decay=1e-4)

    def roll(model: nn.Module, state: Tensor) -> Tensor:
        path = []
        for _ in range(8):
            state = state + 0.25 * model(state + 0.125 * model(state))
            path.append(state)
        return torch.stack(path, 1)

    parts: dict[str, Any] = {"metrics": {"r2": r2}, "forward": roll, "before_step": clipped(model, 1.0), "tells": "valid"}
    Study(model, optimizer, train, valid, squared_errors, 14, "mse_loss", "regression", **parts).record(path)


class Experts(nn.Module):
    """Four small networks and a gate that shares the input out among them, softly."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(2, 4)
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(2, 12), nn.ReLU(), nn.Linear(12, 1)) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        return (self.gate(x).softmax(1) * torch.cat([expert(x) for expert in self.experts], 1)).sum(1)


def four_experts_share_a_map(path: Path, seed: int, scale: float) -> None:
    """Ordinary: a soft mixture of four experts on a surface that differs from quarter to quarter; NAdam."""
    g = drawn(32)
    x = 2 * torch.rand(1200, 2, generator=g) - 1
    quarter = (x[:, 0] > 0).long() + 2 * (x[:, 1] > 0).long()
    slopes = torch.tensor([[2.0, 0.0], [-1.0, 1.5], [0.5, -2.0], [1.0, 1.0]])
    y = (slopes[quarter] * x).sum(1) + torch.tensor([0.5, -0.5, 0.0, 1.0])[quarter] + 0.1 * torch.randn(1200, generator=g)
    model = Experts()
    train, valid = loaders(x, y, seed, batch=32)
    optimizer = NAdam(model.parameters(), lr=1.2e-2 * scale)
    Study(model, optimizer, train, valid, squared_errors, 14, "mse_loss", "regression", None, metrics={"r2": r2}).record(path)


def five_nets_vote(path: Path, seed: int, scale: float) -> None:
    """Ordinary: five small networks for three growers of wine, trained side by side by one optimizer; the mean of their opinions is judged."""
    models = nn.ModuleList(nn.Sequential(nn.Linear(13, 10), nn.Tanh(), nn.Linear(10, 3)) for _ in range(5))
    train, valid = loaders(*wine(), seed, batch=16)
    optimizer = AdamW(models.parameters(), lr=1e-2 * scale, weight_decay=0.05)
    with Recorder(path, models, optimizer, every=5, classes=["first", "second", "third"], config={"members": 5}) as rec:
        for rec.epoch in range(20):
            for ids, x, y in train:
                opinions = [member(x) for member in models]
                losses = torch.stack([class_losses(opinion, y) for opinion in opinions]).mean(0)
                loss = losses.mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                rec.log(loss=loss.detach())
                rec.samples(ids, loss=losses.detach(), target=y, inputs=x)
            with rec.split("valid"), torch.no_grad():
                for ids, x, y in valid:
                    odds = torch.stack([member(x).softmax(1) for member in models]).mean(0).log()
                    rec.samples(ids, loss=F.nll_loss(odds, y, reduction="none"), prediction=odds, target=y, inputs=x)
                    rec.log(loss=F.nll_loss(odds, y), accuracy=accuracy(odds, y))


def focal(prediction: Tensor, target: Tensor) -> Tensor:
    """Focal loss with exponent two and three quarters of the weight on the rare class."""
    plain = F.binary_cross_entropy_with_logits(prediction, target, reduction="none")
    return (0.25 + 0.5 * target) * (1 - torch.exp(-plain)) ** 2 * plain


def defects_by_focal_loss(path: Path, seed: int, scale: float) -> None:
    """Ordinary: one part in fourteen has a defect; a focal loss learns it, and precision over recall is watched."""
    g = drawn(33)
    x = torch.randn(2000, 10, generator=g)
    score = 1.5 * x[:, 0] + 1.2 * x[:, 1] * x[:, 2] + 0.8 * x[:, 3] + 0.4 * torch.randn(2000, generator=g)
    y = (score > score.quantile(0.93)).float()
    model = Flat(mlp([10, 32, 16, 1]))
    train, valid = loaders(x, y, seed, batch=40, train=range(1400), valid=range(1400, 2000))
    optimizer = Adam(model.parameters(), lr=4e-3 * scale, weight_decay=1e-3)
    Study(model, optimizer, train, valid, focal, 10, metrics={"precision": precision_of_rare}).record(path)


def fruits_by_class_weights(path: Path, seed: int, scale: float) -> None:
    """Ordinary: three fruits at 80, 15 and 5 of a hundred with weights the other way round, as the criterion declared says."""
    g = drawn(34)
    y = torch.multinomial(torch.tensor([0.8, 0.15, 0.05]), 1200, replacement=True, generator=g)
    x = torch.randn(3, 8, generator=g)[y] * 0.9 + torch.randn(1200, 8, generator=g)
    weight = 1 / (3 * torch.bincount(y[:900]) / 900)

    def losses(prediction: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(prediction, target, weight=weight, reduction="none") / weight[target].mean()

    model = mlp([8, 24, 3], nn.GELU)
    train, valid = loaders(standardize(x), y, seed, batch=45)
    optimizer = SGD(model.parameters(), lr=0.05 * scale, momentum=0.9)
    schedule = CosineAnnealingLR(optimizer, 8 * len(train))
    parts: dict[str, Any] = {"metrics": {"balanced": balanced}, "after_step": lambda step: schedule.step(), "classes": ["apple", "pear", "quince"]}
    Study(model, optimizer, train, valid, losses, 8, nn.CrossEntropyLoss(weight=weight), "classification", **parts).record(path)


class Hourglass(nn.Module):
    """Down once, up once, with the fine picture handed across."""

    def __init__(self) -> None:
        super().__init__()
        self.fine, self.norm1 = nn.Conv2d(1, 8, 3, padding=1), nn.GroupNorm(2, 8)
        self.coarse, self.norm2 = nn.Conv2d(8, 16, 3, padding=1), nn.GroupNorm(2, 16)
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.join, self.out = nn.Conv2d(16, 8, 3, padding=1), nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        fine = F.relu(self.norm1(self.fine(x)))
        coarse = F.relu(self.norm2(self.coarse(F.max_pool2d(fine, 2))))
        return self.out(F.relu(self.join(torch.cat([fine, self.up(coarse)], 1))))


@functools.cache
def cells() -> tuple[Tensor, Tensor]:
    """300 noisy pictures of one to three round cells, and which pixels belong to one."""
    g = drawn(35)
    axis = torch.arange(16).float()
    centre, radius = 2 + 12 * torch.rand(300, 3, 2, generator=g), 2 + 1.5 * torch.rand(300, 3, generator=g)
    radius[:, 1:] *= torch.rand(300, 2, generator=g) < 0.6
    distance = (axis[:, None] - centre[..., 0, None, None]) ** 2 + (axis - centre[..., 1, None, None]) ** 2
    mask = (distance < radius[..., None, None] ** 2).any(1)
    return 0.6 * mask[:, None] + 0.35 * torch.randn(300, 1, 16, 16, generator=g), mask.long()


def cells_by_a_small_hourglass(path: Path, seed: int, scale: float) -> None:
    """Ordinary: which pixels are cell, by a small U-shaped network with group norm, in batches of ten."""
    model = Hourglass()
    train, valid = loaders(*cells(), seed, batch=10, valid_batch=25)
    optimizer = AdamW(model.parameters(), lr=4e-3 * scale)
    parts: dict[str, Any] = {"metrics": {"iou": mean_iou}, "classes": ["ground", "cell"]}
    Study(model, optimizer, train, valid, pixel_losses, 7, "cross_entropy", "segmentation", **parts).record(path)


class Tagger(nn.Module):
    """Embeddings, an LSTM in both directions, a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(61, 16, padding_idx=60)
        self.lstm = nn.LSTM(16, 16, batch_first=True, bidirectional=True)
        self.head = nn.Linear(32, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(self.words(x))[0])


@functools.cache
def sentences_with_names() -> tuple[Tensor, Tensor]:
    """1000 sentences of 5 to 12 words (60 pads); a word of the upper 20 begins a name after an odd word and goes on with one; padding is -100."""
    g = drawn(36)
    x, length = torch.randint(0, 60, (1000, 12), generator=g), torch.randint(5, 13, (1000, 1), generator=g)
    x = torch.where((torch.rand(1000, 12, generator=g) < 0.5), x, 40 + x % 20)
    y = torch.zeros_like(x)
    for t in range(12):
        named = y[:, t - 1] > 0 if t else torch.zeros(1000, dtype=torch.bool)
        odd = x[:, t - 1] % 2 == 1 if t else torch.ones(1000, dtype=torch.bool)
        y[:, t] = torch.where(x[:, t] < 40, 0, torch.where(named, 2, odd.long()))
    outside = torch.arange(12) >= length
    return x.masked_fill(outside, 60), y.masked_fill(outside, -100)


def names_in_sentences(path: Path, seed: int, scale: float) -> None:
    """Ordinary sequence labelling: beginning and inside of names by an LSTM in both directions, padding ignored."""
    model = Tagger()
    train, valid = loaders(*sentences_with_names(), seed, batch=25)
    optimizer = Adam(model.parameters(), lr=1.2e-2 * scale)
    parts: dict[str, Any] = {
        "metrics": {"accuracy": lambda prediction, target: (prediction.argmax(-1) == target)[target >= 0].float().mean().item()},
        "mask": lambda target: target != -100,
        "before_step": clipped(model, 2.0),
        "classes": ["outside", "begin", "inside"],
    }
    losses = lambda prediction, target: F.cross_entropy(prediction.transpose(1, 2), target, reduction="none")  # noqa: E731
    Study(model, optimizer, train, valid, losses, 10, nn.CrossEntropyLoss(ignore_index=-100), **parts).record(path)


def arm_with_three_joints(path: Path, seed: int, scale: float) -> None:
    """Ordinary regression with three outputs: where the hand of an arm is, momentum with a rate that goes up and down."""
    turn = 2 * torch.rand(1200, 3, generator=drawn(37)) - 1
    total = (turn * 1.5).cumsum(1)
    y = torch.stack([total.cos().sum(1) - 2, total.sin().sum(1), total[:, 2] / 2], 1)
    model = mlp([3, 40, 40, 3], nn.SiLU)
    train, valid = loaders(turn * 1.7, y, seed, batch=30)
    optimizer = SGD(model.parameters(), lr=0.02 * scale, momentum=0.9)
    schedule = CyclicLR(optimizer, 0.02 * scale, 0.1 * scale, step_size_up=60, cycle_momentum=False, mode="triangular2")
    parts: dict[str, Any] = {"metrics": {"r2": r2}, "after_step": lambda step: schedule.step(), "tells": "valid"}
    Study(model, optimizer, train, valid, squared_errors, 12, nn.MSELoss(), "regression", **parts).record(path)


def same_digit_or_not(path: Path, seed: int, scale: float) -> None:
    """Ordinary metric learning: pairs of pictures near or at least a margin apart; only numbers are logged."""
    images, labels = digits()
    g = drawn(38)
    left, right = torch.randint(0, 1797, (2, 6000), generator=g)
    same = labels[left] == labels[right]
    keep = torch.cat([same.nonzero()[:500, 0], (~same).nonzero()[:500, 0]])[torch.randperm(1000, generator=g)]
    pairs, same = torch.stack([images[left], images[right]], 1)[keep], same[keep].float()
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 12))
    train, valid = loaders(pairs, same, seed, batch=30)
    optimizer = Adam(model.parameters(), lr=2e-3 * scale, weight_decay=1e-4)
    parts: dict[str, Any] = {
        "forward": lambda model, x: (model(x[:, 0]) - model(x[:, 1])).pow(2).sum(1).add(1e-6).sqrt(),
        "metrics": {"accuracy": lambda distance, target: ((distance < 1) == (target > 0)).float().mean().item()},
        "tells": "numbers",
    }
    apart = lambda distance, target: target * distance**2 + (1 - target) * F.relu(2 - distance) ** 2  # noqa: E731
    Study(model, optimizer, train, valid, apart, 12, **parts).record(path)


class Tower(nn.Module):
    """Six residual layers that compute their inside again in the backward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Linear(64, 32)
        self.layers = nn.ModuleList(nn.Sequential(nn.LayerNorm(32), nn.Linear(32, 32), nn.GELU(), nn.Linear(32, 32)) for _ in range(6))
        self.leave = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x.flatten(1))
        for layer in self.layers:
            x = x + (checkpoint(layer, x, use_reentrant=False) if self.training else layer(x))
        return self.leave(x)


def tower_that_computes_twice(path: Path, seed: int, scale: float) -> None:
    """Ordinary but for memory: residual layers under gradient checkpointing, warm-up and linear decay."""
    model = Tower()
    train, valid = loaders(*digits(), seed, batch=32)
    optimizer: Optimizer = AdamW(model.parameters(), lr=2e-3 * scale, weight_decay=0.05)
    total = 6 * len(train)
    hook = with_rate(optimizer, lambda step: min((step + 1) / 15, max(1 - step / total, 0.0) * 1.1, 1.0))
    Study(model, optimizer, train, valid, class_losses, 6, "cross_entropy", metrics={"accuracy": accuracy}, after_step=hook).record(path)


def iris_by_quasi_newton(path: Path, seed: int, scale: float) -> None:
    """Ordinary tiny table: flowers of three kinds by a small network, the whole set a step, L-BFGS with its line search and a decay."""
    from sklearn.datasets import load_iris

    bunch = load_iris()
    order = torch.randperm(150, generator=drawn(39))
    x, y = standardize(torch.tensor(bunch.data, dtype=torch.float32))[order], torch.tensor(bunch.target)[order].long()
    model = mlp([4, 8, 3], nn.Tanh)
    optimizer = LBFGS(model.parameters(), lr=scale, max_iter=4, line_search_fn="strong_wolfe")
    ids = [f"iris:{row}" for row in order.tolist()]

    def closure() -> Tensor:
        optimizer.zero_grad()
        decay = sum((p**2).sum() for p in model.parameters())
        loss = F.cross_entropy(model(x[:110]), y[:110]) + 2e-3 * decay
        loss.backward()
        return loss

    with Recorder(path, model, optimizer, every=1, task="classification", config={"optimizer": "LBFGS"}) as rec:
        for _ in range(20):
            loss = optimizer.step(closure)
            rec.log(loss=loss.detach())
            with rec.split("valid"), torch.no_grad():
                prediction = model(x[110:])
                rec.samples(ids[110:], loss=class_losses(prediction, y[110:]), prediction=prediction, target=y[110:])
                rec.log(loss=F.cross_entropy(prediction, y[110:]), accuracy=accuracy(prediction, y[110:]))


MORE: tuple[Case, ...] = (
    Case(heat_in_a_rod, reaches=("r2", 0.95)),
    Case(motion_by_an_equation_learned, reaches=("r2", 0.9)),
    Case(four_experts_share_a_map, reaches=("r2", 0.8)),
    Case(five_nets_vote, reaches=("accuracy", 0.9)),
    Case(defects_by_focal_loss, reaches=("precision", 0.6)),
    Case(fruits_by_class_weights, reaches=("balanced", 0.75)),
    Case(cells_by_a_small_hourglass, reaches=("iou", 0.8)),
    Case(names_in_sentences, reaches=("accuracy", 0.9)),
    Case(arm_with_three_joints, reaches=("r2", 0.95)),
    Case(same_digit_or_not, reaches=("accuracy", 0.85)),
    Case(tower_that_computes_twice, reaches=("accuracy", 0.92)),
    Case(iris_by_quasi_newton, reaches=("accuracy", 0.9)),
)
