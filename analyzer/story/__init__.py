"""The rows of a run's report: `collect` asks the run once for everything that `reports` draws.

Every query is a file in `analyzer/figures/`, every answer a frozen dataclass of `rows.py`; the number of rows does not grow with the run.
"""

from __future__ import annotations

from .collect import collect
from .rows import Story

__all__ = ["Story", "collect"]
