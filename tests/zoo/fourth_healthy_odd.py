"""Fourth set of healthy trainings, third part: sound runs whose loop or data make them look suspicious."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from sklearn.datasets import make_moons
from torch import Tensor, nn
from torch.nn.utils import prune
from torch.optim import SGD, Adam, AdamW, RMSprop
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts
from torch.optim.swa_utils import AveragedModel, update_bn

from recorder import Recorder

from .case import Case
from .data import digits, loaders, properties, standardize, wine
from .fourth_healthy_tasks import Study, area, drawn, logits_of_yes
from .models import Cnn, Flat, class_losses, mlp
from .training import accuracy, binary_accuracy

STAGES = ((0, 1, 2, 3), (4, 5), (6, 7), (8, 9))


def new_digits_beside_old_ones(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: the loss jumps whenever new digits arrive; half of each batch repeats old ones, and outputs not yet needed are left out."""
    images, labels = digits()
    model = Cnn()
    optimizer = Adam(model.parameters(), lr=4e-3 * scale)
    order = drawn(seed)
    with Recorder(path, model, optimizer, every=5, loss="cross_entropy", task="classification", config={"stages": 4}) as rec:
        rec.epoch = epoch = 0
        for stage, fresh in enumerate(STAGES):
            old = torch.tensor([digit for digits_before in STAGES[:stage] for digit in digits_before], dtype=torch.long)
            new_rows = torch.isin(labels[:900], torch.tensor(fresh)).nonzero()[:, 0]
            old_rows = torch.isin(labels[:900], old).nonzero()[:, 0]
            seen = torch.cat([old, torch.tensor(fresh)])
            valid_rows = 1200 + torch.isin(labels[1200:1500], seen).nonzero()[:, 0]
            for _ in range(6 if stage else 4):
                model.train()
                for part in new_rows[torch.randperm(len(new_rows), generator=order)].split(16):
                    again = old_rows[torch.randint(0, len(old_rows), (16,), generator=order)] if stage else old_rows
                    rows = torch.cat([part, again])
                    prediction = model(images[rows])[:, : len(seen)]
                    losses = class_losses(prediction, labels[rows])
                    optimizer.zero_grad()
                    losses.mean().backward()
                    optimizer.step()
                    rec.log(loss=losses.mean().detach(), known=len(seen))
                    rec.samples([f"digits:{row}" for row in rows.tolist()], loss=losses.detach(), prediction=prediction.detach(), target=labels[rows])
                model.eval()
                with rec.split("valid"), torch.no_grad():
                    prediction, target = model(images[valid_rows])[:, : len(seen)], labels[valid_rows]
                    losses = class_losses(prediction, target)
                    rec.samples([f"digits:{row}" for row in valid_rows.tolist()], loss=losses, prediction=prediction, target=target)
                    rec.log(loss=losses.mean(), accuracy=accuracy(prediction, target))
                epoch += 1
                rec.epoch = epoch


