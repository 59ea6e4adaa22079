"""Faults in how a signal travels through a network: initialization, saturation, dead units, gradients across depth, the last activation."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, RMSprop

from . import tasks
from .case import Case
from .data import digits, loaders
from .models import Autoencoder, Cnn, Flat, UnrolledRnn, mlp, squared_errors
from .training import Training, mean_absolute_error


def weights_start_at_zero(path: Path, seed: int, scale: float) -> None:
    """All weights of the hidden layers are zero: nothing but the last bias ever learns."""
    torch.manual_seed(seed)
    model = mlp([64, 48, 32, 10])
    for layer in (model.fc1, model.fc2, model.fc3):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    tasks.digits_mlp(seed, model, lr=0.03 * scale).record(path)


def identical_units(path: Path, seed: int, scale: float) -> None:
    """The first layer starts with one constant and the head at zero: the units stay copies of each other, and the network is one unit wide."""
    torch.manual_seed(seed)
    model = mlp([64, 32, 10])
    nn.init.constant_(model.fc1.weight, 0.02)
    nn.init.zeros_(model.fc1.bias)
    nn.init.zeros_(model.fc2.weight)
    tasks.digits_mlp(seed, model, optimizer=Adam, lr=3e-3 * scale).record(path)


def weights_start_too_small(path: Path, seed: int, scale: float) -> None:
    """Weights of scale 0.01 in six layers: the signal shrinks by ten a layer until only the last bias speaks."""
    torch.manual_seed(seed)
    model = mlp([64, 32, 32, 32, 32, 32, 10], nn.Tanh)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.01) if parameter.dim() > 1 else nn.init.zeros_(parameter)
    tasks.digits_mlp(seed, model, lr=0.03 * scale).record(path)


def weights_start_too_large(path: Path, seed: int, scale: float) -> None:
    """A standard deviation of 1 in every layer of a CNN: the first loss is in the thousands."""
    torch.manual_seed(seed)
    model = Cnn()
    for parameter in model.parameters():
        if parameter.dim() > 1:
            nn.init.normal_(parameter, std=1.0)
    tasks.digits_cnn(seed, model, lr=1e-3 * scale).record(path)


class Gain(nn.Module):
    """Tanh of a multiple of its input."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.gain = gain
        self.tanh = nn.Tanh()

    def forward(self, x: Tensor) -> Tensor:
        return self.tanh(self.gain * x)


def tanh_with_a_gain(path: Path, seed: int, scale: float) -> None:
    """A forgotten temperature multiplies the pre-activations of both tanh layers by forty."""
    torch.manual_seed(seed)
    tasks.digits_mlp(seed, mlp([64, 48, 48, 10], lambda: Gain(40.0)), lr=0.03 * scale).record(path)


def regularizer_of_the_wrong_sign(path: Path, seed: int, scale: float) -> int:
    """From step 100 a penalty on large pre-activations is added with the wrong sign: a sigmoid layer of an autoencoder is driven into its flat part."""
    torch.manual_seed(seed)
    model = Autoencoder(activation=nn.Sigmoid)
    training = tasks.autoencoder(seed, model, lr=5e-3 * scale, epochs=12)
    latest: list[Tensor] = []
    model.encoder.fc1.register_forward_hook(lambda module, inputs, output: latest.append(output))

    def penalty(step: int) -> Tensor | float:
        preactivation = latest.pop()
        latest.clear()
        return -0.05 * preactivation.abs().mean() if step >= 100 else 0.0

    training.penalty = penalty
    training.record(path)
    return 100


