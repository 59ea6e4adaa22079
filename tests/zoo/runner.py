"""Records a case, asks the analyzer what is wrong with it, and compares the answer with the truth."""

from __future__ import annotations

import functools
import json
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import torch

from analyzer import open_run
from analyzer.check import Check, load_checks, run_checks
from analyzer.diagnosis import Cause, diagnose

from .case import Case

SERIOUS = ("warning", "error")


@dataclass(frozen=True)
class Entry:
    """What a result keeps of one entry of a diagnosis."""

    cause: str
    severity: str
    step: int | None
    subject: str
    because: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """One judged run."""

    name: str
    half: str
    seed: int
    scale: float
    expected: tuple[str, ...]
    entries: tuple[Entry, ...]
    rank: int | None
    """Place of the first acceptable cause, from 1; None where it is missing (or the run is healthy)."""
    step: int | None
    """The true onset; None where no single step is right."""
    onset_right: bool | None
    """None where the cause was not found or the onset is not judged; likewise for the subject."""
    subject_right: bool | None
    effect: str
    """Empty where the run did what its case claims (a healthy one learned, a fault did harm)."""
    not_checked: int
    messages: tuple[str, ...] = field(default=())

    @property
    def alarms(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.severity in SERIOUS)


def record(case: Case, folder: Path, seed: int, scale: float) -> None:
    """Records a case into `folder/run` and what only the run knew of the truth into `folder/truth.json`."""
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    with warnings.catch_warnings():
        # A loss or a rate that a case gets wrong on purpose is allowed to make torch complain.
        warnings.filterwarnings("ignore", module="torch")
        step = case.record(folder / "run", seed, scale)
    (folder / "truth.json").write_text(json.dumps({"step": step}))


@functools.cache
def all_checks() -> tuple[Check, ...]:
    """Read once a process: half of the time that a small run takes."""
    return tuple(load_checks())


def judge(case: Case, folder: Path, seed: int, scale: float) -> Result:
    """The analyzer's answer on a recorded case, beside the truth."""
    truth = case.step if case.step is not None else json.loads((folder / "truth.json").read_text())["step"]
    with open_run(folder / "run") as run:
        checks = all_checks()
        findings, not_checked = run_checks(run, checks)
        diagnosis = diagnose(run, findings, not_checked, checks)
        effect = claimed_effect(case, run.rows("select name, value from metrics where split = 'valid' order by step nulls first"))
    counted = [entry for entry in diagnosis.entries if case.info_is_enough or entry.severity in SERIOUS]
    found = next(((place, entry) for place, entry in enumerate(counted, start=1) if entry.cause in case.causes), None)
    return Result(
        name=case.name,
        half=case.half,
        seed=seed,
        scale=scale,
        expected=case.causes,
        entries=tuple(Entry(entry.cause, entry.severity, entry.step, entry.subject, entry.because) for entry in diagnosis.entries),
        rank=found[0] if found else None,
        step=truth,
        onset_right=onset_right(found[1], truth, case.interval) if found else None,
        subject_right=any(fnmatch(found[1].subject, pattern) for pattern in case.subject) if found and case.subject else None,
        effect=effect,
        not_checked=len(diagnosis.not_checked),
        messages=tuple(f"{finding.severity} {finding.check} [{finding.subject}] @{finding.step}: {finding.message}" for finding in diagnosis.findings),
    )


def onset_right(entry: Cause, truth: int | None, interval: int) -> bool | None:
    if truth is None:
        return None
    return entry.step is not None and abs(entry.step - truth) <= interval


def claimed_effect(case: Case, metrics: Sequence[dict[str, Any]]) -> str:
    """What a run failed to do of what its case claims; empty where it did."""
    last = {row["name"]: row["value"] for row in metrics}
    if case.reaches and not reached(last, *case.reaches):
        return f"reached {case.reaches[0]} {last.get(case.reaches[0])}, not {case.reaches[1]}"
    if case.misses and reached(last, *case.misses):
        return f"{case.misses[0]} {last.get(case.misses[0])} is as good as {case.misses[1]}"
    return ""


def reached(last: dict[str, float], name: str, bound: float) -> bool:
    value = last.get(name, float("nan"))
    return value <= bound if name == "loss" else value >= bound


def as_json(result: Result) -> str:
    return json.dumps(asdict(result))


def from_json(text: str) -> Result:
    found = json.loads(text)
    entries = tuple(Entry(**{**entry, "because": tuple(entry["because"])}) for entry in found.pop("entries"))
    return Result(**{**found, "entries": entries, "expected": tuple(found["expected"]), "messages": tuple(found["messages"])})
