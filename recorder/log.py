"""The log of one rank: takes readings and numbers, fetches what is still on a device, and hands rows to the writer."""

from __future__ import annotations

import contextlib
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
from .stats import FIELDS, Numbers
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

        def write(read: dict[str, float]) -> None:
            self.writer.append("metrics", metric_rows(step, epoch, split, read, seconds))
            if self.arrived is not None:
                self.arrived(step, split, read)

        known = {name: value for name, value in numbers.items() if not isinstance(value, Tensor)}
        if self.fetcher.idle and len(known) == len(numbers):
            write(known)
            return
        bundle = _Bundle()
        place = bundle.add(list(numbers.values()))
        self.fetcher.submit(bundle.tensors, lambda fetched: write(dict(zip(numbers, place(fetched).tolist(), strict=True))))

    def stats(self, step: int | None, split: str, layers: Sequence[Layer], suspects: Sequence[Suspect], magnitudes: Numbers) -> None:
        """Rows of a step's readings; then whatever of the suspects proves not to be finite is reported.

        `magnitudes` are the counts [rows, 256] of the readings that name a row of them.
        """
        bundle = _Bundle()
        numbers = bundle.add([layer.reading.numbers for layer in layers], len(FIELDS))
        pairs = _pairs(layers, magnitudes, bundle)
        extras = [bundle.add([getattr(layer, name) for layer in layers]) for name in ("saturated", "silent", "saturated_units")]
        flags = bundle.add([suspect.flag for suspect in suspects])

        def write(fetched: list[Tensor]) -> None:
            if layers:
                self._introduce(layers)
                columns = np.stack([extra(fetched) for extra in extras], 1)
                self.writer.append("stats", stats_rows(step, split, layers, numbers(fetched), pairs(fetched), columns))
            if suspects and self.found is not None:
                self.found(step, split, _certain(suspects, flags(fetched)))

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
            with contextlib.suppress(Warning):  # where warnings are errors, the loop must still not see one
                warnings.warn(text, RuntimeWarning, stacklevel=4)
        if self._errors[key] == 1 and len(self._errors) <= _ERRORS_NOTED:
            try:
                self.event("recorder_error", f"{place}: {type(error).__name__}: {error}", {"place": place, "type": type(error).__name__}, None)
            except Exception:
                self._errors[key] += 1  # an event that cannot be written must not end the training either

    def errors(self) -> dict[str, int]:
        """How often each place failed."""
        return {f"{place}: {kind}": times for (place, kind), times in self._errors.items()}


def _pairs(layers: Sequence[Layer], magnitudes: Numbers, bundle: _Bundle) -> Callable[[list[Tensor]], Numbers]:
    """Counts by sign and exponents, [m, 256]: rows of `magnitudes`, or what is still on a device."""
    places = [layer.reading.pairs for layer in layers]
    rows = [place for place in places if isinstance(place, int)]
    if len(rows) == len(places):
        chosen = magnitudes[rows] if rows else magnitudes[:0]
        return lambda fetched: chosen
    return bundle.add([magnitudes[place] if isinstance(place, int) else np.zeros(256) if place is None else place for place in places], 256)


def _certain(suspects: Sequence[Suspect], flags: Numbers) -> list[Suspect]:
    """Those that hold values that are not finite, now that a device has answered."""
    for suspect, flag in zip(suspects, flags, strict=True):
        if suspect.flag is not None:
            suspect.count = int(flag)
    return [suspect for suspect in suspects if suspect.count]


class _Bundle:
    """Values of which some are numbers and some tensors on a device, put together so that one copy a device brings them over."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []

    def add(self, values: Sequence[Any], width: int = 0) -> Callable[[list[Tensor]], Numbers]:
        """Takes numbers, lists of numbers, tensors or None; returns what makes an array of them, [n] or [n, width], from the fetched tensors."""
        if not any(isinstance(value, Tensor) for value in values):
            known = np.array([np.nan if value is None else value for value in values], np.float64).reshape(len(values), *([width] if width else []))
            return lambda fetched: known
        result = np.full((len(values), width) if width else len(values), np.nan)
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

        def fill(fetched: list[Tensor]) -> Numbers:
            for number, indices in places:
                result[indices] = fetched[number].to(torch.float64).numpy()
            return result

        return fill
