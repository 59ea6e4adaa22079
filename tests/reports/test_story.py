"""The rows a report is made of, exactly."""

from __future__ import annotations

import math
import re
from importlib.resources import files

import pyarrow as pa
import pytest

from analyzer.diagnosis import Diagnosis
from analyzer.run import Run
from analyzer.story import Story, collect
from analyzer.story.curves import NAMES, POINTS
from analyzer.story.layers import COLUMNS, LAYERS
from analyzer.story.rows import CalibrationBin, Curve, Fact
from analyzer.view_files import BASE_HINTS, load_views, names_in
from recorder import format as log_format

from .example import CLASSES, NAN_STEP, STEPS, example_checks, example_diagnosis, example_run, finding, healthy_diagnosis

NOTHING = Diagnosis(True, (), (), (), "", ())


@pytest.fixture(scope="module")
def story() -> Story:
    with example_run() as run:
        return collect(run, example_diagnosis(), example_checks())


def metric(name: str, values: list[float], split: str = "train", first: int = 0) -> list[dict[str, object]]:
    return [{"step": first + place, "epoch": 0, "split": split, "name": name, "value": value, "seconds": 0.0} for place, value in enumerate(values)]


def story_of(**rows: list[dict[str, object]]) -> Story:
    with Run.from_tables({table: pa.Table.from_pylist(listed, schema=log_format.schema(table)) for table, listed in rows.items()}, {}) as run:
        return collect(run, NOTHING)


def curve(story: Story, name: str, split: str = "train") -> Curve:
    [found] = [curve for curve in story.curves if (curve.name, curve.split) == (name, split)]
    return found


def test_facts_say_what_was_run(story: Story) -> None:
    facts = {fact.name: fact.value for fact in story.facts}
    assert facts["model"] == "SmallNet"
    assert facts["parameters"] == "61\u202f706"
    assert facts["optimizer"] == "SGD"
    assert facts["learning rate"] == "0.5"
    assert facts["batch"] == "60"
    assert facts["steps"] == "200"
    assert facts["epochs"] == "10"
    assert facts["duration"] == "19.9 s"
    assert facts["git commit"] == "0123456789ab with uncommitted changes"
    assert facts["command"] == "python train.py --lr 0.5"
    assert facts["configuration"] == "lr=0.5, width=64"


def test_facts_leave_out_what_the_log_does_not_say() -> None:
    assert story_of().facts == ()
    assert Fact("steps", "3") in story_of(metrics=metric("loss", [3.0, 2.0, 1.0])).facts


def test_a_short_curve_is_kept_whole() -> None:
    assert curve(story_of(metrics=metric("loss", [3.0, 1.0, 2.0])), "loss") == Curve("loss", "train", (0, 1, 2), (3.0, 1.0, 2.0), 3, 0, (), 2.0, 1.0, 1)


def test_what_is_not_finite_is_counted_and_placed(story: Story) -> None:
    loss = curve(story, "loss")
    assert loss.nonfinite == STEPS - NAN_STEP
    assert loss.nonfinite_steps[0] == NAN_STEP
    assert loss.last is not None and math.isnan(loss.last)
    assert max(loss.steps) == NAN_STEP - 1
    infinite = curve(story_of(metrics=metric("loss", [1.0, math.inf, -math.inf])), "loss")
    assert (infinite.values, infinite.nonfinite_steps, infinite.last) == ((1.0,), (1, 2), -math.inf)


def test_a_long_curve_keeps_its_spikes_and_its_one_nan() -> None:
    values = [1.0 + 0.1 * math.sin(place) for place in range(50_000)]
    values[12_345], values[40_001], values[7_777] = 99.0, -5.0, math.nan
    thinned = curve(story_of(metrics=metric("loss", values)), "loss")
    assert len(thinned.steps) <= POINTS + 2
    assert thinned.rows == 50_000
    assert thinned.values[thinned.steps.index(12_345)] == 99.0
    assert (thinned.lowest, thinned.lowest_step) == (-5.0, 40_001)
    assert (thinned.nonfinite, thinned.nonfinite_steps) == (1, (7_777,))
    assert list(thinned.steps) == sorted(thinned.steps)


