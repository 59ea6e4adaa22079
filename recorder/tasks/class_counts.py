"""How often each class occurs in a sample of many elements."""

from __future__ import annotations

import torch
from torch import Tensor

from .. import fetch


def class_counts(classes: Tensor, valid: Tensor | None, bins: int) -> Tensor:
    """How often each class occurs among the valid elements of a sample, [N, bins + 2]: first all negative ones, last all from `bins` on."""
    n, width = classes.shape[0], bins + 2
    place = (classes.clamp(-1, bins) + 1 + torch.arange(n, device=classes.device)[:, None] * width).reshape(-1)
    if fetch.at_once(place):
        return torch.bincount(place if valid is None else place[valid.reshape(-1)], minlength=n * width).reshape(n, width).int()
    ones = torch.ones_like(place) if valid is None else valid.reshape(-1).long()
    return torch.zeros(n * width, dtype=torch.int64, device=place.device).scatter_add_(0, place, ones).reshape(n, width).int()
