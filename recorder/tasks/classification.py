"""One class a sample: predictions [N, C], or one number a sample [N] or [N, 1] for two classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..criterion import Criterion, class_losses, share_losses, value_losses
from . import small_batches
from .losses import Elements, Summary, combine, loss_columns, mask_elements, pack
from .probabilities import of_classes, of_labels


def summarize(
    *, loss: Tensor | None, prediction: Tensor, target: Tensor | None, mask: Tensor | None, ignore_index: int | None, criterion: Criterion | None
) -> Summary:
    n = prediction.shape[0]
    z = prediction.detach().reshape(n, -1).float()
    labels, soft = _class_numbers(target, z)
    if loss is None and criterion is not None:
        loss = _recomputed(criterion, z, labels, soft)
    if mask is None and small_batches.is_small(z, loss) and (labels is None or ignore_index is None or not (labels == ignore_index).any()):
        losses = None if loss is None else loss.detach().reshape(n).float().numpy()
        return small_batches.summarize(z.numpy(), None if labels is None else labels.numpy(), losses)
    valid = mask_elements(mask, n, 1)
    if labels is not None and ignore_index is not None:
        valid = combine(valid, (labels != ignore_index)[:, None])
    elements = Elements(1, valid)
    count = elements.count(z)
    floats = loss_columns(loss, elements, count)
    ints = {"elements": count, "elements_total": torch.ones_like(count)}
    ints["batch_winner"] = _batch_winners(z)
    more_floats, more_ints = _columns(z, labels, soft, loss, criterion)
    return pack({**floats, **more_floats}, {**ints, **more_ints, "outputs": torch.full_like(count, z.shape[1])})


def _columns(
    z: Tensor, labels: Tensor | None, soft: Tensor | None, loss: Tensor | None, criterion: Criterion | None
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    if z.shape[1] == 1:
        return _two_classes(z[:, 0], labels, soft, loss, criterion)
    return of_many_classes(z, labels)


def _class_numbers(target: Tensor | None, z: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """Class of each sample [N] (int64), and the target as the share of each class where it was given so; None where no target fits the rows."""
    if target is None or target.shape[:1] != z.shape[:1]:
        return None, None
    flat = target.detach().reshape(z.shape[0], -1)
    if flat.shape[1] == z.shape[1] > 1:
        return flat.argmax(1), flat.float()
    if flat.shape[1] != 1:
        return None, None
    if flat.dtype.is_floating_point:
        return flat[:, 0].round().long(), flat.float()
    return flat[:, 0].long(), flat.float() if z.shape[1] == 1 else None


def _recomputed(criterion: Criterion, z: Tensor, labels: Tensor | None, soft: Tensor | None) -> Tensor | None:
    if labels is None:
        return None
    if soft is not None and soft.shape == z.shape:
        losses = value_losses(criterion, z, soft)
        return share_losses(criterion, z, soft) if losses is None else losses.mean(1)
    return class_losses(criterion, z, labels, criterion.ignore_index)


def of_many_classes(z: Tensor, labels: Tensor | None) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Columns of predictions [N, C], C > 1, and class numbers [N]: measurements and whole numbers."""
    outputs = z.shape[1]
    top_z, top = z.topk(2, 1)
    z_min, z_sum = z.amin(1), z.sum(1)
    p = of_classes(z, z_min, z_sum)
    top_p = p.gather(1, top)
    floats = {
        "p_max": top_p[:, 0],
        "z_min": z_min,
        "z_max": top_z[:, 0],
        "z_sum": z_sum,
        "p_square_sum": p.square().sum(1),
        "p_exp_sum": p.exp().sum(1),
        "entropy": torch.special.entr(p).sum(1),
    }
    ints = {"prediction": top[:, 0]}
    if labels is None:
        return floats, ints
    safe = labels.clamp(0, outputs - 1)[:, None]
    best = top[:, 0] == labels
    z_target = z.gather(1, safe)
    floats |= {
        "p_target": p.gather(1, safe)[:, 0],
        "p_other": torch.where(best, top_p[:, 1], top_p[:, 0]),
        "z_target": z_target[:, 0],
        "z_other": torch.where(best, top_z[:, 1], top_z[:, 0]),
    }
    ints |= {
        "target": labels,
        "target_known": (labels >= 0) & (labels < outputs),
        "correct": best,
        "other": torch.where(best, top[:, 1], top[:, 0]),
        "target_rank": (z > z_target).sum(1),
    }
    return floats, ints


def _batch_winners(z: Tensor) -> Tensor:
    """For the sample at place i the row with the largest output number i, what an argmax over the batch would give; -1 where there is no output i."""
    n, outputs = z.shape
    winners = z.argmax(0)[:n]
    return winners if outputs >= n else torch.nn.functional.pad(winners, (0, n - outputs), value=-1)


def _two_classes(
    z: Tensor, labels: Tensor | None, soft: Tensor | None, loss: Tensor | None, criterion: Criterion | None
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """One number a sample stands for class 1; class 0 has the number 0, so that the difference of the two is the margin."""
    p, on = of_labels(z, soft if soft is None else soft[:, 0], loss, criterion)
    predicted = on.long()
    entropy = torch.special.entr(p) + torch.special.entr(1 - p)
    floats = {
        "p_max": torch.maximum(p, 1 - p),
        "z_min": z,
        "z_max": z,
        "z_sum": z,
        "p_square_sum": p.square() + (1 - p).square(),
        "p_exp_sum": p.exp() + (1 - p).exp(),
        "entropy": entropy,
    }
    if labels is None:
        return floats, {"prediction": predicted}
    known = (labels >= 0) & (labels <= 1)
    positive = labels == 1
    zero = torch.zeros_like(z)
    floats |= {
        "p_target": torch.where(positive, p, 1 - p),
        "p_other": torch.where(positive, 1 - p, p),
        "z_target": torch.where(positive, z, zero),
        "z_other": torch.where(positive, zero, z),
    }
    correct = predicted == labels
    other = torch.where(known, 1 - labels, predicted)
    return floats, {"prediction": predicted, "target": labels, "target_known": known, "correct": correct, "other": other, "target_rank": ~correct}
