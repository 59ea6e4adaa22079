"""Predictions, targets and losses of any task -> rows of `samples`.

Two halves: `summarize` works where the predictions are and never waits for the device (no value is read back, no shape depends on one);
`to_batch` makes the rows once the numbers have arrived on the CPU.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from .criterion import OF_CLASSES, OF_LABELS, OF_VALUES, Criterion, beside
from .format import SAMPLES, schema
from .inputs import tensors_of
from .messages import Column, Rows, numbers, same_number, same_text, texts
from .tasks import classification, language_model, multilabel, regression, segmentation
from .tasks.columns import task_columns
from .tasks.losses import Elements, Summary, loss_columns, mask_elements, pack

COMMON_COLUMNS = 11
"""The columns of `samples` that every task has come first."""


def infer_task(prediction: Tensor | None, target: Tensor | None, criterion: Criterion | None = None) -> str | None:
    """The task that shapes, dtypes and the declared loss speak for; None where nothing does.

    Reads values of the target where shapes leave it open, so on a GPU it waits for the device: call it once.
    """
    if prediction is None or target is None or prediction.dim() == 0:
        return None
    name = criterion.name if criterion is not None and criterion.known else ""
    whole = not target.dtype.is_floating_point
    one_output = prediction.dim() == target.dim() + 1 and prediction.shape[1] == 1 and prediction.numel() == target.numel()
    if prediction.dim() == target.dim() + 1 and not one_output and (whole or name in OF_CLASSES):
        return "classification" if target.dim() == 1 else "language_model" if target.dim() == 2 else "segmentation"
    if prediction.numel() != target.numel():
        few = prediction.dim() == 2 and prediction.shape[1] > 1 and target.numel() == prediction.shape[0]
        return "classification" if few and (whole or name in OF_CLASSES) else "regression"
    if name in OF_VALUES:
        return "regression"
    if not (name in OF_CLASSES + OF_LABELS or _are_labels(target, whole)):
        return "regression"
    if prediction.dim() >= 3 and target.dim() >= 3:
        return "segmentation"
    if prediction.dim() == 1 or prediction[0].numel() == 1:
        return "classification"
    rows = target.reshape(target.shape[0], -1)
    if name in OF_CLASSES:  # rows that are smoothed or mixed sum to 1, and rows of ignored samples to 0: neither has two entries above a half
        return "classification" if bool(((rows > 0.5).sum(1) < 2).all()) else "multilabel"
    exclusive = name not in OF_LABELS and bool((rows.sum(1) - 1).abs().max() < 1e-3)
    return "classification" if exclusive else "multilabel"


def _are_labels(target: Tensor, whole: bool) -> bool:
    """Whether the values look like marks of classes and not like measurements: 0 and 1, or the classes 1 and 2 where 0 and 1 were meant."""
    low, high = (float(value) for value in torch.aminmax(target)) if target.numel() else (0.0, 0.0)
    if target.dtype == torch.bool:
        return True
    if (low, high) == (1.0, 2.0) or (low >= 0 and high <= 1):
        return whole or bool(((target == low) | (target == high)).all()) or (target.dim() == 2 and bool((target.sum(1) - 1).abs().max() < 1e-3))
    return False


def summarize(
    task: str | None,
    *,
    rows: int,
    loss: Tensor | None = None,
    prediction: Tensor | None = None,
    target: Tensor | None = None,
    mask: Tensor | None = None,
    ignore_index: int | None = None,
    criterion: Criterion | None = None,
    inputs: Any = None,
) -> Summary:
    """What the log says about each of the `rows` samples of a batch, as tensors on the device of the predictions.

    Shapes that do not fit the task are no error: the loss alone is kept then. `ignore_index` is that of the criterion unless given. `inputs`, what
    the model got, is compared with the targets of a language model.
    """
    if ignore_index is None and criterion is not None:
        ignore_index = criterion.ignore_index
    with torch.no_grad():
        if prediction is not None:
            loss, target, mask = (value if value is None else beside(value, prediction) for value in (loss, target, mask))
        if task is not None and prediction is not None:
            arranged = arrange(task, rows, prediction, target)
            if arranged is not None:
                shown, wanted = arranged
                given: dict[str, Any] = {"loss": loss, "mask": mask, "ignore_index": ignore_index, "criterion": criterion}
                if task == "language_model":
                    given["inputs"] = _tokens(inputs, rows, wanted.shape)
                return _SUMMARIZE[task](prediction=shown, target=wanted, **given)
        return _loss_alone(rows, loss, target, mask)


_SUMMARIZE: dict[str, Callable[..., Summary]] = {
    "classification": classification.summarize,
    "multilabel": multilabel.summarize,
    "regression": regression.summarize,
    "segmentation": segmentation.summarize,
    "language_model": language_model.summarize,
}


def _tokens(inputs: Any, rows: int, shape: torch.Size) -> Tensor | None:
    """The sequence of whole numbers among the inputs that is as long as the targets."""
    found = tensors_of(inputs, rows).values()
    return next((tensor for tensor in found if tensor.shape == shape and not tensor.dtype.is_floating_point), None)


def arrange(task: str, rows: int, prediction: Tensor, target: Tensor | None) -> tuple[Tensor, Any] | None:
    """Prediction and target as the task's module wants them, samples first; None where no arrangement has that many samples."""
    if task == "language_model":
        return _arrange_tokens(rows, prediction, target)
    if task == "segmentation" and (target is None or target.shape[:1] != (rows,) or prediction.numel() % target.numel()):
        return None
    return (prediction, target) if prediction.shape[:1] == (rows,) and prediction.numel() else None


