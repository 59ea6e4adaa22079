"""More healthy trainings whose optimizer, loss or loop looks suspicious; written without sight of checks and thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import LBFGS, SGD, Adagrad, Adam
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, OneCycleLR

from recorder import Recorder

from . import fresh_tasks as tasks
from .case import Case
from .data import batches, breast_cancer, loaders, text
from .fresh_tasks import friedman, wave_mlp
from .models import CharacterGru, Flat, mlp
from .tasks import digits_cnn, digits_mlp, passages_lm
from .training import mean_absolute_error


def forecast_with_huber(path: Path, seed: int, scale: float) -> None:
    """A regression that ends nearly perfect, in training and in validation, because the signal is nearly without noise."""
    criterion = nn.HuberLoss(delta=0.5)
    losses = nn.HuberLoss(delta=0.5, reduction="none")
    tasks.forecast(seed, lr=4e-3 * scale, criterion=criterion, losses=losses, every=None).record(path)


def adagrad_that_slows_down(path: Path, seed: int, scale: float) -> None:
    """Adagrad at a rate that suits it: steps shrink all the time, and no schedule was asked to."""
    tasks.waves(seed, optimizer=Adagrad, lr=0.04 * scale).record(path)


def clipped_at_every_step(path: Path, seed: int, scale: float) -> None:
    """A recurrent language model whose gradient is clipped to a quarter in nearly every step, and whose rate is made for that."""
    torch.manual_seed(seed)
    training = passages_lm(seed, CharacterGru(cell=nn.LSTM), epochs=7)
    training.optimizer = SGD(training.model.parameters(), lr=2.0 * scale, momentum=0.9)
    training.before_step = lambda step: nn.utils.clip_grad_norm_(training.model.parameters(), 0.25)
    training.config = {"max_grad_norm": 0.25}
    training.record(path)


def one_cycle(path: Path, seed: int, scale: float) -> None:
    """The rate rises by twenty-five and falls to next to nothing, once, as planned."""
    training = tasks.residual(seed, lr=0.04 * scale)
    schedule = OneCycleLR(training.optimizer, max_lr=0.04 * scale, total_steps=38 * 6 + 1)
    training.after_step = lambda step: schedule.step()
    training.config = {"schedule": "OneCycleLR", "total_steps": 38 * 6}
    training.record(path)


def warm_restarts(path: Path, seed: int, scale: float) -> None:
    """A cosine that starts anew at steps 80 and 160: the loss jumps up each time, and each time comes down lower."""
    training = tasks.waves(seed, optimizer=Adam, lr=6e-3 * scale, batch=38, every=4)
    schedule = CosineAnnealingWarmRestarts(training.optimizer, T_0=80)
    training.after_step = lambda step: schedule.step()
    training.config = {"schedule": "CosineAnnealingWarmRestarts(T_0=80)"}
    training.record(path)


def read_in_order(path: Path, seed: int, scale: float) -> None:
    """Twenty streams of text are read from their beginning to their end, piece after piece, with the state carried on: nothing is shuffled, on purpose."""
    torch.manual_seed(seed)
    stream = text()[: 20 * 1201].reshape(20, 1201)
    x, y = (stream[:, shift : shift + 1200].reshape(20, 50, 24).transpose(0, 1).reshape(1000, 24) for shift in (0, 1))
    model: Any = CharacterGru()
    training = passages_lm(seed, model, lr=5e-3 * scale, config={"reading": "in order, state carried on"})
    state: list[Tensor] = []

    def forward(net: Any, tokens: Tensor) -> Tensor:
        before = state[-1] if net.training and state else torch.zeros(1, len(tokens), 48)
        found, after = net.rnn(net.embedding(tokens), before)
        state[:] = [after.detach()] if net.training else []
        return net.head(found)

    training.forward = forward
    training.train, _ = loaders(x, y, seed, batch=20, train=range(1000), shuffle=False)
    later = text()[100_000:107_201]
    training.valid = batches(later[:-1].reshape(300, 24), later[1:].reshape(300, 24), range(300), seed, name="later", batch_size=50)
    training.record(path)


class SignDescent(torch.optim.Optimizer):
    """Steps of one length for every weight, in the direction of a running mean of its gradients."""

    def __init__(self, parameters: Any, lr: float, beta: float = 0.9) -> None:
        super().__init__(parameters, {"lr": lr, "beta": beta})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                mean = self.state[parameter].setdefault("mean", torch.zeros_like(parameter))
                mean.lerp_(parameter.grad, 1 - group["beta"])
                parameter.sub_(mean.sign(), alpha=group["lr"])


def steps_by_sign(path: Path, seed: int, scale: float) -> None:
    """An optimizer of one's own whose updates are plus or minus the rate, and nothing between."""
    digits_mlp(seed, optimizer=SignDescent, lr=8e-4 * scale, batch=30).record(path)


