"""Curves over the steps: data for the interactive chart, and the same as SVG for print and where no script runs."""

from __future__ import annotations

import io
import json
import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from ..time_line import TimeLine
from ..wording import number, plural, short

if TYPE_CHECKING:
    from analyzer.story.rows import Curve

DASHES: tuple[tuple[float, ...], ...] = ((), (7, 4), (2, 3), (9, 3, 2, 3), (4, 2), (1, 2))
"""One dash pattern a series, so that colour is never alone."""
FULL_PAGE, HALF_PAGE = (1120, 270), (540, 210)
MARGINS = (58, 10, 20, 36)
"""Left, right, top and bottom in pixels: those of the interactive chart, so that what stands below a chart is in line with both."""
MARKS = 3
"""Onsets drawn in the SVG, the gravest; the interactive chart has all."""
FALLBACK_POINTS = 240
"""Points a series keeps in the SVG; the interactive chart has all that the story holds."""
INK = "#0a0b0c"
SERIES = tuple(f"#0a0b{16 + place:02x}" for place in range(len(DASHES)))
_MARKS = {"error": "#0a0b20", "warning": "#0a0b21", "info": "#0a0b22"}
_GRID = "#0a0b30"
_VARIABLES = {
    INK: "currentColor",
    _GRID: "var(--grid)",
    **{colour: f"var(--series-{place})" for place, colour in enumerate(SERIES)},
    **{colour: f"var(--{severity})" for severity, colour in _MARKS.items()},
}
"""Stand-in colours in the SVG that become the page's own, so that one drawing serves light and dark."""


@dataclass(frozen=True)
class Line:
    """One series in words."""

    label: str
    last: float | None
    lowest: float | None
    lowest_step: int | None
    highest: float | None
    rows: int
    nonfinite: int
    nonfinite_step: int | None


@dataclass(frozen=True)
class Chart:
    """Curves that share one vertical axis."""

    anchor: str
    title: str
    how: str
    summary: str
    lines: tuple[Line, ...]
    svg: Markup
    data: Markup
    thinned: bool


def as_json(value: Any) -> Markup:
    """JSON that is safe inside a script element: no character of it can end the element."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=True)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def rounded(value: float) -> float:
    """Five significant digits: more than a screen shows."""
    return float(f"{value:.5g}")


def chart(anchor: str, title: str, how: str, curves: Sequence[Curve], line: TimeLine, size: tuple[int, int] = HALF_PAGE) -> Chart:
    """Curves of one unit. `size` is that of the SVG in pixels."""
    labels = _labels(curves)
    wide = spans_decades([value for curve in curves for value in curve.values])
    series = [
        {
            "label": label,
            "dash": DASHES[place % len(DASHES)],
            "x": curve.steps,
            "y": [rounded(value) for value in curve.values],
            "bad": curve.nonfinite_steps,
        }
        for place, (label, curve) in enumerate(zip(labels, curves, strict=True))
    ]
    lines = tuple(_line(label, curve) for label, curve in zip(labels, curves, strict=True))
    return Chart(
        anchor=anchor,
        title=title,
        how=how,
        summary=" ".join(_in_words(told) for told in lines),
        lines=lines,
        svg=_svg(anchor, labels, curves, line, wide, size),
        data=as_json({"log": wide, "from": line.first_step, "to": line.last_step, "series": series}),
        thinned=any(len(curve.steps) + curve.nonfinite < curve.rows for curve in curves),
    )


def spans_decades(values: Sequence[float]) -> bool:
    """Whether a logarithmic axis serves: all positive, and the largest fifty times the smallest."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    return low > 0 and high / low > 50


def logarithmic(axes: Axes, values: Sequence[float]) -> None:
    """A logarithmic vertical axis around positive values, kept away from the ends of float64, where matplotlib overflows."""
    axes.set_autoscaley_on(False)
    axes.set_yscale("log")
    axes.set_ylim(min(max(min(values) / 1.4, 1e-100), 1e90), max(min(max(values) * 1.4, 1e100), 1e-90))


def _labels(curves: Sequence[Curve]) -> list[str]:
    names = {curve.name for curve in curves}
    splits = {curve.split for curve in curves}
    if len(names) == 1:
        return [short(curve.split or curve.name) for curve in curves]
    return [short(curve.name) if len(splits) == 1 else f"{short(curve.name, 28)} ({short(curve.split, 12)})" for curve in curves]


def _line(label: str, curve: Curve) -> Line:
    return Line(
        label=label,
        last=curve.last,
        lowest=curve.lowest,
        lowest_step=curve.lowest_step,
        highest=max(curve.values, default=None),
        rows=curve.rows,
        nonfinite=curve.nonfinite,
        nonfinite_step=min(curve.nonfinite_steps, default=None),
    )


