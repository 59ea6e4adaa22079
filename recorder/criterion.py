"""The declared loss: which function it is, with which settings, and what it gives for one batch, element by element."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

_MODULES = {
    "CrossEntropyLoss": "cross_entropy",
    "NLLLoss": "nll_loss",
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "MSELoss": "mse_loss",
    "L1Loss": "l1_loss",
    "SmoothL1Loss": "smooth_l1_loss",
    "HuberLoss": "huber_loss",
    "KLDivLoss": "kl_div",
    "PoissonNLLLoss": "poisson_nll_loss",
    "GaussianNLLLoss": "gaussian_nll_loss",
    "SoftMarginLoss": "soft_margin_loss",
    "MultiMarginLoss": "multi_margin_loss",
    "MultiLabelMarginLoss": "multilabel_margin_loss",
    "MultiLabelSoftMarginLoss": "multilabel_soft_margin_loss",
    "CTCLoss": "ctc_loss",
    "HingeEmbeddingLoss": "hinge_embedding_loss",
    "CosineEmbeddingLoss": "cosine_embedding_loss",
    "MarginRankingLoss": "margin_ranking_loss",
    "TripletMarginLoss": "triplet_margin_loss",
}
NAMES = tuple(sorted(_MODULES.values()))
"""Losses that can be declared by name."""

OF_CLASSES = ("cross_entropy", "nll_loss", "multi_margin_loss")
OF_LABELS = ("binary_cross_entropy", "binary_cross_entropy_with_logits", "multilabel_soft_margin_loss", "multilabel_margin_loss")
OF_VALUES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss", "gaussian_nll_loss")

_SETTINGS = ("label_smoothing", "ignore_index", "beta", "delta", "log_input", "full", "eps", "log_target", "p", "margin")


@dataclass(frozen=True)
class Criterion:
    """A declared loss. `name` is that of torch.nn.functional, or the class of a loss of the user's own (`known` is False then)."""

    name: str
    known: bool = True
    reduction: str = "mean"
    settings: dict[str, float | int | bool] = field(default_factory=dict)
    weight: Tensor | None = None
    pos_weight: Tensor | None = None

    @property
    def label_smoothing(self) -> float:
        return float(self.settings.get("label_smoothing", 0.0))

    @property
    def ignore_index(self) -> int | None:
        """Class number that does not count. None for a loss that has no such number."""
        if self.name not in ("cross_entropy", "nll_loss"):
            return None
        return int(self.settings.get("ignore_index", -100))


def read_criterion(loss: str | torch.nn.Module | Callable[..., Any] | None) -> Criterion | None:
    """The declared loss: a name, a loss module, a function of torch.nn.functional, or a partial of one. Raises ValueError for an unknown name."""
    if loss is None:
        return None
    if isinstance(loss, str):
        return Criterion(_full_name(loss))
    if isinstance(loss, torch.nn.Module):
        return _of_module(loss)
    settings: dict[str, Any] = {}
    while isinstance(loss, functools.partial):
        settings = {**loss.keywords, **settings}
        loss = loss.func
    name = getattr(loss, "__name__", type(loss).__name__)
    return _criterion(name, name in NAMES and getattr(F, name, None) is loss, settings)


def _of_module(module: torch.nn.Module) -> Criterion:
    kind = type(module).__name__
    known = kind in _MODULES and type(module).__module__.startswith("torch.nn")
    found = {name: value for name in ("reduction", "weight", "pos_weight", *_SETTINGS) if (value := getattr(module, name, None)) is not None}
    return _criterion(_MODULES[kind] if known else kind, known, found)


def _criterion(name: str, known: bool, found: dict[str, Any]) -> Criterion:
    settings = {key: found[key] for key in _SETTINGS if isinstance(found.get(key), (bool, int, float))}
    weights = {key: found[key].detach() for key in ("weight", "pos_weight") if isinstance(found.get(key), Tensor)}
    reduction = found.get("reduction", "mean")
    return Criterion(name, known, reduction if isinstance(reduction, str) else "mean", settings, **weights)


