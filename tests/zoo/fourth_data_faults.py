"""The fourth set of planted mistakes in data, loss, metric and outcome, in one tuple."""

from __future__ import annotations

from .case import Case
from .fourth_data_inputs import INPUTS

FOURTH_DATA: tuple[Case, ...] = (*INPUTS,)
