"""Which steps are recorded in full: every k-th, those of a burst after a trigger, and with `every=None` as many as 3 % of the time allow."""

from __future__ import annotations

import math
from collections import deque
from statistics import median

BUDGET = 0.03
"""Share of the bare step time that the recorder may cost when it chooses the interval itself."""
BURST_STEPS = 5
BURST_PAUSE = 50
"""Steps from one burst to the next: a loss that jumps all the time must not make every step a full one."""
_FIRST_STEPS = 50
_FIRST_INTERVAL = 5
_LONGEST_GAP = 0.1
"""Share of the run so far: a cheap model's short run must not end before its second full step. Ten times the steps cost 24 more full ones."""
_INTERVALS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_WINDOW = 32


class Cadence:
    """Decides before each step; is told after each step what it cost."""

    def __init__(self, every: int | None) -> None:
        if every is not None and every < 1:
            raise ValueError(f"every={every}: the interval is a number of steps, 1 or more, or None to let the recorder choose")
        self.fixed = every
        self.interval = every or _FIRST_INTERVAL
        self._next = 0
        self._burst_until = -1
        self._burst_allowed = 0
        self._bare: deque[float] = deque(maxlen=_WINDOW)
        self._full: deque[float] = deque(maxlen=_WINDOW)
        self._cheap: deque[float] = deque(maxlen=_WINDOW)

    def full(self, step: int) -> bool:
        """Whether this step is to be recorded in full."""
        if step < self._burst_until:
            return True
        if self.fixed is not None:
            return step % self.fixed == 0
        return step >= self._next or step < 3

    def tracking(self, step: int, passes: int) -> bool:
        """Whether the units of this step's passes are followed: so many passes that lead up to a full step."""
        if self.fixed is not None:
            return -step % self.fixed < passes
        return self._next - step < passes

    def in_burst(self, step: int) -> bool:
        """Whether this step is recorded because of what was seen shortly before."""
        return step < self._burst_until

    def may_burst(self, step: int) -> bool:
        """Whether a trigger at this step is worth full steps: a run that stays broken must not be recorded in full for ever."""
        return step < self._burst_until or step >= self._burst_allowed

    def burst(self, step: int) -> bool:
        """A trigger at `step`: the steps after it are full ones. False where the last burst is too fresh."""
        if step < self._burst_allowed:
            return False
        self._burst_until, self._burst_allowed = step + 1 + BURST_STEPS, step + BURST_PAUSE
        return True

    def done(self, step: int, full: bool, step_seconds: float, recorder_seconds: float) -> bool:
        """Takes the cost of a step; True when the interval changed."""
        self._bare.append(max(step_seconds - recorder_seconds, 0.0))
        (self._full if full else self._cheap).append(recorder_seconds)
        if self.fixed is not None:
            return False
        before = self.interval
        if full:
            self.interval = self._affordable(step)
            self._next = step + min(self.interval, max(_FIRST_INTERVAL, int(_LONGEST_GAP * step)))
        return self.interval != before

    def cost(self) -> dict[str, float]:
        """Medians of the last steps, in seconds: the bare step, the recorder in a full step, and in the others."""
        named = {"bare_seconds": self._bare, "full_seconds": self._full, "other_seconds": self._cheap}
        return {name: round(median(values), 7) for name, values in named.items() if values}

    def _affordable(self, step: int) -> int:
        if step < _FIRST_STEPS:
            return _FIRST_INTERVAL
        bare, full = median(self._bare), median(self._full)
        cheap = median(self._cheap) if self._cheap else 0.0
        spare = max(BUDGET * bare - cheap, BUDGET * bare / 3)
        wanted = max(full - cheap, 0.0) / spare if spare > 0 else math.inf
        chosen = next((interval for interval in _INTERVALS if interval >= wanted), _INTERVALS[-1])
        hardly_less = chosen < self.interval and wanted > 0.7 * chosen
        return self.interval if hardly_less else chosen


class Spikes:
    """Says when a number is far above its recent range: 8 median deviations above the median, and half as large again."""

    _WINDOW = 50
    _ENOUGH = 10

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=self._WINDOW)

    def unusual(self, value: float) -> bool:
        recent = self._recent
        if not math.isfinite(value):
            return True
        found = False
        if len(recent) >= self._ENOUGH and value > max(recent):
            middle = median(recent)
            deviation = median(abs(other - middle) for other in recent)
            found = value > middle + 8 * deviation and value > middle + 0.5 * abs(middle)
        recent.append(value)
        return found
