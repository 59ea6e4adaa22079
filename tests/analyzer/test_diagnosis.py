"""The diagnosis as a table: findings in, causes in order out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.check import Check, Finding, NotChecked
from analyzer.diagnosis import Diagnosis, judge


def check(
    name: str,
    cause: str,
    strength: str = "strong",
    *,
    severity: str = "warning",
    explains: tuple[str, ...] = (),
    strategy: str = "saturation",
    reads: tuple[str, ...] = (),
    expected: bool = False,
) -> Check:
    return Check(
        name=name, strategy=strategy, path=Path(f"{name}.sql"), title=name, cause=cause, strength=strength, severity=severity, explains=explains,
        reads=dict.fromkeys(reads, ()), params=(), finds="", matters="", do="", ignore="", sql="", text="", expected=expected,
    )  # fmt: skip


CHECKS = [
    check("rate_high", "learning_rate_too_high", explains=("saturated_activation", "dead_units", "unknown"), reads=("learning",)),
    check("rate_jump", "learning_rate_schedule", "direct", explains=("learning_rate_too_high", "saturated_activation", "unknown")),
    check("flat_units", "saturated_activation", explains=("vanishing_gradient", "unknown")),
    check("dead", "dead_units", explains=("vanishing_gradient", "learning_rate_too_low")),
    check("shrinking", "vanishing_gradient", "symptom", strategy="gradients"),
    check("loss_rises", "unknown", "symptom", severity="error", strategy="mistakes"),
    check("loss_flat", "unknown", "symptom", severity="error", strategy="mistakes"),
    check("probe_blind", "ignores_input", "direct", severity="error", explains=("unknown",), strategy="predictions"),
    check("same_output", "ignores_input", severity="error", explains=("unknown",), strategy="predictions"),
    check("wrong_labels", "label_errors", explains=("overfitting", "unknown"), strategy="worst"),
    check("wrong_labels_again", "label_errors", strategy="worst", expected=True),
    check("memorizes", "overfitting", "direct", explains=("unknown",), strategy="mistakes"),
    check("backward_wrong", "wrong_gradient", "direct", severity="error", strategy="gradients"),
    check("all_pairs", "shape_broadcast", "direct", severity="error", explains=("loss_formula",), strategy="mistakes"),
    check("other_formula", "loss_formula", "direct", severity="error", strategy="mistakes"),
    check("ended", "crashed", "direct", severity="error", strategy="mistakes"),
    check("may_go_on", "stopped_too_early", severity="info", strategy="mistakes"),
]
BY_NAME = {item.name: item for item in CHECKS}


def found(name: str, step: int | None = 0, subject: str = "") -> Finding:
    item = BY_NAME[name]
    return Finding(name, item.strategy, item.cause, item.strength, item.severity, subject, step, step, 1.0, 0.5, f"{name} found", "do this", "select 1")


def causes(diagnosis: Diagnosis, info: bool = False) -> list[str]:
    return [entry.cause for entry in diagnosis.entries if info or entry.severity != "info"]


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        pytest.param([], [], id="nothing found"),
        pytest.param([found("may_go_on")], [], id="info only"),
        pytest.param([found("dead", 40)], [], id="a tensor anomaly in a run that learns"),
        pytest.param([found("rate_high", 40)], ["learning_rate_too_high"], id="a tensor finding that looked at the outcome itself"),
        pytest.param([found("backward_wrong")], ["wrong_gradient"], id="direct evidence stands even in a run that learns"),
        pytest.param([found("loss_rises", 50)], ["unknown"], id="only a symptom"),
        pytest.param([found("loss_rises", 50), found("shrinking", 20)], ["unknown"], id="only symptoms, of two causes"),
        pytest.param([found("ended", 99)], ["crashed"], id="crashed"),
        pytest.param([found("dead", 40), found("loss_flat", 50)], ["dead_units", "unknown"], id="a cause that does not claim the symptom leaves it unknown"),
        pytest.param([found("flat_units", 40), found("loss_flat", 50)], ["saturated_activation"], id="a cause that explains the symptom"),
        pytest.param([found("flat_units", 60), found("loss_flat", 50)], ["saturated_activation", "unknown"], id="a cause after its symptom explains nothing"),
        pytest.param([found("flat_units", 55), found("loss_flat", 50)], ["saturated_activation"], id="onsets within the recording interval are the same"),
        pytest.param([found("rate_high", 30), found("flat_units", 40), found("loss_rises", 50)], ["learning_rate_too_high"], id="a chain of three"),
        pytest.param(
            [found("rate_jump", 30), found("rate_high", 31), found("flat_units", 40), found("loss_rises", 50)], ["learning_rate_schedule"], id="a chain of four"
        ),
        pytest.param([found("wrong_labels"), found("memorizes", 80)], ["label_errors", "overfitting"], id="stronger evidence stays an entry under its cause"),
        pytest.param([found("all_pairs"), found("other_formula")], ["shape_broadcast"], id="evidence as strong as that of its cause does not"),
        pytest.param([found("wrong_labels"), found("dead", 40), found("loss_flat", 0)], ["label_errors", "dead_units"], id="two causes at once"),
        pytest.param([found("probe_blind", 200), found("same_output", 0), found("loss_flat", 0)], ["ignores_input"], id="a probe asked late, seen early"),
        pytest.param([found("probe_blind", 200), found("loss_flat", 0)], ["ignores_input", "unknown"], id="a probe asked late, seen nowhere else"),
        pytest.param(
            [found("flat_units", 40), found("shrinking", 40), found("loss_flat", 50)], ["saturated_activation"], id="a symptom of a cause that is named"
        ),
        pytest.param([found("rate_high", 40), found("shrinking", 40)], ["learning_rate_too_high"], id="a symptom of a cause that is not"),
        pytest.param([found("rate_high", 40), found("loss_flat", 50), found("shrinking", 20)], ["learning_rate_too_high", "unknown"], id="a symptom before"),
    ],
)
def test_order_of_causes(findings: list[Finding], expected: list[str]) -> None:
    diagnosis = judge(findings, [], CHECKS, interval=5)
    assert causes(diagnosis) == expected
    assert diagnosis.healthy == (not expected)


def test_a_symptom_that_holds_from_the_start_may_have_a_cause_that_takes_time_to_show() -> None:
    flat = replace(found("loss_flat", 0), last_step=500)
    assert causes(judge([found("flat_units", 40), flat], [], CHECKS, interval=5)) == ["saturated_activation"]
    assert causes(judge([found("flat_units", 60), flat], [], CHECKS, interval=5)) == ["saturated_activation", "unknown"]


def test_what_follows_is_listed_under_its_cause() -> None:
    diagnosis = judge([found("rate_high", 30, "fc1"), found("flat_units", 40, "fc1"), found("shrinking", 45), found("loss_rises", 50)], [], CHECKS)
    first = diagnosis.entries[0]
    assert (first.cause, first.step, first.subject) == ("learning_rate_too_high", 30, "fc1")
    assert set(first.explains) == {"flat_units", "loss_rises"}
    assert [entry.cause for entry in diagnosis.entries if entry.severity == "info"] == ["saturated_activation"]
    assert diagnosis.entries[1].explains[0] == "shrinking"


def test_a_tensor_anomaly_in_a_run_that_learns_becomes_info() -> None:
    diagnosis = judge([found("dead", 40)], [], CHECKS)
    assert [finding.severity for finding in diagnosis.findings] == ["info"]
    assert causes(diagnosis, info=True) == ["dead_units"]


def test_silent_checks_that_are_expected_speak_against_and_cost_confidence() -> None:
    alone = judge([found("wrong_labels")], [], CHECKS).entries[0]
    both = judge([found("wrong_labels"), found("wrong_labels_again")], [], CHECKS).entries[0]
    skipped = judge([found("wrong_labels")], [NotChecked("wrong_labels_again", "no samples")], CHECKS).entries[0]
    assert alone.against == ("wrong_labels_again",)
    assert both.against == skipped.against == ()
    assert judge([found("wrong_labels_again")], [], CHECKS).entries[0].against == (), "another form of the cause may be silent"
    assert alone.confidence < skipped.confidence < both.confidence < 1


def test_symptoms_alone_say_what_to_record_next() -> None:
    model, samples = "no activations in the log; pass the model to Recorder", "no samples in the log; rec.samples(ids)"
    skipped = [NotChecked("wrong_labels", samples), NotChecked("dead", model), NotChecked("flat_units", model), NotChecked("broken", "its query failed")]
    diagnosis = judge([found("loss_rises", 50)], skipped, CHECKS)
    assert diagnosis.record_next == ("pass the model to Recorder", "rec.samples(ids)"), "what lets more checks be asked comes first"
    assert "the log holds no cause" in diagnosis.summary


def test_the_subject_is_that_of_the_strongest_and_earliest_finding() -> None:
    diagnosis = judge([found("flat_units", 40, "late"), found("flat_units", 20, "early"), found("loss_flat", 50)], [], CHECKS)
    assert (diagnosis.entries[0].subject, diagnosis.entries[0].step) == ("early", 20)


def test_info_entries_come_last_and_once_a_cause() -> None:
    diagnosis = judge([found("may_go_on"), found("ended", 99)], [], CHECKS)
    assert [(entry.cause, entry.severity) for entry in diagnosis.entries] == [("crashed", "error"), ("stopped_too_early", "info")]


def test_a_check_of_tensors_that_reads_the_outcome_lets_other_tensor_findings_stand() -> None:
    assert causes(judge([found("rate_high", 40), found("dead", 50)], [], CHECKS)) == ["learning_rate_too_high"]
    assert causes(judge([found("rate_high", 40), found("dead", 20)], [], CHECKS)) == ["dead_units", "learning_rate_too_high"]
    assert judge([found("dead", 20)], [], CHECKS).healthy
