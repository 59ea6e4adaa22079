"""The seven strategies, each with its figures, findings, and what could not be checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .figures.agreement import agreement_map
from .figures.calibration import Calibration, calibration_figure
from .figures.chart import FULL_PAGE, HALF_PAGE, Chart, chart
from .figures.heat_map import Map, layer_map
from .figures.magnitudes import magnitude_map
from .findings import Block
from .gallery import Shelf, shelf
from .time_line import TimeLine
from .wording import plain, slug

if TYPE_CHECKING:
    from analyzer.diagnosis import Diagnosis
    from analyzer.story import Story
    from analyzer.story.rows import CheckText, ClassRow, Confusion, Curve, Event, Probe, Sample

STRATEGIES: Mapping[str, tuple[str, str]] = {
    "predictions": ("The model in action", "What does it say, and to what? Metrics, confusions, certainty, and inputs as the model got them."),
    "worst": (
        "The worst mistakes",
        "Samples with the largest loss, over the whole history: wrong labels, broken inputs and failing groups show up here first.",
    ),
    "mistakes": ("Mistakes in the code", "Do loss and metrics say what their names say? Are training and evaluation prepared alike, in the right modes?"),
    "tiny": ("A tiny data set", "A sound model learns one to eight examples by heart. One that cannot has a mistake in it."),
    "gradients": ("Gradients against numbers", "Back-propagated derivatives against finite differences, and how the gradient flows through the depth."),
    "saturation": ("Activations, gradients and updates", "Where do layers go flat or silent, and does each parameter move by about a thousandth of itself?"),
    "guarantees": ("What the optimizer promises", "Declared guarantees, within rounding error, and the numbers the recorder keeps of every step."),
}
_PROBES = {"overfit": "tiny", "gradient_check": "gradients", "zero_input": "mistakes", "batch_independence": "mistakes"}
_RECORDERS_OWN = ("step_seconds", "recorder_seconds")
CHARTS_OF_METRICS = 8


@dataclass(frozen=True)
class Silence:
    """A check that was asked and found nothing, or (with a reason) could not be asked."""

    check: str
    title: str
    reason: str


@dataclass(frozen=True)
class Section:
    """One strategy."""

    number: int
    strategy: str
    title: str
    question: str
    severity: str
    """Of its gravest finding; empty where there is none."""
    found: int
    blocks: tuple[Block, ...]
    silent: tuple[Silence, ...]
    not_checked: tuple[Silence, ...]
    charts: tuple[Chart, ...] = ()
    maps: tuple[Map, ...] = ()
    histograms: tuple[Map, ...] = ()
    squares: tuple[Map, ...] = ()
    confusion: Confusion | None = None
    classes: tuple[ClassRow, ...] = ()
    classes_left_out: int = 0
    calibration: Calibration | None = None
    shelves: tuple[Shelf, ...] = ()
    probes: tuple[Probe, ...] = ()
    events: tuple[Event, ...] = ()


@dataclass(frozen=True)
class _Figures:
    """What a strategy shows beside its findings."""

    charts: tuple[Chart, ...] = ()
    maps: tuple[Map, ...] = ()
    histograms: tuple[Map, ...] = ()
    squares: tuple[Map, ...] = ()
    """Maps whose columns are not steps."""
    shelves: tuple[Shelf, ...] = ()


def loss_charts(story: Story, line: TimeLine) -> tuple[Chart, ...]:
    """The charts under the verdict: loss, learning rate, gradient norm."""
    losses = [curve for curve in story.curves if curve.name == "loss"] or [curve for curve in story.curves if _is_loss(curve)][:3]
    rates = [curve for curve in story.curves if curve.name.split("/")[0] == "learning_rate"][:6]
    norms = [curve for curve in story.curves if curve.name == "gradient_norm"]
    parts = (
        ("chart-loss", "Loss", "Training falling while another split rises is overfitting; a jump at a numbered line is worth a look there.", losses),
        ("chart-learning-rate", "Learning rate", "As the optimizer had it at each step.", rates),
        ("chart-gradient-norm", "Gradient norm", "Over all parameters, as the optimizer saw it: growth announces divergence, a flat line is clipping.", norms),
    )
    return tuple(chart(place, title, how, curves, line, FULL_PAGE if place == "chart-loss" else HALF_PAGE) for place, title, how, curves in parts if curves)


def sections(story: Story, diagnosis: Diagnosis, blocks: Mapping[str, tuple[Block, ...]], line: TimeLine) -> tuple[Section, ...]:
    """All seven, in the order of the chapter."""
    texts = {check.name: check for check in story.checks}
    missing = {check.check: check.reason for check in diagnosis.not_checked}
    found = {finding.check for finding in diagnosis.findings}
    result = []
    for place, (strategy, (title, question)) in enumerate(STRATEGIES.items(), start=1):
        own = [check for check in story.checks if check.strategy == strategy]
        figures = _figures(strategy, story, line)
        result.append(
            Section(
                number=place,
                strategy=strategy,
                title=title,
                question=question,
                severity=blocks[strategy][0].severity if blocks[strategy] else "",
                found=sum(len(block.rows) + block.left_out for block in blocks[strategy]),
                blocks=blocks[strategy],
                silent=tuple(Silence(check.name, check.title, "") for check in own if check.name not in found and check.name not in missing),
                not_checked=_not_checked(strategy, own, missing, texts),
                charts=figures.charts,
                maps=figures.maps,
                histograms=figures.histograms,
                squares=figures.squares,
                shelves=figures.shelves,
                confusion=story.confusion if strategy == "predictions" else None,
                classes=story.classes if strategy == "predictions" else (),
                classes_left_out=story.classes_left_out if strategy == "predictions" else 0,
                calibration=calibration_figure(story.calibration) if strategy == "predictions" else None,
                probes=tuple(probe for probe in story.probes if _PROBES.get(probe.probe, "guarantees") == strategy),
                events=story.events if strategy == "mistakes" else (),
            )
        )
    return tuple(result)


def _not_checked(strategy: str, own: Sequence[CheckText], missing: Mapping[str, str], texts: Mapping[str, CheckText]) -> tuple[Silence, ...]:
    silences = [Silence(check.name, check.title, missing[check.name]) for check in own if check.name in missing]
    if strategy == "mistakes":
        silences += [Silence(name, plain(name), reason) for name, reason in missing.items() if name not in texts]
    return tuple(silences)


def _figures(strategy: str, story: Story, line: TimeLine) -> _Figures:
    maps = {source.quantity: source for source in story.heat_maps}
    if strategy == "predictions":
        agreement = (agreement_map(story.agreement),) if story.agreement else ()
        return _Figures(
            charts=_metric_charts(story, line), shelves=_shelves(("gallery-typical", "A few samples, whatever their loss", story.typical)), squares=agreement
        )
    if strategy == "worst":
        named = ("gallery-named", "Samples that findings name", story.named)
        return _Figures(shelves=_shelves(named, ("gallery-worst", "The largest losses over all visits", story.worst)))
    if strategy == "gradients":
        return _Figures(maps=tuple(layer_map(maps[name], line) for name in ("gradient_rms",) if name in maps))
    if strategy == "saturation":
        drawn = tuple(layer_map(maps[name], line) for name in ("update_ratio", "silent_share", "saturated_share") if name in maps)
        return _Figures(maps=drawn, histograms=tuple(magnitude_map(source, place) for place, source in enumerate(story.magnitudes, start=1)))
    if strategy == "guarantees":
        own = [curve for curve in story.curves if curve.name in _RECORDERS_OWN]
        how = "The whole step, and the part of it that recording took."
        return _Figures(charts=(chart("chart-seconds", "Seconds a step", how, own, line),) if own else ())
    return _Figures()


def _shelves(*kinds: tuple[str, str, Sequence[Sample]]) -> tuple[Shelf, ...]:
    return tuple(shelf(anchor, title, samples) for anchor, title, samples in kinds if samples)


def _metric_charts(story: Story, line: TimeLine) -> tuple[Chart, ...]:
    """One chart a logged name, its splits as lines."""
    apart = {"loss", "gradient_norm", *_RECORDERS_OWN}
    names = dict.fromkeys(curve.name for curve in story.curves if curve.name not in apart and not curve.name.startswith("learning_rate"))
    charts = []
    for name in list(names)[:CHARTS_OF_METRICS]:
        curves = [curve for curve in story.curves if curve.name == name]
        how = "As logged; compare the splits at the same step, and look for what changes at a numbered line."
        charts.append(chart(f"chart-metric-{slug(name)}", name, how, curves, line))
    return tuple(charts)


def _is_loss(curve: Curve) -> bool:
    return "loss" in curve.name.lower()
