"""Can the model learn a handful of examples by heart? On copies of the model and its optimizer."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from .isolation import LossFunction, batch_size, copy_batch, copy_model, dropout_off, isolated, reseed, take, tensors_in
from .outcome import Outcome, run_guarded

if TYPE_CHECKING:
    from ..recorder import Recorder

SHARE_LEFT = 0.05
"""Learned: at most 5 % of the examples wrong (TheDeepChecker, single batch fit), or at most 5 % of the first loss left where there are no classes."""

LOSS_AT_ZERO = 1e-3
"""A mean error below this is zero (TheDeepChecker, single batch fit)."""

STILL = 0.1
"""An optimizer that takes less than this share off the loss, where Adam learns, is at fault itself."""

STILL_FALLING = 0.01
"""Share of the loss by which the last quarter of the steps must better the one before: what is stuck at a floor betters it by noise."""

CURVE_POINTS = 50
ADAM_RATE = 3e-3


@dataclass
class Attempt:
    """One training on the few examples. `best_accuracy` is None where predictions and targets could not be told apart."""

    losses: list[float] = field(default_factory=list)
    best_accuracy: float | None = None
    last_accuracy: float | None = None
    outputs: int | None = None
    prior_loss: float | None = None

    @property
    def best(self) -> float:
        return min((loss for loss in self.losses if math.isfinite(loss)), default=math.nan)

    def falls(self) -> bool:
        """Whether the last quarter is better than the one before by more than noise: it needs longer, which is no fault of the code."""
        quarter = len(self.losses) // 4
        if quarter == 0 or not all(map(math.isfinite, self.losses)):
            return False
        before, now = sum(self.losses[-2 * quarter : -quarter]) / quarter, sum(self.losses[-quarter:]) / quarter
        return before - now > STILL_FALLING * abs(before)

    def learned(self) -> bool | None:
        if not self.losses or math.isnan(self.best):
            return False
        if self.best_accuracy is not None:
            return self.best_accuracy >= 1 - SHARE_LEFT
        if self.best < 0:
            return None  # a loss that is negative by nature has no zero to reach
        return self.best <= max(SHARE_LEFT * self.losses[0], LOSS_AT_ZERO)


def overfit(
    rec: Recorder, model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: LossFunction, batch: Any, steps: int = 200, *, examples: int = 8
) -> tuple[Outcome, ...]:
    """Trains copies of the model and its optimizer on the first `examples` (1 to 8) examples of the batch, for up to `steps` steps.

    Without regularisation (dropout off, weight decay 0: CS231n), at the rate the schedule set out with if it is lower now. If the optimizer does
    not get there, Adam tries the same: that tells a model or loss that cannot learn from an optimizer that is slow or wrong. The caller's weights,
    optimizer, batch and random state stay as they are.

    One row: `value` the best loss, `reference` the first loss, `tolerance` the share of the first loss (0.05) or of wrong examples that may be
    left; `passed` whether the examples were learned: accuracy at least 0.95 where it can be derived (the model returns logits, the batch holds
    one matching tensor of classes), else best loss at most 5 % of the first, or 0.001. A slow optimizer passes if Adam does and the loss fell by
    more than a tenth. None where a negative loss has no zero to reach,
    or the loss still falls at the end.
    `details`: `first`, `last`, `best`, `accuracy` (best) and `last_accuracy` (null if unknown), `prior_loss` (nats, what knowing only the class
    shares gives), `outputs` (classes), `examples`, `steps`, `learning_rate`, `curve` and `curve_steps` (at most 50 points), `fault`
    ("model_or_loss", "optimizer" or ""), `with_adam` (best loss and accuracy of the second attempt, where there was one).
    """

    def work() -> list[Outcome]:
        with isolated():
            return [_probe(model, optimizer, loss_fn, batch, steps, examples)]

    return run_guarded(rec, "overfit", work)


def _probe(model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: LossFunction, batch: Any, steps: int, examples: int) -> Outcome:
    if not 1 <= examples <= 8 or steps < 1:
        raise ValueError(f"overfit needs 1 to 8 examples and at least one step, not {examples} and {steps}")
    size = batch_size(batch)
    few = copy_batch(batch if size is None else take(batch, 0, examples))
    memo: dict[int, Any] = {}
    copied = copy_model(model, memo)
    own = _copy_optimizer(optimizer, memo)
    for group in own.param_groups:
        group["lr"] = max(group["lr"], group.get("initial_lr", group["lr"]), key=float)
        if "weight_decay" in group:
            group["weight_decay"] = 0.0
    attempt = _train(copied, own, loss_fn, few, steps)
    learned = attempt.learned()
    details: dict[str, Any] = {"fault": ""}
    if learned is False:
        second = copy_model(model)
        adam = torch.optim.Adam([parameter for parameter in second.parameters() if parameter.requires_grad], lr=ADAM_RATE)
        other = _train(second, adam, loss_fn, few, steps)
        details["with_adam"] = {"best": other.best, "accuracy": other.best_accuracy}
        fell = attempt.losses[0] - attempt.losses[-1] > STILL * abs(attempt.losses[0])
        if other.learned():
            learned = fell
        elif attempt.falls() or other.falls():
            learned, details["reason"] = None, "the loss still falls: more steps would tell"
        if learned is False:
            details["fault"] = "optimizer" if other.learned() else "model_or_loss"
    stride = -(-len(attempt.losses) // CURVE_POINTS)
    details |= {
        "first": attempt.losses[0],
        "last": attempt.losses[-1],
        "best": attempt.best,
        "accuracy": attempt.best_accuracy,
        "last_accuracy": attempt.last_accuracy,
        "prior_loss": attempt.prior_loss,
        "outputs": attempt.outputs,
        "examples": size if size is None else min(size, examples),
        "steps": len(attempt.losses),
        "learning_rate": float(own.param_groups[0]["lr"]),
        "curve": attempt.losses[::stride],
        "curve_steps": list(range(0, len(attempt.losses), stride)),
    }
    return Outcome("overfit", "", attempt.best, attempt.losses[0], SHARE_LEFT, learned, details)


def _copy_optimizer(optimizer: torch.optim.Optimizer, memo: dict[int, Any]) -> torch.optim.Optimizer:
    """A deep copy without the hooks. What torch leaves out of an optimizer's pickle (LBFGS's list of parameters) is copied too."""
    own = copy.deepcopy(optimizer, memo)
    for name, value in vars(optimizer).items():
        if not hasattr(own, name):
            setattr(own, name, copy.deepcopy(value, memo))
    return own


def _train(model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: LossFunction, batch: Any, steps: int) -> Attempt:
    """Each step's loss is the one before the step; ends early when nothing is left to learn."""
    dropout_off(model)
    if batch_size(batch) == 1:
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()  # one example has no variance
    attempt = Attempt()
    outputs: list[Any] = []
    model.register_forward_hook(lambda module, args, output: outputs.append(output))

    def closure() -> Tensor:
        outputs.clear()
        torch.clear_autocast_cache()
        optimizer.zero_grad()
        loss = loss_fn(model, copy_batch(batch))
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    reseed()
    for _ in range(steps):
        first_of_step: list[float] = []

        def observed(first: list[float] = first_of_step) -> Tensor:
            loss = closure()
            if not first:
                first.append(float(loss.detach()))
                _judge(attempt, outputs, batch)
            return loss

        optimizer.step(observed)  # type: ignore[arg-type]
        attempt.losses.append(first_of_step[0])
        if not math.isfinite(attempt.losses[-1]):
            break
        if attempt.best_accuracy in (None, 1.0) and 0 <= attempt.losses[-1] <= LOSS_AT_ZERO * min(1.0, attempt.losses[0]):
            break
    return attempt


