"""Whether predictions are probabilities already, decided on the device: a batch at a time, never by reading a value back."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import fetch
from ..criterion import Criterion

SUM_TOLERANCE = 2e-3
"""How far the sum of a row of half-precision probabilities may be from 1."""


def of_classes(z: Tensor, z_min: Tensor, z_sum: Tensor) -> Tensor:
    """Probabilities [N, C] of predictions [N, C]: the numbers themselves where every row lies in 0..1 and sums to 1, else their softmax.

    Logarithms of probabilities need no case of their own: their softmax is the probabilities.
    """
    given = ((z_min >= 0) & ((z_sum - 1).abs() < SUM_TOLERANCE)).all()
    if fetch.at_once(z):
        return z if bool(given) else z.softmax(1)
    return torch.where(given, z, z.softmax(1))


def of_labels(z: Tensor, target: Tensor | None, loss: Tensor | None, criterion: Criterion | None) -> tuple[Tensor, Tensor]:
    """Probability of "on" for each number of `z`, and whether it is predicted on.

    The declared loss says whether the numbers are probabilities. Without one they are when all of them lie in 0..1 and, where losses were given
    one for each, the losses agree better with that reading than with logits.
    """
    sigmoid = z.sigmoid()
    if criterion is not None and criterion.known and criterion.name in ("binary_cross_entropy_with_logits", "binary_cross_entropy"):
        given = criterion.name == "binary_cross_entropy"
        return (z, z > 0.5) if given else (sigmoid, z > 0)
    inside = ((z >= 0) & (z <= 1)).all()
    if target is not None and loss is not None and loss.numel() == z.numel():
        losses, share = loss.detach().reshape(z.shape).float(), target.reshape(z.shape).clamp(0, 1)
        as_logits = (F.binary_cross_entropy_with_logits(z, share, reduction="none") - losses).abs().sum()
        p = z.clamp(0, 1)
        as_given = (-(share * p.log().clamp(min=-100) + (1 - share) * (1 - p).log().clamp(min=-100)) - losses).abs().sum()
        inside = inside & (as_given < as_logits)
    return torch.where(inside, z, sigmoid), z > torch.where(inside, 0.5, 0.0)
