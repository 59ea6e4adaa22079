"""From findings to causes, in causal order.

How it decides, in five rules (docs/diagnosis.md tells them at length):

1. *Weigh.* A finding that looked at tensors alone is info while the run shows no bad outcome: odd gradients in a run that learns are no failure.
2. *Gather.* Findings are gathered by cause. A cause is named on direct or strong evidence; what only symptoms speak for stays unknown.
3. *Explain.* A cause accounts for every cause that its checks list under `explains` and that does not begin before it. What is accounted for is
   listed under it; where its evidence is stronger than that of what explains it, it stays an entry of its own as well.
4. *Order.* Causes come before what they explain; then direct before strong evidence, then whoever explains more, then error before warning, then onset.
5. *Doubt.* Confidence is what the evidence leaves of the doubt, given back in part for every check that the cause should have set off and that stayed silent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .causes import CAUSES
from .check import Check, Finding, NotChecked, Rows

UNKNOWN = "unknown"

_TENSOR_STRATEGIES = ("gradients", "saturation")
_OUTCOME_VIEWS = ("training_losses", "loss_windows", "learning", "evaluations")
_STRENGTH_ORDER = {"direct": 0, "strong": 1, "symptom": 2}
_SEVERITY_ORDER = {"error": 0, "warning": 1, "info": 2}

DOUBT_LEFT = {"direct": 0.1, "strong": 0.3, "symptom": 0.7}
"""Share of the doubt that one check's evidence leaves: nine in ten direct findings, seven in ten strong ones should be the true cause."""

RECORD_NEXT_SHOWN = 3
"""Of what could be recorded, the few things that answer most; every check that was not asked names its own."""


@dataclass(frozen=True)
class Cause:
    """One entry of the diagnosis: what a person would fix."""

    cause: str
    severity: str
    confidence: float
    step: int | None
    subject: str
    because: tuple[str, ...]
    against: tuple[str, ...]
    explains: tuple[str, ...]
    findings: tuple[Finding, ...]
    """The findings of `because` and `explains`, for whoever prints the entry."""


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a run, causes before symptoms; entries at level info come last."""

    healthy: bool
    entries: tuple[Cause, ...]
    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]
    summary: str
    """One sentence in plain words: the verdict."""
    record_next: tuple[str, ...]
    """What to record next time to find out, when only symptoms were found."""


@dataclass(frozen=True)
class _Candidate:
    """A cause and its evidence, strongest and earliest first."""

    cause: str
    findings: tuple[Finding, ...]
    explains: frozenset[str]
    place: int

    @property
    def strength(self) -> str:
        return self.findings[0].strength

    @property
    def severity(self) -> str:
        return min((finding.severity for finding in self.findings), key=_SEVERITY_ORDER.__getitem__)

    @property
    def onset(self) -> int:
        """Where the strongest evidence begins; evidence without a step holds from the start."""
        return min((finding.step or 0 for finding in self.findings if finding.strength == self.strength), default=0)

    @property
    def begins(self) -> int:
        """Where the earliest direct or strong evidence begins: a probe says when it was asked, and other evidence may know of the cause before."""
        return min((finding.step or 0 for finding in self.findings if finding.strength != "symptom"), default=self.onset)


def diagnose(run: Rows, findings: Sequence[Finding], not_checked: Sequence[NotChecked], checks: Sequence[Check]) -> Diagnosis:
    """The causes of a run's findings. Reads from the run only how far apart its recorded steps are."""
    [row] = run.rows(
        "select coalesce(max(gap), 0) as interval from (select step - lag(step) over (order by step) as gap from recorded_steps where split = 'train' and kept)"
    )
    return judge(findings, not_checked, checks, int(row["interval"]))