def test_a_number_logged_before_the_first_step_stands_at_minus_one() -> None:
    rows = metric("loss", [2.0], "valid")
    rows[0]["step"] = None
    assert curve(story_of(metrics=rows), "loss", "valid").steps == (-1,)


def test_more_names_than_a_page_bears_are_named_and_left_out() -> None:
    rows = [row for place in range(40) for row in metric(f"metric_{place:02d}", [1.0])] + metric("loss", [1.0])
    told = story_of(metrics=rows)
    assert len(told.curves) == NAMES
    assert told.curves[0].name == "loss"
    assert told.curves_left_out == tuple(f"metric_{place:02d}" for place in range(NAMES - 1, 40))


def test_heat_maps_hold_the_largest_value_of_each_cell_in_order_of_depth(story: Story) -> None:
    maps = {source.quantity: source for source in story.heat_maps}
    assert list(maps) == ["gradient_rms", "update_ratio", "silent_share", "saturated_share"]
    assert maps["update_ratio"].names == ("conv1.weight", "conv2.weight", "fc1.weight", "fc2.weight", "head.weight")
    assert maps["saturated_share"].names == ("conv1", "conv2", "fc1", "fc2")
    assert maps["saturated_share"].types == ("relu", "relu", "tanh", "tanh")
    assert maps["update_ratio"].steps[:3] == (0, 5, 10)
    assert maps["saturated_share"].values[2][0] == 0.0
    assert maps["saturated_share"].values[2][-1] == int(512 * 0.92) / 512
    assert {row for row, _ in maps["gradient_rms"].nonfinite} == {0, 1, 2}
    assert maps["gradient_rms"].steps[min(column for _, column in maps["gradient_rms"].nonfinite)] == NAN_STEP


def test_a_deep_and_long_run_gives_a_bounded_map_that_keeps_suspects() -> None:
    tensors, stats = [], []
    for depth in range(130):
        name = f"block{depth:03d}.weight"
        for kind in ("weight", "update"):
            tensor = log_format.tensor_id(kind, name)
            tensors.append({"tensor_id": tensor, "name": name, "kind": kind, "module": f"block{depth:03d}", "shape": [4, 4], "numel": 16, "depth": depth})
            stats += [{"step": step, "split": "train", "tensor_id": tensor, "count": 16, "rms": 1.0 + (kind == "update") * step} for step in range(0, 300, 2)]
    told = story_of(tensors=tensors, stats=stats)
    [ratios] = told.heat_maps
    assert LAYERS <= len(ratios.names) <= LAYERS + 1
    assert ratios.left_out == 130 - len(ratios.names)
    assert len(ratios.steps) <= COLUMNS
    assert ratios.values[0][-1] == 299.0  # the last column holds the last recorded step, 298
    assert (ratios.steps[0], ratios.last_steps[-1]) == (0, 298)


def test_magnitudes_run_from_the_most_negative_to_the_most_positive() -> None:
    tensor = log_format.tensor_id("preactivation", "fc1")
    counts = [0] * 64
    counts[24] = 3  # positive, 2^0 to 2^2
    counts[32 + 23] = 1  # negative, 2^-2 to 2^0
    tensors = [{"tensor_id": tensor, "name": "fc1", "kind": "preactivation", "module": "fc1", "depth": 0}]
    stats = [{"step": 0, "split": "train", "tensor_id": tensor, "count": 8, "zeros": 4, "magnitudes": counts}]
    [histogram] = story_of(tensors=tensors, stats=stats).magnitudes
    [column] = histogram.shares
    assert len(column) == 65
    assert {place: share for place, share in enumerate(column) if share} == {31 - 23: 0.125, 32: 0.5, 33 + 24: 0.375}
    assert (histogram.exponents[23], histogram.exponents[24]) == (-2, 0)


def test_confusion_recall_and_precision_are_those_of_the_last_pass(story: Story) -> None:
    assert story.confusion is not None
    assert story.confusion.classes == CLASSES
    assert story.confusion.split == "valid"
    assert story.confusion.step == STEPS - 1
    assert story.confusion.samples == 40
    assert sum(map(sum, story.confusion.counts)) == 40
    assert story.confusion.counts[4] == (0, 8, 0, 0, 0)  # yak is always taken for dog
    yak = story.classes[0]
    assert (yak.name, yak.samples, yak.predicted, yak.recall, yak.precision, yak.overlap) == ("yak", 8, 0, 0.0, None, None)


