"""Fresh faults of the code around a training, and of how runs end; written without sight of checks and thresholds."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam

from recorder import Recorder
from recorder.probes import gradient_check

from . import fresh_tasks as tasks
from .case import Case
from .data import digits, loaders
from .faults_code import rank
from .faults_structure import mean_loss
from .fresh_tasks import WINDOW, BothWays, PatchReader, friedman, signal, wave_mlp, windows
from .models import Flat, mlp
from .tasks import diabetes_mlp, digits_mlp, words_lm
from .training import Batch, Training, accuracy, r2


def root_of_the_loss_in_validation(path: Path, seed: int, scale: float) -> None:
    """What validation logs as its loss is the root of the mean squared error; training logs the error itself."""
    training = tasks.forecast(seed, lr=3e-3 * scale)

    def summarize(seen: list[Batch]) -> dict[str, float]:
        found = training.numbers(seen)
        return {**found, "loss": found["loss"] ** 0.5}

    training.summarize = summarize
    training.record(path)


def sum_for_mean_in_training(path: Path, seed: int, scale: float) -> None:
    """The losses of a batch are added where their mean was declared; Adam divides it out, and the curve is 24 times too high."""
    training = tasks.residual(seed, optimizer=Adam, lr=3e-3 * scale, every=10)
    training.reduce = lambda losses, mask: losses.sum()
    training.record(path)


def r2_with_its_arguments_swapped(path: Path, seed: int, scale: float) -> None:
    """r2(prediction, target) is called as r2(target, prediction): it divides by the variance of the predictions."""
    torch.manual_seed(seed)
    training = diabetes_mlp(seed, Flat(mlp([10, 16, 1])), lr=3e-3 * scale)
    training.metrics = {"r2": lambda prediction, target: r2(target, prediction)}
    training.record(path)


def errors_logged_as_accuracy(path: Path, seed: int, scale: float) -> None:
    """The share of wrong answers is logged under the name of the share of right ones."""
    training = tasks.patches(seed, lr=3e-3 * scale)
    training.metrics = {"accuracy": lambda prediction, target: 1 - accuracy(prediction, target)}
    training.record(path)


class Normalize(torch.autograd.Function):
    """Rows without their mean, divided by their deviation; the backward takes both for constants."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        centred = x - x.mean(1, keepdim=True)
        deviation = (centred.square().mean(1, keepdim=True) + 1e-5).sqrt()
        ctx.save_for_backward(deviation)
        return centred / deviation

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (deviation,) = ctx.saved_tensors
        return gradient / deviation


