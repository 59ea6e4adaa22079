"""The fast part of the zoo: about one fault a cause and a few healthy runs; the rest is `make zoo`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from analyzer.causes import CAUSES

from .case import Case
from .catalogue import LOOK_ALIKES, PLANTED, REAL, REPAIRED
from .runner import Result, judge, record

FAST_FAULTS = [case for case in PLANTED if case.fast]
FAST_HEALTHY = [case for case in LOOK_ALIKES if case.fast]


def result_of(case: Case, folder: Path) -> Result:
    record(case, folder, seed=0, scale=1.0)
    return judge(case, folder, seed=0, scale=1.0)


@pytest.mark.parametrize("case", FAST_FAULTS, ids=lambda case: case.name)
def test_names_the_planted_cause(case: Case, tmp_path: Path) -> None:
    result = result_of(case, tmp_path)
    assert result.effect == ""
    assert result.rank is not None and result.rank <= 3, result.messages


@pytest.mark.parametrize("case", FAST_HEALTHY, ids=lambda case: case.name)
def test_leaves_healthy_runs_alone(case: Case, tmp_path: Path) -> None:
    result = result_of(case, tmp_path)
    assert result.effect == ""
    assert result.alarms == ()


def test_names_are_unique_and_every_cause_has_two_cases() -> None:
    names = [case.name for case in (*PLANTED, *REAL, *LOOK_ALIKES, *REPAIRED)]
    assert len(names) == len(set(names))
    cases_of = Counter(cause for case in PLANTED for cause in case.causes)
    assert {cause for cause in CAUSES if cases_of[cause] < 2} == set()


def test_the_halves_are_even() -> None:
    cases = (*PLANTED, *REAL, *LOOK_ALIKES, *REPAIRED)
    tuning = sum(case.half == "tuning" for case in cases)
    assert 0.4 < tuning / len(cases) < 0.6
