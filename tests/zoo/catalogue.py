"""Every training of the zoo."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .case import Case
from .faults_code import FAULTS_CODE
from .faults_data import FAULTS_DATA
from .faults_numeric import FAULTS_NUMERIC
from .faults_outcome import FAULTS_OUTCOME
from .faults_rate import FAULTS_RATE
from .faults_signal import FAULTS_SIGNAL
from .faults_structure import FAULTS_STRUCTURE
from .faults_targets import FAULTS_TARGETS
from .fourth_data_faults import FOURTH_DATA
from .fourth_healthy import FOURTH_HEALTHY
from .fresh_faults_code import FRESH_CODE
from .fresh_faults_data import FRESH_DATA
from .fresh_faults_rate import FRESH_RATE
from .fresh_faults_signal import FRESH_SIGNAL
from .fresh_healthy import FRESH_LOOPS
from .fresh_healthy_models import FRESH_MODELS
from .fresh_real_faults import FRESH_REAL as FRESH_REPORTED
from .fresh_real_faults import FRESH_REPAIRED
from .healthy import HEALTHY
from .healthy_loops import HEALTHY_LOOPS
from .real_faults import REAL as REPORTED
from .real_faults import REPAIRED as REPORTED_REPAIRED
from .third_domain_faults import THIRD_DOMAIN
from .third_faults_data_code import THIRD_DATA_CODE
from .third_faults_training import THIRD_TRAINING
from .third_healthy import THIRD_HEALTHY


def fresh(cases: Iterable[Case]) -> tuple[Case, ...]:
    return tuple(replace(case, fresh=True) for case in cases)


FRESH: tuple[Case, ...] = fresh((*FRESH_SIGNAL, *FRESH_RATE, *FRESH_DATA, *FRESH_CODE, *THIRD_TRAINING, *THIRD_DATA_CODE, *THIRD_DOMAIN, *FOURTH_DATA))
FRESH_REAL: tuple[Case, ...] = fresh(FRESH_REPORTED)

PLANTED: tuple[Case, ...] = (
    *FAULTS_SIGNAL,
    *FAULTS_STRUCTURE,
    *FAULTS_RATE,
    *FAULTS_NUMERIC,
    *FAULTS_DATA,
    *FAULTS_TARGETS,
    *FAULTS_CODE,
    *FAULTS_OUTCOME,
    *FRESH,
)
REAL: tuple[Case, ...] = (*REPORTED, *FRESH_REAL)
LOOK_ALIKES: tuple[Case, ...] = (*HEALTHY, *HEALTHY_LOOPS, *fresh((*FRESH_MODELS, *FRESH_LOOPS, *THIRD_HEALTHY, *FOURTH_HEALTHY)))
REPAIRED: tuple[Case, ...] = (*REPORTED_REPAIRED, *fresh(FRESH_REPAIRED))

__all__ = ["FRESH", "FRESH_REAL", "LOOK_ALIKES", "PLANTED", "REAL", "REPAIRED"]
