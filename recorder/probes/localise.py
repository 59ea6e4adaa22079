"""Finds the module whose backward is wrong: the gradient that reaches its output is right, the one that it hands on is not.

Every parameter before a wrong backward has a wrong gradient, so parameters alone do not tell where it is. A zero tensor is added to each
module's inputs and outputs: its gradient is the gradient at that place, and moving it gives the numerical derivative.
"""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from .bench import Bench
from .derivative import directions, relative_error
from .isolation import map_tensors
from .outcome import Outcome

DIRECTIONS_PER_PLACE = 3


@dataclass
class Places:
    """The zero tensors at inputs and outputs, by module, call, side and index; `finished` lists the calls in order of completion."""

    zeros: dict[tuple[str, int, str, int], Tensor] = field(default_factory=dict)
    finished: list[tuple[str, int]] = field(default_factory=list)
    _calls: Counter[str] = field(default_factory=Counter)
    _open: dict[str, list[int]] = field(default_factory=dict)

    def attach(self, model: nn.Module) -> None:
        for name, module in model.named_modules():
            module.register_forward_pre_hook(self._before(name), with_kwargs=True)
            module.register_forward_hook(self._after(name))

    def restart(self) -> None:
        """Call before each evaluation: calls are counted within one."""
        self._calls.clear()
        self._open.clear()
        self.finished.clear()

    def _before(self, name: str) -> Any:
        def hook(module: nn.Module, args: Any, kwargs: Any) -> Any:
            call = self._calls[name]
            self._calls[name] += 1
            self._open.setdefault(name, []).append(call)
            return self._moved((args, kwargs), name, call, "input")

        return hook

    def _after(self, name: str) -> Any:
        def hook(module: nn.Module, args: Any, output: Any) -> Any:
            call = self._open[name].pop()
            self.finished.append((name, call))
            return self._moved(output, name, call, "output")

        return hook

    def _moved(self, value: Any, name: str, call: int, side: str) -> Any:
        index = -1

        def add(tensor: Tensor) -> Tensor:
            nonlocal index
            index += 1
            if not tensor.is_floating_point():
                return tensor
            key = (name, call, side, index)
            if key not in self.zeros:
                self.zeros[key] = torch.zeros_like(tensor, requires_grad=True)
            return tensor + self.zeros[key]

        return map_tensors(value, add)


def find_wrong_modules(bench: Bench, here: float, wrong: dict[str, float], limit: float, evaluations: int) -> list[Outcome]:
    """One outcome for each module to blame, the smallest that explains the errors; the loss function if the model's own output has a wrong gradient."""
    places = Places()
    places.attach(bench.model)
    bench.before_evaluation = places.restart
    loss = bench.loss()
    keys = list(places.zeros)
    gradients = dict(zip(keys, torch.autograd.grad(loss, [places.zeros[key] for key in keys], allow_unused=True), strict=True))
    budget = bench.evaluations + evaluations

    def error_at(name: str, call: int, side: str) -> float:
        worst = 0.0
        for key in keys:
            if key[:3] != (name, call, side):
                continue
            zero, gradient = places.zeros[key], gradients[key]
            seed = zlib.crc32(repr(key).encode())
            for direction in directions(zero.shape, gradient, DIRECTIONS_PER_PLACE, seed, zero):
                measured = bench.measure(zero, direction, here)
                if measured.settled:
                    worst = max(worst, relative_error(direction.along(gradient), measured, limit))
        return worst

    order = list(dict.fromkeys(reversed(places.finished)))
    if any(name == "" and error_at(name, call, "output") > limit for name, call in order):
        error = max(error_at(name, call, "output") for name, call in order if name == "")
        return [Outcome("gradient_check", "loss_fn", error, 0.0, limit, False, {"kind": "loss", "reason": "the gradient at the model's own output is wrong"})]
    blamed: dict[str, Outcome] = {}
    modules = dict(bench.model.named_modules())
    for name, call in order:
        inside = [parameter for parameter in wrong if parameter.startswith(f"{name}." if name else "")]
        if bench.evaluations > budget or any(_contains(name, other) for other in blamed):
            continue
        at_input = error_at(name, call, "input")
        if (at_input <= limit and not inside) or error_at(name, call, "output") > limit:
            continue
        details = {"kind": "module", "module_type": type(modules[name]).__name__, "input_error": at_input, "parameters": inside[:20]}
        error = max([at_input, *(wrong[parameter] for parameter in inside)])
        blamed[name] = Outcome("gradient_check", name or type(modules[""]).__name__, error, 0.0, limit, False, details)
    # The walk meets a container before what it contains.
    return [outcome for name, outcome in blamed.items() if not any(other != name and _contains(name, other) for other in blamed)]


def _contains(name: str, other: str) -> bool:
    return other == name or other.startswith(f"{name}.") or name == ""
