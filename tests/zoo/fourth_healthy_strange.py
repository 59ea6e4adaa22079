"""Fourth set of healthy trainings, fourth part: sound models and criteria whose numbers look suspicious."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from sklearn.datasets import make_blobs
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, RMSprop
from torch.optim.lr_scheduler import CosineAnnealingLR

from recorder import Recorder

from .case import Case
from .data import breast_cancer, digits, loaders, standardize
from .fourth_healthy_tasks import Study, area, clipped, drawn, logits_of_yes
from .models import Autoencoder, Flat, class_losses, mlp, squared_errors
from .training import accuracy, binary_accuracy, r2


class Coded(nn.Module):
    """A code of sixteen numbers that are pressed towards minus one and one, and a linear layer that reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.code, self.bits, self.read = nn.Linear(64, 48), nn.Linear(48, 16), nn.Tanh(), nn.Linear(16, 10)
        self.last = torch.zeros(0)

    def forward(self, x: Tensor) -> Tensor:
        self.last = self.bits(self.code(F.relu(self.hidden(x.flatten(1)))))
        return self.read(self.last)


def codes_of_plus_and_minus_one(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: a tanh saturates for nearly every sample, because a penalty wants a binary code for later search."""
    model = Coded()
    train, valid = loaders(*digits(), seed, batch=30)
    optimizer = Adam(model.parameters(), lr=5e-3 * scale)
    parts: dict[str, Any] = {"metrics": {"accuracy": accuracy}, "penalty": lambda step: 0.2 * (1 - model.last**2).mean(), "config": {"penalty": "binary code"}}
    Study(model, optimizer, train, valid, class_losses, 10, "cross_entropy", **parts).record(path)


class Waves(nn.Module):
    """Cosines of fixed random directions and a linear layer on top."""

    def __init__(self) -> None:
        super().__init__()
        self.lift = nn.Linear(2, 160)
        nn.init.normal_(self.lift.weight, std=2.5)
        nn.init.uniform_(self.lift.bias, 0, 2 * math.pi)
        self.lift.requires_grad_(False)
        self.read = nn.Linear(160, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.read(torch.cos(self.lift(x))).squeeze(1)


def fixed_waves_and_one_layer(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: the first layer is frozen at random numbers; random Fourier features with a linear layer learn the surface all the same."""
    g = drawn(51)
    x = 2 * torch.rand(1200, 2, generator=g) - 1
    y = torch.sin(4 * x[:, 0]) * torch.cos(3 * x[:, 1]) + 0.5 * x[:, 0] + 0.1 * torch.randn(1200, generator=g)
    model = Waves()
    train, valid = loaders(x, y / y.std(), seed, batch=30)
    optimizer = Adam(model.read.parameters(), lr=4e-3 * scale)
    parts: dict[str, Any] = {"metrics": {"r2": r2}, "tells": "valid"}
    Study(model, optimizer, train, valid, squared_errors, 14, "mse_loss", "regression", **parts).record(path)


class OnASphere(nn.Module):
    """Cosines between the features and a direction for each class."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.PReLU(), nn.Conv2d(12, 12, 3, stride=2), nn.PReLU(), nn.Flatten(), nn.Linear(108, 16))
        self.directions = nn.Parameter(torch.randn(10, 16))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(F.normalize(self.features(x)), F.normalize(self.directions))


def angles_with_a_margin(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: the loss begins at more than three times ln 10 and stays high for its accuracy; a margin of 0.3 at scale 16 is in it."""
    model = OnASphere()
    train, valid = loaders(*digits(), seed, batch=30)
    optimizer = Adam(model.parameters(), lr=4e-3 * scale)
    losses = lambda cosines, target: F.cross_entropy(16 * (cosines - 0.3 * F.one_hot(target, 10)), target, reduction="none")  # noqa: E731
    Study(model, optimizer, train, valid, losses, 8, metrics={"accuracy": accuracy}).record(path)


class Filled(nn.Module):
    """A learned value and a mark for each reading that is missing, then a small network."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.zeros(30))
        self.body = mlp([60, 16, 1])

    def forward(self, x: Tensor) -> Tensor:
        missing = x.isnan()
        return self.body(torch.cat([torch.where(missing, self.value, x.nan_to_num()), missing.float()], 1)).squeeze(1)


def holes_filled_by_a_learned_value(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: one reading in seven goes into the model as NaN, which its first layer replaces by a learned value."""
    x, y = breast_cancer()
    holes = torch.rand(x.shape, generator=drawn(52)) < 0.15
    model = Filled()
    train, valid = loaders(x.masked_fill(holes, float("nan")), y.float(), seed, batch=20)
    optimizer = AdamW(model.parameters(), lr=3e-3 * scale, weight_decay=0.05)
    Study(model, optimizer, train, valid, logits_of_yes, 8, "binary_cross_entropy_with_logits", metrics={"accuracy": binary_accuracy}).record(path)


class Player(nn.Module):
    """Values each of eight moves; what the rules forbid gets minus infinity."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.value(x[:, :, :4]).squeeze(2).masked_fill(x[:, :, 4] == 0, float("-inf"))


def moves_forbidden_by_the_rules(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: a third of the logits are minus infinity, by the rules of the game; the move that was played is never among them."""
    g = drawn(53)
    x, allowed = torch.randn(1200, 8, 4, generator=g), (torch.rand(1200, 8, generator=g) < 0.65).float()
    allowed[:, 0] = 1
    worth = x[..., 0] + x[..., 1] * x[..., 2] - 0.5 * x[..., 3].abs() + 0.3 * torch.randn(1200, 8, generator=g)
    played = worth.masked_fill(allowed == 0, float("-inf")).argmax(1)
    model = Player()
    train, valid = loaders(torch.cat([x, allowed[..., None]], 2), played, seed, batch=30)
    optimizer = Adam(model.parameters(), lr=6e-3 * scale)
    Study(model, optimizer, train, valid, class_losses, 10, "cross_entropy", "classification", metrics={"accuracy": accuracy}).record(path)


def mixture_losses(prediction: Tensor, target: Tensor) -> Tensor:
    """Minus the logarithm of a mixture of five normal densities."""
    share, mean, spread = prediction.chunk(3, 1)
    each = torch.distributions.Normal(mean, 0.03 + F.softplus(spread)).log_prob(target[:, None])
    return -(F.log_softmax(share, 1) + each).logsumexp(1)


def several_answers_to_one_question(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: the loss falls below zero and the mean answer is no good; the inverse of a wave by a mixture of densities."""
    g = drawn(54)
    answer = torch.rand(1600, 1, generator=g)
    asked = answer + 0.3 * torch.sin(2 * math.pi * answer) + 0.04 * torch.randn(1600, 1, generator=g)
    model = mlp([1, 32, 15], nn.Tanh)
    train, valid = loaders(2 * asked - 1, answer[:, 0], seed, batch=40, train=range(1200), valid=range(1200, 1600))
    optimizer = Adam(model.parameters(), lr=7e-3 * scale)
    schedule = CosineAnnealingLR(optimizer, 16 * len(train))
    parts: dict[str, Any] = {"before_step": clipped(model, 5.0), "after_step": lambda step: schedule.step(), "tells": "numbers"}
    Study(model, optimizer, train, valid, mixture_losses, 16, **parts).record(path)


def rain_on_few_days(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: five targets in six are zero, and so are most predictions; whether it rains and how much are learned by two outputs."""
    g = drawn(55)
    x = torch.randn(1600, 7, generator=g)
    wet = torch.rand(1600, generator=g) < torch.sigmoid(1.8 * x[:, 0] + 1.2 * x[:, 1] - 3)
    amount = torch.where(wet, torch.exp(0.5 * x[:, 2] + 0.3 * x[:, 3] + 0.3 * torch.randn(1600, generator=g)), 0.0)
    model = mlp([7, 24, 2], nn.ReLU)
    train, valid = loaders(x, amount, seed, batch=40, train=range(1200), valid=range(1200, 1600))
    optimizer = RMSprop(model.parameters(), lr=2e-3 * scale, weight_decay=1e-3)
    with Recorder(path, model, optimizer, every=5, task="regression", config={"outputs": "rain or not, logarithm of how much"}) as rec:
        for rec.epoch in range(10):
            for phase, batches in (("train", train), ("valid", valid)):
                seen = []
                for ids, days, rain in batches:
                    with rec.split(phase) if phase == "valid" else torch.enable_grad():
                        output = model(days)
                        rains = (rain > 0).float()
                        losses = logits_of_yes(output[:, 0], rains) + rains * (output[:, 1] - rain.clamp(min=1e-3).log()) ** 2
                        if phase == "train":
                            optimizer.zero_grad()
                            losses.mean().backward()
                            optimizer.step()
                            rec.log(loss=losses.mean().detach())
                        expected = torch.where(output[:, 0] > 0, output[:, 1].exp(), 0.0).detach()
                        rec.samples(ids, loss=losses.detach(), prediction=expected, target=rain)
                        seen.append((output.detach(), rains, losses.detach()))
                if phase == "valid":
                    output, rains, losses = (torch.cat(part) for part in zip(*seen, strict=True))
                    with rec.split("valid"):
                        rec.log(loss=losses.mean(), area=area(output[:, 0], rains))


def market_that_drifts(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: the validation loss is twice the training loss from the first epoch on; the later year is noisier, and both go on falling."""
    g = drawn(56)
    x = torch.randn(1200, 9, generator=g)
    later = torch.arange(1200) >= 900
    y = x[:, 0] - 0.7 * x[:, 1] + 0.6 * torch.tanh(2 * x[:, 2] * x[:, 3]) + (0.4 + 0.4 * later) * torch.randn(1200, generator=g)
    model = Flat(nn.Sequential(nn.Linear(9, 24), nn.Mish(), nn.Linear(24, 1)))
    train, valid = loaders(x, y / 1.4, seed, batch=25)
    optimizer = AdamW(model.parameters(), lr=4e-3 * scale, weight_decay=0.1)
    parts: dict[str, Any] = {"metrics": {"r2": r2}, "config": {"split": "by year"}}
    Study(model, optimizer, train, valid, squared_errors, 8, "mse_loss", "regression", None, **parts).record(path)


def twenty_rows_to_validate_on(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: the accuracy of the validation goes in steps of a twentieth, up and down, for it is of twenty rows whose answers are partly chance."""
    g = drawn(58)
    x = torch.randn(560, 8, generator=g)
    y = (torch.rand(560, generator=g) < torch.sigmoid(2.5 * x[:, 0] - 1.5 * x[:, 1] + x[:, 2])).float()
    model = Flat(mlp([8, 12, 1], nn.Tanh))
    train, valid = loaders(x, y, seed, batch=20, train=range(540), valid=range(540, 560))
    optimizer = SGD(model.parameters(), lr=0.05 * scale, momentum=0.9, weight_decay=1e-2)
    Study(model, optimizer, train, valid, logits_of_yes, 6, "binary_cross_entropy_with_logits", metrics={"accuracy": binary_accuracy}).record(path)


def islands_far_apart(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: everything is right from the first epoch on and the loss goes to nothing; the four kinds lie that far apart."""
    points, kinds = make_blobs(800, 6, centers=4, cluster_std=0.9, random_state=3)
    model = mlp([6, 12, 4])
    train, valid = loaders(standardize(torch.tensor(points, dtype=torch.float32)), torch.tensor(kinds).long(), seed, batch=20)
    optimizer = AdamW(model.parameters(), lr=5e-3 * scale, weight_decay=0.05)
    Study(model, optimizer, train, valid, class_losses, 6, "cross_entropy", metrics={"accuracy": accuracy}).record(path)


def sharpness_first(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: every step moves the weights uphill, takes a second gradient there and puts them back before the optimizer's step (SAM)."""
    model = mlp([64, 64, 10], nn.GELU)
    train, valid = loaders(*digits(), seed, batch=30)
    optimizer = SGD(model.parameters(), lr=0.08 * scale, momentum=0.9)
    study = Study(model, optimizer, train, valid, class_losses, 7, "cross_entropy", metrics={"accuracy": accuracy})
    weights = list(model.parameters())
    with study.open(path) as rec:
        for rec.epoch in range(7):
            for ids, x, y in train:
                prediction = model(x)
                losses = class_losses(prediction, y)
                uphill = torch.autograd.grad(losses.mean(), weights)
                length = torch.stack([part.norm() for part in uphill]).norm() + 1e-12
                before = [weight.detach().clone() for weight in weights]
                with torch.no_grad():
                    for weight, part in zip(weights, uphill, strict=True):
                        weight.add_(part, alpha=0.05 / length.item())
                optimizer.zero_grad()
                class_losses(model(x), y).mean().backward()
                with torch.no_grad():
                    for weight, old in zip(weights, before, strict=True):
                        weight.copy_(old)
                optimizer.step()
                rec.log(loss=losses.mean().detach())
                rec.samples(ids, loss=losses.detach(), prediction=prediction.detach(), target=y, inputs=x)
            study.evaluate(rec)


class Largest(nn.Module):
    """Keeps the twelve largest of a row and puts zero in the place of the others."""

    def forward(self, x: Tensor) -> Tensor:
        return x * (x >= x.topk(12, 1).values[:, -1:])


def kept_the_twelve_largest(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: five in six units are zero for any picture, since an autoencoder of 72 units keeps the twelve largest."""
    pixels = digits()[0].flatten(1)
    model = Autoencoder(72)
    model.encoder = nn.Sequential(nn.Linear(64, 72), Largest())
    model.decoder = nn.Linear(72, 64)
    train, valid = loaders(pixels, pixels, seed, batch=30)
    optimizer = Adam(model.parameters(), lr=4e-3 * scale)
    spread = pixels.var(0).mean().item()
    explained = {"explained": lambda prediction, target: 1 - ((prediction - target) ** 2).mean().item() / spread}
    Study(model, optimizer, train, valid, squared_errors, 10, "mse_loss", "regression", metrics=explained).record(path)


def staircase_of_a_linear_net(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: the loss stands still, falls and stands still again; three linear layers learn one direction after the other."""
    g = drawn(57)
    left, right = (torch.linalg.qr(torch.randn(8, 8, generator=g))[0] for _ in range(2))
    x = torch.randn(1200, 8, generator=g)
    y = x @ (left * torch.tensor([3.0, 1.5, 0.8, 0, 0, 0, 0, 0])) @ right + 0.05 * torch.randn(1200, 8, generator=g)
    model = nn.Sequential(*(nn.Linear(8, 8, bias=False) for _ in range(3)))
    with torch.no_grad():
        for layer in model:
            layer.weight.copy_(0.15 * torch.linalg.qr(layer.weight)[0])
    train, valid = loaders(x, y, seed, batch=50)
    optimizer = SGD(model.parameters(), lr=0.1 * scale, momentum=0.5)
    parts: dict[str, Any] = {"metrics": {"r2": r2}, "reduce": lambda losses, mask: losses.mean(), "before_step": clipped(model, 2.0)}
    Study(model, optimizer, train, valid, squared_errors, 24, "mse_loss", "regression", 10, **parts).record(path)


class Latent(nn.Module):
    """An encoder to means and logarithms of variances, and a decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = mlp([64, 40, 12], nn.ELU), mlp([6, 40, 64], nn.ELU)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean, log_variance = self.encoder(x).chunk(2, 1)
        code = mean + (log_variance / 2).exp() * torch.randn_like(mean) if self.training else mean
        return self.decoder(code), mean, log_variance


def price_of_the_code_rises(path: Path, seed: int, scale: float) -> None:
    """Looks suspicious: the loss turns to climb in the second third, while the weight of the divergence in a variational autoencoder grows to one."""
    pixels = digits()[0].flatten(1)
    model = Latent()
    train, valid = loaders(pixels, pixels, seed, batch=30)
    optimizer = Adam(model.parameters(), lr=3e-3 * scale)

    def terms(x: Tensor) -> tuple[Tensor, Tensor]:
        restored, mean, log_variance = model(x)
        return ((restored - x) ** 2).sum(1) / 0.1, 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)

    step = 0
    with Recorder(path, model, optimizer, every=10, config={"weight of the divergence": "0 to 1 from step 120 to 240"}) as rec:
        for rec.epoch in range(12):
            model.train()
            for _ids, x, _y in train:
                weight = min(max(step / 120 - 1, 0.0), 1.0)
                error, divergence = (part.mean() for part in terms(x))
                loss = error + weight * divergence
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                rec.log(loss=loss.detach(), error=error.detach(), divergence=divergence.detach(), weight=weight)
                step += 1
            model.eval()
            with rec.split("valid"), torch.no_grad():
                error, divergence = (part.mean() for part in terms(torch.cat([x for _ids, x, _y in valid])))
                rec.log(error=error, divergence=divergence, explained=1 - error.item() * 0.1 / pixels.var(0).sum().item())


STRANGE: tuple[Case, ...] = (
    Case(codes_of_plus_and_minus_one, reaches=("accuracy", 0.92)),
    Case(fixed_waves_and_one_layer, reaches=("r2", 0.9)),
    Case(angles_with_a_margin, reaches=("accuracy", 0.93)),
    Case(holes_filled_by_a_learned_value, reaches=("accuracy", 0.9)),
    Case(moves_forbidden_by_the_rules, reaches=("accuracy", 0.7)),
    Case(several_answers_to_one_question, reaches=("loss", -0.8)),
    Case(rain_on_few_days, reaches=("area", 0.8)),
    Case(market_that_drifts, reaches=("r2", 0.55)),
    Case(twenty_rows_to_validate_on, reaches=("accuracy", 0.7)),
    Case(islands_far_apart, reaches=("accuracy", 0.98)),
    Case(sharpness_first, reaches=("accuracy", 0.92)),
    Case(kept_the_twelve_largest, reaches=("explained", 0.6)),
    Case(staircase_of_a_linear_net, reaches=("r2", 0.95)),
    Case(price_of_the_code_rises, reaches=("explained", 0.4)),
)
