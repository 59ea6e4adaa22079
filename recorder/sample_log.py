"""`rec.samples`: counts passes and batches, summarises on the device, and writes rows when the numbers have arrived."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .criterion import Criterion
from .data import samples_to_draw
from .input_log import Batch, InputLog, mean_losses
from .log import RunLog
from .samples import infer_task, odd_loss_shape, summarize, texts_of_ids, to_batch


class SampleLog:
    """State of the samples table: which pass through which split, and the task once it is known."""

    def __init__(self, log: RunLog, task: str | None, criterion: Criterion | None, first_pass: int = 0) -> None:
        """`first_pass`: number of the first run through any split."""
        self._first_pass = first_pass
        self._log = log
        self._task = task
        self._criterion = criterion
        self._asked = task is not None
        self._passes: dict[str, int] = {}
        self._batches: dict[str, int] = {}
        self._odd_shapes = 0
        self._introduced: set[str] = set()
        self._inputs = InputLog(log.writer.append, log.fetcher.submit)

    def begin_pass(self, split: str) -> None:
        """The next batch of this split begins another run through it."""
        if self._batches.get(split, 0) or split not in self._passes:
            self._passes[split] = self._passes.get(split, self._first_pass - 1) + 1
            self._batches[split] = 0

    def add(self, step: int | None, split: str, ids: Any, *, loss: Any, prediction: Any, target: Any, mask: Any, inputs: Any = None, meta: Any = None) -> None:
        """Rows of one batch, in the order of `ids`; and of its inputs, where they are news or worth a look."""
        loss, prediction, target, mask = (_tensor(value) for value in (loss, prediction, target, mask))
        rows = count_ids(ids)
        if not self._asked and prediction is not None and target is not None:
            self._task, self._asked = infer_task(prediction, target, self._criterion), True
        self._note_odd_shape(step, split, odd_loss_shape(loss, rows, prediction, target))
        task = self._task
        summary = summarize(task, rows=rows, loss=loss, prediction=prediction, target=target, mask=mask, criterion=self._criterion, inputs=inputs)
        self._passes.setdefault(split, self._first_pass)
        place: dict[str, Any] = {"step": step, "epoch": self._log.epoch, "split": split}
        place |= {"pass_number": self._passes[split], "batch": self._batches.get(split, 0)}
        self._batches[split] = self._batches.get(split, 0) + 1
        shown = task == "segmentation"
        batch = Batch(rows, split, step, self._passes[split], inputs, meta, prediction if shown else None, target if shown else None)
        names = [name for name, value in summary.items() if isinstance(value, Tensor)]
        tensors = [value for value in summary.values() if isinstance(value, Tensor)]
        if isinstance(ids, Tensor):
            tensors.append(ids.detach())
        keys: list[str] = []

        def write(fetched: list[Tensor]) -> None:
            keys.extend(texts_of_ids(fetched[-1] if isinstance(ids, Tensor) else ids))
            arrived = {**summary, **dict(zip(names, fetched, strict=False))}
            self._log.writer.append("samples", to_batch(task, arrived, ids=keys, **place))
            if inputs is not None and self._inputs.shows:
                self._inputs.show(batch, keys, mean_losses(arrived, rows))

        self._log.fetcher.submit(tensors, write)
        self._inputs.add(batch, lambda: keys)
        if split not in self._introduced:
            self._introduced.add(split)
            self._introduce(split, ids, step)

    def _introduce(self, split: str, ids: Any, step: int | None) -> None:
        """Notes how many samples there are to draw from: those that are never drawn leave no other trace."""
        size = samples_to_draw(ids) if isinstance(ids, (list, tuple)) else None
        if size is not None:
            self._log.event("data_set", f"{split} draws from a data set of {size} samples", {"split": split, "samples": size}, step)

    def _note_odd_shape(self, step: int | None, split: str, odd: dict[str, Any] | None) -> None:
        if odd is not None and self._odd_shapes < 10:
            self._odd_shapes += 1
            message = f"per-sample losses of shape {tuple(odd['loss'])} for {odd['ids']} samples: no reduction gives that shape"
            self._log.event("loss_shape", message, {**odd, "split": split}, step)


def count_ids(ids: Any) -> int:
    return ids.numel() if isinstance(ids, Tensor) else 1 if isinstance(ids, (str, bytes, int)) else len(ids)


def _tensor(value: Any) -> Tensor | None:
    if value is None:
        return None
    return value.detach() if isinstance(value, Tensor) else torch.as_tensor(value)
