"""Reliability diagram: is the model as right as it is sure?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup
from matplotlib.figure import Figure

from ..wording import number, percent, plural
from .chart import INK, SERIES, svg_markup

if TYPE_CHECKING:
    from analyzer.story.rows import CalibrationBin


@dataclass(frozen=True)
class Calibration:
    """`error` is the expected calibration error: the mean gap between confidence and accuracy, weighted by samples (Guo et al. 2017)."""

    error: float
    summary: str
    svg: Markup
    bins: tuple[CalibrationBin, ...]


def calibration_figure(bins: Sequence[CalibrationBin]) -> Calibration | None:
    if not bins:
        return None
    total = sum(tenth.samples for tenth in bins)
    error = sum(tenth.samples * abs(tenth.confidence - tenth.accuracy) for tenth in bins) / total
    signed = sum(tenth.samples * (tenth.confidence - tenth.accuracy) for tenth in bins) / total
    tendency = "surer than it is right" if signed > 0.02 else "less sure than it is right" if signed < -0.02 else "about as sure as it is right"
    figure = Figure(figsize=(4.6, 3.1))
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.9, linestyle=(0, (3, 3)))
    axes.plot([tenth.confidence for tenth in bins], [tenth.accuracy for tenth in bins], color=SERIES[0], linewidth=1.6, marker="o", markersize=5)
    for tenth in bins:
        axes.annotate(number(tenth.samples), (tenth.confidence, tenth.accuracy), (5, -11), textcoords="offset points", fontsize=8, color=INK)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(-0.02, 1.04)
    axes.set_xlabel("confidence", fontsize=10)
    axes.set_ylabel("share right", fontsize=10)
    figure.tight_layout(pad=0.4)
    summary = f"Over {plural(total, 'sample')} the model is {tendency}: mean gap {percent(error)} (expected calibration error)."
    return Calibration(error, summary, svg_markup(figure, "calibration"), tuple(bins))
