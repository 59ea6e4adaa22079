"""What callbacks need that see a batch and an output and are told nothing more: keys for samples without keys, their losses, their targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORED = -100

_GOLDEN, _FIRST, _SECOND = -0x61C8864680B583EB, -0x40A7B892E31B1A47, -0x6B2FB644ECCEEE15
"""The constants of SplitMix64 (Steele et al., 2014), as signed numbers."""


def fingerprints(inputs: Tensor, mask: Tensor | None = None) -> Tensor:
    """A key for each row, [N] int64, made of its values: the same sample has the same key in every epoch, whatever its place and (with `mask`) its padding.

    Works on the device without waiting for it. Two equal samples share a key, and a sample that is augmented anew gets a new one.
    """
    rows = inputs.detach().reshape(len(inputs), -1)
    values = rows.float().view(torch.int32).long() if rows.is_floating_point() else rows.long()
    place = torch.arange(1, rows.shape[1] + 1, device=rows.device)
    mixed = _mix((values + 1) * _GOLDEN + place * _SECOND)
    if mask is not None and mask.shape == inputs.shape:
        mixed = mixed * mask.reshape(mixed.shape).ne(0)
    return _mix(mixed.sum(1))


def _mix(values: Tensor) -> Tensor:
    values = (values ^ (values >> 30)) * _FIRST
    values = (values ^ (values >> 27)) * _SECOND
    return values ^ (values >> 31)


def keys_in(batch: Any, rows: int) -> Sequence[str] | None:
    """The texts that `with_ids` puts in front of an item, once they are collated; or what a mapping has under `ids` or `sample_id`."""
    if isinstance(batch, Mapping):
        return next((batch[name] for name in ("ids", "sample_id") if name in batch and len(batch[name]) == rows), None)
    first = batch[0] if isinstance(batch, list | tuple) and len(batch) > 0 else None
    return first if isinstance(first, list | tuple) and len(first) == rows and all(isinstance(key, str) for key in first) else None


def sample_losses(prediction: Tensor, target: Tensor, name: str | None = None) -> Tensor | None:
    """The loss of each element, of the given name or the usual one for the shapes; None where shapes do not fit. Classes are last, or else dimension 1."""
    prediction = prediction.detach().float()
    if target.is_floating_point():
        if prediction.numel() != target.numel():
            return None
        prediction, target = prediction.reshape(target.shape), target.float()
        if name is not None and name.startswith("binary_cross_entropy"):
            return F.binary_cross_entropy_with_logits(prediction, target, reduction="none")
        return F.mse_loss(prediction, target, reduction="none")
    if prediction.shape[:-1] == target.shape:
        prediction = prediction.movedim(-1, 1)
    if prediction.dim() < 2 or prediction.shape[0:1] + prediction.shape[2:] != target.shape:
        return None
    return F.cross_entropy(prediction, target, reduction="none", ignore_index=IGNORED)


def target_for(prediction: Tensor, batch: Any) -> Tensor | None:
    """The last tensor of the batch that can be the target of this prediction: classes for [N, C, ...] or [N, ..., C], values of the same shape else."""
    tensors = list(batch.values()) if isinstance(batch, Mapping) else list(batch) if isinstance(batch, list | tuple) else []
    classes = {torch.Size(size for place, size in enumerate(prediction.shape) if place != dim % prediction.dim()) for dim in (-1, 1) if prediction.dim() > 1}
    for tensor in reversed([item for item in tensors if isinstance(item, Tensor)]):
        if tensor.is_floating_point() and (tensor.shape == prediction.shape or (tensor.shape == prediction.shape[:1] and prediction.numel() == tensor.numel())):
            return tensor
        if not tensor.is_floating_point() and tensor.shape in classes:
            return tensor
    return None


def numbers(metrics: Mapping[str, Any], prefix: str = "", without: tuple[str, ...] = ()) -> dict[str, Any]:
    """The metrics that are numbers, without a prefix, and without those whose name ends in one of `without`."""
    found = {name: value for name, value in metrics.items() if isinstance(value, int | float) or (isinstance(value, Tensor) and value.numel() == 1)}
    return {name.removeprefix(prefix): value for name, value in found.items() if not name.endswith(without or ("\0",))}


class TakeIds:
    """Takes the sample ids out of a batch before the model's own forward sees them. A copy of the model takes its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.latest: Any = None

    def __call__(self, model: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        self.latest = kwargs.pop(self.name, None)
        return args, kwargs

    def __deepcopy__(self, memo: dict[int, Any]) -> TakeIds:
        return TakeIds(self.name)