def judge(findings: Sequence[Finding], not_checked: Sequence[NotChecked], checks: Sequence[Check], interval: int = 0) -> Diagnosis:
    """The causes of these findings; `interval` is the recording interval in steps, by which two onsets may differ and count as the same."""
    by_name = {check.name: check for check in checks}
    weighed = weigh(findings, by_name)
    candidates = _gather([finding for finding in weighed if finding.severity != "info"], by_name)
    named = [candidate for candidate in candidates if candidate.cause != UNKNOWN and candidate.strength != "symptom"]
    explained_by = _explained(named, candidates, interval)
    ordered = _order(named, explained_by)
    silent = _silent_checks(weighed, not_checked, checks)

    entries = []
    for candidate in ordered:
        follows = [other for other in candidates if candidate.cause in explained_by.get(other.cause, ())]
        entry = _entry(candidate, follows, silent)
        reasons = [other for other in named if other.cause in explained_by.get(candidate.cause, ())]
        swallowed = any(_STRENGTH_ORDER[other.strength] <= _STRENGTH_ORDER[candidate.strength] for other in reasons)
        entries.append(replace(entry, severity="info") if swallowed else entry)
    entries += _unknown([candidate for candidate in candidates if candidate not in named and candidate.cause not in explained_by], silent)
    entries += [_entry(candidate, (), silent) for candidate in _gather([finding for finding in weighed if finding.severity == "info"], by_name)]
    entries.sort(key=lambda entry: entry.severity == "info")

    serious = [entry for entry in entries if entry.severity != "info"]
    only_unknown = bool(serious) and all(entry.cause == UNKNOWN for entry in serious)
    return Diagnosis(
        healthy=not serious,
        entries=tuple(_one_entry_a_cause(entries)),
        findings=tuple(weighed),
        not_checked=tuple(not_checked),
        summary=_summary(serious, len(checks) - len(not_checked)),
        record_next=_record_next(not_checked) if only_unknown else (),
    )


def _record_next(not_checked: Sequence[NotChecked]) -> tuple[str, ...]:
    """What would let most of the unasked checks be asked, most of them first."""
    unlocked = Counter(skipped.to_record for skipped in not_checked if skipped.to_record)
    return tuple(what for what, _ in unlocked.most_common(RECORD_NEXT_SHOWN))


def weigh(findings: Sequence[Finding], checks: Mapping[str, Check]) -> list[Finding]:
    """A finding that looked at tensors alone becomes info where no outcome is bad; one that is direct, or whose check read the outcome, stands.

    A check of tensors that read the outcome as well speaks only where it is bad.
    """
    failed = any(finding.severity != "info" and (finding.cause == UNKNOWN or _tensors_and_outcome(finding, checks)) for finding in findings)
    if failed:
        return list(findings)
    return [replace(finding, severity="info") if _tensors_alone(finding, checks) else finding for finding in findings]


def _tensors_alone(finding: Finding, checks: Mapping[str, Check]) -> bool:
    return finding.strategy in _TENSOR_STRATEGIES and finding.strength != "direct" and not _reads_outcome(finding, checks)


def _tensors_and_outcome(finding: Finding, checks: Mapping[str, Check]) -> bool:
    return finding.strategy in _TENSOR_STRATEGIES and _reads_outcome(finding, checks)


def _reads_outcome(finding: Finding, checks: Mapping[str, Check]) -> bool:
    return finding.check in checks and any(view in checks[finding.check].reads for view in _OUTCOME_VIEWS)


def _gather(findings: Sequence[Finding], checks: Mapping[str, Check]) -> list[_Candidate]:
    by_cause: dict[str, list[Finding]] = {}
    for finding in findings:
        by_cause.setdefault(finding.cause, []).append(finding)
    places = list(CAUSES)
    candidates = []
    for cause, own in by_cause.items():
        own.sort(key=lambda finding: (_STRENGTH_ORDER[finding.strength], finding.step or 0))
        explains = frozenset(other for finding in own if finding.check in checks for other in checks[finding.check].explains if other != cause)
        candidates.append(_Candidate(cause, tuple(own), explains, places.index(cause) if cause in CAUSES else len(places)))
    return candidates


def _explained(named: Sequence[_Candidate], candidates: Sequence[_Candidate], interval: int) -> dict[str, tuple[str, ...]]:
    """For each cause that others account for: which ones. Of two that would explain each other the stronger, then the earlier one does.

    What only symptoms speak for is unknown, whatever cause they hint at: where nobody lists that, whoever accounts for the unknown does.
    """
    explained: dict[str, tuple[str, ...]] = {}
    for other in candidates:
        reasons = _reasons(named, other, other.cause, interval)
        if not reasons and other.strength == "symptom":
            reasons = _reasons(named, other, UNKNOWN, interval)
        if reasons:
            explained[other.cause] = reasons
    return explained


def _reasons(named: Sequence[_Candidate], other: _Candidate, listed_as: str, interval: int) -> tuple[str, ...]:
    return tuple(
        candidate.cause
        for candidate in named
        if candidate is not other
        and listed_as in candidate.explains
        and candidate.begins <= _latest_onset(other, interval)
        and not (candidate.cause in other.explains and _rank(other) < _rank(candidate))
    )


