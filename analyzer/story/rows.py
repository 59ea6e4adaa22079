"""The rows a report is made of: frozen, plain, bounded in number, with no markup.

`reports` draws them and never asks for more; the queries behind them are `analyzer/figures/*.sql`.
Steps are training steps counted from 0; -1 stands for "before the first step".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """One line of the run's identity card, such as ("optimizer", "SGD, momentum 0.9")."""

    name: str
    value: str


@dataclass(frozen=True)
class Curve:
    """A logged number over the steps, thinned to the extremes of each stretch. `values` is finite; what was not is in `nonfinite_steps`."""

    name: str
    split: str
    steps: tuple[int, ...]
    values: tuple[float, ...]
    rows: int
    """Rows in the log, of which `steps` shows the extremes."""
    nonfinite: int
    """NaN and infinite values among them."""
    nonfinite_steps: tuple[int, ...]
    last: float | None
    """At the last step; not finite stays so."""
    lowest: float | None
    lowest_step: int | None


@dataclass(frozen=True)
class HeatMap:
    """One quantity of the layers over the run: a row a layer in order of depth, a column a stretch of recorded steps."""

    quantity: str
    """update_ratio, gradient_rms, silent_share or saturated_share."""
    names: tuple[str, ...]
    types: tuple[str, ...]
    """Module type or activation of each row."""
    steps: tuple[int, ...]
    """First step of each column."""
    last_steps: tuple[int, ...]
    values: tuple[tuple[float | None, ...], ...]
    """Largest finite value in the cell; None where nothing was recorded."""
    nonfinite: tuple[tuple[int, int], ...]
    """Cells (row, column) that hold NaN or infinite values."""
    left_out: int
    """Layers that are not shown."""


@dataclass(frozen=True)
class Magnitudes:
    """Histogram of sign and binary exponent of a tensor over the steps: `shares[column][bin]`, bins from most negative to most positive, zero in the middle."""

    name: str
    kind: str
    steps: tuple[int, ...]
    shares: tuple[tuple[float, ...], ...]
    exponents: tuple[int, ...]
    """Lower binary exponent of each bin of one sign, ascending; the bins are -exponents reversed, zero, exponents."""


@dataclass(frozen=True)
class Confusion:
    """How often each target class was given each prediction, in the last pass through a split; `counts[target][prediction]`."""

    split: str
    step: int
    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    samples: int
    left_out: int
    """Classes beyond those shown, which are the ones most often confused."""


@dataclass(frozen=True)
class ClassRow:
    """One class in the last pass through a split. `recall` is None where the class has no sample, `precision` where it was never predicted.

    In segmentation samples are pixels, and `overlap` is intersection over union; elsewhere it is None.
    """

    name: str
    samples: int
    predicted: int
    recall: float | None
    precision: float | None
    overlap: float | None


@dataclass(frozen=True)
class CalibrationBin:
    """Samples whose confidence lies in one tenth: their mean confidence and the share that was right."""

    confidence: float
    accuracy: float
    samples: int


@dataclass(frozen=True)
class Agreement:
    """Predicted against target values in the last pass through a split: `counts[row][column]` on a square grid from `low` to `high`, rows upward."""

    split: str
    step: int
    low: float
    high: float
    counts: tuple[tuple[int, ...], ...]
    samples: int
    rms_error: float
    mean_error: float
    spread: float
    """Standard deviation of the targets: what guessing their mean is off by."""


@dataclass(frozen=True)
class Preview:
    """A kept piece of input: PNG, WAV or UTF-8 bytes, as `kind` (image, mask, audio, text, curve) says."""

    kind: str
    content: bytes
    step: int


@dataclass(frozen=True)
class Sample:
    """A sample worth a look, with its history."""

    sample_id: str
    split: str
    loss: float | None
    """Mean loss over its elements at the last visit; not finite stays so."""
    median_loss: float | None
    """Median over all visits."""
    target: str
    prediction: str
    confidence: float | None
    note: str
    """What else is known: rank of the target, worst token, IoU."""
    visits: int
    wrong: int | None
    history_steps: tuple[int, ...]
    history: tuple[float, ...]
    previews: tuple[Preview, ...]


@dataclass(frozen=True)
class Probe:
    """One outcome of an experiment."""

    step: int
    probe: str
    subject: str
    value: float | None
    reference: float | None
    tolerance: float | None
    passed: bool | None
    details: str


@dataclass(frozen=True)
class Event:
    """Things that happened: all events of one kind and message folded into one row."""

    step: int
    last_step: int
    kind: str
    message: str
    times: int


@dataclass(frozen=True)
class Threshold:
    """A parameter of a check: what it is, its value, its unit and where it comes from."""

    name: str
    value: str
    unit: str
    source: str


@dataclass(frozen=True)
class CheckText:
    """What a check says of itself."""

    name: str
    strategy: str
    title: str
    severity: str
    finds: str
    matters: str
    do: str
    ignore: str
    thresholds: tuple[Threshold, ...]


@dataclass(frozen=True)
class Story:
    """Everything a report of one run shows, beside the diagnosis."""

    run: str
    """Name of the run directory."""
    facts: tuple[Fact, ...]
    """In order of interest; the first ones are shown at once."""
    first_step: int
    last_step: int
    curves: tuple[Curve, ...]
    curves_left_out: tuple[str, ...]
    """Names of logged numbers that are not drawn."""
    heat_maps: tuple[HeatMap, ...]
    magnitudes: tuple[Magnitudes, ...]
    confusion: Confusion | None
    classes: tuple[ClassRow, ...]
    classes_left_out: int
    calibration: tuple[CalibrationBin, ...]
    agreement: Agreement | None
    named: tuple[Sample, ...]
    """Samples that findings name."""
    worst: tuple[Sample, ...]
    typical: tuple[Sample, ...]
    probes: tuple[Probe, ...]
    probes_left_out: int
    events: tuple[Event, ...]
    checks: tuple[CheckText, ...]
    causes: tuple[tuple[str, str], ...]
    """Causes that the diagnosis names, each with its phrase."""
    problems: tuple[str, ...]
    """What was lost while reading the log, in plain words."""
    notes: tuple[str, ...]
    """What a reader of the log should know, such as steps that a resume superseded."""
    format_version: str
