"""Any number of classes a sample: predictions and targets [N, K]."""

from __future__ import annotations

import torch
from torch import Tensor

from ..criterion import Criterion, share_losses, value_losses
from .losses import Elements, Summary, combine, loss_columns, mask_elements, pack
from .probabilities import of_labels


def summarize(
    *, loss: Tensor | None, prediction: Tensor, target: Tensor | None, mask: Tensor | None, ignore_index: int | None, criterion: Criterion | None
) -> Summary:
    n = prediction.shape[0]
    z = prediction.detach().reshape(n, -1).float()
    labels = None if target is None or target.numel() != z.numel() else target.detach().reshape(z.shape)
    valid = mask_elements(mask, n, z.shape[1])
    if labels is not None and ignore_index is not None:
        valid = combine(valid, labels != ignore_index)
    elements = Elements(z.shape[1], valid)
    count = elements.count(z)
    if loss is None and criterion is not None and labels is not None:
        loss = value_losses(criterion, z, labels.float())
        loss = share_losses(criterion, z, labels.float()) if loss is None else loss
    p, on = of_labels(z, None if labels is None else labels.float(), loss, criterion)
    floats = {**loss_columns(loss, elements, count), "z_min": z.amin(1), "z_max": z.amax(1)}
    ints = {"elements": count, "elements_total": torch.full_like(count, z.shape[1]), "outputs": torch.full_like(count, z.shape[1])}
    counted = on if valid is None else on & valid
    lists: Summary = {"predictions": counted.to(torch.uint8)}
    if labels is not None:
        wanted = labels > 0.5 if labels.dtype.is_floating_point else labels > 0
        wanted = wanted if valid is None else wanted & valid
        right = torch.where(wanted, p, 1 - p)
        floats["p_worst"] = (right if valid is None else torch.where(valid, right, 1.0)).amin(1)
        ints |= {"missed": (wanted & ~counted).sum(1), "invented": (counted & ~wanted).sum(1)}
        lists["targets"] = wanted.to(torch.uint8)
    return {**pack(floats, ints), **lists}
