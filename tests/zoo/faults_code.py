"""Faults of the code around a training: formulas of loss and metric, hand-written gradients, resumes, replicas."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Adam
from torch.optim.lr_scheduler import StepLR

from recorder.probes import gradient_check

from . import tasks
from .case import Case
from .data import digits, loaders
from .faults_structure import mean_loss
from .models import Flat, mlp
from .training import Batch, accuracy


def sum_for_mean_in_evaluation(path: Path, seed: int, scale: float) -> None:
    """The losses of the validation batches are added and divided by nothing."""
    training = tasks.digits_mlp(seed, lr=0.03 * scale)
    training.summarize = lambda seen: {"loss": sum(batch[2].sum().item() for batch in seen), "accuracy": training.numbers(seen)["accuracy"]}
    training.record(path)


def divided_by_the_batch_twice(path: Path, seed: int, scale: float) -> None:
    """The mean loss is divided by the batch size once more, in training; Adam does not mind and nobody notices."""
    training = tasks.digits_rows(seed, lr=2e-3 * scale, optimizer=Adam)
    training.reduce = lambda losses, mask: losses.mean() / len(losses)
    training.record(path)


def softmax_only_in_the_loss(path: Path, seed: int, scale: float) -> None:
    """The loss function is given softmax(logits) where it applies its own."""
    training = tasks.digits_cnn(seed, lr=3e-3 * scale)
    training.losses = lambda prediction, target: F.cross_entropy(prediction.softmax(1), target, reduction="none")
    training.record(path)


def mean_of_batch_means(path: Path, seed: int, scale: float) -> None:
    """Validation accuracy is the mean over batches of 128, the last of which holds seven samples."""
    training = tasks.digits_mlp(seed, lr=0.03 * scale)
    training.train, training.valid = loaders(*digits(), seed, valid=range(1347, 1347 + 263), valid_batch=128)

    def summarize(seen: list[Batch]) -> dict[str, float]:
        shares = [accuracy(batch[0], batch[1]) for batch in seen]
        return {"loss": training.numbers(seen)["loss"], "accuracy": sum(shares) / len(shares)}

    training.summarize = summarize
    training.record(path)


def wrong_positive_class(path: Path, seed: int, scale: float) -> None:
    """Recall, precision and F1 are computed for class 0 and logged as those of class 1; the classes are of unequal size."""
    training = tasks.cancer_mlp(seed, lr=4e-3 * scale)

    def f1(prediction: Tensor, target: Tensor) -> float:
        called, real = prediction <= 0, target < 0.5
        return (2 * (called & real).sum() / (called.sum() + real.sum()).clamp(min=1)).item()

    training.metrics = {"f1": f1}
    training.config = {"f1": "of class 1 (benign)"}
    training.record(path)


def argmax_over_the_batch(path: Path, seed: int, scale: float) -> None:
    """argmax over dimension 0 where 1 was meant, on batches as wide as they are long: accuracy stays at chance while the loss is fine."""
    training = tasks.digits_cnn(seed, lr=3e-3 * scale)
    training.train, training.valid = loaders(*digits(), seed, valid_batch=10)

    def summarize(seen: list[Batch]) -> dict[str, float]:
        right = sum((batch[0].argmax(0) == batch[1]).sum().item() for batch in seen if len(batch[1]) == 10)
        return {"loss": training.numbers(seen)["loss"], "accuracy": right / sum(len(batch[1]) for batch in seen)}

    training.summarize = summarize
    training.record(path)


class Swish(torch.autograd.Function):
    """x sigmoid(x) with a backward that forgets the second term."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return gradient * torch.sigmoid(x)


class Square(torch.autograd.Function):
    """x squared with a backward of the wrong sign."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return -2 * x * gradient


class ByHand(nn.Module):
    """A module around a hand-written function."""

    def __init__(self, function: type[torch.autograd.Function]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function.apply(x)


def backward_forgets_a_term(path: Path, seed: int, scale: float) -> None:
    """A Swish by hand whose backward is sigmoid(x) alone: it learns, only not along the gradient. A gradient check was recorded."""
    torch.manual_seed(seed)
    model = mlp([64, 32, 10], lambda: ByHand(Swish))
    training = tasks.digits_mlp(seed, model, lr=0.03 * scale)
    with training.open(path) as rec:
        _, x, y = next(iter(training.valid))
        gradient_check(rec, model, mean_loss(training), (x[:6], y[:6]))
        training.run(rec)


def backward_of_the_wrong_sign(path: Path, seed: int, scale: float) -> None:
    """A square by hand whose backward has the wrong sign, in a regression."""
    torch.manual_seed(seed)
    model = Flat(mlp([10, 12, 1], lambda: ByHand(Square)))
    training = tasks.diabetes_mlp(seed, model, lr=1e-3 * scale)
    with training.open(path) as rec:
        _, x, y = next(iter(training.valid))
        gradient_check(rec, model, mean_loss(training), (x[:4], y[:4]))
        training.run(rec)


def resumed_without_weights(path: Path, seed: int, scale: float) -> int:
    """After a stop the checkpoint is not loaded: the run goes on with fresh weights."""
    training = tasks.digits_cnn(seed, lr=3e-3 * scale, epochs=4)
    with training.open(path) as rec:
        training.run(rec, range(4))
        rec.checkpoint("epoch4")
    again = tasks.digits_cnn(seed + 1, lr=3e-3 * scale)
    again.step = training.step
    with again.open(path, resume=True) as rec:
        again.run(rec, range(4, 6))
    return training.step


def resumed_with_the_first_rate(path: Path, seed: int, scale: float) -> int:
    """The weights are loaded, the scheduler and the optimizer's state are not: the rate is back at its start, sixty times what it was."""
    training = tasks.digits_mlp(seed, lr=0.06 * scale, epochs=6)
    schedule = StepLR(training.optimizer, step_size=43, gamma=0.25)
    training.after_step = lambda step: schedule.step()
    training.config = {"schedule": "StepLR(43, 0.25)"}
    with training.open(path) as rec:
        training.run(rec, range(6))
        rec.checkpoint("epoch6")
    again = tasks.digits_mlp(seed, lr=0.06 * scale)
    again.model.load_state_dict(training.model.state_dict())
    again.config, again.train, again.step = training.config, training.train, training.step
    schedule = StepLR(again.optimizer, step_size=43, gamma=0.25)
    again.after_step = lambda step: schedule.step()
    with again.open(path, resume=True) as rec:
        again.run(rec, range(6, 9))
    return training.step