class GatedCnn(Cnn):
    """A CNN whose features pass through a learned gate."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(64, 32 * 8)
        self.sigmoid = nn.Sigmoid()

    def features(self, x: Tensor) -> Tensor:
        return super().features(x) * self.sigmoid(self.gate(x.flatten(1)))


def gate_that_never_opens(path: Path, seed: int, scale: float) -> None:
    """The bias of a sigmoid gate starts at -14: nothing gets through, and no gradient opens it."""
    torch.manual_seed(seed)
    model = GatedCnn()
    nn.init.constant_(model.gate.bias, -14.0)
    tasks.digits_cnn(seed, model, lr=3e-3 * scale).record(path)


def sparsity_term_kills_units(path: Path, seed: int, scale: float) -> int:
    """A sparsity term is switched on far too strong at step 80 and pushes every unit of a ReLU layer below zero for good."""
    torch.manual_seed(seed)
    model = Cnn()
    training = tasks.digits_cnn(seed, model, lr=3e-3 * scale, epochs=9)
    latest: list[Tensor] = []
    model.fc1.register_forward_hook(lambda module, inputs, output: latest.append(output))

    def penalty(step: int) -> Tensor | float:
        preactivation = latest.pop()
        latest.clear()
        return 3.0 * preactivation.clamp(min=-1.5).mean() * 32 if 80 <= step < 160 else 0.0

    training.penalty = penalty
    training.record(path)
    return 80


def bias_starts_far_below_zero(path: Path, seed: int, scale: float) -> None:
    """The biases of the first ReLU layer start at -4: nearly all of its units never fire."""
    torch.manual_seed(seed)
    model = mlp([64, 48, 32, 10])
    nn.init.constant_(model.fc1.bias, -4.0)
    tasks.digits_mlp(seed, model, lr=0.03 * scale).record(path)


def one_monstrous_batch(path: Path, seed: int, scale: float) -> int:
    """At step 90 the gradient is a thousand times too large for one step (a unit mistake in one file): the ReLU units it throws below zero stay there."""
    torch.manual_seed(seed)
    model = mlp([64, 48, 32, 10])
    training = tasks.digits_mlp(seed, model, lr=0.03 * scale)

    def before_step(step: int) -> None:
        if step == 90:
            model.fc1.bias.grad = torch.full_like(model.fc1.bias, 300.0)

    training.before_step = before_step
    training.record(path)
    return 90


def ten_sigmoid_layers(path: Path, seed: int, scale: float) -> None:
    """Ten sigmoid layers under plain gradient descent: the gradient is gone before it reaches the first."""
    torch.manual_seed(seed)
    model = mlp([64] + [32] * 9 + [10], nn.Sigmoid)
    training = tasks.digits_mlp(seed, model)
    training.optimizer = SGD(model.parameters(), lr=0.1 * scale, momentum=0.9)
    training.record(path)


def narrow_tanh_tower(path: Path, seed: int, scale: float) -> None:
    """Twenty-four tanh layers, twelve wide, in a regression: what arrives at the bottom is nothing."""
    torch.manual_seed(seed)
    model = Flat(mlp([10] + [12] * 23 + [1], nn.Tanh))
    training = tasks.diabetes_mlp(seed, model)
    training.optimizer = SGD(model.parameters(), lr=0.01 * scale, momentum=0.9)
    training.record(path)


def recurrence_that_amplifies(path: Path, seed: int, scale: float) -> None:
    """A ReLU recurrence that doubles its state at each of sixteen steps, no clipping: the gradient is a thousand, then a hundred thousand, then infinite."""
    torch.manual_seed(seed)
    x = digits()[0].reshape(-1, 16, 4)
    y = x.mean((1, 2)) * 3
    model = Flat(UnrolledRnn(4, 24, 1, torch.relu))
    nn.init.orthogonal_(model.body.recur.weight, gain=1.9)
    train, valid = loaders(x, y, seed)
    optimizer = SGD(model.parameters(), lr=4e-4 * scale)
    Training(model, optimizer, train, valid, squared_errors, 3, "mse_loss", "regression", every=1, metrics={"mae": mean_absolute_error}).record(path)


class Amplifier(nn.Module):
    """A residual block without normalization whose branch is as loud as three inputs."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc = nn.Linear(width, width)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return x + 3.0 * self.act(self.fc(x))


