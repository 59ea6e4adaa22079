"""Histograms of a tensor's magnitudes over the run, as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib
import numpy as np

from ..wording import number, percent, short
from .chart import as_json
from .heat_map import Map, MapRow, Scale, picture_of, scale_bar, step_labels

if TYPE_CHECKING:
    from analyzer.story.rows import Magnitudes

_SCALE = Scale(1e-4, 1.0, True, matplotlib.colormaps["cividis"], ((0.0, "0.01 %"), (0.5, "1 %"), (1.0, "100 %")))


def magnitude_map(source: Magnitudes, place: int) -> Map:
    """Histogram of magnitudes over the run: large positive values on top, zero in the middle, large negative ones below."""
    order, names = _rows(source)
    zero = len(source.exponents)
    cells = np.array([[_SCALE.place(column[row]) if column[row] > 0 else np.nan for column in source.shares] for row in order])
    kind = source.kind.replace("_", " ")
    nearest = min((abs(row - zero) for row in order if row != zero), default=0)
    labelled = {row for row in order if (row - zero) % 3 == 0 and not 0 < abs(row - zero) < nearest + 2}
    return Map(
        anchor=f"magnitudes-{place}",
        title=f"Magnitudes of {short(source.name, 34)} ({kind})",
        how="A histogram a column, positive values on top: mass that drifts to the edges saturates, to the middle vanishes.",
        summary=_summary(source, names),
        rows=tuple(MapRow(names[row] if row in labelled else "", names[row], kind) for row in order),
        row_height=max(6, min(12, 240 // len(order))),
        image=picture_of(_SCALE.colours, cells, ()),
        legend=scale_bar(_SCALE),
        ticks=_SCALE.ticks,
        steps=step_labels(source.steps),
        marks=(),
        data=as_json(
            {
                "rows": [f"values around {names[row]}" for row in order],
                "from": source.steps,
                "to": source.steps,
                "values": [[float(f"{column[row]:.2g}") for column in source.shares] for row in order],
                "bad": [],
                "share": True,
            }
        ),
        note="",
        has_nonfinite=False,
        empty="no value",
    )


def _rows(source: Magnitudes) -> tuple[list[int], list[str]]:
    """Bins from the top row down, without the empty ones outside and around zero, and a name for every bin."""
    zero = len(source.exponents)
    used = {abs(row - zero) for column in source.shares for row, share in enumerate(column) if share > 0 and row != zero}
    low, high = min(used, default=1), max(used, default=zero)
    sizes = [number(float(f"{2.0**exponent:.2g}")) for exponent in source.exponents]
    names = [*(f"\u2212{size}" for size in reversed(sizes)), "0", *sizes]
    return [zero + place for place in range(high, low - 1, -1)] + [zero] + [zero - place for place in range(low, high + 1)], names


def _summary(source: Magnitudes, names: list[str]) -> str:
    last, zero = source.shares[-1], len(source.exponents)
    peak = max(range(1, zero + 1), key=lambda place: last[zero + place] + last[zero - place])
    share = percent(last[zero + peak] + last[zero - peak])
    return f"At step {number(source.steps[-1])} most values are around {names[zero + peak]} in size ({share} of them); {percent(last[zero])} are exactly zero."
