"""Healthy trainings whose loop is out of the ordinary: several optimizers, accumulation, rewards, a resume, mixed precision."""

from __future__ import annotations

import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Adam, AdamW

from recorder import Recorder

from . import tasks
from .case import Case
from .data import batches, digits
from .models import Cnn, mlp
from .training import Batch


def gradient_accumulation(path: Path, seed: int, scale: float) -> None:
    """Four backward passes a step on purpose."""
    training = tasks.digits_cnn(seed, lr=3e-3 * scale, epochs=10)
    with training.open(path) as rec:
        for rec.epoch in range(training.epochs):
            training.model.train()
            pending: list[Tensor] = []
            for number, (ids, x, y) in enumerate(training.train):
                prediction = training.model(x)
                losses = training.losses(prediction, y)
                (losses.mean() / 4).backward()
                pending.append(losses.detach())
                rec.samples(ids, loss=losses.detach(), prediction=prediction.detach(), target=y)
                if number % 4 == 3:
                    training.optimizer.step()
                    training.optimizer.zero_grad()
                    rec.log(loss=torch.cat(pending).mean())
                    pending.clear()
            training.optimizer.zero_grad()
            training.evaluate(rec)


def stopped_early_on_purpose(path: Path, seed: int, scale: float) -> None:
    """Patience on the validation loss ends the run long before the planned number of epochs."""
    training = tasks.cancer_mlp(seed, lr=4e-3 * scale, epochs=60)
    training.config = {"early_stopping": {"patience": 2}, "max_epochs": 60}
    best, waited = math.inf, 0
    numbers = training.numbers
    latest: list[float] = []

    def watch(seen: list[Batch]) -> dict[str, float]:
        found = numbers(seen)
        latest.append(found["loss"])
        return found

    training.summarize = watch
    with training.open(path) as rec:
        for epoch in range(60):
            training.run(rec, range(epoch, epoch + 1))
            best, waited = (latest[-1], 0) if latest[-1] < best - 1e-3 else (best, waited + 1)
            if waited == 2:
                break


def frozen_teacher(path: Path, seed: int, scale: float) -> None:
    """A student learns from a frozen teacher that is part of the recorded model and in no optimizer."""
    torch.manual_seed(seed)
    teacher_training = tasks.digits_mlp(seed, optimizer=Adam, lr=3e-3, epochs=4)
    images, labels = digits()
    for _ in range(120):
        rows = torch.randint(0, 900, (64,))
        teacher_training.optimizer.zero_grad()
        F.cross_entropy(teacher_training.model(images[rows]), labels[rows]).backward()
        teacher_training.optimizer.step()
    both = nn.ModuleDict({"teacher": teacher_training.model.requires_grad_(False), "student": mlp([64, 24, 10])})
    training = tasks.digits_mlp(seed, both, epochs=8)
    training.optimizer = Adam(both["student"].parameters(), lr=4e-3 * scale)

    training.forward = lambda model, x: model["student"](x)
    training.penalty = lambda step: 0.01 * F.mse_loss(training.model["student"](images[:32]), training.model["teacher"](images[:32]))
    training.record(path)


def moving_average_copy(path: Path, seed: int, scale: float) -> None:
    """An averaged copy of the weights follows along and is what gets evaluated; it has no gradient and no optimizer."""
    torch.manual_seed(seed)
    model = nn.ModuleDict({"live": Cnn(), "average": Cnn()})
    model["average"].load_state_dict(model["live"].state_dict())
    model["average"].requires_grad_(False)
    training = tasks.digits_cnn(seed, model, epochs=8)
    training.optimizer = Adam(model["live"].parameters(), lr=3e-3 * scale)
    training.forward = lambda both, x: (both["live"] if both.training else both["average"])(x)

    def follow(step: int) -> None:
        with torch.no_grad():
            for slow, fast in zip(model["average"].parameters(), model["live"].parameters(), strict=True):
                slow.lerp_(fast, 0.1)

    training.after_step = follow
    training.record(path)


def adversarial_pair(path: Path, seed: int, scale: float) -> None:
    """A GAN on digits: two models, two optimizers that take turns, losses that hover instead of falling."""
    torch.manual_seed(seed)
    pixels = digits()[0].flatten(1)
    generator = mlp([16, 64, 64], last=nn.Sigmoid())
    judge = mlp([64, 64, 1], lambda: nn.LeakyReLU(0.2))
    make, tell = Adam(generator.parameters(), lr=1e-3 * scale, betas=(0.5, 0.999)), Adam(judge.parameters(), lr=5e-4 * scale, betas=(0.5, 0.999))
    loader = batches(pixels, digits()[1], range(900), seed, batch_size=32, shuffle=True)
    with Recorder(path, [generator, judge], [make, tell], every=5, config={"model": "GAN"}) as rec:
        for rec.epoch in range(7):
            for _, real, _ in loader:
                fake = generator(torch.randn(len(real), 16))
                scores = judge(torch.cat([real, fake.detach()]))[:, 0]
                wanted = torch.cat([torch.ones(len(real)), torch.zeros(len(real))])
                judge_loss = F.binary_cross_entropy_with_logits(scores, 0.9 * wanted)
                tell.zero_grad()
                judge_loss.backward()
                tell.step()
                generator_loss = F.softplus(-judge(fake)).mean()
                make.zero_grad()
                generator_loss.backward()
                make.step()
                rec.log(judge_loss=judge_loss.detach(), generator_loss=generator_loss.detach(), judge_accuracy=((scores > 0) == (wanted > 0.5)).float().mean())


