"""`inputs` and `previews`: looks at a batch's inputs on the device, and shows a few of its samples once their losses have arrived."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from .inputs import InputsSeen, main_tensor, meta_of_samples, summarize, tensors_of, texts_of
from .messages import Rows
from .previews import preview, to_batch
from .tasks.columns import unpack
from .worth_a_look import WorthALook

Append = Callable[[str, Rows], None]
Submit = Callable[[Sequence[Tensor], Callable[[list[Tensor]], None]], None]


@dataclass(frozen=True)
class Batch:
    """One call of `rec.samples`, still on the device. `prediction` and `target` are only shown, and only for a segmentation."""

    rows: int
    split: str
    step: int | None
    pass_number: int
    inputs: Any = None
    meta: Any = None
    prediction: Tensor | None = None
    target: Tensor | None = None


class InputLog:
    """Writes `inputs` and `previews` through `append` (a Writer's); `submit` brings tensors over without waiting (a Fetcher's)."""

    def __init__(self, append: Append, submit: Submit) -> None:
        self._append = append
        self._submit = submit
        self._seen = InputsSeen()
        self._worth = WorthALook()

    @property
    def shows(self) -> bool:
        """Whether any further preview can be afforded."""
        return self._worth.open

    def add(self, batch: Batch, keys: Callable[[], Sequence[str]]) -> None:
        """Hashes and measures the inputs. Call it when the batch is recorded; `keys` gives the ids as texts, once they have arrived."""
        if (batch.inputs is None and batch.meta is None) or not self._seen.due(batch.pass_number):
            return
        found = summarize(batch.inputs, batch.rows) if batch.inputs is not None else {}
        meta = meta_of_samples(batch.meta, batch.rows)
        names = [name for name, value in found.items() if isinstance(value, Tensor)]

        def write(fetched: list[Tensor]) -> None:
            numbers = {**found, **dict(zip(names, fetched, strict=True))}
            rows = self._seen.to_batch(numbers, ids=keys(), split=batch.split, step=batch.step, pass_number=batch.pass_number, meta=meta)
            if rows is not None:
                self._append("inputs", rows)

        self._submit([found[name] for name in names], write)

    def show(self, batch: Batch, keys: Sequence[str], losses: npt.NDArray[Any]) -> None:
        """Makes previews of the samples that are worth a look. Call it when the losses [N] have arrived (NaN: unknown or not finite)."""
        places = self._worth.pick(batch.split, batch.pass_number, keys, losses)
        if not places:
            return
        if texts_of(batch.inputs, batch.rows):
            self._keep(batch, [(keys[place], preview(batch.inputs[place])) for place in places])
            return
        tensors = list(tensors_of(batch.inputs, batch.rows).values())
        if not tensors:
            return
        maps = _class_maps(batch)
        slices = [one[place] for place in places for one in (main_tensor(tensors), *maps)]
        meta = meta_of_samples(batch.meta, batch.rows)

        def make(fetched: list[Tensor]) -> None:
            made = []
            for number, place in enumerate(places):
                sample, *pair = fetched[number * (1 + len(maps)) : (number + 1) * (1 + len(maps))]
                target, prediction = pair or (None, None)
                made.append((keys[place], preview(sample, target=target, prediction=prediction, meta=meta[place] if meta else None)))
            self._keep(batch, made)

        self._submit(slices, make)

    def _keep(self, batch: Batch, made: Sequence[tuple[str, tuple[str, bytes] | None]]) -> None:
        rows = [(key, *shown) for key, shown in made if shown is not None and self._worth.spend(batch.split, key, len(shown[1]))]
        if rows:
            self._append("previews", to_batch(rows, split=batch.split, step=batch.step))


def _class_maps(batch: Batch) -> list[Tensor]:
    """Class numbers of target and prediction, both [N, H, W], where the batch is a segmentation of pictures."""
    target, prediction = batch.target, batch.prediction
    if target is None or prediction is None:
        return []
    if target.dim() == 4 and target.shape[1] == 1:
        target = target[:, 0]
    if target.dim() != 3 or prediction.shape[:1] != target.shape[:1]:
        return []
    if prediction.dim() == 4 and prediction.shape[1] > 1:
        prediction = prediction.argmax(1)
    elif prediction.numel() == target.numel():
        prediction = (prediction.reshape(target.shape) > 0).long()
    return [target, prediction] if prediction.shape == target.shape else []


def mean_losses(fetched: Mapping[str, Any], rows: int) -> npt.NDArray[Any]:
    """Loss of each sample per element that counts, from a fetched summary; NaN where it has none that is known."""
    numbers = unpack(fetched, {name: np.asarray(fetched[name]) for name in ("floats", "ints") if name in fetched})
    if "loss_sum" not in numbers:
        return np.full(rows, np.nan)
    elements = numbers["elements"]
    return np.asarray(np.where(elements > 0, numbers["loss_sum"] / np.maximum(elements, 1), np.nan))
