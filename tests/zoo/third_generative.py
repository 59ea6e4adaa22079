"""Loops of generative and self-supervised models, each right unless a case says otherwise."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from sklearn.datasets import make_moons
from torch import Tensor, nn
from torch.optim import Adam, AdamW

from recorder import Recorder

from .data import batches, digits
from .models import mlp

MOMENTS = 40
"""Steps of the diffusion."""


def arc(count: int) -> Tensor:
    """Points around half a circle."""
    angle = math.pi * torch.rand(count)
    return torch.stack([angle.cos(), angle.sin() - 0.6], dim=1) + 0.1 * torch.randn(count, 2)


def covered(points: Tensor) -> float:
    """Share of the points that lie on the arc, none of its six parts counted for more than a sixth."""
    across, up = points[:, 0], points[:, 1] + 0.6
    angle, radius = torch.atan2(up, across), torch.hypot(across, up)
    near = (radius > 0.7) & (radius < 1.3) & (angle > -0.2)
    parts = torch.bincount((angle[near].clamp(0, 3.14) * 6 / math.pi).long(), minlength=6) / len(points)
    return parts.clamp(max=1 / 6).sum().item()


def slope_penalty(critic: nn.Module, real: Tensor) -> Tensor:
    """How steep the critic is at real points."""
    real = real.requires_grad_()
    (slope,) = torch.autograd.grad(critic(real).sum(), real, create_graph=True)
    return slope.square().sum(1).mean()


def gan(path: Path, seed: int, scale: float, *, shown: Callable[[Tensor], Tensor] = lambda made: made, rounds: int = 400) -> None:
    """A GAN with a gradient penalty on real points; `shown` is what the critic gets of the made points in the generator's step."""
    torch.manual_seed(seed)
    generator, critic = (mlp([size, 48, 48, out], lambda: nn.LeakyReLU(0.2)) for size, out in ((4, 2), (2, 1)))
    make, judge = (Adam(model.parameters(), lr=1e-3 * scale, betas=(0.5, 0.99)) for model in (generator, critic))
    with Recorder(path, [generator, critic], [make, judge], config={"model": "gan", "penalty": "r1"}) as rec:
        for round_ in range(rounds):
            real, fake = arc(64), generator(torch.randn(64, 4)).detach()
            critic_loss = F.softplus(-critic(real)).mean() + F.softplus(critic(fake)).mean()
            judge.zero_grad()
            (critic_loss + 0.5 * slope_penalty(critic, real)).backward()
            judge.step()
            generator_loss = F.softplus(-critic(shown(generator(torch.randn(64, 4))))).mean()
            make.zero_grad()
            generator_loss.backward()
            make.step()
            rec.log(generator_loss=generator_loss.detach(), critic_loss=critic_loss.detach())
            if round_ % 50 == 49:
                with rec.split("valid"), torch.no_grad():
                    rec.log(covered=covered(generator(torch.randn(480, 4))))


class NoiseFinder(nn.Module):
    """Tells the noise in a picture of 64 pixels, given how far the diffusion has gone."""

    def __init__(self, width: int = 160) -> None:
        super().__init__()
        self.moment = nn.Embedding(MOMENTS, width)
        self.fc1, self.fc2, self.fc3 = nn.Linear(64, width), nn.Linear(width, width), nn.Linear(width, width)
        self.head = nn.Linear(width, 64)

    def forward(self, x: Tensor, moment: Tensor) -> Tensor:
        x = F.silu(self.fc1(x) + self.moment(moment))
        x = x + F.silu(self.fc2(x))
        return self.head(x + F.silu(self.fc3(x)))