def pool_that_grows_by_what_is_unclear(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: the training loss climbs at each round, because the least certain pictures of a pool are added to the training set."""
    images, labels = digits()
    model = mlp([64, 48, 10], nn.ReLU)
    optimizer = AdamW(model.parameters(), lr=2e-3 * scale, weight_decay=0.02)
    order = drawn(seed)
    known = torch.randperm(900, generator=drawn(40))[:80]
    with Recorder(path, model, optimizer, every=5, loss="cross_entropy", config={"rounds": 8}) as rec:
        for rec.epoch in range(8):
            for _ in range(5):
                for rows in known[torch.randperm(len(known), generator=order)].split(20):
                    loss = F.cross_entropy(model(images[rows]), labels[rows])
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    rec.log(loss=loss.detach(), known=len(known))
            with rec.split("valid"), torch.no_grad():
                prediction, target = model(images[1200:1500]), labels[1200:1500]
                losses = class_losses(prediction, target)
                rec.samples([f"digits:{row}" for row in range(1200, 1500)], loss=losses, prediction=prediction, target=target)
                rec.log(loss=losses.mean(), accuracy=accuracy(prediction, target))
            with torch.no_grad():
                best = model(images[:900]).softmax(1).topk(2, 1).values
            margin = (best[:, 0] - best[:, 1]).index_fill(0, known, 2.0)
            known = torch.cat([known, margin.topk(60, largest=False).indices])


def votes_that_are_hard_to_foretell(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: the loss hardly leaves ln 2 and three in five are right; more than that is not in the data."""
    g = drawn(41)
    x = torch.randn(1200, 8, generator=g)
    y = (torch.rand(1200, generator=g) < torch.sigmoid(0.9 * x[:, 0] - 0.7 * x[:, 1])).float()
    model = Flat(mlp([8, 8, 1], nn.Tanh))
    train, valid = loaders(x, y, seed, batch=45)
    optimizer = Adam(model.parameters(), lr=4e-3 * scale, weight_decay=1e-2)
    metrics = {"accuracy": binary_accuracy, "area": area}
    Study(model, optimizer, train, valid, logits_of_yes, 6, "binary_cross_entropy_with_logits", metrics=metrics).record(path)


def gamma_deviance(prediction: Tensor, target: Tensor) -> Tensor:
    """Twice the deviance of a gamma distribution whose logarithm of the mean is predicted."""
    return 2 * (target * torch.exp(-prediction) - 1 - torch.log(target) + prediction)


def rank_correlation(prediction: Tensor, target: Tensor) -> float:
    return torch.corrcoef(torch.stack([prediction.argsort().argsort().float(), target.argsort().argsort().float()]))[0, 1].item()


def claims_with_heavy_tails(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: single claims a hundred times the common ones make the loss of a batch leap; the deviance bears it."""
    g = drawn(42)
    x = torch.randn(1600, 6, generator=g)
    y = torch.exp(0.8 * x[:, 0] - 0.6 * x[:, 1] + 0.4 * x[:, 2] * x[:, 3] + 1.1 * torch.randn(1600, generator=g) - 0.6)
    model = Flat(mlp([6, 24, 1], nn.SiLU))
    train, valid = loaders(x, y, seed, batch=20, train=range(1200), valid=range(1200, 1600))
    optimizer = Adam(model.parameters(), lr=2e-3 * scale)
    metrics = {"rank": rank_correlation}
    Study(model, optimizer, train, valid, gamma_deviance, 6, None, "regression", None, metrics=metrics).record(path)


def forger_and_expert(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: two losses that go up and down and settle nowhere; a generator of points on a wave against a critic of squared errors."""
    g = drawn(43)
    place = 4 * torch.rand(1500, generator=g) - 2
    points = torch.stack([place, torch.sin(2 * place)], 1) / 1.2 + 0.08 * torch.randn(1500, 2, generator=g)
    angles = torch.linspace(0, math.pi, 17)[:-1]
    views = torch.stack([angles.cos(), angles.sin()])
    forger, expert = mlp([4, 32, 32, 2], nn.ReLU), mlp([2, 48, 48, 1], lambda: nn.LeakyReLU(0.2))
    forges, judges = Adam(forger.parameters(), lr=1.5e-3 * scale, betas=(0.5, 0.9)), Adam(expert.parameters(), lr=3e-3 * scale, betas=(0.5, 0.9))
    fixed = torch.randn(500, 4, generator=g)
    with Recorder(path, [forger, expert], [forges, judges], every=20, config={"kind": "least squares"}) as rec:
        for step in range(450):
            real, forged = points[torch.randint(0, 1000, (64,))], forger(torch.randn(64, 4))
            near = real.clone().requires_grad_()
            opinion = expert(near)
            slope = torch.autograd.grad(opinion.sum(), near, create_graph=True)[0].pow(2).sum(1).mean()
            expert_loss = ((opinion - 1) ** 2).mean() + (expert(forged.detach()) ** 2).mean() + 0.05 * slope
            judges.zero_grad()
            expert_loss.backward()
            judges.step()
            forger_loss = ((expert(forger(torch.randn(64, 4))) - 1) ** 2).mean()
            forges.zero_grad()
            forger_loss.backward()
            forges.step()
            rec.log(expert_loss=expert_loss.detach(), forger_loss=forger_loss.detach())
            if step % 50 == 49:
                with rec.split("valid"), torch.no_grad():
                    distance = ((forger(fixed) @ views).sort(0).values - (points[1000:] @ views).sort(0).values).abs().mean()
                    rec.log(closeness=1 - distance)


def noise_told_from_moons(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: the loss of a denoiser stays near a half and jitters, as the noise at late times hides nothing but itself."""
    moons = standardize(torch.tensor(make_moons(1200, noise=0.05, random_state=0)[0], dtype=torch.float32))
    model = mlp([6, 48, 48, 2], nn.SiLU)
    optimizer = AdamW(model.parameters(), lr=3e-3 * scale)

    def loss_of(points: Tensor, generator: torch.Generator | None) -> Tensor:
        time, noise = torch.rand(len(points), 1, generator=generator), torch.randn(points.shape, generator=generator)
        angle = time * math.pi / 2
        mixed = angle.cos() * points + angle.sin() * noise
        return ((model(torch.cat([mixed, time, angle.cos(), angle.sin(), time**2], 1)) - noise) ** 2).mean()

    with Recorder(path, model, optimizer, every=10, config={"schedule": "cosine"}) as rec:
        for step in range(400):
            loss = loss_of(moons[torch.randint(0, 900, (64,))], None)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rec.log(loss=loss.detach())
            if step % 40 == 39:
                with rec.split("valid"), torch.no_grad():
                    rec.log(loss=loss_of(moons[900:].repeat(4, 1), drawn(2)))


def rate_that_starts_over_three_times(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: the rate leaps back up twice and the loss with it, by plan; each valley is deeper than the one before."""
    model = Cnn(norm=nn.BatchNorm2d)
    train, valid = loaders(*digits(), seed, batch=30)
    optimizer = SGD(model.parameters(), lr=0.06 * scale, momentum=0.9, weight_decay=1e-3)
    schedule = CosineAnnealingWarmRestarts(optimizer, 2 * len(train), T_mult=1)
    parts: dict[str, Any] = {"metrics": {"accuracy": accuracy}, "after_step": lambda step: schedule.step(), "config": {"cycles": 3}}
    Study(model, optimizer, train, valid, class_losses, 6, "cross_entropy", **parts).record(path)


class SometimesShallow(nn.Module):
    """Residual layers of which some are left out in training, the later the more often."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Linear(64, 40)
        self.layers = nn.ModuleList(nn.Sequential(nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 40)) for _ in range(5))
        self.norm, self.head = nn.LayerNorm(40), nn.Linear(40, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x.flatten(1))
        for place, layer in enumerate(self.layers):
            kept = 1 - 0.1 * (place + 1)
            if not self.training:
                x = x + kept * layer(x)
            elif torch.rand(()) < kept:
                x = x + layer(x)
        return self.head(self.norm(x))


def layers_left_out_by_chance(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: at many steps a layer has neither output nor gradient, and validation is better than training (stochastic depth)."""
    model = SometimesShallow()
    train, valid = loaders(*digits(), seed, batch=30)
    optimizer = Adam(model.parameters(), lr=2e-3 * scale)
    Study(model, optimizer, train, valid, class_losses, 7, "cross_entropy", metrics={"accuracy": accuracy}).record(path)


def thawed_from_the_top(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: two of three layers do not move at first; they are thawed one after the other, each into a new group with a smaller rate."""
    images, labels = digits()
    model = mlp([64, 48, 32, 10])
    borrowed = nn.Sequential(nn.Flatten(), model.fc1, nn.ReLU(), model.fc2, nn.ReLU(), nn.Linear(32, 4))
    teacher = Adam(borrowed.parameters(), lr=5e-3)
    for step in range(150):
        rows = slice(1100 + step % 15 * 40, 1140 + step % 15 * 40)
        loss = F.binary_cross_entropy_with_logits(borrowed(images[rows]), properties(labels[rows]))
        teacher.zero_grad()
        loss.backward()
        teacher.step()
    teacher.zero_grad()
    for layer in (model.fc1, model.fc2):
        layer.requires_grad_(False)
    optimizer = Adam(model.fc3.parameters(), lr=1.5e-2 * scale)

    def thaw(epoch: int) -> None:
        for layer, when, factor in ((model.fc2, 2, 0.3), (model.fc1, 4, 0.1)):
            if epoch == when:
                layer.requires_grad_(True)
                optimizer.add_param_group({"params": list(layer.parameters()), "lr": 1.5e-2 * scale * factor})

    train, valid = loaders(images, labels, seed, batch=20, train=range(600), valid=range(600, 900))
    parts: dict[str, Any] = {"metrics": {"accuracy": accuracy}, "after_epoch": thaw, "tells": "valid"}
    Study(model, optimizer, train, valid, class_losses, 10, "cross_entropy", **parts).record(path)


def average_of_the_tail(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: the rate stays high to the end and the loss stays noisy; the mean of the weights of the last epochs is what is judged."""
    images, labels = digits()
    model = Cnn(norm=nn.BatchNorm2d)
    mean = AveragedModel(model)
    train, valid = loaders(images, labels, seed, batch=20)
    optimizer = SGD(model.parameters(), lr=0.04 * scale, momentum=0.9)
    study = Study(model, optimizer, train, valid, class_losses, 6, "cross_entropy", metrics={"accuracy": accuracy})

    def collect(epoch: int) -> None:
        if epoch >= 2:
            mean.update_parameters(model)

    study.after_epoch = collect
    with study.open(path) as rec:
        study.run(rec)
        update_bn([images[start : start + 100] for start in range(0, 900, 100)], mean)
        study.forward = lambda model, x: mean(x)
        study.evaluate(rec)


def cut_while_it_learns(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: the loss leaps at three epochs, when ever more of the smallest weights are cut; what is cut stays at zero."""
    model = mlp([64, 64, 48, 10])
    train, valid = loaders(*digits(), seed, batch=30)
    optimizer = RMSprop(model.parameters(), lr=1.5e-3 * scale)

    def cut(epoch: int) -> None:
        if epoch in (2, 4, 6):
            for layer in (model.fc1, model.fc2):
                prune.l1_unstructured(layer, "weight", amount=0.5)

    parts: dict[str, Any] = {"metrics": {"accuracy": accuracy}, "after_epoch": cut, "config": {"pruning": "half of what is left, three times"}}
    Study(model, optimizer, train, valid, class_losses, 13, "cross_entropy", **parts).record(path)


def whole_set_at_a_brave_rate(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: plain descent on all rows at once with a rate at the edge of what the curvature bears; the loss falls with a tremble."""
    x, y = wine()
    model = mlp([13, 24, 3], nn.Tanh)
    optimizer = SGD(model.parameters(), lr=1.8 * scale, weight_decay=2e-3)
    train, valid = loaders(x, y, seed, batch=133)
    Study(model, optimizer, train, valid, class_losses, 120, "cross_entropy", "classification", metrics={"accuracy": accuracy}).record(path)


ODD: tuple[Case, ...] = (
    Case(new_digits_beside_old_ones, reaches=("accuracy", 0.85)),
    Case(pool_that_grows_by_what_is_unclear, reaches=("accuracy", 0.88)),
    Case(votes_that_are_hard_to_foretell, reaches=("area", 0.65)),
    Case(claims_with_heavy_tails, reaches=("rank", 0.5)),
    Case(forger_and_expert, reaches=("closeness", 0.8)),
    Case(noise_told_from_moons, reaches=("loss", 0.57)),
    Case(rate_that_starts_over_three_times, reaches=("accuracy", 0.95)),
    Case(layers_left_out_by_chance, reaches=("accuracy", 0.92)),
    Case(thawed_from_the_top, reaches=("accuracy", 0.85)),
    Case(average_of_the_tail, reaches=("accuracy", 0.95)),
    Case(cut_while_it_learns, reaches=("accuracy", 0.86)),
    Case(whole_set_at_a_brave_rate, reaches=("accuracy", 0.93)),
)
