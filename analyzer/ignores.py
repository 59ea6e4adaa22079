"""Findings that a user has looked at and does not want to see again, each with a reason."""

from __future__ import annotations

from dataclasses import dataclass

from .check import Finding


@dataclass(frozen=True)
class Ignore:
    """A check whose findings do not count; with `subject`, only those about it."""

    check: str
    subject: str | None
    reason: str

    def covers(self, finding: Finding) -> bool:
        return finding.check == self.check and self.subject in (None, finding.subject)