def residual_tower_without_norm(path: Path, seed: int, scale: float) -> None:
    """Fourteen residual blocks, each of which amplifies: gradients grow with depth and the loss flies off."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 24), *(Amplifier(24) for _ in range(14)), nn.Linear(24, 10))
    tasks.digits_mlp(seed, model, lr=1e-3 * scale, epochs=6).record(path)


def sigmoid_before_squared_error(path: Path, seed: int, scale: float) -> None:
    """Targets from 25 to 346, predictions from 0 to 1."""
    torch.manual_seed(seed)
    model = Flat(mlp([10, 24, 1], last=nn.Sigmoid()))
    tasks.diabetes_mlp(seed, model, scaled=False, lr=1e-2 * scale).record(path)


def softmax_in_the_model(path: Path, seed: int, scale: float) -> None:
    """The model ends in a softmax and the loss applies its own."""
    torch.manual_seed(seed)
    tasks.digits_mlp(seed, mlp([64, 48, 10], last=nn.Softmax(dim=1)), optimizer=Adam, lr=3e-3 * scale).record(path)


def relu_before_signed_targets(path: Path, seed: int, scale: float) -> None:
    """Half of the standardized targets are negative, the last ReLU cannot say so."""
    torch.manual_seed(seed)
    tasks.diabetes_mlp(seed, Flat(mlp([10, 24, 1], nn.Tanh, last=nn.ReLU())), optimizer=RMSprop, lr=3e-3 * scale).record(path)


def sigmoid_before_logit_loss(path: Path, seed: int, scale: float) -> None:
    """Multi-label: a sigmoid in the model before a binary loss with logits; the probabilities stay between 0.5 and 0.73."""
    torch.manual_seed(seed)
    model = nn.Sequential(Cnn(classes=4), nn.Sigmoid())
    tasks.digits_multilabel(seed, model, lr=3e-3 * scale).record(path)


SCALE_OR_INIT = "a gain in front of the activation and weights that are too large are the same thing to a log"

FAULTS_SIGNAL = (
    Case(weights_start_at_zero, ("bad_initialization",), 0, subject=("*fc*", "*act*"), misses=("accuracy", 0.3), fast=True),
    Case(identical_units, ("bad_initialization",), 0, subject=("*fc1*", "*act1*"), misses=("accuracy", 0.6)),
    Case(weights_start_too_small, ("bad_initialization",), 0, misses=("accuracy", 0.3)),
    Case(weights_start_too_large, ("bad_initialization",), 0, misses=("loss", 5.0)),
    Case(
        tanh_with_a_gain, ("saturated_activation", "bad_initialization"), 0, subject=("*act*", "*fc*"), misses=("accuracy", 0.93), fast=True, why=SCALE_OR_INIT
    ),
    Case(
        regularizer_of_the_wrong_sign,
        ("saturated_activation",),
        subject=("*encoder.act1*", "*encoder.fc1*"),
        misses=("loss", 0.035),
        interval=60,
        why="the drift into the flat part takes some dozen steps",
    ),
    Case(
        gate_that_never_opens,
        ("saturated_activation", "bad_initialization"),
        0,
        subject=("*gate*", "*sigmoid*"),
        misses=("accuracy", 0.6),
        why="saturated because of how its bias starts",
    ),
    Case(sparsity_term_kills_units, ("dead_units",), subject=("*act3*", "*fc1*", "*drop*"), interval=30, misses=("accuracy", 0.3), fast=True),
    Case(
        bias_starts_far_below_zero,
        ("dead_units", "bad_initialization"),
        0,
        interval=30,
        subject=("*act1*", "*fc1*"),
        misses=("accuracy", 0.6),
        why="the units are dead because of how they start",
    ),
    Case(one_monstrous_batch, ("dead_units",), subject=("*act*", "*fc*"), interval=30, misses=("accuracy", 0.5), why="a unit counts as silent after 20 passes"),
    Case(ten_sigmoid_layers, ("vanishing_gradient",), 0, misses=("accuracy", 0.3), fast=True),
    Case(narrow_tanh_tower, ("vanishing_gradient",), 0, misses=("r2", 0.1)),
    Case(
        recurrence_that_amplifies,
        ("exploding_gradient", "bad_initialization", "learning_rate_too_high"),
        misses=("loss", 0.3),
        fast=True,
        why="smaller recurrent weights, a smaller rate or clipping cure it alike",
    ),
    Case(
        residual_tower_without_norm,
        ("exploding_gradient", "bad_initialization"),
        0,
        misses=("accuracy", 0.6),
        why="a loud branch at the start is a matter of initialization",
    ),
    Case(sigmoid_before_squared_error, ("wrong_output_activation",), 0, misses=("r2", 0.0), fast=True),
    Case(softmax_in_the_model, ("wrong_output_activation",), 0, misses=("loss", 0.9)),
    Case(relu_before_signed_targets, ("wrong_output_activation",), 0, misses=("r2", 0.42)),
    Case(sigmoid_before_logit_loss, ("wrong_output_activation",), 0, misses=("loss", 0.4)),
)