def test_the_confusion_of_many_classes_shows_the_most_confused() -> None:
    rows = [
        {
            "step": 0,
            "split": "valid",
            "pass": 0,
            "sample_id": str(target),
            "target": target,
            "prediction": target if target != 33 else 7,
            "correct": target != 33,
            "loss_sum": 1.0,
            "elements": 1,
        }
        for target in range(150)
    ]
    told = story_of(samples=rows)
    assert told.confusion is not None
    assert (len(told.confusion.classes), told.confusion.left_out) == (20, 130)
    assert {"7", "33"} <= set(told.confusion.classes)
    assert (len(told.classes), told.classes_left_out) == (100, 50)


def test_calibration_groups_confidence_by_tenths() -> None:
    rows = [
        {"step": 0, "split": "valid", "pass": 0, "sample_id": str(place), "p_max": p_max, "correct": correct, "loss_sum": 1.0, "elements": 1}
        for place, (p_max, correct) in enumerate([(0.5, True), (0.5, False), (1.0, True), (math.nan, True)])
    ]
    assert story_of(samples=rows).calibration == (CalibrationBin(0.5, 0.5, 2), CalibrationBin(1.0, 1.0, 1))


def test_the_worst_samples_come_first_with_their_history(story: Story) -> None:
    valid = [sample for sample in story.worst if sample.split == "valid"]
    assert [sample.median_loss for sample in valid] == sorted((sample.median_loss for sample in valid), reverse=True)
    assert len(valid) == 12
    mislabelled = next(sample for sample in story.worst if sample.sample_id == "valid/007.png")
    assert (mislabelled.target, mislabelled.prediction, mislabelled.visits, mislabelled.wrong) == ("fox <small>", "owl", 10, 10)
    assert len(mislabelled.history) == 10
    assert mislabelled.history[-1] == pytest.approx(mislabelled.loss)
    assert [preview.kind for preview in mislabelled.previews] == ["image"]


def test_typical_samples_are_kept_ones_that_are_not_among_the_worst(story: Story) -> None:
    assert len(story.typical) == 8
    assert not {sample.sample_id for sample in story.typical} & {sample.sample_id for sample in story.worst}
    assert all(sample.previews for sample in story.typical)


def test_a_loss_that_is_nan_counts_as_the_worst() -> None:
    rows = [
        {"step": 0, "split": "valid", "pass": 0, "sample_id": name, "loss_sum": loss, "elements": 1}
        for name, loss in (("a", 1.0), ("b", math.nan), ("c", None), ("d", 9.0))
    ]
    assert [sample.sample_id for sample in story_of(samples=rows).worst] == ["b", "d", "a"]


def test_events_of_one_kind_and_message_are_one_row() -> None:
    rows = [{"step": step, "seconds": 0.0, "kind": "skipped_step", "message": "skipped"} for step in range(50)]
    [event] = story_of(events=rows).events
    assert (event.step, event.last_step, event.times) == (0, 49, 50)


def test_failed_probes_come_first(story: Story) -> None:
    assert [(probe.probe, probe.passed) for probe in story.probes] == [
        ("gradient_check", False),
        ("gradient_check", True),
        ("overfit", True),
        ("zero_input", True),
    ]


def test_an_empty_run_has_an_empty_story() -> None:
    told = story_of()
    assert (told.curves, told.heat_maps, told.worst, told.confusion, told.last_step) == ((), (), (), None, -1)


def test_the_checks_bring_their_thresholds_with_the_source(story: Story) -> None:
    [check] = [check for check in story.checks if check.name == "saturated_units"]
    assert [(threshold.name, threshold.value, threshold.source) for threshold in check.thresholds] == [("share", "0.5", "SageMaker Debugger, <threshold>")]
    assert dict(story.causes)["saturated_activation"] == "an activation is driven into its flat part"