def _latest_onset(symptom: _Candidate, interval: int) -> int:
    """Until when a cause may begin and still account for the symptom: its onset is known to the recording interval, and to a tenth of how long it lasts."""
    return max((finding.step or 0) + max(interval, ((finding.last_step or 0) - (finding.step or 0)) // 10) for finding in symptom.findings)


def _rank(candidate: _Candidate) -> tuple[int, int, int]:
    return (_STRENGTH_ORDER[candidate.strength], candidate.onset, candidate.place)


def _order(named: Sequence[_Candidate], explained_by: Mapping[str, tuple[str, ...]]) -> list[_Candidate]:
    """Causes before what they explain; among the free ones strength, then how much each explains, then severity, then onset."""
    explains_count = {candidate.cause: sum(candidate.cause in reasons for reasons in explained_by.values()) for candidate in named}
    left = list(named)
    ordered: list[_Candidate] = []
    while left:
        waiting = {candidate.cause for candidate in left}
        free = [candidate for candidate in left if not waiting.intersection(explained_by.get(candidate.cause, ()))] or left
        first = min(
            free,
            key=lambda candidate: (
                _STRENGTH_ORDER[candidate.strength],
                -explains_count[candidate.cause],
                _SEVERITY_ORDER[candidate.severity],
                candidate.onset,
                candidate.place,
            ),
        )
        ordered.append(first)
        left.remove(first)
    return ordered


def _silent_checks(findings: Sequence[Finding], not_checked: Sequence[NotChecked], checks: Sequence[Check]) -> dict[str, tuple[str, ...]]:
    """By cause, the checks that it is expected to set off, and that were asked and found nothing."""
    answered = {finding.check for finding in findings} | {skipped.check for skipped in not_checked}
    silent: dict[str, tuple[str, ...]] = {}
    for check in checks:
        if check.name not in answered and check.expected:
            silent[check.cause] = (*silent.get(check.cause, ()), check.name)
    return silent


def _entry(candidate: _Candidate, follows: Sequence[_Candidate], silent: Mapping[str, tuple[str, ...]]) -> Cause:
    first = candidate.findings[0]
    because = tuple(dict.fromkeys(finding.check for finding in candidate.findings))
    against = silent.get(candidate.cause, ())
    symptoms = [finding for other in follows for finding in other.findings]
    strengths = {finding.check: finding.strength for finding in candidate.findings}
    return Cause(
        cause=candidate.cause,
        severity=candidate.severity,
        confidence=_confidence(list(strengths.values()), len(against)),
        step=first.step,
        subject=first.subject,
        because=because,
        against=against,
        explains=tuple(dict.fromkeys(finding.check for finding in symptoms)),
        findings=(*candidate.findings, *symptoms),
    )


def _confidence(strengths: Sequence[str], against: int) -> float:
    """Each check in favour leaves its share of the doubt; of n checks in favour and m against, a quarter of m in n + m of what was won is given back."""
    doubt = 1.0
    for strength in strengths:
        doubt *= DOUBT_LEFT[strength]
    won = 1.0 - doubt
    return round(min(0.99, won * (1 - 0.25 * against / (len(strengths) + against))), 2)


def _unknown(symptoms: Sequence[_Candidate], silent: Mapping[str, tuple[str, ...]]) -> list[Cause]:
    """What no named cause accounts for is one entry: something is wrong and the log does not say why."""
    findings = sorted((finding for candidate in symptoms for finding in candidate.findings), key=lambda finding: finding.step or 0)
    if not findings:
        return []
    return [_entry(_Candidate(UNKNOWN, tuple(findings), frozenset(), len(CAUSES)), (), silent)]


def _one_entry_a_cause(entries: Sequence[Cause]) -> list[Cause]:
    """The first entry of a cause stands: info findings of a cause that has a serious entry are not listed again."""
    seen: set[str] = set()
    return [entry for entry in entries if not (entry.cause in seen or seen.add(entry.cause))]  # type: ignore[func-returns-value]


def _summary(serious: Sequence[Cause], asked: int) -> str:
    if not serious:
        return f"Healthy: {asked} checks were asked, and none found anything to mend."
    first = serious[0]
    where = f" in {first.subject}" if first.subject else ""
    since = "" if first.step is None else " from the start" if first.step <= 0 else f" since step {first.step}"
    if first.cause == UNKNOWN:
        return f"Something is wrong{where}{since}, and the log holds no cause: {first.findings[0].message}."
    phrase = CAUSES.get(first.cause, first.cause.replace("_", " "))
    return f"{phrase[0].upper()}{phrase[1:]}{where}{since}."
