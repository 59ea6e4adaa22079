"""More healthy trainings whose network looks suspicious; written without sight of checks and thresholds."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Adam, AdamW

from recorder import Recorder

from . import fresh_tasks as tasks
from .case import Case
from .data import digits, loaders
from .fresh_tasks import BothWays, PatchReader, ResidualNet, vowels
from .models import Cnn, mlp
from .tasks import digits_cnn, digits_mlp


def vision_transformer(path: Path, seed: int, scale: float) -> None:
    """AdamW with a weight decay of 0.1, a warm-up, a cosine to a tenth: nothing for a while, then a steep fall."""
    training = tasks.patches(seed, lr=4e-3 * scale, epochs=12, settings={"weight_decay": 0.1}, config={"weight_decay": 0.1})
    base, steps = 4e-3 * scale, 23 * 12

    def after_step(step: int) -> None:
        factor = min(1.0, (step + 2) / 20) * (0.55 + 0.45 * math.cos(math.pi * min(1.0, step / steps)))
        training.optimizer.param_groups[0]["lr"] = base * factor

    training.after_step = after_step
    training.record(path)


def residual_branches_start_at_zero(path: Path, seed: int, scale: float) -> None:
    """The last norm of every branch starts at zero, on purpose: the shortcuts carry the signal until the branches wake up."""
    torch.manual_seed(seed)
    model = ResidualNet(norm=nn.BatchNorm2d, blocks=3)
    for block in model.blocks:
        nn.init.zeros_(block.norm2.weight)
    tasks.residual(seed, model, lr=0.02 * scale, epochs=5, every=10).record(path)


class Adapted(nn.Module):
    """A linear layer that is frozen, and a product of two thin ones beside it that starts at zero."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer.requires_grad_(False)
        self.down = nn.Linear(layer.in_features, 4, bias=False)
        self.up = nn.Linear(4, layer.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x) + self.up(self.down(x))


def low_rank_adapters(path: Path, seed: int, scale: float) -> None:
    """Fine-tuning by adapters: nearly all weights are frozen, and one factor of each adapter starts at zero, as it should."""
    torch.manual_seed(seed)
    images, labels = digits()
    model: Any = mlp([64, 64, 48, 10])
    body = Adam(model.parameters(), lr=3e-3)
    for start in range(0, 6400, 64):
        rows = torch.arange(start, start + 64) % 900
        body.zero_grad()
        F.cross_entropy(model(images[rows].transpose(2, 3)), labels[rows]).backward()
        body.step()
    model.fc1, model.fc2 = Adapted(model.fc1), Adapted(model.fc2)
    training = digits_mlp(seed, model)
    training.optimizer = Adam([parameter for parameter in model.parameters() if parameter.requires_grad], lr=3e-3 * scale)
    training.record(path)


def ratings_of_few_items(path: Path, seed: int, scale: float) -> None:
    """Factors of users and items: most rows stand still in most steps, and the decay of weights is what keeps them small."""
    tasks.ratings(seed, optimizer=AdamW, lr=1.5e-2 * scale, epochs=12, settings={"weight_decay": 0.3}).record(path)


def hidden_characters(path: Path, seed: int, scale: float) -> None:
    """Five of six targets are the number that the loss passes over."""
    tasks.restoration(seed, lr=4e-3 * scale, epochs=6).record(path)


