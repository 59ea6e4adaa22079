"""Figures: the numbers behind them, their summaries, and that drawings are self-contained and the same every time."""

from __future__ import annotations

import base64
import io
import json
import math
import re

import pytest
from PIL import Image

from analyzer.story.rows import Agreement, CalibrationBin, Curve, HeatMap, Magnitudes
from reports.figures.agreement import agreement_map
from reports.figures.calibration import calibration_figure
from reports.figures.chart import FULL_PAGE, as_json, chart, spans_decades, thin
from reports.figures.heat_map import NONFINITE, layer_map
from reports.figures.magnitudes import magnitude_map
from reports.time_line import Onset, TimeLine

LINE = TimeLine(0, 9, (Onset(1, 4, 9, "Dead units", "fc1", "error", "finding-dead-units-fc1", 1, 44.4, 55.6),), 0, ())


def curve(name: str = "loss", split: str = "train", values: tuple[float, ...] = (3.0, 2.0, 1.0), nonfinite: tuple[int, ...] = ()) -> Curve:
    return Curve(
        name,
        split,
        tuple(range(len(values))),
        values,
        len(values) + len(nonfinite),
        len(nonfinite),
        nonfinite,
        values[-1] if values else None,
        min(values, default=None),
        2,
    )


def test_a_chart_says_in_words_what_it_shows() -> None:
    drawn = chart("c", "Loss", "how", [curve(), curve(split="valid", values=(2.0, 2.0)), curve(split="test", values=(), nonfinite=(3, 7))], LINE)
    assert drawn.summary == (
        "train: 1 (lowest, step 2) to 3, at the end 1. valid: 2 throughout. test: no finite value; 2 values NaN or infinite, first at step 3."
    )
    assert not drawn.thinned


def test_the_data_of_a_chart_is_what_was_given() -> None:
    data = json.loads(chart("c", "Loss", "how", [curve(values=(0.123456789, 2.0), nonfinite=(5,))], LINE).data)
    assert data == {"log": False, "from": 0, "to": 9, "series": [{"label": "train", "dash": [], "x": [0, 1], "y": [0.12346, 2.0], "bad": [5]}]}


def test_series_differ_by_dash_not_by_colour_alone() -> None:
    data = json.loads(chart("c", "Loss", "how", [curve(split=split) for split in ("train", "valid", "test", "a", "b", "c")], LINE).data)
    dashes = [tuple(series["dash"]) for series in data["series"]]
    assert len(set(dashes)) == 6


@pytest.mark.parametrize(("values", "wide"), [((1.0, 51.0), True), ((1.0, 49.0), False), ((0.0, 99.0), False), ((-1.0, 99.0), False), ((), False)])
def test_a_logarithmic_axis_where_values_span_decades(values: tuple[float, ...], wide: bool) -> None:
    assert spans_decades(values) is wide


def test_thinning_keeps_ends_and_extremes() -> None:
    values = [0.0] * 1000
    values[501], values[702] = 9.0, -9.0
    steps, kept = thin(range(1000), values, 100)
    assert len(steps) <= 120
    assert {0, 501, 702, 999} <= set(steps)
    assert dict(zip(steps, kept, strict=True))[501] == 9.0


def test_an_svg_carries_the_colours_of_the_page_and_nothing_from_elsewhere() -> None:
    svg = str(chart("chart-loss", "Loss", "how", [curve(), curve(split="valid")], LINE, FULL_PAGE).svg)
    assert "currentColor" in svg and "var(--series-0)" in svg and "var(--series-1)" in svg and "var(--error)" in svg
    assert "#0a0b" not in svg
    assert "<style" not in svg and "<metadata" not in svg and "font-family" not in svg and "<!--" not in svg
    assert all(name.startswith("chart-loss-") for name in re.findall(r' id="([^"]+)"', svg))
    assert svg == str(chart("chart-loss", "Loss", "how", [curve(), curve(split="valid")], LINE, FULL_PAGE).svg)


def test_labels_of_small_numbers_keep_their_digits() -> None:
    svg = str(chart("c", "Loss", "how", [curve(values=(0.001, 0.002, 0.003))], LINE).svg)
    labels = re.findall(r">([^<>\n]*\.[^<>\n]*)</text>", svg)
    assert {"0.001", "0.002", "0.003"} <= set(labels) and "0.00" not in labels
    assert not re.search(r'="[^"]*\d\.\d{3}', svg), "coordinates are cut to hundredths"


