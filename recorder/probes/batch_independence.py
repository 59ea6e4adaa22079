"""Does the output of sample i change when sample j does? A wrong view, permute or norm lets samples see each other."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from .isolation import batch_size, copy_batch, copy_model, isolated, map_tensors, reseed, take, tensors_in
from .outcome import Outcome, run_guarded

if TYPE_CHECKING:
    from ..recorder import Recorder

SAMPLES = 8
TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4}
"""Share of the outputs' size that rounding may move; a real mixture moves them by about their size."""
HALF_TOLERANCE = 1e-2

Forward = Callable[[nn.Module, Any], Any]


def batch_independence(rec: Recorder, model: nn.Module, batch: Any, *, forward: Forward | None = None, dim: int = 0) -> tuple[Outcome, ...]:
    """Changes one sample of the batch at a time and looks whether the outputs of the others move. On a copy in eval mode.

    `forward(model, batch)` returns the outputs. Without it the model is called with the batch (a tensor), with its items as keywords (a mapping), or with
    as many leading tensors of a tuple as it has required parameters (labels and ids, integer vectors of the batch's length, are passed over). `dim` is the
    dimension of the samples in inputs and outputs (1 for sequence-first models). Up to 8 samples are used.

    One row: `value` the largest change of another sample's output, as a share of the outputs' root mean square; `reference` 0; `tolerance` what rounding may do
    (1e-4 in float32); `passed`; `subject` the first module whose output mixes samples though its input did not (empty if none was found).
    `details`: `changed` and `moved` (samples of the worst pair), `own_change` (of the changed sample itself), and `train_mode` (the same measure in train mode,
    where batch norm mixes samples by design: for information only).
    """

    def work() -> list[Outcome]:
        with isolated(), torch.no_grad():
            return [_probe(model, batch, forward or _call, dim)]

    return run_guarded(rec, "batch_independence", work)


def _probe(model: nn.Module, batch: Any, forward: Forward, dim: int) -> Outcome:
    size = batch_size(batch, dim)
    if size is None or size < 2:
        raise ValueError(f"needs a batch of two samples at least, with one length along dimension {dim} in all its tensors")
    batch = copy_batch(batch)
    if dim == 0 and size > SAMPLES:
        batch, size = take(batch, 0, SAMPLES), SAMPLES
    training = model.training
    copied = copy_model(model).eval()
    trace = _Trace(copied, size, dim)
    base = trace.run(forward, batch)
    worst, pair, own, subject = 0.0, (0, 0), 0.0, ""
    for changed in range(min(size, SAMPLES)):
        other = trace.run(forward, _with_sample_changed(batch, changed, size, dim))
        change = _changes(base["out"], other["out"], size, dim)
        own = max(own, float(change[changed]))
        change[changed] = 0
        if float(change.max()) > worst:
            worst, pair = float(change.max()), (changed, int(change.argmax()))
            subject = trace.first_mixing(base, other, changed)
    tolerance = max(TOLERANCE.get(tensor.dtype, HALF_TOLERANCE) for tensor in base["out"])
    passed = worst <= tolerance if own > 0 else None
    details: dict[str, Any] = {"changed": pair[0], "moved": pair[1], "own_change": own, "samples": size}
    if passed is None:
        details["reason"] = "no sample's own output changed with it: the model ignores its input (see zero_input)"
    if training:
        details |= _in_train_mode(copied.train(), trace, forward, batch, size, dim)
    return Outcome("batch_independence", subject if passed is False else "", worst, 0.0, tolerance, passed, details)


