"""The verdict: the most probable cause in plain words, since when, where, how sure, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .wording import SEVERITIES, STRATEGIES, at_step, certainty, onset, plain, plural

if TYPE_CHECKING:
    from analyzer.check import Finding
    from analyzer.diagnosis import Cause, Diagnosis
    from analyzer.story import Story
    from analyzer.story.rows import CheckText

EVIDENCE, SYMPTOMS, OF_ONE_CHECK = 6, 3, 3
"""Sentences that an entry shows, and how many of them one check may give; the rest is a link away."""


@dataclass(frozen=True)
class Evidence:
    """One sentence for or against a cause, and the finding it comes from (an anchor, empty where there is none)."""

    text: str
    check: str
    anchor: str


@dataclass(frozen=True)
class Entry:
    """One cause of the diagnosis, ready to print."""

    number: int
    anchor: str
    cause: str
    title: str
    """The cause in plain words."""
    severity: str
    subject: str
    since: str
    """As part of a sentence."""
    onset: str
    """Under the word "since"."""
    certainty: str
    percent: int
    speaks_for: tuple[Evidence, ...]
    more: int
    """Findings for it that are not among `speaks_for`."""
    speaks_against: tuple[Evidence, ...]
    """Checks that this cause should have set off and that found nothing, by their titles."""
    follows: tuple[Evidence, ...]
    """Symptoms that this cause explains."""
    more_follows: int
    fixes: tuple[str, ...]


@dataclass(frozen=True)
class Tally:
    """How many checks of one strategy found something, stayed silent, or had no data."""

    strategy: str
    found: int
    silent: int
    not_checked: int


@dataclass(frozen=True)
class Verdict:
    """What the first screen says."""

    healthy: bool
    blind: bool
    """No check had data: healthy says nothing then."""
    headline: str
    summary: str
    first: Entry | None
    others: tuple[Entry, ...]
    tallies: tuple[Tally, ...]
    asked: int
    """Checks that had data."""
    silent: int
    not_checked: int
    record_next: tuple[str, ...]


def verdict(story: Story, diagnosis: Diagnosis, anchors: Mapping[tuple[str, str], str]) -> Verdict:
    """`anchors` maps (check, subject) of each finding to its place in the page."""
    checks = {check.name: check for check in story.checks}
    phrases = dict(story.causes)
    entries = [_entry(number, cause, phrases, checks, anchors) for number, cause in enumerate(diagnosis.entries, start=1)]
    first = entries[0] if entries and not diagnosis.healthy else None
    tallies = _tallies(story, diagnosis)
    asked = sum(tally.found + tally.silent for tally in tallies)
    blind = bool(story.checks) and asked == 0
    headline = first.title if first else "Nothing could be checked" if blind else "No problem found" if diagnosis.healthy else "Not healthy, without a cause"
    return Verdict(
        healthy=diagnosis.healthy,
        blind=blind,
        headline=headline,
        summary=_beyond(diagnosis.summary, headline),
        first=first,
        others=tuple(entries[1:] if first else entries),
        tallies=tallies,
        asked=asked,
        silent=sum(tally.silent for tally in tallies),
        not_checked=len(diagnosis.not_checked),
        record_next=diagnosis.record_next,
    )


def _entry(number: int, cause: Cause, phrases: Mapping[str, str], checks: Mapping[str, CheckText], anchors: Mapping[tuple[str, str], str]) -> Entry:
    grave = sorted(cause.findings, key=lambda finding: SEVERITIES.index(finding.severity) if finding.severity in SEVERITIES else 9)
    because = [finding for finding in grave if finding.check in cause.because] or [finding for finding in grave if finding.cause == cause.cause]
    follows = [finding for finding in grave if finding not in because]
    shown = _telling(because)[:EVIDENCE]
    return Entry(
        number=number,
        anchor=f"cause-{number}",
        cause=cause.cause,
        title=plain(phrases.get(cause.cause) or cause.cause),
        severity=cause.severity,
        subject=cause.subject,
        since=at_step(cause.step),
        onset=onset(cause.step),
        certainty=certainty(cause.confidence),
        percent=round(100 * cause.confidence),
        speaks_for=tuple(Evidence(finding.message, finding.check, anchors.get((finding.check, finding.subject), "")) for finding in shown),
        more=len(because) - len(shown),
        speaks_against=tuple(Evidence(checks[name].title if name in checks else plain(name), name, "") for name in cause.against),
        follows=tuple(Evidence(finding.message, finding.check, anchors.get((finding.check, finding.subject), "")) for finding in _telling(follows)[:SYMPTOMS]),
        more_follows=len(follows) - len(_telling(follows)[:SYMPTOMS]),
        fixes=tuple(dict.fromkeys(finding.fix for finding in because if finding.fix)),
    )


def _telling(findings: Sequence[Finding]) -> list[Finding]:
    """At most three of one check: the fourth sentence of a kind tells nothing new."""
    seen: Counter[str] = Counter()
    kept = []
    for finding in findings:
        seen[finding.check] += 1
        if seen[finding.check] <= OF_ONE_CHECK:
            kept.append(finding)
    return kept


def _beyond(summary: str, headline: str) -> str:
    """What the summary says beyond the headline: where its first sentence repeats it, the sentences after that."""
    if not summary.lower().startswith(headline.lower()):
        return summary
    return summary[len(headline) :].partition(". ")[2].strip()


def _tallies(story: Story, diagnosis: Diagnosis) -> tuple[Tally, ...]:
    found = {finding.check for finding in diagnosis.findings}
    missing = {check.check for check in diagnosis.not_checked}
    counts = Counter((check.strategy, "found" if check.name in found else "missing" if check.name in missing else "silent") for check in story.checks)
    return tuple(Tally(strategy, counts[strategy, "found"], counts[strategy, "silent"], counts[strategy, "missing"]) for strategy in STRATEGIES)


def checked(seen: Verdict) -> str:
    """What was looked at, in one sentence."""
    return f"{plural(seen.asked, 'check')} had data, {seen.silent} of them found nothing; {plural(seen.not_checked, 'check')} could not be asked."
