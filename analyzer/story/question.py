"""One query of `analyzer/figures/` put to a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any, Protocol


class Asked(Protocol):
    """What a story needs of a run."""

    def rows(self, query: str, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]: ...


def text(figure: str) -> str:
    """The SQL of `analyzer/figures/<figure>.sql`."""
    return files("analyzer").joinpath("figures", f"{figure}.sql").read_text(encoding="utf-8")


def ask(run: Asked, figure: str, **params: Any) -> list[dict[str, Any]]:
    """Rows of `analyzer/figures/<figure>.sql` with its named parameters."""
    return run.rows(text(figure), params or None)


def ask_for(run: Asked, figure: str, **numbers: Iterable[int]) -> list[dict[str, Any]]:
    """Rows of a figure whose parameters are lists of whole numbers, put in as literals."""
    sql = text(figure)
    for name, listed in numbers.items():
        sql = sql.replace(f"in ${name}", f"in ({', '.join(str(int(value)) for value in listed)})")
    return run.rows(sql)
