"""A class at each pixel: predictions [N, C, ...] with targets [N, ...], or one number a pixel for two classes."""

from __future__ import annotations

import torch
from torch import Tensor

from ..criterion import Criterion, class_losses, value_losses
from .class_counts import class_counts
from .losses import Elements, Summary, combine, loss_columns, mask_elements, pack
from .probabilities import of_labels

_MOST_CLASSES = 256
"""Targets beyond the outputs are counted by their own number up to here: 255 is a usual mark for "ignore"."""


def summarize(
    *, loss: Tensor | None, prediction: Tensor, target: Tensor, mask: Tensor | None, ignore_index: int | None, criterion: Criterion | None
) -> Summary:
    n = prediction.shape[0]
    pixels = target.detach().reshape(n, -1)
    z = prediction.detach().reshape(n, -1, pixels.shape[1])
    labels = pixels.round().long() if pixels.dtype.is_floating_point else pixels.long()
    valid = mask_elements(mask, n, pixels.shape[1])
    if ignore_index is not None:
        valid = combine(valid, labels != ignore_index)
    elements = Elements(pixels.shape[1], valid)
    count = elements.count(labels)
    if loss is None and criterion is not None:
        loss = _recomputed(criterion, z, pixels, labels, ignore_index)
    predicted = of_labels(z[:, 0].float(), pixels.float(), loss, criterion)[1].long() if z.shape[1] == 1 else z.argmax(1)
    right = predicted == labels
    counted = right if valid is None else right & valid
    ints = {
        "elements": count,
        "elements_total": torch.full_like(count, pixels.shape[1]),
        "pixels_correct": counted.sum(1),
        "outputs": torch.full_like(count, z.shape[1]),
    }
    bins = max(z.shape[1], _MOST_CLASSES)
    return {
        **pack(loss_columns(loss, elements, count), ints),
        "intersection": class_counts(labels, counted, bins),
        "target_pixels": class_counts(labels, valid, bins),
        "predicted_pixels": class_counts(predicted, valid, bins),
    }


def _recomputed(criterion: Criterion, z: Tensor, pixels: Tensor, labels: Tensor, ignore_index: int | None) -> Tensor | None:
    """Loss of each pixel [N, E], a sample at a time: the intermediate is as large as the prediction."""
    if z.shape[1] == 1:
        return value_losses(criterion, z[:, 0].float(), pixels.float())
    losses = [class_losses(criterion, one.T.float(), wanted, ignore_index) for one, wanted in zip(z, labels, strict=True)]
    found = [loss for loss in losses if loss is not None]
    return torch.stack(found) if found else None
