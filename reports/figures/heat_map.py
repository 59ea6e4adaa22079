"""Heat maps: layers by depth over the run.

A map is an image of one pixel a cell, enlarged by the page, beside labels that are text: sharp at every size, a few hundred bytes, readable in
light, dark and print.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.colors import Colormap, LinearSegmentedColormap
from PIL import Image

from ..wording import number, percent, plural, short
from .chart import as_json

if TYPE_CHECKING:
    from analyzer.story.rows import HeatMap

    from ..time_line import TimeLine

NONFINITE = (213, 94, 0, 255)
UPDATE_COLOURS = LinearSegmentedColormap.from_list("update", ["#08306b", "#3f8fc4", "#cfe3ee", "#f3f1ea", "#f5d7a8", "#d9822b", "#6b2400"])
"""Two-sided: too small is blue, about a thousandth of the weight is pale, too large is brown."""


@dataclass(frozen=True)
class Scale:
    """How values become colours: `low` to `high`, by logarithm or evenly."""

    low: float
    high: float
    logarithmic: bool
    colours: Colormap
    ticks: tuple[tuple[float, str], ...]
    """Values (0..1 along the bar) with their labels."""

    def place(self, value: float) -> float:
        if self.logarithmic:
            value, low, high = math.log10(max(value, 1e-45)), math.log10(self.low), math.log10(self.high)
        else:
            low, high = self.low, self.high
        return min(1.0, max(0.0, (value - low) / (high - low)))


@dataclass(frozen=True)
class Mark:
    """An onset on the map, in percent of its width and height."""

    number: int
    left: float
    top: float
    label: str


@dataclass(frozen=True)
class MapRow:
    """Label of one row, the whole name, and what kind of layer it is."""

    label: str
    name: str
    type: str


@dataclass(frozen=True)
class Map:
    """A drawn heat map."""

    anchor: str
    title: str
    how: str
    summary: str
    rows: tuple[MapRow, ...]
    row_height: int
    image: str
    """data: URI"""
    legend: str
    """data: URI of the colour bar"""
    ticks: tuple[tuple[float, str], ...]
    steps: tuple[tuple[float, str], ...]
    """Labels of the horizontal axis, in percent of the width."""
    marks: tuple[Mark, ...]
    data: Markup
    note: str
    has_nonfinite: bool
    empty: str
    """What a hatched cell means."""


TITLES: Mapping[str, tuple[str, str]] = {
    "gradient_rms": (
        "Gradient size, layer by layer",
        "Rows are parameters from input (top) to output, columns are recorded steps: "
        "a colour that changes steadily down the rows is a gradient that vanishes or explodes.",
    ),
    "update_ratio": (
        "Update size relative to the weight",
        "Root mean square of the update over that of the weight: pale, near one in a thousand, is usual; dark blue barely learns, dark brown is thrown about.",
    ),
    "silent_share": (
        "Units that were zero on every sample",
        "Share of a layer's units that no sample of the last passes made fire: brighter is deader, and a row that stays bright does not come back.",
    ),
    "saturated_share": (
        "Values in the flat part of their activation",
        "Share of values whose activation has lost its slope (for ReLU the negative side, where half is usual): "
        "a row that turns bright stops passing gradient.",
    ),
}


def layer_map(source: HeatMap, line: TimeLine) -> Map:
    """One quantity of the layers over the run."""
    title, how = TITLES[source.quantity]
    shares = source.quantity.endswith("_share")
    scale = _share_scale() if shares else _ratio_scale() if source.quantity == "update_ratio" else _log_scale(source.values)
    write = percent if shares else number
    cells = np.array([[np.nan if value is None else scale.place(value) for value in values] for values in source.values])
    layers = len(source.names) + source.left_out
    note = f"{plural(source.left_out, 'layer')} of {layers} not shown; the ones shown are spread evenly over the depth."
    rows = tuple(MapRow(short(name, 34), name, kind) for name, kind in zip(source.names, source.types, strict=True))
    return Map(
        anchor=f"map-{source.quantity.replace('_', '-')}",
        title=title,
        how=how,
        summary=_extremes(source, write),
        rows=rows,
        row_height=_row_height(len(rows)),
        image=picture_of(scale.colours, cells, source.nonfinite),
        legend=scale_bar(scale),
        ticks=scale.ticks,
        steps=step_labels(source.steps),
        marks=_marks(source, line),
        data=as_json(
            {
                "rows": [short(name, 60) for name in source.names],
                "from": source.steps,
                "to": source.last_steps,
                "values": [[None if value is None else float(f"{value:.3g}") for value in values] for values in source.values],
                "bad": source.nonfinite,
                "share": shares,
            }
        ),
        note=note if source.left_out else "",
        has_nonfinite=bool(source.nonfinite),
        empty="nothing recorded",
    )


def _ratio_scale() -> Scale:
    return Scale(1e-6, 1.0, True, UPDATE_COLOURS, ((0.0, "1e\u22126"), (1 / 3, "1e\u22124"), (2 / 3, "1e\u22122"), (1.0, "1")))


def _share_scale() -> Scale:
    return Scale(0.0, 1.0, False, matplotlib.colormaps["cividis"], ((0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")))


def _log_scale(values: Sequence[Sequence[float | None]]) -> Scale:
    """Whole decades around what there is, at most twelve below the top."""
    positive = [value for row in values for value in row if value is not None and value > 0]
    top = math.ceil(math.log10(max(positive, default=1.0)) + 1e-9)
    bottom = max(math.floor(math.log10(min(positive, default=0.1))), top - 12)
    bottom = min(bottom, top - 1)
    labels = tuple(dict.fromkeys((bottom, (bottom + top) // 2, top)))
    ticks = tuple(((exponent - bottom) / (top - bottom), f"1e{exponent}".replace("-", "\u2212")) for exponent in labels)
    return Scale(10.0**bottom, 10.0**top, True, matplotlib.colormaps["viridis"], ticks)


def _row_height(rows: int) -> int:
    return max(9, min(22, 440 // max(rows, 1)))


def _extremes(source: HeatMap, write: Callable[[float | None], str]) -> str:
    known = [(value, row, column) for row, values in enumerate(source.values) for column, value in enumerate(values) if value is not None]
    parts = []
    if known and max(known)[0] == 0 and min(known)[0] == 0:
        parts.append("Zero everywhere")
    elif known:
        ends = (("Highest", max(known)),) if source.quantity.endswith("_share") else (("Lowest", min(known)), ("highest", max(known)))
        for word, (value, row, column) in ends:
            parts.append(f"{word} {write(value)} in {short(source.names[row], 60)} at step {number(source.steps[column])}")
    text = ", ".join(parts) + "." if parts else "Nothing finite was recorded."
    if source.nonfinite:
        layers = {row for row, _ in source.nonfinite}
        first = min(source.steps[column] for _, column in source.nonfinite)
        text += f" NaN or infinite values in {plural(len(layers), 'layer')}, first at step {number(first)}."
    return text


def _marks(source: HeatMap, line: TimeLine) -> tuple[Mark, ...]:
    """Onsets of findings whose subject is one of the rows."""
    marks = []
    for onset in line.onsets:
        for row, name in enumerate(source.names):
            if onset.subject and (name == onset.subject or name.rpartition(".")[0] == onset.subject):
                column = max((place for place, step in enumerate(source.steps) if step <= onset.step), default=0)
                marks.append(Mark(onset.number, round(100 * column / len(source.steps), 2), round(100 * row / len(source.names), 2), onset.label))
                break
    return tuple(marks)


def step_labels(steps: Sequence[int]) -> tuple[tuple[float, str], ...]:
    """Up to five steps with their places in percent of the width."""
    count = min(5, len(steps))
    places = sorted({round(place * (len(steps) - 1) / max(1, count - 1)) for place in range(count)})
    return tuple((round(100 * (place + 0.5) / len(steps), 2), number(steps[place])) for place in places)


def picture_of(colours: Colormap, cells: np.ndarray, nonfinite: Sequence[tuple[int, int]]) -> str:
    """Cells (0..1, NaN where there is nothing) as a data: URI of one pixel each."""
    pixels = colours(np.nan_to_num(cells), bytes=True)
    pixels[np.isnan(cells)] = (0, 0, 0, 0)
    for row, column in nonfinite:
        pixels[row, column] = NONFINITE
    return _uri(pixels)


def scale_bar(scale: Scale) -> str:
    """The colours of a scale from low to high as a data: URI."""
    return _uri(scale.colours(np.linspace(0, 1, 128)[None, :], bytes=True))


def _uri(pixels: np.ndarray) -> str:
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels), "RGBA").save(out, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode("ascii")
