"""From findings to causes, in causal order."""

from __future__ import annotations

from dataclasses import dataclass

from .check import Finding, NotChecked


@dataclass(frozen=True)
class Cause:
    """One entry of the diagnosis: what a person would fix."""

    cause: str
    severity: str
    confidence: float
    step: int | None
    subject: str
    because: tuple[str, ...]
    against: tuple[str, ...]
    explains: tuple[str, ...]
    findings: tuple[Finding, ...]
    """The findings of `because` and `explains`, for whoever prints the entry."""


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a run, causes before symptoms; entries at level info come last."""

    healthy: bool
    entries: tuple[Cause, ...]
    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]
    summary: str
    """One sentence in plain words: the verdict."""
    record_next: tuple[str, ...]
    """What to record next time to find out, when only symptoms were found."""
