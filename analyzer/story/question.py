"""One query of `analyzer/figures/` put to a run."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Protocol


class Asked(Protocol):
    """What a story needs of a run."""

    def rows(self, query: str, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]: ...


def ask(run: Asked, figure: str, **params: Any) -> list[dict[str, Any]]:
    """Rows of `analyzer/figures/<figure>.sql` with its named parameters."""
    sql = files("analyzer").joinpath("figures", f"{figure}.sql").read_text(encoding="utf-8")
    return run.rows(sql, params or None)
