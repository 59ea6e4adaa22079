"""Which tensor was the first to hold a NaN or an infinity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from .activations import Suspect
from .gradients import Parameter

_EVENTS_AT_MOST = 50
_FIRST = {"input": 0, "buffer": 1, "weight": 1, "preactivation": 2, "activation": 2, "loss": 3, "activation_gradient": 4, "gradient": 4, "update": 5}


class _Events(Protocol):
    def event(self, kind: str, message: str, details: dict[str, Any], step: int | None) -> None: ...


def first_suspects(found: Sequence[tuple[Parameter, Tensor]]) -> list[Suspect]:
    """The gradients on a CPU that are not finite."""
    suspects = []
    for parameter, gradient in found:
        count = int((~torch.isfinite(gradient)).sum())
        if count:
            suspects.append(Suspect(parameter.gradient, count, int(torch.isnan(gradient).sum())))
    return suspects


def in_order_of_use(suspects: Sequence[Suspect]) -> list[Suspect]:
    """Inputs, buffers and weights, the forward pass in its order, then gradients in the order of the backward pass, then updates."""

    def place(item: tuple[int, Suspect]) -> tuple[int, float, int]:
        number, suspect = item
        watched = suspect.watched
        rank = _FIRST[watched.kind]
        depth = math.inf if watched.depth is None else float(watched.depth)
        if rank == 4:
            return rank, -depth, 0 if watched.kind == "activation_gradient" else 1
        return rank, depth if rank == 1 else 0.0, number

    return [suspect for _, suspect in sorted(enumerate(suspects), key=place)]


class NonfiniteReporter:
    """Writes the `nonfinite` events: one when it begins, another when the first tensor is another one or it begins again.

    A gradient is held back until the loss of its step is known or the next step begins: `rec.log` comes after `optimizer.step()`.
    """

    def __init__(self, log: _Events) -> None:
        self._log = log
        self._last: tuple[int | None, str, str] | None = None
        self._held: tuple[int | None, str, Suspect] | None = None
        self._losses: dict[int | None, tuple[str, float]] = {}
        self._written = 0

    def report(self, step: int | None, split: str, suspects: Sequence[Suspect]) -> bool:
        """Takes all suspects of a step that are certain; True when there were any."""
        self.flush()
        ordered = in_order_of_use(suspects)
        if not ordered:
            return False
        first = ordered[0]
        if _FIRST[first.watched.kind] == 4 and split == "train":
            self._held = (step, split, first)
            if step in self._losses:
                self.loss_logged(step, *self._losses[step])
        else:
            self._write(step, split, first)
        return True

    def loss_logged(self, step: int | None, name: str, value: float) -> None:
        if math.isfinite(value):
            return
        self._losses = {step: (name, value)}
        if self._held is not None and self._held[0] == step:
            self._held = None
            self._event(step, "train", name, "loss", {"module": "", "count": 1, "activation": None, "nan": int(math.isnan(value))})

    def flush(self) -> None:
        """The loss of the step that is held back was finite."""
        if self._held is not None:
            held, self._held = self._held, None
            self._write(*held)

    def _write(self, step: int | None, split: str, first: Suspect) -> None:
        watched = first.watched
        details = {"module": watched.module, "module_type": watched.module_type, "count": first.count or None, "activation": watched.activation}
        if first.nans is not None:
            details["nan"] = first.nans
        self._event(step, split, watched.name, watched.kind, details)

    def _event(self, step: int | None, split: str, name: str, kind: str, details: dict[str, Any]) -> None:
        before, self._last = self._last, (step, kind, name)
        same = before is not None and before[1:] == (kind, name) and before[0] is not None and step is not None and step - before[0] <= 1
        if same or self._written >= _EVENTS_AT_MOST:
            return
        self._written += 1
        label = kind.replace("_", " ")
        count = f"{details['count']} values" if details.get("count") else "values"
        message = f"the first tensor with values that are not finite is the {label} {name} ({count})"
        self._log.event("nonfinite", message, {"tensor": name, "kind": kind, "split": split, **details}, step)
