"""The top of the report as one PNG: verdict, loss with its onsets, and the heat map that shows most."""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from .figures.chart import DASHES, logarithmic, spans_decades
from .figures.heat_map import TITLES, UPDATE_COLOURS
from .findings import anchors, blocks
from .time_line import TimeLine, ranks, time_line
from .verdict import Verdict, checked, verdict
from .wording import number, sentence, short

if TYPE_CHECKING:
    from analyzer.diagnosis import Diagnosis
    from analyzer.story import Story
    from analyzer.story.rows import Curve, HeatMap

WIDTH, HEIGHT, DOTS_PER_INCH = 1400, 1000, 100
FLAG = 0.014
"""Width of an onset's number, as a share of the chart."""
ROWS = 32
"""Layers that keep a readable label in a picture of this height."""
_TONES = {"error": "#b3261e", "warning": "#9a5b00", "info": "#0b62a4", "ok": "#0a7350"}
_SERIES = ("#0072b2", "#d55e00", "#009e73", "#b0578d", "#8a7a00", "#56616b")
_INK, _SOFT, _GRID = "#1c1d20", "#5d6067", "#e7e5df"
_QUANTITIES = {
    "saturated_activation": "saturated_share",
    "dead_units": "silent_share",
    "vanishing_gradient": "gradient_rms",
    "exploding_gradient": "gradient_rms",
    "nonfinite_forward": "gradient_rms",
    "nonfinite_backward": "gradient_rms",
}
"""The map that shows a cause best; the update ratio serves all others."""


def render_png(story: Story, diagnosis: Diagnosis) -> bytes:
    """A PNG of 1400 x 1000 pixels, drawn without a browser. The same story gives the same bytes."""
    found = blocks(diagnosis, story.checks)
    seen = verdict(story, diagnosis, anchors(found))
    line = time_line(story, found, ranks(diagnosis))
    figure = Figure(figsize=(WIDTH / DOTS_PER_INCH, HEIGHT / DOTS_PER_INCH), dpi=DOTS_PER_INCH, facecolor="white")

    def draw() -> None:
        _words(figure, story, seen)
        _loss(figure.add_axes((0.07, 0.44, 0.9, 0.25)), story, line)
        chosen = _chosen_map(story, seen)
        if chosen is not None:
            _map(figure, chosen, (0.17, 0.06, 0.74, 0.27))

    return _png(figure, draw)


