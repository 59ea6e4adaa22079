"""Every training of the zoo."""

from __future__ import annotations

from .case import Case
from .faults_code import FAULTS_CODE
from .faults_data import FAULTS_DATA
from .faults_numeric import FAULTS_NUMERIC
from .faults_outcome import FAULTS_OUTCOME
from .faults_rate import FAULTS_RATE
from .faults_signal import FAULTS_SIGNAL
from .faults_structure import FAULTS_STRUCTURE
from .faults_targets import FAULTS_TARGETS
from .healthy import HEALTHY
from .healthy_loops import HEALTHY_LOOPS
from .real_faults import REAL, REPAIRED

PLANTED: tuple[Case, ...] = (
    *FAULTS_SIGNAL,
    *FAULTS_STRUCTURE,
    *FAULTS_RATE,
    *FAULTS_NUMERIC,
    *FAULTS_DATA,
    *FAULTS_TARGETS,
    *FAULTS_CODE,
    *FAULTS_OUTCOME,
)
LOOK_ALIKES: tuple[Case, ...] = (*HEALTHY, *HEALTHY_LOOPS)

__all__ = ["LOOK_ALIKES", "PLANTED", "REAL", "REPAIRED"]
