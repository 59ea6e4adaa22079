"""Is the real input any better than a zeroed one? If not, the model ignores its input."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from .isolation import LossFunction, batch_size, copy_batch, copy_model, isolated, map_tensors, reseed, take, tensors_in
from .outcome import Outcome, run_guarded

if TYPE_CHECKING:
    from ..recorder import Recorder

EXAMPLES = 64
UNCHANGED = 1e-6
"""Outputs that change by less than this share of their size when the input is taken away do not depend on it (float32 rounding, many times over)."""

NOT_INPUT = ("label", "labels", "target", "targets", "y")


def zero_input(rec: Recorder, model: nn.Module, loss_fn: LossFunction, batch: Any) -> tuple[Outcome, ...]:
    """Compares the loss of up to 64 examples with the loss of the same examples when the model gets zeros in their place.

    On a copy in eval mode. The zeros replace what the model is called with: floating-point tensors, or token numbers where there is no other; keyword
    arguments named as labels or masks are kept. Examples are compared one by one where the batch can be cut, else as one batch.

    One row: `value` the mean loss with the real input, `reference` the mean loss with zeros, `tolerance` two standard errors of the paired
    difference (0 for a single comparison). `passed` is False where the outputs do not change (by more than 1e-6 of their size), True where the
    real input is better by more than the tolerance, else None: the outputs do depend on the input, which helps no more than zeros. So it is at
    the start; after training it means that nothing was learned from the input.
    `details`: `output_change` (root mean square, as a share of the outputs'), `comparisons`, `share_better` (of the comparisons), `reason`.
    """

    def work() -> list[Outcome]:
        with isolated(), torch.no_grad():
            return [_probe(model, loss_fn, batch)]

    return run_guarded(rec, "zero_input", work)


class _Gate:
    """Hooks on the copy: blanks what it is called with while `closed`, and keeps the outputs."""

    def __init__(self, model: nn.Module) -> None:
        self.closed = False
        self.outputs: list[Tensor] = []
        self.blanked = 0
        model.register_forward_pre_hook(self._before, with_kwargs=True, prepend=True)
        model.register_forward_hook(self._after)

    def _before(self, module: nn.Module, args: Any, kwargs: Any) -> Any:
        inputs = {key: value for key, value in kwargs.items() if key not in NOT_INPUT and not key.endswith("mask")}
        any_float = any(tensor.is_floating_point() for tensor in tensors_in((args, inputs)))

        def blank(tensor: Tensor) -> Tensor:
            if tensor.dtype is torch.bool or (any_float and not tensor.is_floating_point()):
                return tensor
            self.blanked += 1
            return torch.zeros_like(tensor) if self.closed else tensor

        return map_tensors(args, blank), {**kwargs, **map_tensors(inputs, blank)}

    def _after(self, module: nn.Module, args: Any, output: Any) -> None:
        self.outputs += [tensor.detach() for tensor in tensors_in(_without_loss(output)) if tensor.is_floating_point()]


def _without_loss(output: Any) -> Any:
    return {key: value for key, value in output.items() if key != "loss"} if isinstance(output, Mapping) else output


def _probe(model: nn.Module, loss_fn: LossFunction, batch: Any) -> Outcome:
    copied = copy_model(model).eval()
    gate = _Gate(copied)

    def run(part: Any, closed: bool) -> tuple[float, list[Tensor]]:
        gate.closed, gate.outputs = closed, []
        reseed()
        return float(loss_fn(copied, copy_batch(part))), gate.outputs

    parts = _parts(batch)
    try:
        run(parts[0], False)
    except (RuntimeError, ValueError, IndexError):
        parts = [batch]  # it does not take one example
    real, blank, changed, size = [], [], 0.0, 0.0
    for part in parts:
        loss, outputs = run(part, False)
        loss_blank, outputs_blank = run(part, True)
        real.append(loss)
        blank.append(loss_blank)
        for one, other in zip(outputs, outputs_blank, strict=True):
            changed += float((one.double() - other.double()).square().sum())
            size += float(one.double().square().sum())
    if not gate.blanked:
        raise ValueError("loss_fn did not call the model with a tensor, so there was nothing to replace by zeros")
    if not math.isfinite(sum(real) + sum(blank)):
        raise ValueError(f"the loss is {sum(real) / len(real)} with the real input and {sum(blank) / len(blank)} with zeros: nothing to compare")
    return _judge(real, blank, math.sqrt(changed / size) if size else 0.0)


def _parts(batch: Any) -> list[Any]:
    size = batch_size(batch)
    return [batch] if size is None else [take(batch, index, index + 1) for index in range(min(size, EXAMPLES))]


def _judge(real: list[float], blank: list[float], change: float) -> Outcome:
    gains = torch.tensor(blank, dtype=torch.float64) - torch.tensor(real, dtype=torch.float64)
    tolerance = float(2 * gains.std() / math.sqrt(len(gains))) if len(gains) > 1 else 0.0
    details: dict[str, Any] = {"output_change": change, "comparisons": len(gains), "share_better": float((gains > 0).double().mean())}
    if change < UNCHANGED:
        passed, details["reason"] = False, "the outputs are the same with the input replaced by zeros"
    elif float(gains.mean()) > tolerance:
        passed = True
    else:
        passed, details["reason"] = None, "the outputs depend on the input, but the loss is no better than with zeros"
    return Outcome("zero_input", "", sum(real) / len(real), sum(blank) / len(blank), tolerance, passed, details)