def _png(figure: Figure, draw: Callable[[], None]) -> bytes:
    """Draw, and give the bytes; names are taken literally, and a script that the font lacks is no reason to fail."""
    out = io.BytesIO()
    settings: Any = {"text.parse_math": False, "axes.unicode_minus": True}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        draw()
        FigureCanvasAgg(figure).print_png(out, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return out.getvalue()


def _words(figure: Figure, story: Story, seen: Verdict) -> None:
    first = seen.first
    tone = _TONES["warning" if seen.blind else "ok" if seen.healthy else first.severity if first else "warning"]
    figure.text(0.03, 0.965, short(story.run, 70), fontsize=11, color=_SOFT, va="center")
    figure.text(0.97, 0.965, "  ".join(f"{fact.name} {short(fact.value, 24)}" for fact in story.facts[:7]), fontsize=9, color=_SOFT, va="center", ha="right")
    figure.add_artist(matplotlib.patches.Rectangle((0.03, 0.755), 0.006, 0.185, color=tone, transform=figure.transFigure))
    headline = sentence(seen.headline, 90)
    figure.text(0.048, 0.918, headline, fontsize=21 if len(headline) < 62 else 16, fontweight="bold", color=_INK, va="center")
    lines = [(line, "normal", _INK) for line in textwrap.wrap(sentence(seen.summary, 280), 150)[:2]]
    if first:
        where = f" in {short(first.subject, 50)}" if first.subject else ""
        lines.append((f"{first.since}{where}, {first.certainty} ({first.percent} %)", "bold", tone))
        lines += [(f"+ {sentence(item.text, 150)}", "normal", _INK) for item in first.speaks_for[:2]]
        lines += [(f"Try: {sentence(fix, 150)}", "normal", _INK) for fix in first.fixes[:1]]
    else:
        lines.append((checked(seen), "normal", _INK))
    for place, (line, weight, colour) in enumerate(lines):
        figure.text(0.048, 0.882 - 0.022 * place, line, fontsize=11, fontweight=weight, color=colour, va="center")


def figure_names(story: Story) -> list[str]:
    """What `render_figure` can draw of a run: the verdict, logged numbers by name, heat maps by quantity."""
    return ["verdict", *dict.fromkeys(curve.name for curve in story.curves), *(source.quantity for source in story.heat_maps)]


def render_figure(story: Story, diagnosis: Diagnosis, name: str) -> bytes:
    """One figure as a PNG of 1000 x 360 pixels; `verdict` is the whole top of the report. Raises KeyError for an unknown name."""
    if name == "verdict":
        return render_png(story, diagnosis)
    maps = {source.quantity: source for source in story.heat_maps}
    curves = [curve for curve in story.curves if curve.name == name]
    if name not in maps and not curves:
        raise KeyError(name)
    figure = Figure(figsize=(10, 3.6), dpi=DOTS_PER_INCH, facecolor="white")
    if name in maps:
        return _png(figure, lambda: _map(figure, maps[name], (0.17, 0.1, 0.72, 0.76)))
    line = time_line(story, blocks(diagnosis, story.checks), ranks(diagnosis))
    return _png(figure, lambda: _curves(figure.add_axes((0.08, 0.1, 0.89, 0.7)), curves, line))


def _loss(axes: Axes, story: Story, line: TimeLine) -> None:
    curves = (
        [curve for curve in story.curves if curve.name == "loss"]
        or [curve for curve in story.curves if "loss" in curve.name.lower()][:3]
        or list(story.curves[:1])
    )
    if curves:
        _curves(axes, curves, line)
        return
    axes.text(0.5, 0.5, "the log holds no loss", ha="center", va="center", color=_SOFT, transform=axes.transAxes)
    axes.set_axis_off()


def _curves(axes: Axes, curves: Sequence[Curve], line: TimeLine) -> None:
    _plain(axes)
    for place, curve in enumerate(curves):
        dash = DASHES[place % len(DASHES)]
        style = (0, dash) if dash else "solid"
        label = short(f"{curve.name} ({curve.split})", 50)
        axes.plot(curve.steps, curve.values, color=_SERIES[place % len(_SERIES)], linewidth=1.4, linestyle=style, label=label.lstrip("_"))
        if curve.nonfinite_steps:
            axes.plot(
                curve.nonfinite_steps, [0.97] * len(curve.nonfinite_steps), "x", color=_TONES["error"], markersize=5, transform=axes.get_xaxis_transform()
            )
    values = [value for curve in curves for value in curve.values]
    if spans_decades(values):
        logarithmic(axes, values)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(float(f"{value:.6g}"))))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(line.first_step, line.last_step)
    span = line.last_step - line.first_step
    flags = spread([(onset.step - line.first_step) / span for onset in line.onsets], FLAG)
    for onset, flag in zip(line.onsets, flags, strict=True):
        tone = _TONES.get(onset.severity, _SOFT)
        axes.axvline(onset.step, color=tone, linewidth=1, linestyle=(0, (4, 3)))
        axes.text(flag, 1.015, str(onset.number), color=tone, fontsize=9, fontweight="bold", ha="center", va="bottom", transform=axes.transAxes)
    axes.legend(loc="best", frameon=False, fontsize=9)
    key = "   ".join(f"{onset.number} {sentence(onset.label, 34)}" for onset in line.onsets[:6])
    axes.set_title(sentence(key, 190), fontsize=9, color=_SOFT, loc="left", pad=20)


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Ascending places in 0..1, moved apart to at least `gap` and back from the right edge."""
    moved = list(places)
    for place in range(1, len(moved)):
        moved[place] = max(moved[place], moved[place - 1] + gap)
    for back in range(len(moved)):
        moved[-1 - back] = min(moved[-1 - back], 1.0 - back * gap)
    return moved


def _chosen_map(story: Story, seen: Verdict) -> HeatMap | None:
    maps = {source.quantity: source for source in story.heat_maps}
    wanted = _QUANTITIES.get(seen.first.cause, "update_ratio") if seen.first else "update_ratio"
    return maps.get(wanted) or next(iter(maps.values()), None)


def _map(figure: Figure, source: HeatMap, place: tuple[float, float, float, float]) -> None:
    rows = range(0, len(source.names), max(1, -(-len(source.names) // ROWS)))
    values = [[float("nan") if value is None else value for value in source.values[row]] for row in rows]
    left, bottom, width, height = place
    axes = figure.add_axes(place)
    share = source.quantity.endswith("_share")
    positive = [value for row in values for value in row if value > 0]
    scale = (
        Normalize(0, 1)
        if share
        else LogNorm(1e-6, 1)
        if source.quantity == "update_ratio"
        else LogNorm(min(positive, default=0.1), max([*positive, 1e-30]) * 1.001)
    )
    colours = matplotlib.colormaps["cividis"] if share else UPDATE_COLOURS if source.quantity == "update_ratio" else matplotlib.colormaps["viridis"]
    image = axes.imshow(values, aspect="auto", interpolation="nearest", norm=scale, cmap=colours)
    axes.set_facecolor("#dddbd5")
    axes.set_yticks(range(len(values)), [short(source.names[row], 26) for row in rows], fontsize=8, family="monospace")
    places = sorted({round(place * (len(source.steps) - 1) / 6) for place in range(7)})
    axes.set_xticks(places, [number(source.steps[place]) for place in places], fontsize=9)
    for row, column in source.nonfinite:
        if row in rows:
            axes.plot(column, rows.index(row), "x", color=_TONES["error"], markersize=5)
    axes.tick_params(colors=_SOFT, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title(TITLES[source.quantity][0], fontsize=11, loc="left", color=_INK)
    bar = figure.colorbar(image, cax=figure.add_axes((left + width + 0.015, bottom, 0.012, height)))
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(float(f"{value:.3g}"))))
    bar.ax.tick_params(labelsize=8, colors=_SOFT, length=0)
    bar.outline.set_visible(False)


def _plain(axes: Axes) -> None:
    axes.grid(True, color=_GRID, linewidth=0.7)
    axes.tick_params(colors=_SOFT, labelsize=9, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