def _arrange_tokens(rows: int, prediction: Tensor, target: Tensor | None) -> tuple[Tensor, Tensor] | None:
    """Also flattened ([N*T, V] with [N*T]), classes second ([N, V, T]) or time first ([T, N, V])."""
    if target is None or rows == 0:
        return None
    if prediction.dim() == 2 and target.dim() == 1 and len(prediction) == len(target) and len(target) % rows == 0:
        return prediction.reshape(rows, -1, prediction.shape[1]), target.reshape(rows, -1)
    if prediction.dim() != 3:
        return None
    if target.dim() == 1 and target.numel() == prediction.shape[0] * prediction.shape[1]:
        target = target.reshape(prediction.shape[:2])
    if target.dim() != 2:
        return None
    if prediction.shape[:2] != target.shape and (prediction.shape[0], prediction.shape[2]) == tuple(target.shape):
        prediction = prediction.transpose(1, 2)
    if prediction.shape[:2] != target.shape:
        return None
    if prediction.shape[0] != rows and prediction.shape[1] == rows:
        return prediction.transpose(0, 1), target.T
    return (prediction, target) if prediction.shape[0] == rows else None


def _loss_alone(rows: int, loss: Tensor | None, target: Tensor | None, mask: Tensor | None) -> Summary:
    if loss is None or not rows:
        return pack({}, {})
    per_sample = loss.numel() // rows if loss.numel() % rows == 0 and loss.numel() else 1
    elements = Elements(per_sample, mask_elements(None if mask is None else mask.to(loss.device), rows, per_sample))
    count = elements.count(loss.new_empty(rows))
    return pack(loss_columns(loss, elements, count), {"elements": count, "elements_total": torch.full_like(count, per_sample)})


def odd_loss_shape(loss: Tensor | None, rows: int, prediction: Tensor | None, target: Tensor | None) -> dict[str, Any] | None:
    """Details of a `loss_shape` event where the losses have a shape that no reduction gives: not [N], nor one for each element; None where all is well."""
    if loss is None or (loss.dim() == 1 and len(loss) == rows):
        return None
    usual: set[tuple[int, ...]] = {(rows, 1)}
    for tensor in (prediction, target):
        if tensor is not None and not (tensor.dim() == 0 and rows != 1):
            usual |= {tuple(tensor.shape), (tensor.shape[0] * (tensor.shape[1] if tensor.dim() > 1 else 1),)} if tensor.dim() else set()
    if prediction is not None and prediction.dim() > 1:  # classes last or second, their dimension gone
        shape = tuple(prediction.shape)
        usual |= {shape[:-1], (shape[0], *shape[2:])}
    usual -= {(rows, rows)} if _every_pair(prediction, target) else set()
    if tuple(loss.shape) in usual:
        return None
    shapes = {"loss": list(loss.shape), "ids": rows}
    return shapes | {name: list(tensor.shape) for name, tensor in (("prediction", prediction), ("target", target)) if tensor is not None}


def _every_pair(prediction: Tensor | None, target: Tensor | None) -> bool:
    """Whether neither of the two is itself [N, N]."""
    return not any(tensor is not None and tensor.dim() == 2 and tensor.shape[0] == tensor.shape[1] for tensor in (prediction, target))


def texts_of_ids(ids: Any) -> list[str]:
    """The samples' keys as texts: a list or tuple of texts or numbers, a numpy array, or a tensor (one on a GPU has to be fetched before)."""
    if isinstance(ids, (Tensor, np.ndarray)):
        ids = ids.reshape(-1).tolist()
    elif isinstance(ids, (str, bytes, int)):
        ids = [ids]
    return [key if type(key) is str else str(key) if type(key) is int else _text(key) for key in ids]


def _text(key: Any) -> str:
    if isinstance(key, Tensor) and key.numel() == 1:
        key = key.item()
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)


def to_batch(
    task: str | None,
    fetched: dict[str, Any],
    *,
    ids: Sequence[str],
    step: int | None,
    epoch: int | None,
    split: str,
    pass_number: int,
    batch: int,
) -> Rows:
    """The rows of `samples` for one batch. `fetched` is what `summarize` returned, on the CPU (tensors or numpy arrays)."""
    rows = len(ids)
    columns = [
        same_number(step, np.int64, rows),
        *_of_a_pass(epoch, split, pass_number, rows),
        same_number(batch, np.int32, rows),
        _places(rows),
        texts(ids),
        *task_columns(task, fetched, rows),
    ]
    return Rows(_columns_of(task), rows, columns, step)


@functools.lru_cache
def _columns_of(task: str | None) -> pa.Schema:
    if task is not None:
        return schema("samples", task)
    return pa.schema([pa.field(column.name, column.type) for column in SAMPLES.columns[:COMMON_COLUMNS]])


@functools.lru_cache(maxsize=16)
def _of_a_pass(epoch: int | None, split: str, pass_number: int, rows: int) -> tuple[Column, ...]:
    """Columns that are the same for every batch of a pass."""
    return same_number(epoch, np.int64, rows), same_text(split, rows), same_number(pass_number, np.int32, rows)


@functools.lru_cache(maxsize=16)
def _places(rows: int) -> Column:
    return numbers(np.arange(rows, dtype=np.int32))