def _in_words(line: Line) -> str:
    if line.lowest is None:
        text = f"{line.label}: no finite value"
    elif line.lowest == line.highest:
        text = f"{line.label}: {number(line.lowest)} throughout"
    else:
        text = f"{line.label}: {number(line.lowest)} (lowest, step {number(line.lowest_step)}) to {number(line.highest)}, at the end {number(line.last)}"
    if line.nonfinite:
        text += f"; {plural(line.nonfinite, 'value')} NaN or infinite, first at step {number(line.nonfinite_step)}"
    return text + "."


def thin(steps: Sequence[int], values: Sequence[float], points: int) -> tuple[list[int], list[float]]:
    """The extremes of each stretch, in order."""
    if len(steps) <= points:
        return list(steps), list(values)
    width = math.ceil(2 * len(steps) / points)
    kept: set[int] = {0, len(steps) - 1}
    for start in range(0, len(steps), width):
        stretch = range(start, min(start + width, len(steps)))
        kept.add(min(stretch, key=lambda place: values[place]))
        kept.add(max(stretch, key=lambda place: values[place]))
    places = sorted(kept)
    return [steps[place] for place in places], [values[place] for place in places]


def _svg(anchor: str, labels: Sequence[str], curves: Sequence[Curve], line: TimeLine, wide: bool, size: tuple[int, int]) -> Markup:
    figure = Figure(figsize=(size[0] / 72, size[1] / 72))
    axes = figure.add_subplot()
    for place, (label, curve) in enumerate(zip(labels, curves, strict=True)):
        steps, values = thin(curve.steps, curve.values, FALLBACK_POINTS)
        dash = DASHES[place % len(DASHES)]
        axes.plot(
            steps,
            values,
            color=SERIES[place % len(SERIES)],
            linewidth=1.6,
            linestyle=(0, dash) if dash else "solid",
            marker="o" if len(steps) < 3 else "",
            markersize=3,
            label=label.replace("_", "\u200b_", 1) if label.startswith("_") else label,
        )
        if curve.nonfinite_steps:
            axes.plot(curve.nonfinite_steps, [0.97] * len(curve.nonfinite_steps), "x", color=_MARKS["error"], transform=axes.get_xaxis_transform())
    for onset in sorted(line.onsets, key=lambda onset: ("error", "warning", "info").index(onset.severity))[:MARKS]:
        axes.axvline(onset.step, color=_MARKS[onset.severity], linewidth=1, linestyle=(0, (4, 3)))
        axes.text(
            onset.step, 1.02, str(onset.number), color=_MARKS[onset.severity], transform=axes.get_xaxis_transform(), ha="center", va="bottom", fontsize=10
        )
    if wide:
        logarithmic(axes, [value for curve in curves for value in curve.values])
    axes.set_xlim(line.first_step, line.last_step)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(float(f"{value:.6g}"))))
    axes.yaxis.set_minor_formatter(NullFormatter())
    if len(curves) > 1:
        for text in axes.legend(loc="best", frameon=False, fontsize=10, labelcolor=INK).get_texts():
            text.set_parse_math(False)
    axes.set_xlabel("step", fontsize=10)
    left, right, top, bottom = MARGINS
    figure.subplots_adjust(left / size[0], bottom / size[1], 1 - right / size[0], 1 - top / size[1])
    return svg_markup(figure, anchor)


def svg_markup(figure: Figure, anchor: str) -> Markup:
    """A figure as inline SVG in the page's colours: no ids that clash, no dates, no links."""
    for axes in figure.axes:
        axes.patch.set_alpha(0)
        axes.grid(True, color=_GRID, linewidth=0.6)
        axes.tick_params(colors=INK, labelsize=10, which="both")
        for name, spine in axes.spines.items():
            spine.set_visible(name in ("left", "bottom"))
            spine.set_color(_GRID)
        for text in (axes.xaxis.label, axes.yaxis.label):
            text.set_color(INK)
    figure.patch.set_alpha(0)
    out = io.StringIO()
    settings: Any = {"svg.hashsalt": anchor, "svg.fonttype": "none", "path.simplify": True}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # the browser has glyphs that matplotlib's font lacks
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})  # type: ignore[no-untyped-call]
    return Markup(_tidy(out.getvalue(), anchor))


def _tidy(svg: str, anchor: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)  # it would style the whole page
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r' width="[\d.]+pt"| height="[\d.]+pt"', "", svg, count=2)
    needed = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', svg))
    used = {name for pair in needed for name in pair if name}
    svg = re.sub(r' id="([^"]+)"', lambda found: f' id="{anchor}-{found[1]}"' if found[1] in used else "", svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{anchor}-", svg)
    svg = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", svg)
    svg = re.sub(r" ?font-family: [^;\"]*;?", "", svg)
    svg = re.sub(r"<[^>]+>", lambda tag: re.sub(r"(\d+\.\d{2})\d+", r"\1", tag[0]), svg)  # coordinates, not what the reader reads
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    return re.sub(r"\n\s*", "\n", svg)
