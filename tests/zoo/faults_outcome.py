"""Faults that are seen in how a run ends, and runs whose log does not say why they failed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import SGD

from recorder import Recorder

from . import tasks
from .case import Case
from .data import diabetes, loaders, passages
from .models import Flat, Transformer, mlp


def one_epoch_only(path: Path, seed: int, scale: float) -> None:
    """The run ends after 58 steps, in the middle of the steepest fall of the loss."""
    tasks.digits_mlp(seed, lr=0.03 * scale, epochs=2).record(path)


def lstm_with_too_few_epochs(path: Path, seed: int, scale: float) -> None:
    """An LSTM under RMSprop that is stopped at a fifth of the way."""
    tasks.digits_rows(seed, lr=1e-3 * scale, epochs=3).record(path)


def wide_network_for_few_patients(path: Path, seed: int, scale: float) -> None:
    """A wide network learns 150 patients by heart: validation worsens from the third epoch on."""
    torch.manual_seed(seed)
    training = tasks.diabetes_mlp(seed, Flat(mlp([10, 128, 128, 1])), lr=3e-3 * scale, epochs=40)
    training.train, training.valid = loaders(*diabetes(), seed, batch=16, train=range(150))
    training.record(path)


def small_text_by_heart(path: Path, seed: int, scale: float) -> None:
    """A transformer reads the same sixty passages over and over."""
    torch.manual_seed(seed)
    training = tasks.passages_lm(seed, Transformer(width=48), lr=4e-3 * scale, epochs=35)
    training.train, training.valid = loaders(*passages(800), seed, batch=12, valid_batch=50, train=range(60))
    training.record(path)


def descent_that_is_not_monotone(path: Path, seed: int, scale: float) -> None:
    """Full-batch gradient descent declared monotone, with a rate just above what the curvature allows from some step on."""
    torch.manual_seed(seed)
    x, y = diabetes()
    training = tasks.diabetes_mlp(seed, Flat(mlp([10, 16, 1], nn.Tanh)), guarantees=("monotone_decrease",), epochs=150)
    training.train, training.valid = loaders(x, y, seed, batch=331, shuffle=False)
    training.optimizer = SGD(training.model.parameters(), lr=0.62 * scale)
    training.record(path)


def pruned_weights_grow_back(path: Path, seed: int, scale: float) -> None:
    """The mask is applied once and the gradient is not masked: the declared zeros are gone after the first step."""
    torch.manual_seed(seed)
    model = mlp([64, 64, 10])
    with torch.no_grad():
        model.fc1.weight.mul_(torch.rand_like(model.fc1.weight) > 0.5)
    tasks.digits_mlp(seed, model, lr=0.03 * scale, guarantees=("exact_zeros:fc1.weight",)).record(path)


class TornFile(RuntimeError):
    """What a data set raises that meets a torn file."""


def exception_in_the_data(path: Path, seed: int, scale: float) -> int:
    """A torn file: the loader raises in the third epoch."""
    training = tasks.digits_cnn(seed, lr=3e-3 * scale)

    def after_step(step: int) -> None:
        if step == 76:
            raise TornFile("image 1077 is truncated")

    training.after_step = after_step
    try:
        training.record(path)
    except TornFile:
        return 76
    raise AssertionError("the planted exception did not come")


KILLED = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from tests.zoo import tasks
training = tasks.digits_mlp(int(sys.argv[2]), lr=0.03 * float(sys.argv[3]))
training.after_step = lambda step: os.kill(os.getpid(), signal.SIGKILL) if step == 131 else None
training.record(Path(sys.argv[1]))
"""


def killed_by_the_system(path: Path, seed: int, scale: float) -> int:
    """SIGKILL at step 131, as by the out-of-memory killer."""
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path), str(seed), str(scale)], env=environment, cwd=root, check=False, capture_output=True)
    if ended.returncode != -signal.SIGKILL:
        raise AssertionError(ended.stderr.decode())
    return 131


def goes_wrong_unseen(path: Path, seed: int, scale: float) -> int:
    """From step 120 a data server hands out the labels of other images. Nothing but the loss was logged, and no log of one number can tell why it leaps."""
    training = tasks.digits_mlp(seed, lr=0.03 * scale)
    with Recorder(path, every=5) as rec:
        for rec.epoch in range(training.epochs):
            for _, x, y in training.train:
                loss = training.losses(training.model(x), y if training.step < 120 else y[torch.randperm(len(y))]).mean()
                training.optimizer.zero_grad()
                loss.backward()
                training.optimizer.step()
                rec.log(loss=loss.detach())
                rec.step()
                training.step += 1
    return 120


def diverges_in_a_log_of_scalars(path: Path, seed: int, scale: float) -> None:
    """Somebody logged the loss and nothing else; the loss grows without bound."""
    torch.manual_seed(seed)
    x, y = diabetes()
    model = Flat(mlp([10, 1]))
    optimizer = SGD(model.parameters(), lr=0.3 * scale)
    with Recorder(path) as rec:
        for step in range(200):
            rows = torch.arange(step * 16, step * 16 + 16) % 331
            loss = F.mse_loss(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rec.log(loss=loss.detach())
            rec.step()


FAULTS_OUTCOME = (
    Case(one_epoch_only, ("stopped_too_early",), info_is_enough=True, misses=("accuracy", 0.8), fast=True),
    Case(lstm_with_too_few_epochs, ("stopped_too_early",), info_is_enough=True, misses=("accuracy", 0.7)),
    Case(wide_network_for_few_patients, ("overfitting",), misses=("r2", 0.45), fast=True),
    Case(small_text_by_heart, ("overfitting",), misses=("loss", 3.0)),
    Case(descent_that_is_not_monotone, ("guarantee_broken", "learning_rate_too_high"), fast=True, why="the promise is broken because the rate is too high"),
    Case(pruned_weights_grow_back, ("guarantee_broken",), 0, subject=("*fc1.weight*",)),
    Case(exception_in_the_data, ("crashed",), interval=1, fast=True),
    Case(killed_by_the_system, ("crashed",), interval=1),
    Case(goes_wrong_unseen, ("unknown",), interval=10),
    Case(diverges_in_a_log_of_scalars, ("unknown",), interval=40, step=0, fast=True),
)
