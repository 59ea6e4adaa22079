"""A sample's loss from whatever shape it was given in, without waiting for the device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from .. import fetch

Summary = dict[str, "Tensor | npt.NDArray[Any] | list[str]"]
"""Numbers of a batch: tensors, still on the device, or arrays. `floats` [F, N] and `ints` [I, N] hold the columns named in `float_names` and `int_names`."""


@dataclass(frozen=True)
class Elements:
    """Which elements of each sample count: `valid` [N, E], or None where all do. `per_sample` is E."""

    per_sample: int
    valid: Tensor | None = None

    def count(self, like: Tensor) -> Tensor:
        """How many count, [N] int32 on the device of `like`, whose first dimension is N."""
        if self.valid is None:
            return torch.full((like.shape[0],), self.per_sample, dtype=torch.int32, device=like.device)
        return self.valid.sum(1, dtype=torch.int32)


def combine(valid: Tensor | None, more: Tensor | None) -> Tensor | None:
    return more if valid is None else valid if more is None else valid & more


def mask_elements(mask: Tensor | None, n: int, per_sample: int) -> Tensor | None:
    """A mask of the user's ([N], [N, E] or of the target's shape; nonzero counts) as [N, E]; None where there is none that fits."""
    if mask is None:
        return None
    on = mask.detach() != 0 if mask.dtype != torch.bool else mask.detach()
    if on.numel() == n * per_sample:
        return on.reshape(n, per_sample)
    return on.reshape(n, 1).expand(n, per_sample) if on.numel() == n else None


def loss_columns(loss: Tensor | None, elements: Elements, count: Tensor) -> dict[str, Tensor]:
    """`loss_sum` and `loss_sum_total` [N], as far as the given losses tell: those of an odd shape are averaged over what is not the sample."""
    n, per_sample = count.shape[0], elements.per_sample
    if loss is None or n == 0 or loss.numel() % n or loss.numel() == 0 or (loss.dim() == 0 and n > 1):
        return {}
    flat = loss.detach().reshape(n, -1).float()
    if flat.shape[1] == per_sample:
        total = flat[:, 0] if per_sample == 1 else flat.sum(1)
        counted = total if elements.valid is None else torch.where(elements.valid, flat, 0.0).sum(1)
        return {"loss_sum": counted, "loss_sum_total": total}
    mean = flat[:, 0] if flat.shape[1] == 1 else flat.mean(1)
    if elements.valid is None:
        total = mean * per_sample
        return {"loss_sum": total, "loss_sum_total": total}
    return {"loss_sum": torch.where(count > 0, mean * count, 0.0)}


def pack(floats: Mapping[str, Any], ints: Mapping[str, Any]) -> Summary:
    """Columns [N] (tensors, on the CPU also arrays) as two matrices: two copies from the device instead of twenty."""
    packed: Summary = {}
    for kind, columns, dtype in (("float", floats, torch.float32), ("int", ints, torch.int32)):
        packed[f"{kind}_names"] = list(columns)
        if columns:
            packed[f"{kind}s"] = _matrix(list(columns.values()), dtype)
    return packed


def _matrix(columns: list[Any], dtype: torch.dtype) -> Tensor:
    if isinstance(columns[0], Tensor) and not fetch.at_once(columns[0]):
        return torch.stack([column.to(dtype) for column in columns])
    matrix = torch.empty((len(columns), len(columns[0])), dtype=dtype)
    rows = matrix.numpy()
    for row, column in enumerate(columns):  # each cast on its way in
        rows[row] = column if isinstance(column, np.ndarray) else column.numpy()
    return matrix
