"""`analyze check` as a person reads it, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.check import Finding, NotChecked, load_checks
from analyzer.diagnosis import Cause, Diagnosis
from analyzer.examine import Examined
from analyzer.files import Problem
from analyzer.print_check import print_check, print_report
from analyzer.run import Run
from tests.checks.builder import healthy_log

CHECKS = load_checks()


def finding(check: str, subject: str, message: str, step: int = 400, value: float | None = 0.12, fix: str = "Lower the learning rate.") -> Finding:
    return Finding(check, "saturation", "", "strong", "error", subject, step, 900, value, 0.01, message, fix, "select 1")


LARGE = finding("large_updates", "fc1.weight", "updates of fc1.weight are 12 % of the weight since step 400")
DIVERGES = finding("loss_diverges", "loss", "the training loss rises from 0.4 at step 410 to 98 at step 990", fix="Go back to a checkpoint.")
DEAD = [finding("dead_units", f"layer{number}", f"60 % of the units of layer{number} are zero for every sample") for number in range(5)]


def diagnosis(*entries: Cause) -> Diagnosis:
    return Diagnosis(
        healthy=all(entry.severity == "info" for entry in entries),
        entries=entries,
        findings=tuple(finding for entry in entries for finding in entry.findings),
        not_checked=(NotChecked("gradient_mismatch", "no probes in the log; run an experiment of recorder.probes"),),
        summary="The learning rate is too high in fc1.weight since step 400." if entries else "Healthy: nothing to mend.",
        record_next=(),
    )


FOUND = diagnosis(
    Cause("learning_rate_too_high", "error", 0.87, 400, "fc1.weight", ("large_updates",), ("gradients_grow",), ("loss_diverges",), (LARGE, DIVERGES)),
    Cause("dead_units", "info", 0.7, 0, "layer0", ("dead_units",), (), (), tuple(DEAD)),
)


@pytest.fixture
def run() -> Iterator[Run]:
    with healthy_log(20, 5).run() as opened:
        opened.path = Path("runs/exp42")
        yield opened


def printed(capsys: pytest.CaptureFixture[str], examined: Examined, verbose: bool = False) -> str:
    print_check(examined, verbose)
    return capsys.readouterr().out


def test_a_cause_with_where_since_when_how_sure_evidence_and_what_to_try(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, Examined(run, CHECKS[:3], FOUND, 2)) == (
        """\
exp42  20 steps, finished  1 error

The learning rate is too high in fc1.weight since step 400.

error[learning_rate_too_high]: the learning rate is too high
  --> fc1.weight, since step 400; 87 % sure
   |
   | large_updates: updates of fc1.weight are 12 % of the weight since step 400
   | which explains
   | loss_diverges: the training loss rises from 0.4 at step 410 to 98 at step
   |   990
   |
   = against it: gradients_grow found nothing
   = try: Lower the learning rate.

1 remark at level info, -v shows them: dead_units
2 findings left out, as the ignore file or --ignore says
2 checks asked; 1 had nothing to go by, -v says what to record for them
"""
    )


def test_verbose_shows_remarks_numbers_and_what_was_not_checked(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, Examined(run, CHECKS[:3], FOUND, 0), verbose=True)
    assert "step 400 (value 0.12, threshold 0.01)" in " ".join(shown.replace("\n   |  ", "").split())
    assert "info[dead_units]: units of a layer no longer fire\n  --> layer0, from the start; 70 % sure" in shown
    assert [f"layer{number} are" in shown for number in range(5)] == [True] * 5
    assert "\n  run an experiment of" in shown and "\n    not checked: gradient_mismatch\n" in shown


def test_many_findings_of_one_check_are_counted(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    entry = Cause("dead_units", "error", 0.7, 0, "layer0", ("dead_units",), (), (), tuple(DEAD))
    shown = printed(capsys, Examined(run, CHECKS, diagnosis(entry), 0))
    assert shown.count("| dead_units: 60 %") == 3
    assert "layer2 are zero for every sample (2 more like this)" in " ".join(shown.replace("\n   |  ", "").split())


def test_a_healthy_run(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, Examined(run, CHECKS[:2], diagnosis(), 0))
    assert shown.splitlines()[:3] == ["exp42  20 steps, finished  healthy", "", "Healthy: nothing to mend."]


def test_what_was_lost_goes_to_stderr(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.problems.append(Problem("metrics/rank=00000/00000003.parquet", "torn: it has no Parquet footer"))
    print_check(Examined(run, CHECKS, diagnosis(), 0), False)
    assert "log: metrics/rank=00000/00000003.parquet: torn: it has no Parquet footer" in capsys.readouterr().err


def test_the_first_three_causes_below_the_path_of_a_report(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    entries = [Cause(name, "error", 0.5, 3, "", ("large_updates",), (), (), (LARGE,)) for name in ("crashed", "unknown", "overfitting", "labels_random")]
    print_report(Examined(run, CHECKS, diagnosis(*entries), 0), [Path("/somewhere/report.html")])
    assert capsys.readouterr().out == (
        """\
/somewhere/report.html

1. error: the process ended by an exception or was killed (since step 3; 50 %
   sure)
2. error: something is wrong, and the log does not say why (since step 3; 50 %
   sure)
3. error: longer training made validation worse (since step 3; 50 % sure)
   and 1 more
"""
    )


def test_checks_that_were_not_asked_stand_under_what_to_record_for_them(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    skipped = [
        NotChecked("crashed", "its query failed: oh"),
        NotChecked("peaks", "no peaks in the log, as nothing in this model gives any"),
        NotChecked("wrong_labels", "no samples in the log; rec.samples(ids)"),
        NotChecked("leaks", "samples hold no target; rec.samples(ids)"),
    ]
    shown = printed(capsys, Examined(run, CHECKS[:2], replace(diagnosis(), not_checked=tuple(skipped)), 0), verbose=True)
    assert shown.endswith(
        """
  rec.samples(ids)
    not checked: wrong_labels, leaks

  its query failed: oh
    not checked: crashed

  nothing in this model gives any
    not checked: peaks
"""
    )