def diffusion(path: Path, seed: int, scale: float, *, wanted: Callable[[Tensor], Tensor] = lambda noise: noise) -> None:
    """Denoising diffusion of digits that predicts the noise; `wanted` is the target made of the noise that was added."""
    torch.manual_seed(seed)
    pixels = digits()[0].flatten(1) * 2 - 1
    kept = torch.cos(torch.linspace(0.1, 1.45, MOMENTS)) ** 2
    model = NoiseFinder()
    optimizer = AdamW(model.parameters(), lr=2e-3 * scale)
    train = batches(pixels, pixels, range(1300), seed, batch_size=64, shuffle=True)
    valid = batches(pixels, pixels, range(1300, 1700), seed, batch_size=100)

    def losses(x: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor, Tensor]:
        moment = torch.randint(0, MOMENTS, (len(x),), generator=generator)
        noise = torch.randn(x.shape, generator=generator)
        share = kept[moment, None]
        prediction = model(share.sqrt() * x + (1 - share).sqrt() * noise, moment)
        target = wanted(noise)
        return (prediction - target) ** 2, prediction, target

    with Recorder(path, model, optimizer, loss="mse_loss", task="regression", config={"moments": MOMENTS, "predicts": "noise"}) as rec:
        for rec.epoch in range(16):
            model.train()
            for ids, x, _ in train:
                found, prediction, target = losses(x)
                optimizer.zero_grad()
                found.mean().backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                rec.log(loss=found.detach().mean())
                rec.samples(ids, loss=found.detach(), prediction=prediction.detach(), target=target)
            model.eval()
            with rec.split("valid"), torch.no_grad():
                fixed = torch.Generator().manual_seed(1)
                rec.log(loss=torch.cat([losses(x, fixed)[0] for _, x, _ in valid]).mean())


class Logit(nn.Module):
    """From the unit square to the plane, with the logarithm of its volume change."""

    def __init__(self, margin: float) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.margin + (1 - 2 * self.margin) * x
        return x.log() - (1 - x).log(), -(x.log() + (1 - x).log()).sum(1) + x.shape[1] * math.log(1 - 2 * self.margin)


class Coupling(nn.Module):
    """One coordinate is scaled and shifted as the other says."""

    def __init__(self, first: int, width: int = 32) -> None:
        super().__init__()
        self.first = first
        self.net = nn.Sequential(nn.Linear(1, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 2))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        still, moved = x[:, self.first], x[:, 1 - self.first]
        grow, shift = self.net(still[:, None]).unbind(1)
        grow = 2 * torch.tanh(grow / 2)
        moved = moved * grow.exp() + shift
        return torch.stack([still, moved] if self.first == 0 else [moved, still], dim=1), grow


