"""The log of one rank: takes readings and numbers, fetches what is still on a device, and hands rows to the writer."""

from __future__ import annotations

import math
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .activations import Layer, Suspect
from .fetch import Fetcher
from .rows import event_row, metric_rows, probe_row, stats_rows, tensor_rows
from .stats import FIELDS
from .writer import Writer

_ERRORS_NOTED = 20


class RunLog:
    """Rows of one recording. `epoch` is the user's, `seconds` count from the start."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.fetcher = Fetcher()
        self.epoch: int | None = None
        self.found: Callable[[int | None, str, Sequence[Suspect]], None] | None = None
        self.arrived: Callable[[int | None, str, dict[str, float]], None] | None = None
        self._started = perf_counter()
        self._warned = False
        self._errors: dict[tuple[str, str], int] = {}

    def seconds(self) -> float:
        return perf_counter() - self._started

    def event(self, kind: str, message: str, details: dict[str, Any], step: int | None) -> None:
        self.writer.append("events", event_row(step, self.seconds(), kind, message, details))

    def probe(self, step: int | None, probe: str, subject: str, outcome: dict[str, float | bool | None], details: dict[str, Any]) -> None:
        self.writer.append("probes", probe_row(step, probe, subject, outcome, details))

    def metrics(self, step: int | None, split: str, numbers: dict[str, float | Tensor]) -> None:
        """Numbers of a step; tensors of a device are fetched without waiting."""
        epoch, seconds = self.epoch, self.seconds()

        def write(values: np.ndarray) -> None:
            read = dict(zip(numbers, values.tolist(), strict=True))
            self.writer.append("metrics", metric_rows(step, epoch, split, read, seconds))
            if self.arrived is not None:
                self.arrived(step, split, read)

        bundle = _Bundle()
        place = bundle.add(list(numbers.values()))
        self.fetcher.submit(bundle.tensors, lambda fetched: write(place(fetched)))

    def stats(self, step: int | None, split: str, layers: Sequence[Layer], suspects: Sequence[Suspect]) -> None:
        """Rows of a step's readings; then whatever of the suspects proves not to be finite is reported."""
        bundle = _Bundle()
        numbers = bundle.add([layer.reading.numbers for layer in layers], len(FIELDS))
        pairs = bundle.add([layer.reading.pairs for layer in layers], 256)
        extras = [bundle.add([getattr(layer, name) for layer in layers]) for name in ("saturated", "silent", "saturated_units")]
        flags = bundle.add([suspect.flag for suspect in suspects])

        def write(fetched: list[Tensor]) -> None:
            if layers:
                self._introduce(layers)
                counts = np.nan_to_num(pairs(fetched)).astype(np.int64)
                columns = np.stack([extra(fetched) for extra in extras], 1)
                self.writer.append("stats", stats_rows(step, split, layers, numbers(fetched), counts, columns))
            if suspects and self.found is not None:
                values = flags(fetched)
                certain = [suspect for suspect, value in zip(suspects, values, strict=True) if suspect.flag is None or not _clean(suspect, value)]
                self.found(step, split, certain)

        self.fetcher.submit(bundle.tensors, write)

    def _introduce(self, layers: Sequence[Layer]) -> None:
        fresh = {layer.watched.id: layer.watched for layer in layers if not layer.watched.written}
        if fresh:
            self.writer.append("tensors", tensor_rows(list(fresh.values())))
            for watched in fresh.values():
                watched.written = True

    def failed(self, place: str, error: Exception) -> None:
        """An exception of the recorder's own: a warning once, an event, and the training goes on."""
        key = (place, type(error).__name__)
        self._errors[key] = self._errors.get(key, 0) + 1
        if not self._warned:
            self._warned = True
            text = f"retrograd could not record in {place}: {type(error).__name__}: {error}. The training goes on; the log notes what is missing."
            try:
                warnings.warn(text, RuntimeWarning, stacklevel=4)
            except Warning:
                pass  # where warnings are errors, the loop must still not see one
        if self._errors[key] == 1 and len(self._errors) <= _ERRORS_NOTED:
            try:
                self.event("recorder_error", f"{place}: {type(error).__name__}: {error}", {"place": place, "type": type(error).__name__}, None)
            except Exception:
                self._errors[key] += 1  # an event that cannot be written must not end the training either

    def errors(self) -> dict[str, int]:
        """How often each place failed."""
        return {f"{place}: {kind}": times for (place, kind), times in self._errors.items()}


def _clean(suspect: Suspect, value: float) -> bool:
    """Whether a fetched flag says that the tensor is finite: a norm, a sum of squares, or a count of bad values."""
    if (suspect.flag is not None and suspect.flag.dtype in (torch.int64, torch.int32)) or suspect.watched.kind in ("weight", "buffer", "gradient", "update"):
        suspect.count = int(value) if math.isfinite(value) else 0
        return value == 0 if suspect.flag is not None and suspect.flag.dim() == 0 and suspect.watched.name != "all" else math.isfinite(value)
    return math.isfinite(value)


class _Bundle:
    """Values of which some are numbers and some tensors on a device, put together so that one copy a device brings them over."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []

    def add(self, values: Sequence[Any], width: int = 0) -> Callable[[list[Tensor]], np.ndarray]:
        """Takes numbers, lists of numbers, tensors or None; returns what makes an array of them, [n] or [n, width], from the fetched tensors."""
        shape = (len(values), width) if width else (len(values),)
        result = np.full(shape, np.nan)
        away: dict[tuple[torch.device, torch.dtype], list[int]] = defaultdict(list)
        for index, value in enumerate(values):
            if isinstance(value, Tensor):
                away[value.device, value.dtype].append(index)
            elif value is not None:
                result[index] = value
        places: list[tuple[int, list[int]]] = []
        for indices in away.values():
            places.append((len(self.tensors), indices))
            self.tensors.append(torch.stack([values[index].detach().reshape(width or ()) for index in indices]))

        def fill(fetched: list[Tensor]) -> np.ndarray:
            for number, indices in places:
                result[indices] = fetched[number].to(torch.float64).numpy()
            return result

        return fill
