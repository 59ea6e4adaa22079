"""What a zoo training is: how it is recorded, and what is truly wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Record = Callable[[Path, int, float], int | None]
"""Records one training into a directory, given a seed and a factor on the learning rate.

Returns the step at which the fault took hold where only the run itself can tell (else None: the case's `step` is the truth).
"""


@dataclass(frozen=True)
class Case:
    """One training and the truth about it."""

    record: Record
    causes: tuple[str, ...] = ()
    """Causes that are truly acceptable as the first; none for a healthy run. More than one needs a reason in `why`."""
    step: int | None = None
    """Step at which the fault begins; None where the run tells, or where no single step is right."""
    interval: int = 5
    """Steps between two looks at what the fault shows in: the recording interval, or an epoch where only evaluation shows it."""
    subject: tuple[str, ...] = ()
    """Acceptable subjects as shell patterns; none where any subject is as good as another."""
    reaches: tuple[str, float] | None = None
    """Validation metric and the value it must reach (a loss at most, everything else at least): the proof that a healthy run is healthy."""
    misses: tuple[str, float] | None = None
    """Validation metric and the value that it must not reach: the proof that a fault does harm."""
    fast: bool = False
    """Runs in the ordinary test suite, not only in the sweep."""
    info_is_enough: bool = False
    """An entry of level info counts as found: the cause is no mistake by itself."""
    fresh: bool = False
    """Written by somebody who knew neither checks nor thresholds, and left out of all tuning."""
    why: str = ""
    """Why several causes are acceptable, or what is subtle about the case."""

    @property
    def name(self) -> str:
        return self.record.__name__

    @property
    def healthy(self) -> bool:
        return not self.causes

    @property
    def half(self) -> str:
        """Whether thresholds may be set with the case, or it is kept for measuring."""
        return "held_out" if self.fresh else "tuning"