class RowNorm(nn.Module):
    """A layer norm around the hand-written function."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return self.gain * Normalize.apply(x)


def norm_taken_for_constant(path: Path, seed: int, scale: float) -> None:
    """A layer norm by hand whose backward forgets that mean and deviation depend on the input. A gradient check was recorded."""
    torch.manual_seed(seed)
    body = nn.Sequential()
    for name, module in (("fc1", nn.Linear(10, 24)), ("norm", RowNorm(24)), ("act", nn.SiLU()), ("fc2", nn.Linear(24, 1))):
        body.add_module(name, module)
    model = Flat(body)
    training = tasks.waves(seed, model, lr=3e-3 * scale)
    with training.open(path) as rec:
        _, x, y = next(iter(training.valid))
        gradient_check(rec, model, mean_loss(training), (x[:5], y[:5]))
        training.run(rec)


def preview_leaves_evaluation_mode(path: Path, seed: int, scale: float) -> int:
    """At step 130 a callback writes sample text and leaves the model in evaluation mode; nothing but the start of the script ever calls train()."""
    torch.manual_seed(seed)
    training = tasks.restoration(seed, BothWays(dropout=0.5), lr=4e-3 * scale, epochs=5, every=4)
    training.start_training = lambda model, epoch: model.train() if training.step < 130 else None
    training.after_step = lambda step: training.model.eval() if step == 129 else None
    training.record(path)
    return 130


def validated_by_fours_in_training_mode(path: Path, seed: int, scale: float) -> None:
    """The evaluation forgets eval(), and its batches are of four: batch norm centres each four by themselves."""
    torch.manual_seed(seed)
    model = Flat(nn.Sequential(nn.Linear(10, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 1)))
    training = tasks.waves(seed, model, lr=3e-3 * scale)
    training.valid = loaders(*friedman(), seed, valid_batch=4)[1]
    training.start_evaluation = lambda model: None
    training.record(path)


def resumed_from_an_older_checkpoint(path: Path, seed: int, scale: float) -> int:
    """The newest checkpoint was torn; the run goes on with the one of the second epoch, and with the step count of the seventh."""
    training = tasks.patches(seed, lr=3e-3 * scale)
    with training.open(path) as rec:
        training.run(rec, range(2))
        old = {name: value.clone() for name, value in training.model.state_dict().items()}
        training.run(rec, range(2, 7))
        rec.checkpoint("epoch7")
    again = tasks.patches(seed, lr=3e-3 * scale)
    again.model.load_state_dict(old)
    again.train, again.step = training.train, training.step
    with again.open(path, resume=True) as rec:
        again.run(rec, range(7, 9))
    return training.step


def averaged(models: list[nn.Module]) -> None:
    """Gives both replicas the mean of their gradients."""
    for first, second in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert first.grad is not None and second.grad is not None
        mean = (first.grad + second.grad) / 2
        first.grad, second.grad = mean, mean.clone()


def side_by_side(path: Path, make: Callable[[int], Training], between: Callable[[list[nn.Module]], object]) -> None:
    """Two replicas in lockstep, each recorded as a rank of its own; `between` comes between backward and step."""
    with contextlib.ExitStack() as stack:
        replicas, recorders = [], []
        for number in range(2):
            training = make(number)
            with rank(number):
                recorders.append(stack.enter_context(training.open(path)))
            replicas.append(training)
        for epoch in range(replicas[0].epochs):
            for rec in recorders:
                rec.epoch = epoch
            for pair in zip(*(list(training.train) for training in replicas), strict=True):
                found = []
                for training, (_, x, y) in zip(replicas, pair, strict=True):
                    training.model.train()
                    prediction = training.model(x)
                    losses = training.losses(prediction, y)
                    training.optimizer.zero_grad()
                    losses.mean().backward()
                    found.append((losses.detach(), prediction.detach()))
                between([training.model for training in replicas])
                for training, rec, (ids, _, y), (losses, prediction) in zip(replicas, recorders, pair, found, strict=True):
                    training.optimizer.step()
                    rec.log(loss=losses.mean())
                    rec.samples(ids, loss=losses, prediction=prediction, target=y)
            replicas[0].evaluate(recorders[0])


def replicas_of_their_own_seed(path: Path, seed: int, scale: float) -> None:
    """Each rank draws its own weights and nobody broadcasts them; gradients are averaged, but between different networks."""

    def make(number: int) -> Training:
        training = digits_mlp(seed + 10 * number, optimizer=Adam, lr=2e-3 * scale, epochs=9)
        training.train, training.valid = loaders(*digits(), seed, train=range(number, 900, 2))
        return training

    side_by_side(path, make, averaged)


def budget_of_two_epochs(path: Path, seed: int, scale: float) -> None:
    """A vision transformer whose budget ends after 74 steps, the loss in full fall."""
    tasks.patches(seed, lr=2e-3 * scale, batch=25, epochs=2).record(path)


def noise_of_a_signal_by_heart(path: Path, seed: int, scale: float) -> None:
    """A wide network learns 240 windows of a noisy signal down to their noise: what it says of others is best early on and then gets worse."""
    torch.manual_seed(seed)
    noisy = signal() + 0.6 * torch.randn(1300, generator=torch.Generator().manual_seed(7))
    training = tasks.forecast(seed, wave_mlp(WINDOW, 128), lr=3e-3 * scale, epochs=40)
    training.train, training.valid = loaders(*windows(noisy), seed, batch=30, train=range(240))
    training.record(path)


def heavy_ball_promised_monotone(path: Path, seed: int, scale: float) -> int:
    """Gradient descent over all the data is declared monotone, and has a momentum of 0.97: it swings through the valley again and again."""
    torch.manual_seed(seed)
    training = tasks.waves(seed, mlp([10, 12, 1], nn.Tanh), optimizer=SGD, lr=0.03 * scale, epochs=160, batch=900, settings={"momentum": 0.97}, every=1)
    training.model = Flat(training.model)
    training.guarantees = ("monotone_decrease",)
    seen: list[float] = []

    def logged(losses: Tensor, mask: Tensor | None) -> Tensor:
        seen.append(losses.mean().item())
        return losses.mean()

    training.logged = logged
    training.record(path)
    return next(step for step in range(1, len(seen)) if seen[step] > seen[step - 1] * (1 + 1e-6))


class Flattened(nn.Module):
    """Reshapes to the batch size of the configuration, not to that of the batch."""

    def __init__(self, batch: int) -> None:
        super().__init__()
        self.batch = batch
        self.body = PatchReader()

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x.view(self.batch, 1, 8, 8))


def batch_size_written_into_the_model(path: Path, seed: int, scale: float) -> int:
    """The batch size stands in the model: the last batch of the first epoch, which is short, ends the run."""
    torch.manual_seed(seed)
    try:
        tasks.patches(seed, Flattened(48), lr=3e-3 * scale, batch=48).record(path)
    except RuntimeError as problem:
        if "invalid for input of size" in str(problem):
            return 18
        raise
    raise AssertionError("the planted exception did not come")


def climbs_in_a_log_of_scalars(path: Path, seed: int, scale: float) -> int:
    """From step 100 the texts of a stream are garbled more and more. Only the loss was logged: it climbs, and no log of one number can tell why."""
    training = words_lm(seed, lr=5e-3 * scale, epochs=6)
    generator = torch.Generator().manual_seed(seed)
    with Recorder(path, every=5) as rec:
        for rec.epoch in range(training.epochs):
            for _, x, y in training.train:
                share = min(0.9, max(0, training.step - 99) / 60)
                garbled = torch.rand(y.shape, generator=generator) < share
                y = torch.where(garbled, torch.randint(1, 27, y.shape, generator=generator), y)
                loss = training.losses(training.model(x), y).mean()
                training.optimizer.zero_grad()
                loss.backward()
                training.optimizer.step()
                rec.log(loss=loss.detach())
                rec.step()
                training.step += 1
    return 100


FRESH_CODE = (
    Case(root_of_the_loss_in_validation, ("loss_formula",), 29, interval=30, subject=("loss", "valid*")),
    Case(sum_for_mean_in_training, ("loss_formula",), 0, interval=10, subject=("loss", "train*")),
    Case(r2_with_its_arguments_swapped, ("metric_formula",), 20, interval=21, subject=("*r2*",)),
    Case(errors_logged_as_accuracy, ("metric_formula",), 22, interval=23, subject=("*accuracy*",)),
    Case(norm_taken_for_constant, ("wrong_gradient",), 0, interval=25, subject=("*norm*",)),
    Case(preview_leaves_evaluation_mode, ("wrong_mode",), interval=4, subject=("train", "", "*drop*")),
    Case(validated_by_fours_in_training_mode, ("wrong_mode",), 24, interval=25, subject=("valid", "eval*", "", "*body*"), misses=("r2", 0.84)),
    Case(resumed_from_an_older_checkpoint, ("bad_resume",), interval=5),
    Case(replicas_of_their_own_seed, ("ranks_diverged",), 0, interval=5),
    Case(budget_of_two_epochs, ("stopped_too_early",), info_is_enough=True, misses=("accuracy", 0.7)),
    Case(noise_of_a_signal_by_heart, ("overfitting",), misses=("r2", 0.45)),
    Case(heavy_ball_promised_monotone, ("guarantee_broken",), interval=5),
    Case(batch_size_written_into_the_model, ("crashed",), interval=1),
    Case(climbs_in_a_log_of_scalars, ("unknown",), interval=30),
)
