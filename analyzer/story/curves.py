"""Logged numbers over the steps."""

from __future__ import annotations

from itertools import groupby

from .question import Asked, ask
from .rows import Curve

POINTS = 1000
"""Points a curve keeps; a screen is about that wide."""
NAMES = 24
"""Logged names that are drawn; a report of hundreds of charts is one that nobody reads."""
SERIES_A_NAME = 6
NONFINITE_STEPS = 100


def curves(run: Asked) -> tuple[tuple[Curve, ...], tuple[str, ...]]:
    """Curves in the order a reader looks for them, and the names that were left out."""
    names = [row["name"] for row in ask(run, "curve_names")]
    rows = ask(run, "curves", names=names[:NAMES], points=POINTS)
    found = [_curve(split, name, list(stretches)) for (split, name), stretches in groupby(rows, lambda row: (row["split"], row["name"]))]
    found.sort(key=lambda curve: (names.index(curve.name), curve.split != "train", curve.split))
    kept: list[Curve] = []
    for curve in found:
        if sum(other.name == curve.name for other in kept) < SERIES_A_NAME:
            kept.append(curve)
    left_out = [f"{curve.name} ({curve.split})" for curve in found if curve not in kept]
    return tuple(kept), tuple(left_out + names[NAMES:])


def _curve(split: str | None, name: str, stretches: list[dict[str, object]]) -> Curve:
    points: set[tuple[int, float]] = set()
    for row in stretches:
        for step, value in ((row["lowest_step"], row["lowest"]), (row["highest_step"], row["highest"])):
            if isinstance(step, int) and isinstance(value, float):
                points.add((step, value))
    ordered = sorted(points)
    bad = [row["nonfinite_step"] for row in stretches if row["nonfinite_step"] is not None]
    lowest = min(ordered, key=lambda point: point[1], default=None)
    last = stretches[-1]["last"]
    return Curve(
        name=name,
        split=split or "",
        steps=tuple(step for step, _ in ordered),
        values=tuple(value for _, value in ordered),
        rows=sum(int(str(row["total"])) for row in stretches),
        nonfinite=sum(int(str(row["nonfinite"])) for row in stretches),
        nonfinite_steps=tuple(int(str(step)) for step in bad[:NONFINITE_STEPS]),
        last=last if isinstance(last, float) else None,
        lowest=None if lowest is None else lowest[1],
        lowest_step=None if lowest is None else lowest[0],
    )
