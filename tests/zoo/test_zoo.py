"""The fast part of the zoo: one fault a cause and a few healthy runs, a quarter of them in the ordinary suite; the whole zoo is `make zoo`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from analyzer.causes import CAUSES

from .case import Case
from .catalogue import LOOK_ALIKES, PLANTED, REAL, REPAIRED
from .misses import EXPLAINED
from .runner import Result, judge, record

# What is missed so far is told in docs/accuracy.md, not here.
FAST_FAULTS = [case for case in PLANTED if case.fast and case.name not in EXPLAINED]
FAST_HEALTHY = [case for case in LOOK_ALIKES if case.fast]


def some_in_the_ordinary_suite(cases: list[Case]) -> list[ParameterSet]:
    """Every fourth case runs always (about a minute in all on one core), the others are marked slow."""
    return [pytest.param(case, id=case.name, marks=[] if place % 4 == 0 else [pytest.mark.slow]) for place, case in enumerate(cases)]


def result_of(case: Case, folder: Path) -> Result:
    record(case, folder, seed=0, scale=1.0)
    return judge(case, folder, seed=0, scale=1.0)


@pytest.mark.parametrize("case", some_in_the_ordinary_suite(FAST_FAULTS))
def test_names_the_planted_cause(case: Case, tmp_path: Path) -> None:
    result = result_of(case, tmp_path)
    assert result.effect == ""
    assert result.rank is not None and result.rank <= 3, result.messages


@pytest.mark.parametrize("case", some_in_the_ordinary_suite(FAST_HEALTHY))
def test_leaves_healthy_runs_alone(case: Case, tmp_path: Path) -> None:
    result = result_of(case, tmp_path)
    assert result.effect == ""
    assert result.alarms == ()


def test_names_are_unique_and_every_cause_has_two_cases() -> None:
    names = [case.name for case in (*PLANTED, *REAL, *LOOK_ALIKES, *REPAIRED)]
    assert len(names) == len(set(names))
    cases_of = Counter(cause for case in PLANTED for cause in case.causes)
    assert {cause for cause in CAUSES if cases_of[cause] < 2} == set()


def test_held_out_cases_are_many_and_of_every_cause() -> None:
    cases = (*PLANTED, *REAL, *LOOK_ALIKES, *REPAIRED)
    assert 3 * sum(case.half == "held_out" for case in cases) >= len(cases)
    held_out = {cause for case in (*PLANTED, *REAL) if case.half == "held_out" for cause in case.causes}
    assert set(CAUSES) - held_out == set()
