"""Layers over the run: heat maps by depth, and histograms of magnitudes for the suspects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from recorder import format as log_format

from .question import Asked, ask, ask_for
from .rows import HeatMap, Magnitudes

LAYERS = 48
COLUMNS = 120
HISTOGRAMS = 6
HISTOGRAM_COLUMNS = 60
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
    places = ask(run, "magnitude_steps", suspects=list(suspects), tensors=HISTOGRAMS, columns=HISTOGRAM_COLUMNS)
    if not places:
        return ()
    rows = ask_for(run, "magnitudes", steps=sorted({place["step"] for place in places}), tensor_ids=sorted({place["tensor_id"] for place in places}))
    merged: dict[tuple[int, int], list[int]] = {}
    for row in rows:
        counts = [int(count or 0) for count in (*row["magnitudes"], row["zeros"])]
        known = merged.get((row["tensor_id"], row["step"]))
        merged[row["tensor_id"], row["step"]] = counts if known is None else [one + other for one, other in zip(known, counts, strict=True)]
    columns: dict[tuple[str, str], dict[int, list[int]]] = {}
    for place in places:
        found = merged.get((place["tensor_id"], place["step"]))
        if found is not None:
            columns.setdefault((place["kind"], place["name"]), {})[place["step"]] = found
    return tuple(_histogram(kind, name, steps) for (kind, name), steps in columns.items())


def _histogram(kind: str, name: str, columns: Mapping[int, Sequence[int]]) -> Magnitudes:
    bins, width = log_format.MAGNITUDE_BINS_PER_SIGN, log_format.MAGNITUDE_EXPONENTS_PER_BIN
    shares = []
    for counts in columns.values():
        ordered = [*reversed(counts[bins : 2 * bins]), counts[2 * bins], *counts[:bins]]
        total = sum(ordered) or 1
        shares.append(tuple(count / total for count in ordered))
    lowest = log_format.MAGNITUDE_LOWEST_EXPONENT
    exponents = tuple(lowest + width * place for place in range(bins))
    return Magnitudes(name=name, kind=kind, steps=tuple(columns), shares=tuple(shares), exponents=exponents)
