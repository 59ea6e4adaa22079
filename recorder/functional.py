"""Which modules and functions are activations, where each is flat, and how calls such as `torch.tanh(x)` are noticed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from .format import SATURATED_BEYOND

_TANH, _SIGMOID = SATURATED_BEYOND["tanh"], SATURATED_BEYOND["sigmoid"]

FLAT_BELOW_ABOVE: dict[str, tuple[float, float]] = {
    "tanh": (-_TANH, _TANH),
    "sigmoid": (-_SIGMOID, _SIGMOID),
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "hardtanh": (-1.0, 1.0),
    "hardsigmoid": (-3.0, 3.0),
    "hardswish": (-3.0, math.inf),
    "gelu": (-3.05, math.inf),
    "silu": (-6.2, math.inf),
    "mish": (-6.2, math.inf),
    "elu": (-4.6, math.inf),
    "selu": (-4.6, math.inf),
    "celu": (-4.6, math.inf),
    "softplus": (-4.6, math.inf),
    "logsigmoid": (-math.inf, 4.6),
}
"""Pre-activations outside this range lie where the derivative is below 1 % of the largest. Leaky ReLUs have no such range."""

NO_FLAT_PART = ("leaky_relu", "prelu", "rrelu", "softmax", "glu", "softsign")

CAN_BE_SILENT = frozenset({"relu", "relu6", "hardtanh", "hardswish", "hardsigmoid", "gelu", "silu", "mish", "threshold"})
"""Activations whose units are followed: those that give an exact zero over a whole range."""

NEVER_NEGATIVE = frozenset({"relu", "relu6", "hardsigmoid"})

_MODULE_CLASSES = {
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "ReLU": "relu",
    "ReLU6": "relu6",
    "Hardtanh": "hardtanh",
    "Hardsigmoid": "hardsigmoid",
    "Hardswish": "hardswish",
    "GELU": "gelu",
    "SiLU": "silu",
    "Mish": "mish",
    "ELU": "elu",
    "SELU": "selu",
    "CELU": "celu",
    "Softplus": "softplus",
    "LogSigmoid": "logsigmoid",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "RReLU": "rrelu",
    "Softmax": "softmax",
    "Softmax2d": "softmax",
    "GLU": "glu",
    "Softsign": "softsign",
    "Threshold": "threshold",
}
_NAMES = (*FLAT_BELOW_ABOVE, *NO_FLAT_PART, "threshold")

MODULES: dict[type[nn.Module], str] = {getattr(nn, name): activation for name, activation in _MODULE_CLASSES.items()}

FUNCTIONS: dict[Any, str] = {
    getattr(place, spelling): name for name in _NAMES for spelling in (name, name + "_") for place in (F, torch, Tensor) if hasattr(place, spelling)
} | {torch.special.expit: "sigmoid", torch.special.softmax: "softmax"}

KEEPS_FINITE = (
    *(getattr(nn, name) for name in _MODULE_CLASSES if name != "Softmax"),
    nn.Identity,
    nn.Flatten,
    nn.Unflatten,
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.MaxPool1d,
    nn.MaxPool2d,
    nn.MaxPool3d,
    nn.Sequential,
    nn.ModuleList,
    nn.ModuleDict,
)
"""Modules that make nothing infinite or undefined out of finite input: their output is not looked at on steps that are not recorded."""


def activation_of(module: nn.Module) -> str | None:
    """Name of the activation that a module computes, None for any other module."""
    for kind in type(module).__mro__:
        if kind in MODULES:
            return MODULES[kind]
    return None


class FunctionalCalls(TorchFunctionMode):
    """While entered, `around(activation, call, input)` is called in place of each functional activation; it returns what `call` returns."""

    def __init__(self, around: Callable[[str, Callable[[], Any], Any], Any]) -> None:
        super().__init__()
        self._around = around

    def __torch_function__(self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        activation = FUNCTIONS.get(function)
        if activation is None:
            return function(*args, **(kwargs or {}))
        given = args[0] if args else (kwargs or {}).get("input")
        return self._around(activation, lambda: function(*args, **(kwargs or {})), given)
