"""Predicted against target values of a regression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib
import numpy as np

from ..wording import number, plural, short
from .chart import as_json
from .heat_map import Map, MapRow, Scale, picture_of, scale_bar

if TYPE_CHECKING:
    from analyzer.story.rows import Agreement


def agreement_map(source: Agreement) -> Map:
    """A grid of counts: rows are predictions (large ones on top), columns targets."""
    bins = len(source.counts)
    width = (source.high - source.low) / bins
    most = max(max(row) for row in source.counts)
    scale = Scale(1.0, max(2.0, float(most)), True, matplotlib.colormaps["viridis"], ((0.0, "1"), (1.0, number(max(2, most)))))
    order = list(range(bins - 1, -1, -1))
    cells = np.array([[scale.place(count) if count else np.nan for count in source.counts[row]] for row in order])
    middle = [source.low + (place + 0.5) * width for place in range(bins)]
    better = source.rms_error < source.spread
    return Map(
        anchor="agreement",
        title=f"Predictions against targets, {short(source.split, 20)}",
        how="Targets to the right, predictions upward: a good model lies on the rising diagonal, one that guesses the mean on a level line.",
        summary=f"Over {plural(source.samples, 'sample')} predictions are off by {number(source.rms_error)} (root mean square), "
        f"{number(source.mean_error)} on average; "
        f"the targets vary by {number(source.spread)}, so this is {'better' if better else 'no better'} than guessing their mean.",
        rows=tuple(MapRow(number(float(f"{middle[row]:.3g}")) if row % 8 == 4 else "", number(middle[row]), "") for row in order),
        row_height=9,
        image=picture_of(scale.colours, cells, ()),
        legend=scale_bar(scale),
        ticks=scale.ticks,
        steps=tuple((round(100 * (place + 0.5) / bins, 2), number(float(f"{middle[place]:.3g}"))) for place in range(4, bins, 8)),
        marks=(),
        data=as_json(
            {
                "rows": [f"predicted {number(middle[row])}" for row in order],
                "columns": [f"target {number(value)}" for value in middle],
                "from": list(range(bins)),
                "to": list(range(bins)),
                "values": [[count or None for count in source.counts[row]] for row in order],
                "bad": [],
                "share": False,
            }
        ),
        note=f"Last whole pass, step {number(source.step)}.",
        has_nonfinite=False,
        empty="no sample",
    )