class Flow(nn.Module):
    """Coupling layers in turn; returns the negative log likelihood of each point."""

    def __init__(self, margin: float, layers: int = 6) -> None:
        super().__init__()
        self.logit = Logit(margin)
        self.layers = nn.ModuleList(Coupling(number % 2) for number in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        x, volume = self.logit(x)
        for layer in self.layers:
            x, change = layer(x)
            volume = volume + change
        return 0.5 * (x**2).sum(1) + math.log(2 * math.pi) - volume


def flow(path: Path, seed: int, scale: float, *, margin: float = 0.02, epochs: int = 14) -> int | None:
    """The density of two half moons in the unit square; returns the first step whose loss is not finite, if there is one."""
    torch.manual_seed(seed)
    points = torch.tensor(make_moons(1500, noise=0.06, random_state=0)[0], dtype=torch.float32)
    points = (points - points[:1100].min(0).values) / (points[:1100].max(0).values - points[:1100].min(0).values)
    train = batches(points, points, range(1100), seed, batch_size=50, shuffle=True)
    held = points[1100:].clamp(0.005, 0.995)
    model = Flow(margin)
    optimizer = Adam(model.parameters(), lr=2e-3 * scale)
    step, broken = 0, None
    with Recorder(path, model, optimizer, config={"model": "realnvp", "layers": 6}) as rec:
        for rec.epoch in range(epochs):
            for ids, x, _ in train:
                losses = model(x)
                optimizer.zero_grad()
                losses.mean().backward()
                optimizer.step()
                rec.log(loss=losses.detach().mean())
                rec.samples(ids, loss=losses.detach())
                broken = step if broken is None and not bool(losses.isfinite().all()) else broken
                step += 1
            with rec.split("valid"), torch.no_grad():
                rec.log(loss=model(held).mean())
    return broken


def views(x: Tensor) -> Tensor:
    """The picture moved by up to a pixel, brighter or darker, with noise."""
    rows, columns = torch.randint(-1, 2, (2,)).tolist()
    return (torch.roll(x, (rows, columns), (2, 3)) * (0.7 + 0.6 * torch.rand(len(x), 1, 1, 1)) + 0.1 * torch.randn(x.shape)).clamp(0, 1.3)


def contrast(path: Path, seed: int, scale: float, *, temperature: float = 0.2) -> None:
    """SimCLR on digits: two views of a picture belong together, all others apart; judged by the nearest neighbour's label."""
    torch.manual_seed(seed)
    images, labels = digits()
    body, project = mlp([64, 96, 32], nn.GELU), mlp([32, 32, 24], nn.GELU)
    optimizer = AdamW([*body.parameters(), *project.parameters()], lr=2e-3 * scale, weight_decay=1e-2)
    train = batches(images, labels, range(1200), seed, batch_size=100, shuffle=True, drop_last=True)

    def losses(x: Tensor) -> Tensor:
        codes = F.normalize(project(body(torch.cat([views(x), views(x)]))), dim=1)
        alike = (codes @ codes.T / temperature).fill_diagonal_(float("-inf"))
        return F.cross_entropy(alike, torch.arange(2 * len(x)).roll(len(x)), reduction="none")

    with Recorder(path, [body, project], optimizer, config={"method": "simclr", "temperature": temperature}) as rec:
        for rec.epoch in range(16):
            for ids, x, _ in train:
                found = losses(x)
                optimizer.zero_grad()
                found.mean().backward()
                optimizer.step()
                rec.log(loss=found.detach().mean())
                rec.samples(ids, loss=found.detach().view(2, -1).mean(0), inputs=x)
            with rec.split("valid"), torch.no_grad():
                known, asked = F.normalize(body(images[:1200]), dim=1), F.normalize(body(images[1300:1700]), dim=1)
                right = labels[(asked @ known.T).argmax(1)] == labels[1300:1700]
                rec.log(loss=losses(images[1300:1400]).mean(), neighbour_accuracy=right.float().mean())


class DrawnCode(nn.Module):
    """An encoder to mean and spread, a draw, a decoder to logits."""

    def __init__(self, draw: Callable[[torch.distributions.Normal], Tensor], code: int = 8) -> None:
        super().__init__()
        self.encoder, self.decoder, self.draw = mlp([64, 64, 2 * code], nn.Softplus), mlp([code, 64, 64], nn.Softplus), draw

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, spread = self.encoder(x).chunk(2, dim=1)
        spread = F.softplus(spread) + 1e-3
        code = self.draw(torch.distributions.Normal(mean, spread)) if self.training else mean
        divergence = (0.5 * (mean**2 + spread**2 - 1) - spread.log()).sum(1)
        return self.decoder(code), divergence


def variational(path: Path, seed: int, scale: float, *, draw: Callable[[torch.distributions.Normal], Tensor] = torch.distributions.Normal.rsample) -> None:
    """A variational autoencoder with the whole bound as its loss, and the divergence faded in over 100 steps."""
    torch.manual_seed(seed)
    pixels = digits()[0].flatten(1)
    model = DrawnCode(draw)
    optimizer = Adam(model.parameters(), lr=3e-3 * scale)
    train = batches(pixels, pixels, range(1300), seed, batch_size=50, shuffle=True)
    with Recorder(path, model, optimizer, config={"model": "vae", "code": 8}) as rec:
        for rec.epoch in range(14):
            model.train()
            for ids, x, _ in train:
                logits, divergence = model(x)
                errors = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
                losses = errors + min(1.0, rec.steps / 100) * 0.5 * divergence
                optimizer.zero_grad()
                losses.mean().backward()
                optimizer.step()
                rec.log(loss=losses.detach().mean(), reconstruction=errors.detach().mean(), divergence=divergence.detach().mean())
                rec.samples(ids, loss=losses.detach(), prediction=logits.detach().sigmoid(), target=x)
            model.eval()
            with rec.split("valid"), torch.no_grad():
                logits, divergence = model(pixels[1300:])
                error = F.binary_cross_entropy_with_logits(logits, pixels[1300:], reduction="none").sum(1).mean()
                spread = ((pixels[1300:] - pixels[1300:].mean(0)) ** 2).sum()
                explained = 1 - ((logits.sigmoid() - pixels[1300:]) ** 2).sum() / spread
                rec.log(loss=error + 0.5 * divergence.mean(), explained=explained)
