"""Fourth set: trainings with one mistake each in the model or in its optimization."""

from __future__ import annotations

from .case import Case
from .fourth_training_signal import SIGNAL
from .fourth_training_structure import STRUCTURE

FOURTH_TRAINING: tuple[Case, ...] = (*SIGNAL, *STRUCTURE)
