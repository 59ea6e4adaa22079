"""What a probe found, how it reaches the log, and what happens when the probe itself fails."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..recorder import Recorder


@dataclass(frozen=True)
class Outcome:
    """One row of the table `probes`. `passed` is None where the question could not be decided; `details` says why."""

    probe: str
    subject: str
    value: float | None
    reference: float | None
    tolerance: float | None
    passed: bool | None
    details: dict[str, Any] = field(default_factory=dict)


def run_guarded(rec: Recorder, probe: str, work: Callable[[], Iterable[Outcome]]) -> tuple[Outcome, ...]:
    """Runs a probe and records its outcomes; an exception becomes one undecided row and one warning."""
    try:
        outcomes = tuple(work())
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        warnings.warn(f"retrograd: the probe {probe} could not be run and was skipped ({reason})", RuntimeWarning, stacklevel=4)
        outcomes = (Outcome(probe, "", None, None, None, None, {"error": reason[:2000]}),)
    for outcome in outcomes:
        rec.probe(
            outcome.probe,
            subject=outcome.subject,
            value=outcome.value,
            reference=outcome.reference,
            tolerance=outcome.tolerance,
            passed=outcome.passed,
            details=_plain(outcome.details),
        )
    return outcomes


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