def whole_set_by_lbfgs(path: Path, seed: int, scale: float) -> None:
    """LBFGS over all patients at once: each step runs the model many times, inside a closure."""
    torch.manual_seed(seed)
    x, y = breast_cancer()
    model = Flat(mlp([30, 1]))
    optimizer = LBFGS(model.parameters(), lr=0.3 * scale, max_iter=4)
    with Recorder(path, model, optimizer, every=1, task="classification", loss="binary_cross_entropy_with_logits") as rec:
        for _ in range(20):

            def closure() -> float:
                optimizer.zero_grad()
                loss = F.binary_cross_entropy_with_logits(model(x[:426]), y[:426].float()) + 1e-3 * model.body.fc1.weight.square().sum()
                loss.backward()
                return loss.item()

            rec.log(objective=optimizer.step(closure))
        with rec.split("valid"), torch.no_grad():
            rec.log(accuracy=((model(x[426:]) > 0) == (y[426:] > 0)).float().mean())


def nine_of_ten_below(path: Path, seed: int, scale: float) -> None:
    """A pinball loss: predictions are too high nine times out of ten, as asked."""

    def losses(prediction: Tensor, target: Tensor) -> Tensor:
        error = target - prediction
        return torch.maximum(0.9 * error, -0.1 * error)

    def covered(prediction: Tensor, target: Tensor) -> float:
        return (target <= prediction).float().mean().item()

    tasks.waves(seed, optimizer=Adam, lr=3e-3 * scale, losses=losses, criterion=None, metrics={"covered": covered}).record(path)


def rate_error(prediction: Tensor, target: Tensor) -> float:
    """Mean absolute error of a rate that is predicted by its logarithm."""
    return mean_absolute_error(prediction.exp(), target)


def counts_by_poisson(path: Path, seed: int, scale: float) -> None:
    """Counts with a Poisson loss: it is negative before long, and the targets are whole numbers without being classes."""
    torch.manual_seed(seed)
    x, y = friedman()
    counts = torch.poisson((1.2 + 0.6 * y).exp(), generator=torch.Generator().manual_seed(0))
    given: dict[str, Any] = {"criterion": nn.PoissonNLLLoss(), "losses": nn.PoissonNLLLoss(reduction="none"), "metrics": {"mae": rate_error}}
    training = tasks.waves(seed, wave_mlp(), lr=3e-3 * scale, **given)
    training.train, training.valid = loaders(x, counts, seed, batch=36)
    training.record(path)


def training_set_evaluated_too(path: Path, seed: int, scale: float) -> None:
    """After each epoch a part of the training set is evaluated as well, under a name that says so."""
    training = tasks.waves(seed, lr=3e-3 * scale, epochs=8)
    again = batches(*friedman(), range(300), seed, batch_size=150)
    valid = training.valid
    with training.open(path) as rec:
        for epoch in range(training.epochs):
            training.run(rec, range(epoch, epoch + 1))
            training.valid = again
            training.evaluate(rec, "train_eval")
            training.valid = valid


def mixed_pairs(path: Path, seed: int, scale: float) -> None:
    """Every training image is a blend of two, and its loss a blend of two losses: training never looks as good as validation."""
    training = digits_cnn(seed, lr=3e-3 * scale, epochs=10, config={"augmentation": "blends of two"})
    generator = torch.Generator().manual_seed(seed)
    partner, share = torch.arange(1), 1.0

    def forward(model: nn.Module, x: Tensor) -> Tensor:
        nonlocal partner, share
        partner, share = torch.randperm(len(x), generator=generator), 1 - 0.4 * float(torch.rand((), generator=generator))
        return model(share * x + (1 - share) * x[partner]) if model.training else model(x)

    def losses(prediction: Tensor, target: Tensor) -> Tensor:
        plain = F.cross_entropy(prediction, target, reduction="none")
        return share * plain + (1 - share) * F.cross_entropy(prediction, target[partner], reduction="none") if training.model.training else plain

    training.forward, training.losses, training.criterion = forward, losses, None
    training.record(path)


FRESH_LOOPS = (
    Case(forecast_with_huber, reaches=("r2", 0.95)),
    Case(adagrad_that_slows_down, reaches=("r2", 0.7)),
    Case(clipped_at_every_step, reaches=("loss", 2.7)),
    Case(one_cycle, reaches=("accuracy", 0.9)),
    Case(warm_restarts, reaches=("r2", 0.85)),
    Case(read_in_order, reaches=("loss", 2.6)),
    Case(steps_by_sign, reaches=("accuracy", 0.55)),
    Case(whole_set_by_lbfgs, reaches=("accuracy", 0.93)),
    Case(nine_of_ten_below, reaches=("covered", 0.8)),
    Case(counts_by_poisson, reaches=("loss", -1.4)),
    Case(training_set_evaluated_too, reaches=("r2", 0.8)),
    Case(mixed_pairs, reaches=("accuracy", 0.85)),
)