def policy_gradient(path: Path, seed: int, scale: float) -> None:
    """REINFORCE: which of ten levers to pull for the digit shown. The loss means nothing, the reward rises."""
    torch.manual_seed(seed)
    images, labels = digits()
    policy = mlp([64, 48, 10])
    optimizer = Adam(policy.parameters(), lr=4e-3 * scale)
    with Recorder(path, policy, optimizer, every=5, config={"algorithm": "reinforce"}) as rec:
        for _ in range(400):
            rows = torch.randint(0, 900, (64,))
            choice = torch.distributions.Categorical(logits=policy(images[rows]))
            action = choice.sample()
            reward = (action == labels[rows]).float()
            loss = -(choice.log_prob(action) * (reward - reward.mean())).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rec.log(policy_loss=loss.detach(), reward=reward.mean())


def validation_worse_then_better(path: Path, seed: int, scale: float) -> None:
    """A planned bump of the rate: the validation loss rises for two epochs and ends lower than ever."""
    training = tasks.digits_mlp(seed, optimizer=AdamW, lr=2e-3 * scale, epochs=14)
    base = training.optimizer.param_groups[0]["lr"]

    def bump(step: int) -> None:
        training.optimizer.param_groups[0]["lr"] = base * (12.0 if 120 <= step < 170 else 1.0 if step < 300 else 0.2)

    training.after_step = bump
    training.config = {"schedule": "x 12 from step 120 to 170, x 0.2 from step 300"}
    training.record(path)


def resumed_well(path: Path, seed: int, scale: float) -> None:
    """Stopped after three epochs and taken up again with weights, optimizer state and data order as they were."""
    training = tasks.digits_cnn(seed, lr=3e-3 * scale)
    with training.open(path) as rec:
        training.run(rec, range(3))
        rec.checkpoint("epoch3")
    saved = {"model": training.model.state_dict(), "optimizer": training.optimizer.state_dict()}
    again = tasks.digits_cnn(seed, lr=3e-3 * scale)
    again.model.load_state_dict(saved["model"])
    again.optimizer.load_state_dict(saved["optimizer"])
    again.train, again.step = training.train, training.step
    with again.open(path, resume=True) as rec:
        again.run(rec, range(3, 6))


def brain_float_autocast(path: Path, seed: int, scale: float) -> None:
    """Forward in bfloat16, weights in float32: coarse activations, no loss scaling needed."""
    training = tasks.digits_mlp(seed, optimizer=AdamW, lr=2e-3 * scale)

    def forward(model: nn.Module, x: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return model(x).float()

    training.forward = forward
    training.record(path)


def loss_scale_search(path: Path, seed: int, scale: float) -> None:
    """A GradScaler that starts too high, skips its first few steps and settles, as it is meant to."""
    training = tasks.digits_mlp(seed, optimizer=Adam, lr=2e-3 * scale, epochs=7)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**19, growth_interval=2000)
    model, optimizer = training.model, training.optimizer
    with training.open(path) as rec:
        for rec.epoch in range(training.epochs):
            model.train()
            for ids, x, y in training.train:
                with torch.autocast("cpu", dtype=torch.float16):
                    prediction = model(x)
                losses = training.losses(prediction.float(), y)
                optimizer.zero_grad()
                scaler.scale(losses.mean()).backward()
                scaler.step(optimizer)
                scaler.update()
                rec.log(loss=losses.detach().mean(), loss_scale=scaler.get_scale())
                rec.samples(ids, loss=losses.detach(), prediction=prediction.detach().float(), target=y)
            training.evaluate(rec)


HEALTHY_LOOPS = (
    Case(gradient_accumulation, reaches=("accuracy", 0.7), fast=True),
    Case(stopped_early_on_purpose, reaches=("accuracy", 0.93)),
    Case(frozen_teacher, reaches=("accuracy", 0.8)),
    Case(moving_average_copy, reaches=("accuracy", 0.8)),
    Case(adversarial_pair, fast=True),
    Case(policy_gradient),
    Case(validation_worse_then_better, reaches=("accuracy", 0.85)),
    Case(resumed_well, reaches=("accuracy", 0.85)),
    Case(brain_float_autocast, reaches=("accuracy", 0.85)),
    Case(loss_scale_search, reaches=("accuracy", 0.8)),
)