class Variational(nn.Module):
    """Pixels to a mean and a spread of a code, a draw, and back."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = mlp([64, 48, 16])
        self.decoder = mlp([8, 48, 64], last=nn.Sigmoid())
        self.divergence = torch.zeros(())

    def forward(self, x: Tensor) -> Tensor:
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        self.divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1).mean()
        drawn = mean + torch.randn_like(mean) * (0.5 * log_variance).exp() if self.training else mean
        return self.decoder(drawn)


def variational_autoencoder(path: Path, seed: int, scale: float) -> None:
    """The logged loss is the error of reconstruction; the divergence of the code is a penalty beside it, and some of the code goes unused."""
    torch.manual_seed(seed)
    model = Variational()
    pixels = digits()[0].flatten(1)
    given = {**tasks.VALUES, "metrics": {}}
    training = tasks.training(model, loaders(pixels, pixels, seed), Adam, 4e-3 * scale, 10, {}, given)
    training.penalty = lambda step: 1e-3 * model.divergence
    training.record(path)


def triplets(path: Path, seed: int, scale: float) -> None:
    """Two images of one digit and one of another: as it learns, ever more triplets cost exactly nothing."""
    torch.manual_seed(seed)
    images, labels = digits()
    model = mlp([64, 48, 16])
    optimizer = Adam(model.parameters(), lr=1e-3 * scale)
    rows = {label: (labels[:900] == label).nonzero()[:, 0] for label in range(10)}
    with Recorder(path, model, optimizer, every=5, config={"margin": 0.5}) as rec:
        for _ in range(300):
            anchors = torch.randint(0, 900, (32,))
            same = torch.stack([rows[int(labels[row])][torch.randint(0, len(rows[int(labels[row])]), ())] for row in anchors])
            others = torch.randint(0, 900, (32,))
            kept = labels[others] != labels[anchors]
            codes = F.normalize(model(images[torch.cat([anchors, same, others])]), dim=1).chunk(3)
            losses = F.triplet_margin_loss(*(code[kept] for code in codes), margin=0.5, reduction="none")
            optimizer.zero_grad()
            losses.mean().backward()
            optimizer.step()
            rec.log(loss=losses.detach().mean(), active=(losses > 0).float().mean())
        with rec.split("valid"), torch.no_grad():
            known, asked = F.normalize(model(images[:900]), dim=1), F.normalize(model(images[1347:1647]), dim=1)
            rec.log(accuracy=(labels[(asked @ known.T).argmax(1)] == labels[1347:1647]).float().mean())


def noise_taken_off(path: Path, seed: int, scale: float) -> None:
    """Inputs are noisy, targets are not, and the loss is level at what no network can take off."""
    tasks.denoising(seed, lr=3e-3 * scale, epochs=8).record(path)


def finished_model_goes_on(path: Path, seed: int, scale: float) -> None:
    """A model that was trained well before is trained a little more, at a small rate: there is nothing left to fall."""
    torch.manual_seed(seed)
    x, y = digits()
    model = Cnn()
    first = Adam(model.parameters(), lr=3e-3)
    for start in range(0, 9000, 60):
        rows = torch.arange(start, start + 60) % 900
        first.zero_grad()
        F.cross_entropy(model(x[rows]), y[rows]).backward()
        first.step()
    digits_cnn(seed, model, optimizer=AdamW, lr=5e-5 * scale).record(path)


class Experts(nn.Module):
    """Six experts, each image goes to one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(64, 6)
        self.experts: Any = nn.ModuleList(mlp([64, 24, 10]) for _ in range(6))

    def forward(self, x: Tensor) -> Tensor:
        share = self.gate(x.flatten(1)).softmax(1)
        best = share.argmax(1)
        out = x.new_zeros(len(x), 10)
        for number, expert in enumerate(self.experts):
            rows = (best == number).nonzero()[:, 0]
            if len(rows):
                out = out.index_add(0, rows, expert(x[rows]) * share[rows, number, None])
        return out


def experts_now_and_then(path: Path, seed: int, scale: float) -> None:
    """A mixture of experts: in many a step some expert is asked by no image and gets no gradient."""
    torch.manual_seed(seed)
    digits_mlp(seed, Experts(), optimizer=Adam, lr=4e-3 * scale, batch=16, epochs=5).record(path)


def body_at_a_hundredth(path: Path, seed: int, scale: float) -> None:
    """Fine-tuning with two rates: a learned body moves at a hundredth of the rate of its new head."""
    torch.manual_seed(seed)
    x, y = digits()
    model = Cnn(norm=tasks.groups)
    first = Adam(model.parameters(), lr=3e-3)
    for start in range(0, 6000, 60):
        rows = torch.arange(start, start + 60) % 900
        first.zero_grad()
        F.cross_entropy(model(x[rows]), (y[rows] * 3) % 10).backward()
        first.step()
    model.head = nn.Linear(32, 10)
    training = digits_cnn(seed, model, epochs=8)
    body = [parameter for name, parameter in model.named_parameters() if not name.startswith("head")]
    training.optimizer = Adam([{"params": body, "lr": 5e-5 * scale}, {"params": model.head.parameters(), "lr": 5e-3 * scale}])
    training.record(path)


def heavy_dropout(path: Path, seed: int, scale: float) -> None:
    """Dropout of 0.6 before the head of a tagger of words: the training loss stays far above that of validation."""
    torch.manual_seed(seed)
    letters, count = vowels()

    class Reader(BothWays):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x).mean(1)

    training = tasks.spelling(seed, Reader(outputs=3, dropout=0.6), lr=5e-3 * scale, epochs=8)
    training.train, training.valid = loaders(letters, count, seed, batch=30)
    training.record(path)


def attention_pays_to_few(path: Path, seed: int, scale: float) -> None:
    """A deeper vision transformer, batches of twenty: a noisy loss, and gradients of very different size across depth."""
    torch.manual_seed(seed)
    tasks.patches(seed, PatchReader(width=24, blocks=3), lr=2e-3 * scale, batch=20, epochs=6, every=2).record(path)


FRESH_MODELS = (
    Case(vision_transformer, reaches=("accuracy", 0.7)),
    Case(residual_branches_start_at_zero, reaches=("accuracy", 0.8)),
    Case(low_rank_adapters, reaches=("accuracy", 0.6)),
    Case(ratings_of_few_items, reaches=("r2", 0.5)),
    Case(hidden_characters, reaches=("loss", 2.6)),
    Case(variational_autoencoder, reaches=("loss", 0.05)),
    Case(triplets, reaches=("accuracy", 0.85)),
    Case(noise_taken_off, reaches=("loss", 0.05)),
    Case(finished_model_goes_on, reaches=("accuracy", 0.9)),
    Case(experts_now_and_then, reaches=("accuracy", 0.85)),
    Case(body_at_a_hundredth, reaches=("accuracy", 0.85)),
    Case(heavy_dropout, reaches=("accuracy", 0.75)),
    Case(attention_pays_to_few, reaches=("accuracy", 0.6)),
)
