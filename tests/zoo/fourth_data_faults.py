"""The fourth set of planted mistakes in data, loss, metric and outcome, in one tuple."""

from __future__ import annotations

from .case import Case
from .fourth_data_formulas import FORMULAS
from .fourth_data_inputs import INPUTS
from .fourth_data_outcomes import OUTCOMES

FOURTH_DATA: tuple[Case, ...] = (*INPUTS, *FORMULAS, *OUTCOMES)