@contextlib.contextmanager
def rank(number: int) -> Iterator[None]:
    """The environment of one of two processes of a job."""
    before = {name: os.environ.get(name) for name in ("RANK", "WORLD_SIZE")}
    os.environ.update(RANK=str(number), WORLD_SIZE="2")
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def two_replicas(path: Path, seed: int, scale: float, averaged: dict[str, range]) -> None:
    """Two replicas of a network in lockstep; the gradients of a parameter are averaged in the steps given for its name, of all others always."""
    replicas, recorders, batches = [], [], []
    with contextlib.ExitStack() as stack:
        for number in range(2):
            training = tasks.digits_mlp(seed, lr=0.03 * scale)
            training.train, training.valid = loaders(*digits(), seed, train=range(number, 900, 2))
            with rank(number):
                recorders.append(stack.enter_context(training.open(path)))
            replicas.append(training)
        step = 0
        for epoch in range(10):
            for rec in recorders:
                rec.epoch = epoch
            batches = [list(training.train) for training in replicas]
            for pair in zip(*batches, strict=True):
                found = []
                for training, (_, x, y) in zip(replicas, pair, strict=True):
                    training.model.train()
                    prediction = training.model(x)
                    losses = training.losses(prediction, y)
                    training.optimizer.zero_grad()
                    losses.mean().backward()
                    found.append((losses.detach(), prediction.detach()))
                for (name, first), second in zip(replicas[0].model.named_parameters(), replicas[1].model.parameters(), strict=True):
                    if step in averaged.get(name, range(10**9)):
                        mean = (first.grad + second.grad) / 2
                        first.grad, second.grad = mean, mean.clone()
                for training, rec, (ids, _, y), (losses, prediction) in zip(replicas, recorders, pair, found, strict=True):
                    training.optimizer.step()
                    rec.log(loss=losses.mean())
                    rec.samples(ids, loss=losses, prediction=prediction, target=y)
                step += 1
            replicas[0].evaluate(recorders[0])


def gradients_never_averaged(path: Path, seed: int, scale: float) -> None:
    """The model is called past its wrapper: two replicas start alike and go their own ways."""
    names = [name for name, _ in tasks.digits_mlp(seed).model.named_parameters()]
    two_replicas(path, seed, scale, {name: range(0) for name in names})


def one_bias_left_out_of_the_average(path: Path, seed: int, scale: float) -> int:
    """From step 60 a bias of ten numbers is no longer averaged between two replicas; all else is."""
    two_replicas(path, seed, scale, {"fc3.bias": range(60)})
    return 61


FAULTS_CODE = (
    Case(sum_for_mean_in_evaluation, ("loss_formula",), interval=29, step=28, subject=("loss", "valid*"), fast=True),
    Case(divided_by_the_batch_twice, ("loss_formula",), interval=5, step=0, subject=("loss", "train*")),
    Case(softmax_only_in_the_loss, ("loss_formula",), interval=29, step=0, subject=("loss", "train*", "valid*", "")),
    Case(mean_of_batch_means, ("metric_formula",), interval=29, step=28, subject=("*accuracy*",), fast=True),
    Case(wrong_positive_class, ("metric_formula",), interval=27, step=26, subject=("*f1*",)),
    Case(argmax_over_the_batch, ("metric_formula",), interval=29, step=28, subject=("*accuracy*",)),
    Case(backward_forgets_a_term, ("wrong_gradient",), interval=20, step=0, subject=("*act1*",), fast=True),
    Case(backward_of_the_wrong_sign, ("wrong_gradient",), interval=20, step=0, subject=("*act1*",)),
    Case(resumed_without_weights, ("bad_resume",), interval=5, fast=True),
    Case(resumed_with_the_first_rate, ("bad_resume",), interval=5),
    Case(gradients_never_averaged, ("ranks_diverged",), 1, fast=True),
    Case(one_bias_left_out_of_the_average, ("ranks_diverged",), subject=("fc3.bias",)),
)
