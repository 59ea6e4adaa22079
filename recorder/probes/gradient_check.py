"""Compares the gradients of back-propagation with numerical ones, on a copy in float64, and finds the module whose backward is wrong."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from .bench import Bench, ComplexBench
from .derivative import Measured, directions, relative_error
from .isolation import LossFunction, isolated
from .localise import find_wrong_modules
from .outcome import Outcome, run_guarded

if TYPE_CHECKING:
    from ..recorder import Recorder

PROBE = "gradient_check"


@dataclass
class Comparison:
    """Back-propagated against numerical derivatives of one tensor, over the directions that settled."""

    limit: float
    error: float = 0.0
    promised: float = 0.0
    measured: float = 0.0
    judged: int = 0
    unsettled: int = 0
    methods: set[str] = field(default_factory=set)

    def add(self, promised: float, measured: Measured, method: str) -> None:
        if not measured.settled:
            self.unsettled += 1
            return
        self.judged += 1
        self.methods.add(method)
        error = relative_error(promised, measured, self.limit)
        if error >= self.error:
            self.error, self.promised, self.measured = error, promised, measured.derivative


def gradient_check(
    rec: Recorder,
    model: nn.Module,
    loss_fn: LossFunction,
    batch: Any,
    *,
    tolerance: float | None = None,
    per_parameter: int = 6,
    evaluations: int = 2000,
) -> tuple[Outcome, ...]:
    """Is the gradient that back-propagation gives the derivative of the loss?

    `loss_fn(model, batch)` returns a scalar. Two or three examples are enough, and best: fewer kinks. The model is copied, in float64, with
    dropout off and everything else in the mode that it is in; the caller's model, batch and random state stay as they are.
    Each parameter that requires a gradient is moved along up to `per_parameter` directions: random projections for large ones, coordinates else, within
    about `evaluations` evaluations of the loss. Kinks (ReLU) are recognised by two step sizes and one-sided slopes and are no evidence; the
    complex step takes the place of central differences where the function allows it.

    Rows, one a parameter (`details.kind` is "parameter"), one a module whose backward is wrong ("module", or "loss" for the loss function
    itself), and one for the whole (`subject` is empty, "summary"):
    `value` the largest relative error |a - n| / max(|a|, |n|), less what rounding explains where it is above the tolerance; `reference` 0;
    `tolerance` 1e-4 unless said (CS231n: fine below; 1e-2 where the model computes in float32); `passed` None where no direction settled.
    In `details` of a parameter: `back_propagated` and `numerical` (of the worst direction), `directions`, `unsettled`, `gradient` ("none" where
    back-propagation gives none), `blamed` (the modules that explain the error).
    """

    def work() -> list[Outcome]:
        with isolated():
            return _check(model, loss_fn, batch, tolerance, per_parameter, evaluations)

    return run_guarded(rec, PROBE, work)


def _check(model: nn.Module, loss_fn: LossFunction, batch: Any, tolerance: float | None, per_parameter: int, evaluations: int) -> list[Outcome]:
    bench = Bench(model, loss_fn, batch)
    trainable = {name: parameter for name, parameter in bench.model.named_parameters() if parameter.requires_grad and parameter.is_floating_point()}
    if not trainable:
        raise ValueError("no parameter of the model requires a gradient")
    here = bench.settle()
    limit = bench.precision.tolerance if tolerance is None else tolerance
    chosen, count = _within_budget(trainable, per_parameter, evaluations)
    complex_bench = ComplexBench(model, loss_fn, batch)
    comparisons, gradients = compare_parameters(bench, chosen, here, count, limit, complex_bench)
    unsettled = {name: chosen[name] for name, comparison in comparisons.items() if comparison.judged == 0}
    if unsettled:
        nudge(bench.model)
        again, _ = compare_parameters(bench, unsettled, bench.value(), count, limit, None)
        comparisons.update(again)
    wrong = {name: comparison.error for name, comparison in comparisons.items() if comparison.judged and comparison.error > limit}
    blamed = find_wrong_modules(bench, bench.value(), wrong, limit, evaluations) if wrong else []
    rows = [_row(name, comparisons[name], gradients[name], limit, blamed) for name in chosen]
    judged = [comparison for comparison in comparisons.values() if comparison.judged]
    summary = {
        "kind": "summary",
        "parameters": len(trainable),
        "judged": len(judged),
        "wrong": len(wrong),
        "skipped": len(trainable) - len(chosen),
        "blamed": [outcome.subject for outcome in blamed],
        "method": sorted(set().union(*(comparison.methods for comparison in judged))),
        "evaluations": bench.evaluations,
        "loss": here,
    }
    worst = max((comparison.error for comparison in judged), default=None)
    return [*rows, *blamed, Outcome(PROBE, "", worst, 0.0, limit, not wrong if judged else None, summary)]


def _within_budget(trainable: dict[str, nn.Parameter], per_parameter: int, evaluations: int) -> tuple[dict[str, nn.Parameter], int]:
    """A direction costs four evaluations. Where not even one a parameter is left, every n-th parameter is checked."""
    affordable = max(1, evaluations // 4)
    count = max(1, min(per_parameter, affordable // len(trainable)))
    stride = -(-len(trainable) // affordable)
    return dict(list(trainable.items())[::stride]), count


def compare_parameters(
    bench: Bench, parameters: dict[str, nn.Parameter], here: float, count: int, limit: float, complex_bench: ComplexBench | None
) -> tuple[dict[str, Comparison], dict[str, Tensor | None]]:
    found = torch.autograd.grad(bench.loss(), list(parameters.values()), allow_unused=True)
    gradients: dict[str, Tensor | None] = {name: None if gradient is None else gradient.to_dense() for name, gradient in zip(parameters, found, strict=True)}
    comparisons: dict[str, Comparison] = {}
    for name, parameter in parameters.items():
        comparison = comparisons[name] = Comparison(limit)
        seed = zlib.crc32(name.encode())
        for direction in directions(parameter.shape, gradients[name], count, seed, parameter):
            measured = bench.measure(parameter, direction, here)
            method = "central_difference"
            if complex_bench is not None and complex_bench.usable and measured.settled:
                measured, method = _sharpened(measured, complex_bench.derivative(name, direction))
            comparison.add(direction.along(gradients[name]), measured, method)
    return comparisons, gradients


def _sharpened(measured: Measured, complex_step: float) -> tuple[Measured, str]:
    """The complex step where it agrees with central differences; elsewhere an operation is not analytic."""
    if abs(complex_step - measured.derivative) > measured.uncertainty + 1e-6 * abs(measured.derivative):
        return measured, "central_difference"
    return Measured(complex_step, 1e-14 * abs(complex_step), True), "complex_step"


def nudge(model: nn.Module) -> None:
    """Moves every parameter by about a thousandth: away from kinks that lie exactly here, such as ReLU(0) of a blank input with zero bias."""
    with torch.no_grad():
        for index, parameter in enumerate(model.parameters()):
            if parameter.is_floating_point():
                noise = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(index)).to(parameter)
                parameter.add_(noise * 1e-3 * (parameter.square().mean().sqrt() + 1e-2))


def _row(name: str, comparison: Comparison, gradient: Tensor | None, limit: float, blamed: list[Outcome]) -> Outcome:
    details: dict[str, Any] = {
        "kind": "parameter",
        "back_propagated": comparison.promised,
        "numerical": comparison.measured,
        "directions": comparison.judged,
        "unsettled": comparison.unsettled,
        "method": sorted(comparison.methods),
    }
    if gradient is None:
        details["gradient"] = "none"
    if comparison.judged == 0:
        details["reason"] = "no numerical derivative settled: a kink in every direction, or noise (part of the model computes in float32?)"
        return Outcome(PROBE, name, None, 0.0, limit, None, details)
    passed = comparison.error <= limit
    if not passed and blamed:
        details["blamed"] = [outcome.subject for outcome in blamed]
    return Outcome(PROBE, name, comparison.error, 0.0, limit, passed, details)
