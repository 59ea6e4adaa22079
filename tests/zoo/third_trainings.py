"""Optimizers, layers and ways to train that people write themselves, each right unless a case says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm
from torch.optim import SGD, Adam, AdamW, Optimizer

from recorder import Recorder

from . import tasks
from .data import digits, loaders
from .models import Cnn, class_losses, mlp
from .third_tasks import explained, fit
from .training import Training, accuracy


class Lion(Optimizer):
    """Steps by the sign of an average of gradients, with decoupled decay of weights."""

    def __init__(self, parameters: Iterable[Tensor], lr: float, betas: tuple[float, float] = (0.9, 0.99), weight_decay: float = 0.0) -> None:
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                average = state.setdefault("exp_avg", torch.zeros_like(weight))
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.sub_(group["lr"] * torch.lerp(weight.grad, average, group["betas"][0]).sign())
                average.lerp_(weight.grad, 1 - group["betas"][1])


class OwnAdam(Optimizer):
    """Adam as in its paper, written by hand."""

    def __init__(self, parameters: Iterable[Tensor], lr: float, betas: tuple[float, float] = (0.9, 0.99), eps: float = 1e-8) -> None:
        super().__init__(parameters, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            first, second = group["betas"]
            for weight in group["params"]:
                state = self.state[weight]
                state["step"] = count = state.get("step", 0) + 1
                mean, square = (state.setdefault(name, torch.zeros_like(weight)) for name in ("exp_avg", "exp_avg_sq"))
                mean.lerp_(weight.grad, 1 - first)
                square.lerp_(weight.grad**2, 1 - second)
                weight.sub_(group["lr"] * mean / (1 - first**count) / ((square / (1 - second**count)).sqrt() + group["eps"]))


def sign_steps(path: Path, seed: int, scale: float) -> None:
    """Digits by Lion."""
    training = tasks.digits_cnn(seed, optimizer=Lion, lr=8e-4 * scale, epochs=8)
    training.record(path)


def own_adam(path: Path, seed: int, scale: float, *, eps: float = 1e-8) -> None:
    """Digits by an Adam of the user's own."""
    training = tasks.digits_mlp(seed, optimizer=lambda parameters, lr: OwnAdam(parameters, lr, eps=eps), lr=3e-3 * scale, epochs=8)
    training.record(path)


class Binary(nn.Module):
    """Signs instead of values; backward it is the straight line within -1..1, or, if `through` is off, what torch makes of a sign."""

    def __init__(self, through: bool) -> None:
        super().__init__()
        self.through = through

    def forward(self, x: Tensor) -> Tensor:
        if not self.through:
            return x.sign()
        clipped = x.clamp(-1, 1)
        return clipped + (x.sign() - clipped).detach()


def binary_units(path: Path, seed: int, scale: float, *, through: bool = True) -> None:
    """Digits by a network whose hidden units are minus one or one, with a straight-through estimator."""
    torch.manual_seed(seed)
    norm = nn.BatchNorm1d
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), norm(32), Binary(through), nn.Linear(32, 16), norm(16), Binary(through), nn.Linear(16, 10))
    tasks.digits_mlp(seed, model, optimizer=Adam, lr=5e-3 * scale, epochs=12).record(path)


def normed_weights(path: Path, seed: int, scale: float, *, late: bool = False) -> None:
    """Digits by a network with weight normalization, put on before the optimizer is made, or `late`."""
    torch.manual_seed(seed)
    model = mlp([64, 48, 32, 10], nn.SiLU)
    if not late:
        for layer in (model.fc1, model.fc2, model.fc3):
            weight_norm(layer)
    training = tasks.digits_mlp(seed, model, optimizer=Adam, lr=4e-3 * scale)
    if late:
        for layer in (model.fc1, model.fc2, model.fc3):
            weight_norm(layer)
    training.record(path)


