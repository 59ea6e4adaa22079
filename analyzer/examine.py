"""Opens a run and diagnoses it, as the commands that judge a run do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .check import SEVERITIES, Check, load_checks
from .diagnosis import Diagnosis
from .errors import LogError
from .ignores import load_ignores
from .run import Run, open_run


@dataclass(frozen=True)
class Examined:
    """A run and what is wrong with it. `ignored` are findings that were left out on purpose."""

    run: Run
    checks: Sequence[Check]
    diagnosis: Diagnosis
    ignored: int

    def fails(self, level: str) -> bool:
        """Whether a cause is of this level or above."""
        return any(SEVERITIES.index(entry.severity) >= SEVERITIES.index(level) for entry in self.diagnosis.entries)


def examine(
    path: Path,
    checks_dirs: Sequence[Path] = (),
    ignored: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Examined:
    """Diagnose a run. Foreign checks can read nothing but the run. Raises RetrogradError, also for a run that has no rows yet."""
    checks = load_checks(checks_dirs)
    run = open_run(path)
    try:
        ignores = load_ignores(run.path, ignored, checks)
        if run.is_empty():
            raise LogError(f"{path}: the run has no rows yet{_why_empty(run)}")
        if checks_dirs:
            run.lock()
        diagnosis = run.diagnose(checks_dirs, ignores, progress)
        return Examined(run, checks, diagnosis, run.ignored_findings)
    except BaseException:
        run.close()
        raise


def _why_empty(run: Run) -> str:
    if run.problems:
        return f", or none that could be read: {run.problems[0]}"
    if run.is_running():
        return ": its recorder is alive, so try again after its first step."
    return ": it ended before its first step. Look at the output of the training itself."