class _Trace:
    """Outputs and inputs of every module in one forward pass, in order of completion."""

    def __init__(self, model: nn.Module, size: int, dim: int) -> None:
        self.model, self.size, self.dim = model, size, dim
        self.seen: list[tuple[str, list[Tensor], list[Tensor]]] = []
        for name, module in model.named_modules():
            module.register_forward_hook(self._hook(name), with_kwargs=True)

    def _hook(self, name: str) -> Any:
        def hook(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            self.seen.append((name, _floats((args, kwargs), copy=True), _floats(output, copy=True)))

        return hook

    def run(self, forward: Forward, batch: Any) -> dict[str, Any]:
        self.seen = []
        reseed()
        out = [tensor for tensor in _floats(forward(self.model, copy_batch(batch))) if tensor.dim() > self.dim and tensor.shape[self.dim] == self.size]
        if not out:
            raise ValueError(f"no output has {self.size} samples along dimension {self.dim}")
        if not all(bool(tensor.isfinite().all()) for tensor in out):
            raise ValueError("the outputs are not finite: nothing to compare")
        return {"out": out, "seen": self.seen}

    def first_mixing(self, base: dict[str, Any], other: dict[str, Any], changed: int) -> str:
        def mixes(one: list[Tensor], two: list[Tensor]) -> bool:
            change = _changes(one, two, self.size, self.dim)
            change[changed] = 0
            return float(change.max()) > HALF_TOLERANCE * 1e-2

        for (name, inputs, outputs), (_, inputs_changed, outputs_changed) in zip(base["seen"], other["seen"], strict=False):
            if mixes(outputs, outputs_changed) and not mixes(inputs, inputs_changed):
                return str(name)
        return ""


def _floats(value: Any, copy: bool = False) -> list[Tensor]:
    found = [tensor.detach() for tensor in tensors_in(value) if tensor.is_floating_point()]
    return [tensor.clone() for tensor in found] if copy else found


def _changes(one: list[Tensor], two: list[Tensor], size: int, dim: int) -> Tensor:
    """Per sample: root mean square of the change, as a share of the tensor's; tensors without a sample dimension are passed over."""
    worst = torch.zeros(size, dtype=torch.float64)
    for before, after in zip(one, two, strict=False):
        if before.dim() <= dim or before.shape != after.shape or before.shape[dim] % size:
            continue
        rows = before.movedim(dim, 0).double().reshape(size, -1)
        scale = rows.square().mean().sqrt() + torch.finfo(torch.float32).tiny
        change = (after.movedim(dim, 0).double().reshape(size, -1) - rows).square().mean(1).sqrt() / scale
        worst = torch.maximum(worst, change.cpu())
    return worst


def _with_sample_changed(batch: Any, changed: int, size: int, dim: int) -> Any:
    """Floats: turned over and pushed by one standard deviation, so that no value stays. Integers: another sample's, which are valid tokens for sure."""

    def change(tensor: Tensor) -> Tensor:
        if tensor.dim() <= dim or tensor.dtype is torch.bool:
            return tensor
        tensor = tensor.clone()
        row = tensor.select(dim, changed)
        if tensor.is_floating_point():
            spread = float(tensor.double().std()) if tensor.numel() > 1 else 0.0
            row.copy_(-row + (spread if spread > 0 and math.isfinite(spread) else 1.0))
        else:
            row.copy_(tensor.select(dim, (changed + 1) % size).clone())
        return tensor

    return map_tensors(batch, change)


def _in_train_mode(model: nn.Module, trace: _Trace, forward: Forward, batch: Any, size: int, dim: int) -> dict[str, Any]:
    norms = [name for name, module in model.named_modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    base = trace.run(forward, batch)
    other = trace.run(forward, _with_sample_changed(batch, 0, size, dim))
    change = _changes(base["out"], other["out"], size, dim)
    change[0] = 0
    note = "batch norm mixes samples in train mode by design" if norms else ""
    return {"train_mode": float(change.max()), "batch_norm": norms[:20], "note": note}


def _call(model: nn.Module, batch: Any) -> Any:
    if isinstance(batch, Tensor):
        return model(batch)
    if isinstance(batch, Mapping):
        return model(**batch)
    tensors = [item for item in batch if isinstance(item, Tensor)]
    wide = [item for item in tensors if item.dim() > 1 or item.is_floating_point()] or tensors
    parameters = inspect.signature(model.forward).parameters.values()
    required = [one for one in parameters if one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    return model(*wide[: max(1, len(required))])