def _full_name(name: str) -> str:
    plain = re.sub(r"^bce(?=_|$)", "binary_cross_entropy", name.strip().lower().replace("-", "_"))
    for candidate in (plain, f"{plain}_loss"):
        if candidate in NAMES:
            return candidate
    short = [known.removesuffix("_loss") for known in NAMES]
    near = difflib.get_close_matches(plain, [*NAMES, *short], n=1)
    hint = f"did you mean {near[0]!r}" if near else f"known are {', '.join(NAMES)}"
    raise ValueError(f"loss={name!r} is no loss of torch.nn.functional; {hint}. A loss of your own is passed as the module or function itself.")


def beside(value: Tensor, other: Tensor) -> Tensor:
    """The value on the other's device, without waiting for it; a copy to the CPU has to be waited for, or it would be read too early."""
    return value.to(other.device, non_blocking=other.device.type != "cpu")


def class_losses(criterion: Criterion, z: Tensor, labels: Tensor, ignore_index: int | None = None) -> Tensor | None:
    """Loss of each element [M] of predictions [M, C] and class numbers [M], as `reduction="none"` gives it; None where the loss is none of classes.

    A class number that is no output gives NaN, or 0 where it is the one to be ignored; torch would stop the process for it.
    """
    if not criterion.known or criterion.name not in ("cross_entropy", "nll_loss"):
        return None
    target = labels.clamp(0, z.shape[1] - 1)
    scores = -z if criterion.name == "nll_loss" else torch.logsumexp(z, 1, keepdim=True) - z
    weight = None if criterion.weight is None else beside(criterion.weight, scores).to(scores.dtype)
    losses = scores.gather(1, target[:, None])[:, 0]
    if weight is not None:
        losses = losses * weight[target]
    if criterion.label_smoothing and criterion.name == "cross_entropy":
        spread = (scores if weight is None else scores * weight).sum(1) / scores.shape[1]
        losses = (1 - criterion.label_smoothing) * losses + criterion.label_smoothing * spread
    outside = torch.full_like(losses, float("nan"))
    if ignore_index is not None:
        outside = outside.masked_fill(labels == ignore_index, 0.0)
    return torch.where(target == labels, losses, outside)


def share_losses(criterion: Criterion, z: Tensor, shares: Tensor) -> Tensor | None:
    """Loss of each sample [N] of predictions [N, C] and the share of each class [N, C], as `reduction="none"` gives it; None unless a plain cross-entropy."""
    if criterion.name != "cross_entropy" or not criterion.known or criterion.weight is not None or criterion.label_smoothing:
        return None
    return -(shares * z.log_softmax(1)).sum(1)


def value_losses(criterion: Criterion, z: Tensor, target: Tensor) -> Tensor | None:
    """Loss of each element of predictions and targets of one shape, as `reduction="none"` gives it; None where unknown."""
    if not criterion.known or z.shape != target.shape:
        return None
    settings = criterion.settings
    if criterion.name == "binary_cross_entropy":
        losses = -(target * z.log().clamp(min=-100) + (1 - target) * (1 - z).log().clamp(min=-100))
        return losses if criterion.weight is None else losses * beside(criterion.weight, z).to(z.dtype)
    if criterion.name == "binary_cross_entropy_with_logits":
        weight, pos_weight = (None if value is None else beside(value, z).to(z.dtype) for value in (criterion.weight, criterion.pos_weight))
        return F.binary_cross_entropy_with_logits(z, target, weight, reduction="none", pos_weight=pos_weight)
    if criterion.name == "mse_loss":
        return (z - target).square()
    if criterion.name == "l1_loss":
        return (z - target).abs()
    if criterion.name == "smooth_l1_loss":
        return F.smooth_l1_loss(z, target, reduction="none", beta=float(settings.get("beta", 1.0)))
    if criterion.name == "huber_loss":
        return F.huber_loss(z, target, reduction="none", delta=float(settings.get("delta", 1.0)))
    if criterion.name == "poisson_nll_loss":
        return F.poisson_nll_loss(z, target, log_input=bool(settings.get("log_input", True)), full=bool(settings.get("full", False)), reduction="none")
    if criterion.name == "soft_margin_loss":
        return F.soft_margin_loss(z, target, reduction="none")
    return None
