"""Samples in the order of a ranking; a ranking is one `.sql` file of `analyzer/rankings/`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import LogError, RetrogradError, unknown
from .run import Run

RANKINGS_DIR = Path(__file__).parent / "rankings"

_HEADER = re.compile(r"-- (One row per sample[^\n]*)\n-- Title: ([^\n]+)\n-- Score: ([^\n]+)\n-- Reads: ([^\n]+)\n")


@dataclass(frozen=True)
class Ranking:
    """One order of samples. `score` says what its first column counts, `reads` names the table or view and column that it cannot do without."""

    name: str
    grain: str
    title: str
    score: str
    reads: str
    sql: str


def load_rankings() -> list[Ranking]:
    """Every ranking. Raises RetrogradError naming a file whose head is not what it must be."""
    rankings = []
    for path in sorted(RANKINGS_DIR.glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        head = _HEADER.match(text)
        if head is None:
            raise RetrogradError(f"{path}: a ranking begins with '-- One row per sample ...', '-- Title: ...', '-- Score: ...' and '-- Reads: ...'")
        grain, title, score, reads = head.groups()
        rankings.append(Ranking(path.stem, grain, title, score, reads, text[head.end() :].strip()))
    return rankings


def rank_samples(run: Run, name: str, split: str | None = None, count: int = 10) -> tuple[Ranking, list[dict[str, Any]]]:
    """The first `count` samples of a ranking, worst first: `sample_id`, `split`, `score` and what the ranking adds.

    Raises UsageError for an unknown ranking or split, LogError where the log lacks what it needs.
    """
    ranking = _find(load_rankings(), name)
    view, column = ranking.reads.split(".")
    if run.columns(view).get(column, 0) == 0:
        raise LogError(f"{run.path} holds no {column.replace('_', ' ')} of samples, which {name!r} ranks by. To have it: {run.record_hint(view)}.")
    splits = [str(row["split"]) for row in run.rows(f"select distinct split from {view} where split is not null order by split")]
    if split is not None and split not in splits:
        raise unknown("split", split, splits, f"the run has {', '.join(splits)}")
    rows = run.rows(
        f"select * from ({ranking.sql}) where $split is null or split = $split order by score desc, split, sample_id limit {int(count)}",
        {"split": split},
    )
    return ranking, rows


def _find(rankings: Sequence[Ranking], name: str) -> Ranking:
    for ranking in rankings:
        if ranking.name == name:
            return ranking
    raise unknown("ranking", name, [ranking.name for ranking in rankings], f"there are {', '.join(ranking.name for ranking in rankings)}")