@pytest.mark.parametrize("name", ["$x^$", "_hidden", "<b>&amp;", "名前", "a\nb"])
def test_any_name_can_be_drawn(name: str) -> None:
    svg = str(chart("c", name, "how", [curve(name=name), curve(name="other")], LINE).svg)
    assert "<b>" not in svg


@pytest.mark.parametrize("values", [(1e300, 1e-300), (5.0,), (1e-320, 1.0), (-1e300, 1e300)])
def test_any_numbers_can_be_drawn(values: tuple[float, ...]) -> None:
    assert "<svg" in chart("c", "Loss", "how", [curve(values=values)], LINE).svg


def test_json_cannot_end_a_script_element() -> None:
    assert as_json({"a": "</script><!--&"}) == '{"a":"\\u003c/script\\u003e\\u003c!--\\u0026"}'
    with pytest.raises(ValueError, match="JSON"):
        as_json(math.nan)


def pixels(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_a_heat_map_is_one_pixel_a_cell() -> None:
    source = HeatMap("silent_share", ("fc1", "fc2"), ("relu", "relu"), (0, 2, 4), (1, 3, 5), ((0.0, 0.5, 1.0), (None, 0.25, 0.25)), ((1, 2),), 3)
    drawn = layer_map(source, LINE)
    image = pixels(drawn.image)
    assert image.size == (3, 2)
    assert image.getpixel((0, 1)) == (0, 0, 0, 0)  # nothing recorded
    assert image.getpixel((2, 1)) == NONFINITE
    assert image.getpixel((2, 0)) != image.getpixel((0, 0))
    assert drawn.summary == "Highest 100\u202f% in fc1 at step 4. NaN or infinite values in 1 layer, first at step 4."
    assert drawn.note == "3 layers of 5 not shown; the ones shown are spread evenly over the depth."
    assert [(mark.number, mark.left, mark.top) for mark in drawn.marks] == [(1, 66.67, 0.0)]
    assert json.loads(drawn.data)["values"] == [[0.0, 0.5, 1.0], [None, 0.25, 0.25]]


def test_a_heat_map_without_a_finite_value_can_be_drawn() -> None:
    drawn = layer_map(HeatMap("gradient_rms", ("a",), ("Linear",), (0,), (0,), ((None,),), ((0, 0),), 0), LINE)
    assert drawn.summary.startswith("Nothing finite was recorded. NaN or infinite values in 1 layer")


def test_a_heat_map_of_zeros_and_tiny_values_can_be_drawn() -> None:
    drawn = layer_map(HeatMap("gradient_rms", ("a", "b"), ("", ""), (0,), (0,), ((0.0,), (1e-44,)), (), 0), LINE)
    assert pixels(drawn.image).size == (1, 2)


def test_magnitudes_show_the_occupied_range_with_zero_in_the_middle() -> None:
    exponents = tuple(range(-48, 16, 2))
    column = [0.0] * 65
    column[32], column[33 + 20], column[31 - 22] = 0.5, 0.3, 0.2
    drawn = magnitude_map(Magnitudes("fc1", "preactivation", (0,), (tuple(column),), exponents), 1)
    assert len(drawn.rows) == 3 + 1 + 3
    assert pixels(drawn.image).size == (1, 7)
    assert drawn.rows[3].label == "0"
    assert "50\u202f% are exactly zero" in drawn.summary


def test_magnitudes_of_nothing_can_be_drawn() -> None:
    assert magnitude_map(Magnitudes("fc1", "gradient", (0,), ((0.0,) * 65,), tuple(range(-48, 16, 2))), 1).rows


def test_calibration_error_is_weighted_by_samples() -> None:
    drawn = calibration_figure([CalibrationBin(0.9, 0.5, 30), CalibrationBin(0.6, 0.6, 10)])
    assert drawn is not None
    assert drawn.error == pytest.approx(0.3)
    assert drawn.summary == "Over 40 samples the model is surer than it is right: mean gap 30\u202f% (expected calibration error)."
    assert calibration_figure([]) is None


def test_predictions_against_targets_have_large_predictions_on_top() -> None:
    drawn = agreement_map(Agreement("valid", 9, 0.0, 2.0, ((5, 0), (0, 1)), 6, 0.5, 0.1, 1.0))
    image = pixels(drawn.image)
    assert image.size == (2, 2)
    assert image.getpixel((0, 0))[3] == 0 and image.getpixel((1, 0))[3] == 255
    assert json.loads(drawn.data)["rows"] == ["predicted 1.5", "predicted 0.5"]
    assert "better than guessing their mean" in drawn.summary
