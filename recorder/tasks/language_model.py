"""A class at each position of a sequence: predictions [N, T, V], targets [N, T]."""

from __future__ import annotations

import torch
from torch import Tensor

from ..criterion import Criterion, class_losses
from ..format import LM_CLASSES_COUNTED, LM_INPUT_LAGS, LM_LAGS, LM_WORST_POSITIONS
from .class_counts import class_counts
from .losses import Elements, Summary, combine, loss_columns, mask_elements, pack

_PIECE_ELEMENTS = {"cpu": 1 << 20, "cuda": 1 << 25}
"""Values looked at in one go: on a CPU what stays in the cache, on a GPU what keeps the kernels few."""


def summarize(
    *,
    loss: Tensor | None,
    prediction: Tensor,
    target: Tensor,
    mask: Tensor | None,
    ignore_index: int | None,
    criterion: Criterion | None,
    inputs: Tensor | None = None,
) -> Summary:
    """`inputs`: the tokens that the model got, [N, T], where it got such."""
    n, length, vocabulary = prediction.shape
    labels = target.detach().long()
    valid = mask_elements(mask, n, length)
    if ignore_index is not None:
        valid = combine(valid, labels != ignore_index)
    elements = Elements(length, valid)
    count = elements.count(labels)
    per_token = loss.detach().reshape(n, length).float() if loss is not None and loss.numel() == n * length else None
    predicted, computed = _predictions(prediction.detach(), labels, criterion, ignore_index, per_token is None)
    if loss is None and criterion is not None:
        loss = computed
    floats = loss_columns(loss, elements, count)
    if "loss_sum" in floats:
        floats["perplexity"] = (floats["loss_sum"] / count).exp()
    right = predicted == labels if valid is None else (predicted == labels) & valid
    ints = {
        "elements": count,
        "elements_total": torch.full_like(count, length),
        "tokens_correct": right.sum(1),
        "outputs": torch.full_like(count, vocabulary),
        **{f"correct_at_lag_{lag}": _agreement(predicted, labels, valid, valid, lag) for lag in LM_LAGS},
    }
    if inputs is not None and inputs.shape == labels.shape:
        ints |= {f"input_at_lag_{lag}": _agreement(labels, inputs, valid, None, lag) for lag in LM_INPUT_LAGS}
    token_losses = per_token if per_token is not None else computed
    counts = {}
    if vocabulary <= LM_CLASSES_COUNTED:
        counted = {"right_tokens": (labels, right), "target_tokens": (labels, valid), "predicted_tokens": (predicted, valid)}
        counts = {name: class_counts(classes, where, vocabulary) for name, (classes, where) in counted.items()}
    return {**pack(floats, ints), **counts, **({} if token_losses is None else _worst(token_losses, labels, predicted, valid))}


def _predictions(prediction: Tensor, labels: Tensor, criterion: Criterion | None, ignore_index: int | None, with_losses: bool) -> tuple[Tensor, Tensor | None]:
    """Likeliest token [N, T], and the loss of each [N, T]: the declared one, else the cross-entropy. In pieces: logits are the largest tensor there is."""
    n, length, vocabulary = prediction.shape
    known = criterion if criterion is not None and criterion.name in ("cross_entropy", "nll_loss") else Criterion("cross_entropy")
    flat, targets = prediction.reshape(-1, vocabulary), labels.reshape(-1)
    rows = max(1, _PIECE_ELEMENTS.get(flat.device.type, 1 << 25) // vocabulary)
    predicted, losses = [], []
    for start in range(0, flat.shape[0], rows):
        piece, wanted = flat[start : start + rows], targets[start : start + rows]
        predicted.append(piece.argmax(1))
        if with_losses:
            losses.append(class_losses(known, piece.float(), wanted, ignore_index))
    found = [loss for loss in losses if loss is not None]
    return torch.cat(predicted).reshape(n, length), torch.cat(found).reshape(n, length) if found else None


def _agreement(one: Tensor, other: Tensor, counts: Tensor | None, other_counts: Tensor | None, lag: int) -> Tensor:
    """How many tokens of `one` equal the token of `other` that stands `lag` positions after them [N], where both positions count."""
    length = one.shape[1]
    if abs(lag) >= length:
        return one.new_zeros(one.shape[0])
    here, there = (slice(0, length - lag), slice(lag, length)) if lag >= 0 else (slice(-lag, length), slice(0, length + lag))
    agree = one[:, here] == other[:, there]
    for valid, where in ((counts, here), (other_counts, there)):
        agree = agree if valid is None else agree & valid[:, where]
    return agree.sum(1)


def _worst(losses: Tensor, labels: Tensor, predicted: Tensor, valid: Tensor | None) -> Summary:
    shown = losses if valid is None else torch.where(valid, losses, float("-inf"))
    loss, position = shown.topk(min(LM_WORST_POSITIONS, shown.shape[1]), 1)
    return {
        "worst_loss": loss,
        "worst_position": position.int(),
        "worst_target": labels.gather(1, position).int(),
        "worst_predicted": predicted.gather(1, position).int(),
    }
