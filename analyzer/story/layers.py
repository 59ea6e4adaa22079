"""Layers over the run: heat maps by depth, and histograms of magnitudes for the suspects."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from recorder import format as log_format

from .question import Asked, ask
from .rows import HeatMap, Magnitudes

LAYERS = 48
COLUMNS = 120
HISTOGRAMS = 6
HISTOGRAM_COLUMNS = 100
_ORDER = ("gradient_rms", "update_ratio", "silent_share", "saturated_share")


def heat_maps(run: Asked, suspects: Sequence[str]) -> tuple[HeatMap, ...]:
    """One map for each quantity that the log holds."""
    rows = ask(run, "heat_maps", layers=LAYERS, columns=COLUMNS, suspects=list(suspects))
    maps = {quantity: _heat_map(quantity, list(cells)) for quantity, cells in groupby(rows, lambda row: row["quantity"])}
    return tuple(maps[quantity] for quantity in _ORDER if quantity in maps)


def _heat_map(quantity: str, cells: list[dict[str, Any]]) -> HeatMap:
    names = list(dict.fromkeys(cell["name"] for cell in cells))
    types = {cell["name"]: cell["type"] or "" for cell in cells}
    stretches = sorted({cell["stretch"] for cell in cells})
    place = {stretch: column for column, stretch in enumerate(stretches)}
    values: list[list[float | None]] = [[None] * len(stretches) for _ in names]
    first, last = [2**62] * len(stretches), [-1] * len(stretches)
    bad = []
    for cell in cells:
        row, column = names.index(cell["name"]), place[cell["stretch"]]
        values[row][column] = cell["value"]
        first[column] = min(first[column], cell["step"])
        last[column] = max(last[column], cell["last_step"])
        if cell["nonfinite"]:
            bad.append((row, column))
    return HeatMap(
        quantity=quantity,
        names=tuple(names),
        types=tuple(types[name] for name in names),
        steps=tuple(first),
        last_steps=tuple(last),
        values=tuple(tuple(row) for row in values),
        nonfinite=tuple(bad),
        left_out=cells[0]["layers"] - len(names),
    )


def magnitudes(run: Asked, suspects: Sequence[str]) -> tuple[Magnitudes, ...]:
    """Histograms over time of the tensors that findings name."""
    rows = ask(run, "magnitudes", suspects=list(suspects), tensors=HISTOGRAMS, columns=HISTOGRAM_COLUMNS)
    return tuple(_histogram(kind, name, list(columns)) for (kind, name), columns in groupby(rows, lambda row: (row["kind"], row["name"])))


def _histogram(kind: str, name: str, columns: list[dict[str, Any]]) -> Magnitudes:
    bins, width = log_format.MAGNITUDE_BINS_PER_SIGN, log_format.MAGNITUDE_EXPONENTS_PER_BIN
    shares = []
    for column in columns:
        counts = [int(count or 0) for count in column["magnitudes"]]
        ordered = [*reversed(counts[bins:]), int(column["zeros"] or 0), *counts[:bins]]
        total = sum(ordered) or 1
        shares.append(tuple(count / total for count in ordered))
    lowest = log_format.MAGNITUDE_LOWEST_EXPONENT
    exponents = tuple(lowest + width * place for place in range(bins))
    return Magnitudes(name=name, kind=kind, steps=tuple(column["step"] for column in columns), shares=tuple(shares), exponents=exponents)