def _judge(attempt: Attempt, outputs: list[Any], batch: Any) -> None:
    """Accuracy, where the model's output is logits [N, C, ...] or [N, ..., C] and exactly one tensor of the batch can be their classes."""
    logits = next((tensor for output in outputs[-1:] for tensor in _logits(output)), None)
    if logits is None or logits.dim() < 2:
        return
    candidates = [tensor for tensor in tensors_in(batch) if not tensor.is_floating_point() and tensor.dtype is not torch.bool]
    for dim in (-1, 1):
        classes = logits.shape[dim]
        shape = torch.Size(size for place, size in enumerate(logits.shape) if place != dim % logits.dim())
        fitting = [tensor for tensor in candidates if tensor.shape == shape and classes > 1 and int(tensor.max()) < classes]
        if len(fitting) != 1:
            continue
        target = fitting[0]
        valid = target >= 0  # -100 and the like: ignored
        if not bool(valid.any()):
            continue
        attempt.last_accuracy = float((logits.detach().argmax(dim) == target)[valid].double().mean())
        attempt.best_accuracy = max(attempt.best_accuracy or 0.0, attempt.last_accuracy)
        attempt.outputs = classes
        shares = target[valid].reshape(-1).bincount().double() / valid.sum()
        attempt.prior_loss = float(torch.special.entr(shares).sum())
        return


def _logits(output: Any) -> list[Tensor]:
    named = getattr(output, "logits", None)
    return [tensor for tensor in ([named] if isinstance(named, Tensor) else tensors_in(output)) if tensor.is_floating_point()]
