"""Asks a run directory what went wrong: DuckDB views, checks in SQL, and a diagnosis. Needs no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import RetrogradError
    from .run import Run, open_run

__all__ = ["RetrogradError", "Run", "open_run"]


def __getattr__(name: str) -> Any:
    if name in ("Run", "open_run"):
        from . import run

        return getattr(run, name)
    if name == "RetrogradError":
        from .errors import RetrogradError

        return RetrogradError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