def spectral_layers(path: Path, seed: int, scale: float) -> None:
    """Digits by layers of spectral norm one, SGD with a momentum of 0.97."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Flatten(), spectral_norm(nn.Linear(64, 64)), nn.ReLU(), spectral_norm(nn.Linear(64, 32)), nn.ReLU(), nn.Linear(32, 10))
    training = tasks.digits_mlp(seed, model, epochs=10, batch=24)
    training.optimizer = SGD(model.parameters(), lr=0.015 * scale, momentum=0.97, nesterov=True)
    training.record(path)


def triangles(path: Path, seed: int, scale: float, *, peak: Callable[[int], float] = lambda cycle: 0.5 ** (cycle - 1)) -> None:
    """A rate that goes up and down in triangles of sixty steps, whose peaks follow `peak`."""
    training = tasks.digits_cnn(seed, optimizer=SGD, epochs=11)
    training.optimizer = SGD(training.model.parameters(), lr=0.01 * scale, momentum=0.9)
    schedule = torch.optim.lr_scheduler.CyclicLR(
        training.optimizer, 0.01 * scale, 0.06 * scale, step_size_up=30, scale_fn=peak, scale_mode="cycle", cycle_momentum=False
    )
    training.after_step = lambda step: schedule.step()
    training.config = {"schedule": "CyclicLR"}
    training.record(path)


def attacked(path: Path, seed: int, scale: float) -> None:
    """Adversarial training: each batch is first changed by a step of its own gradient, and learned together with the original."""
    torch.manual_seed(seed)
    training = tasks.digits_cnn(seed, lr=3e-3 * scale, epochs=7)
    model = training.model

    def judge(model: Any, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        if not model.training:
            return class_losses(model(x), y), model(x)
        x = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(F.cross_entropy(model(x), y), x)
        prediction = model((x + 0.1 * slope.sign()).detach())
        return 0.5 * class_losses(prediction, y) + 0.5 * class_losses(model(x.detach()), y), prediction

    told = {"config": {"attack": "fgsm", "epsilon": 0.1}}
    fit(path, model, training.optimizer, (training.train, training.valid), judge, 7, {"accuracy": accuracy}, told=told)


def teacher() -> nn.Module:
    """A convolutional network that knows digits well."""
    images, labels = digits()
    model = Cnn(width=12)
    optimizer = Adam(model.parameters(), lr=3e-3)
    for _ in range(200):
        rows = torch.randint(0, 900, (50,))
        optimizer.zero_grad()
        F.cross_entropy(model(images[rows]), labels[rows]).backward()
        optimizer.step()
    return model.eval().requires_grad_(False)


def distilled(path: Path, seed: int, scale: float) -> None:
    """A small student follows the softened verdicts of a teacher and, less, the labels."""
    torch.manual_seed(seed)
    expert, student = teacher(), mlp([64, 20, 10], nn.GELU)

    def judge(model: Any, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        told = model(x)
        soft = F.kl_div((told / 4).log_softmax(1), (expert(x) / 4).log_softmax(1), log_target=True, reduction="none").sum(1)
        return 0.9 * 16 * soft + 0.1 * class_losses(told, y), told

    data = loaders(*digits(), seed, batch=32)
    told = {"config": {"temperature": 4, "alpha": 0.9}}
    fit(path, student, AdamW(student.parameters(), lr=6e-3 * scale, weight_decay=0.1), data, judge, 10, {"accuracy": accuracy}, told=told)


class Hyper(nn.Module):
    """A network that makes the weights of another: the context says which curve, the made network draws it."""

    def __init__(self, width: int = 8, drawn: float = 0.1) -> None:
        super().__init__()
        self.width = width
        self.maker = mlp([3, 48, 3 * width + 1], nn.SiLU)
        nn.init.normal_(self.maker.fc2.weight, std=drawn)
        nn.init.normal_(self.maker.fc2.bias)

    def forward(self, x: Tensor) -> Tensor:
        context, place = x[:, :3], x[:, 3:]
        made = self.maker(context)
        slope, shift, height = made[:, :-1].chunk(3, dim=1)
        return (torch.tanh(slope * place + shift) * height).sum(1) / self.width**0.5 + made[:, -1]


def curves(path: Path, seed: int, scale: float) -> None:
    """A hypernetwork draws waves of different phase, height and tilt."""
    torch.manual_seed(seed)
    x = torch.rand(2000, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    y = (1 + 0.5 * x[:, 0]) * torch.sin(2.5 * x[:, 3] + x[:, 1]) + x[:, 2] * x[:, 3]
    model = Hyper()
    data = loaders(x, y, seed, batch=50, train=range(1500), valid=range(1500, 2000))

    def judge(model: Any, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        prediction = model(x)
        return F.huber_loss(prediction, y, delta=0.5, reduction="none"), prediction

    told = {"loss": nn.HuberLoss(delta=0.5), "task": "regression"}
    fit(path, model, Adam(model.parameters(), lr=5e-3 * scale), data, judge, 12, {"r2": explained}, told=told)


class Snake(nn.Module):
    """x + sin(a x)^2 / a with a learned a for each unit."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.ones(units))

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.sin(self.a * x) ** 2 / self.a


def tides(path: Path, seed: int, scale: float) -> None:
    """A trend with two waves on it, noisy, by a network with Snake activations."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(1200, 1, generator=generator) * 8 - 4
    y = 0.2 * x + torch.sin(2 * x) + 0.4 * torch.sin(3.3 * x + 1) + 0.1 * torch.randn(1200, 1, generator=generator)
    model = nn.Sequential(nn.Linear(1, 48), Snake(48), nn.Linear(48, 48), Snake(48), nn.Linear(48, 1))
    train, valid = loaders(x, y, seed, batch=30, train=range(900), valid=range(900, 1200))
    training = Training(model, Adam(model.parameters(), lr=4e-3 * scale), train, valid, lambda told, y: (told - y) ** 2, 10, criterion="mse_loss")
    training.metrics, training.task = {"r2": explained}, "regression"
    training.record(path)


class Mixture(nn.Module):
    """Four experts and a gate that asks all of them, more or less."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(64, 4)
        self.experts = nn.ModuleList(mlp([64, 16, 10], nn.GELU) for _ in range(4))
        self.share = torch.zeros(1, 4)

    def forward(self, x: Tensor) -> Tensor:
        self.share = self.gate(x.flatten(1)).softmax(1)
        told = torch.stack([expert(x) for expert in self.experts], dim=1)
        kept = self.share * (self.share >= self.share.topk(2, dim=1).values[:, -1:])
        return (told * (kept / kept.sum(1, keepdim=True)).unsqueeze(-1)).sum(1)


