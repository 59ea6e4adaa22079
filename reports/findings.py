"""Findings by strategy and check: one block a check, one row a subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from .wording import SEVERITIES, STRATEGIES, anchor, plain, slug

if TYPE_CHECKING:
    from analyzer.check import Finding
    from analyzer.diagnosis import Diagnosis
    from analyzer.story.rows import CheckText, Threshold

ROWS_A_CHECK = 40
"""Subjects of one check that are listed; its SQL gives them all."""
SQL_CHARACTERS = 20_000


@dataclass(frozen=True)
class Row:
    """One finding."""

    anchor: str
    severity: str
    subject: str
    step: int | None
    last_step: int | None
    value: float | None
    threshold: float | None
    message: str
    check: str
    strategy: str
    title: str


@dataclass(frozen=True)
class Block:
    """All findings of one check, with what the check says of itself and the SQL that proves them."""

    check: str
    title: str
    severity: str
    cause: str
    rows: tuple[Row, ...]
    left_out: int
    thresholds: tuple[Threshold, ...]
    finds: str
    matters: str
    do: str
    ignore: str
    sql: str


def blocks(diagnosis: Diagnosis, texts: Sequence[CheckText]) -> dict[str, tuple[Block, ...]]:
    """The blocks of each strategy, gravest first; within a block the earliest onset first."""
    known = {text.name: text for text in texts}
    taken: set[str] = set()
    found: dict[str, list[Block]] = {strategy: [] for strategy in STRATEGIES}
    ordered = sorted(diagnosis.findings, key=lambda finding: (finding.check, finding.step is None, finding.step or 0, finding.subject))
    for check, group in groupby(ordered, key=lambda finding: finding.check):
        findings = list(group)
        strategy = findings[0].strategy if findings[0].strategy in found else "mistakes"
        found[strategy].append(_block(check, findings, known.get(check), taken))
    return {strategy: tuple(sorted(group, key=lambda block: (_grade(block.severity), _onset(block)))) for strategy, group in found.items()}


def _block(check: str, findings: list[Finding], text: CheckText | None, taken: set[str]) -> Block:
    title = text.title if text else plain(check)
    rows = []
    for finding in findings[:ROWS_A_CHECK]:
        place = anchor("-".join(part for part in ("finding", slug(check), slug(finding.subject)) if part), taken)
        taken.add(place)
        rows.append(
            Row(
                anchor=place,
                severity=finding.severity,
                subject=finding.subject,
                step=finding.step,
                last_step=finding.last_step,
                value=finding.value,
                threshold=finding.threshold,
                message=finding.message,
                check=check,
                strategy=finding.strategy,
                title=title,
            )
        )
    return Block(
        check=check,
        title=title,
        severity=min((finding.severity for finding in findings), key=_grade),
        cause=findings[0].cause,
        rows=tuple(rows),
        left_out=len(findings) - len(rows),
        thresholds=text.thresholds if text else (),
        finds=text.finds if text else "",
        matters=text.matters if text else "",
        do=text.do if text else findings[0].fix,
        ignore=text.ignore if text else "",
        sql=findings[0].sql[:SQL_CHARACTERS],
    )


def _grade(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _onset(block: Block) -> int:
    return min((row.step for row in block.rows if row.step is not None), default=2**62)


def anchors(by_strategy: dict[str, tuple[Block, ...]]) -> dict[tuple[str, str], str]:
    """Where each (check, subject) stands in the page."""
    return {(row.check, row.subject): row.anchor for group in by_strategy.values() for block in group for row in block.rows}
