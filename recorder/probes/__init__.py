"""Experiments recorded beside the run: each works on a copy, writes rows of the table `probes`, and leaves the caller's objects as they were.

A probe that cannot be run warns once and says so in the log; it never raises into the training script.
"""

from __future__ import annotations

from .batch_independence import batch_independence
from .gradient_check import gradient_check
from .outcome import Outcome
from .overfit import overfit
from .zero_input import zero_input

__all__ = ["Outcome", "batch_independence", "gradient_check", "overfit", "zero_input"]