def balanced_experts(path: Path, seed: int, scale: float) -> None:
    """A mixture of the two best experts for each digit, with a term that keeps all four busy."""
    torch.manual_seed(seed)
    model = Mixture()
    training = tasks.digits_mlp(seed, model, optimizer=Adam, lr=4e-3 * scale)

    def penalty(step: int) -> Tensor:
        asked = F.one_hot(model.share.argmax(1), 4).float().mean(0)
        return 0.02 * 4 * (asked * model.share.mean(0)).sum()

    training.penalty = penalty
    training.record(path)


class Heads(nn.Module):
    """One body; a class, a yes or no, and a number from it, with a learned weight of each task."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 32), nn.SiLU())
        self.digit, self.loop, self.ink = nn.Linear(32, 10), nn.Linear(32, 1), nn.Linear(32, 1)
        self.doubt = nn.Parameter(torch.zeros(3))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = self.body(x)
        return self.digit(x), self.loop(x)[:, 0], self.ink(x)[:, 0]


def three_heads(path: Path, seed: int, scale: float) -> None:
    """Which digit, whether it has a loop, how much ink: three losses, weighed by a learned doubt about each task."""
    torch.manual_seed(seed)
    images, labels = digits()
    loops, ink = torch.isin(labels, torch.tensor([0, 6, 8, 9])).float(), images.flatten(1).mean(1)
    ink = (ink - ink.mean()) / ink.std()
    model = Heads()
    optimizer = Adam(model.parameters(), lr=1.5e-3 * scale)
    train, valid = loaders(images, torch.arange(len(labels)), seed, batch=32)

    def parts(rows: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        digit, loop, amount = model(x)
        yes = F.binary_cross_entropy_with_logits(loop, loops[rows], reduction="none")
        return torch.stack([class_losses(digit, labels[rows]), yes, (amount - ink[rows]) ** 2], dim=1), digit

    with Recorder(path, model, optimizer, config={"tasks": ["digit", "loop", "ink"]}) as rec:
        for rec.epoch in range(12):
            model.train()
            for ids, x, rows in train:
                losses, digit = parts(rows, x)
                whole = losses * (-model.doubt).exp() + model.doubt
                optimizer.zero_grad()
                whole.sum(1).mean().backward()
                optimizer.step()
                named = dict(zip(("loss_digit", "loss_loop", "loss_ink"), losses.detach().mean(0), strict=True))
                rec.log({"loss": whole.detach().sum(1).mean(), **named})
                rec.samples(ids, loss=losses.detach()[:, 0], prediction=digit.detach(), target=labels[rows])
            model.eval()
            with rec.split("valid"), torch.no_grad():
                losses, right = [], []
                for _, x, rows in valid:
                    found, digit = parts(rows, x)
                    losses.append(found)
                    right.append(digit.argmax(1) == labels[rows])
                rec.log(loss_digit=torch.cat(losses)[:, 0].mean(), loss_ink=torch.cat(losses)[:, 2].mean(), accuracy=torch.cat(right).float().mean())


def cut_out(path: Path, seed: int, scale: float) -> None:
    """Heavy augmentation: some images are moved, all have a square cut out and noise added; labels are smoothed. Training looks worse than validation."""
    torch.manual_seed(seed)

    def changed(model: Any, x: Tensor) -> Tensor:
        if model.training:
            x = torch.where(torch.rand(len(x), 1, 1, 1) < 0.3, torch.roll(x, int(torch.randint(-1, 2, ())), 3), x) + 0.1 * torch.randn(x.shape)
            top, left = torch.randint(0, 6, (2,)).tolist()
            x[:, :, top : top + 2, left : left + 2] = 0
        return model(x)

    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    training = tasks.digits_cnn(seed, Cnn(width=12), lr=4e-3 * scale, epochs=10, criterion=loss, forward=changed)
    training.losses = lambda told, y: F.cross_entropy(told, y, label_smoothing=0.1, reduction="none")
    training.record(path)


def pairs_of_images(path: Path, seed: int, scale: float) -> None:
    """Batches of two, with group norm and a small rate: every loss is of two images and jumps."""
    torch.manual_seed(seed)
    model = Cnn(norm=lambda width: nn.GroupNorm(2, width))
    rows = range(300)
    training = tasks.digits_cnn(seed, model, optimizer=SGD, epochs=3)
    training.train, training.valid = loaders(*digits(), seed, batch=2, train=rows, valid=range(1300, 1600))
    training.optimizer = SGD(model.parameters(), lr=0.004 * scale, momentum=0.9)
    training.record(path)
