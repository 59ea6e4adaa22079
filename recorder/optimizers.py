"""What is asked of torch's optimizers: the one inside a wrapper, its learning rates, the state it brings along, and whether a step is one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from . import fetch


def plain_optimizer(optimizer: Any) -> Any:
    """The torch optimizer inside a wrapper such as accelerate's."""
    while isinstance(getattr(optimizer, "optimizer", None), Optimizer):
        optimizer = optimizer.optimizer
    return optimizer


def learning_rates(optimizers: Sequence[Optimizer]) -> dict[str, float | Tensor]:
    """`learning_rate` of the first group and `learning_rate/<number>` of the others, counted through all optimizers."""
    rates: dict[str, float | Tensor] = {}
    number = 0
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            rate = group.get("lr")
            if isinstance(rate, (int, float, Tensor)):
                rates[f"learning_rate/{number}" if number else "learning_rate"] = rate
            number += 1
    return rates


def brought_along(optimizer: Optimizer) -> tuple[int, float | None]:
    """Of how many parameters an optimizer holds state, and how many steps it says it has taken (None: it does not say)."""
    states = list(optimizer.state.values())
    counters = [state["step"] for state in states if isinstance(state, dict) and "step" in state]
    steps = [float(counter) for counter in counters if not isinstance(counter, Tensor) or fetch.at_once(counter)]
    return len(states), max(steps, default=None)


def steps_on_the_stack(optimizer: Optimizer) -> int:
    """How many calls of torch's wrapper around `optimizer.step` are running now, at least one."""
    count, frame = 0, sys._getframe().f_back
    while frame is not None:
        if frame.f_code.co_qualname.endswith("profile_hook_step.<locals>.wrapper") and frame.f_locals["args"][0] is optimizer:
            count += 1
        frame = frame.f_back
    return max(count, 1)


class Bound:
    """A method and the number of its optimizer."""

    def __init__(self, method: Callable[..., Any], index: int) -> None:
        self._method, self._index = method, index

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._method(self._index, *args, **kwargs)