def test_the_same_run_tells_the_same_story() -> None:
    with example_run() as run:
        assert repr(collect(run, healthy_diagnosis(), example_checks())) == repr(collect(run, healthy_diagnosis(), example_checks()))


def test_a_figure_names_only_the_views_that_it_reads() -> None:
    """A view is computed when a query names it, so that an alias of the same name would cost a whole pass through the log."""
    for path in files("analyzer").joinpath("figures").iterdir():
        sql = re.sub(r"--.*", "", path.read_text())
        read = set(re.findall(r"\b(?:from|join)\s+(\w+)", sql))
        assert names_in(sql, {*BASE_HINTS, *load_views()}) <= read, path.name


def test_histograms_of_ranks_are_added() -> None:
    tensor = log_format.tensor_id("gradient", "fc1.weight")
    tensors = [{"tensor_id": tensor, "name": "fc1.weight", "kind": "gradient", "module": "fc1", "depth": 0}]
    diagnosis = Diagnosis(False, (), (finding("check", "fc1"),), (), "", ())
    stats = [{"step": 7, "split": "train", "tensor_id": tensor, "count": 2, "zeros": zeros, "magnitudes": [2] + [0] * 63} for zeros in (1, 3)]
    tables = {name: pa.Table.from_pylist(rows, schema=log_format.schema(name)) for name, rows in (("tensors", tensors), ("stats", stats))}
    with Run.from_tables(tables, {}) as run:
        [histogram] = collect(run, diagnosis).magnitudes
    assert (histogram.steps, histogram.shares[0][32], histogram.shares[0][33]) == ((7,), 0.5, 0.5)


def test_a_segmentation_has_the_overlap_of_each_class() -> None:
    areas = {"target_pixels": [(0, 60), (1, 40)], "predicted_pixels": [(0, 80), (1, 20)], "intersection": [(0, 60), (1, 20)], "elements": 100}
    told = story_of(samples=[{"step": 0, "split": "valid", "pass": 0, "batch": 0, "sample_id": str(place), "loss_sum": 1.0, **areas} for place in range(3)])
    assert [(row.name, row.samples, row.recall, row.precision, row.overlap) for row in told.classes] == [("1", 120, 0.5, 1.0, 0.5), ("0", 180, 1.0, 0.75, 0.75)]


def test_a_regression_is_shown_as_predictions_against_targets() -> None:
    pairs = [(0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, math.nan)]
    rows = [
        {"step": 5, "split": "valid", "pass": 0, "sample_id": str(place), "target_value": target, "predicted_value": predicted, "loss_sum": 1.0, "elements": 1}
        for place, (target, predicted) in enumerate(pairs)
    ]
    found = story_of(samples=rows).agreement
    assert found is not None
    assert (found.split, found.step, found.low, found.high, found.samples) == ("valid", 5, 0.0, 10.0, 3)
    assert (found.counts[0][0], found.counts[0][-1], found.counts[-1][-1], sum(map(sum, found.counts))) == (1, 1, 1, 3)
    assert found.rms_error == pytest.approx(math.sqrt(100 / 3))
    assert found.mean_error == pytest.approx(-10 / 3)


def test_samples_that_findings_name_are_shown_in_their_order() -> None:
    named = tuple(finding("suspicious_labels", name, strategy="worst") for name in ("train/005.png", "valid/003.png", "fc1"))
    with example_run() as run:
        told = collect(run, Diagnosis(False, (), named, (), "", ()), ())
    assert [(sample.sample_id, sample.split) for sample in told.named] == [("train/005.png", "train"), ("valid/003.png", "valid")]
    assert told.named[1].previews


def test_a_collapse_at_the_end_does_not_hide_which_samples_were_hard() -> None:
    losses = {"easy": (0.1, 0.1, 2.3), "hard": (3.0, 3.0, 2.3)}
    rows = [
        {"step": visit, "split": "valid", "pass": visit, "sample_id": name, "loss_sum": loss, "elements": 1}
        for name, history in losses.items()
        for visit, loss in enumerate(history)
    ]
    assert [sample.sample_id for sample in story_of(samples=rows).worst] == ["hard", "easy"]
