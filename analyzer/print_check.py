"""`analyze check` on the terminal: one block a cause, as a good compiler prints its diagnostics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .causes import CAUSES
from .check import Finding, NotChecked
from .diagnosis import Cause, Diagnosis
from .examine import Examined
from .listing import status
from .run import Run
from .terminal import SUBJECT_WIDTH, bold, colored, count, dim, number, printable, show, wrapped

FINDINGS_SHOWN = 3
SYMPTOMS_SHOWN = 1
FIXES_SHOWN = 2
MESSAGE_WIDTH = 400
_BAR = "   | "


def print_check(examined: Examined, verbose: bool) -> None:
    """The verdict, then each cause with where, since when, how sure, the evidence, and what to try."""
    run, diagnosis = examined.run, examined.diagnosis
    print_notes(run)
    show(f"{bold(printable(str(run.path.name)))}  {_facts(run)}  {_counts(diagnosis)}")
    show()
    show(wrapped(printable(diagnosis.summary, MESSAGE_WIDTH), ""))
    serious = [entry for entry in diagnosis.entries if entry.severity != "info"]
    minor = [entry for entry in diagnosis.entries if entry.severity == "info"]
    fixes = {finding.check: finding.fix for finding in diagnosis.findings}
    for entry in [*serious, *(minor if verbose else [])]:
        show()
        _print_cause(entry, fixes, verbose)
    if diagnosis.record_next:
        show()
        show("To find out next time, record:")
        for sentence in diagnosis.record_next:
            show(wrapped(sentence, "  - "))
    _print_rest(examined, minor, verbose)


def print_notes(run: Run) -> None:
    """What was lost while reading, on stderr."""
    for problem in run.problems:
        show(f"{colored('warning', 'log:')} {printable(str(problem), MESSAGE_WIDTH)}", err=True)
    for note in run.notes:
        show(f"log: {note}", err=True)


def _facts(run: Run) -> str:
    [row] = run.rows("select max(step) as step from (select step from metrics union all select step from stats union all select step from samples)")
    steps = "no step" if row["step"] is None else count(row["step"] + 1, "step")
    return f"{steps}, {status(run)}"


def _counts(diagnosis: Diagnosis) -> str:
    levels = [entry.severity for entry in diagnosis.entries]
    parts = [colored(level, count(levels.count(level), noun)) for level, noun in (("error", "error"), ("warning", "warning")) if level in levels]
    return ", ".join(parts) or "healthy"


def _print_cause(entry: Cause, fixes: dict[str, str], verbose: bool) -> None:
    phrase = CAUSES.get(entry.cause, entry.cause.replace("_", " "))
    show(wrapped(f"[{entry.cause}]: {phrase}", colored(entry.severity), "  "))
    show(wrapped(_where(entry), dim("  --> "), "      "))
    show(dim(_BAR.rstrip()))
    because = [finding for finding in entry.findings if finding.check in entry.because]
    explained = [finding for finding in entry.findings if finding.check not in entry.because]
    _print_findings(because, FINDINGS_SHOWN, verbose)
    if explained:
        show(f"{dim(_BAR)}which explains")
        _print_findings(explained, SYMPTOMS_SHOWN, verbose)
    show(dim(_BAR.rstrip()))
    if entry.against:
        names = ", ".join(entry.against)
        show(wrapped(f"against it: {names} found nothing", dim("   = "), "     "))
    for fix in list(dict.fromkeys(fixes[name] for name in entry.because if fixes.get(name)))[: None if verbose else FIXES_SHOWN]:
        show(wrapped(f"try: {fix}", dim("   = "), "     "))


def _where(entry: Cause) -> str:
    subject = f"{printable(entry.subject, SUBJECT_WIDTH)}, " if entry.subject else ""
    since = "in the whole run" if entry.step is None else "from the start" if entry.step <= 0 else f"since step {entry.step}"
    return f"{subject}{since}; {100 * entry.confidence:.0f} % sure"


def _print_findings(findings: Sequence[Finding], each: int, verbose: bool) -> None:
    """The findings of each check, no more than `each` of one unless verbose."""
    by_check: dict[str, list[Finding]] = {}
    for finding in findings:
        by_check.setdefault(finding.check, []).append(finding)
    for check, own in by_check.items():
        shown = own if verbose else own[:each]
        for place, finding in enumerate(shown, start=1):
            text = f"{check}: {printable(finding.message, 0 if verbose else MESSAGE_WIDTH)}"
            if verbose:
                text += _numbers(finding)
            elif place == each < len(own):
                text += f" ({len(own) - each} more like this)"
            show(wrapped(text, dim(_BAR), dim(_BAR) + "  "))


def _numbers(finding: Finding) -> str:
    if finding.value is None:
        return ""
    limit = "" if finding.threshold is None else f", threshold {number(finding.threshold)}"
    return f" (value {number(finding.value)}{limit})"


def _print_rest(examined: Examined, minor: Sequence[Cause], verbose: bool) -> None:
    """What is folded away, what was left out, and what could not be checked."""
    diagnosis = examined.diagnosis
    show()
    if minor and not verbose:
        names = ", ".join(entry.cause for entry in minor)
        show(wrapped(f"{count(len(minor), 'remark')} at level info, -v shows them: {names}", ""))
    if examined.ignored:
        show(f"{count(examined.ignored, 'finding')} left out, as the ignore file or --ignore says")
    asked = len(examined.checks) - len(diagnosis.not_checked)
    skipped = f"; {len(diagnosis.not_checked)} had nothing to go by{'' if verbose else ', -v says what to record for them'}" if diagnosis.not_checked else ""
    show(wrapped(f"{count(asked, 'check')} asked{skipped}", ""))
    if verbose:
        _print_not_checked(diagnosis.not_checked)


def _print_not_checked(skipped: Sequence[NotChecked]) -> None:
    """The checks that had no data under what to record for them, most of them first."""
    groups: dict[str, list[str]] = {}
    for each in skipped:
        groups.setdefault(each.to_record or each.reason.partition(", as ")[2] or each.reason, []).append(each.check)
    for what, names in sorted(groups.items(), key=lambda group: -len(group[1])):
        show()
        show(wrapped(what, "  ", "      "))
        show(wrapped(", ".join(names), "    not checked: ", "      "))


def print_report(examined: Examined, written: Sequence[Path]) -> None:
    """Paths of the report, and the first three causes."""
    print_notes(examined.run)
    for path in written:
        show(str(path))
    show()
    entries = [entry for entry in examined.diagnosis.entries if entry.severity != "info"]
    if not entries:
        show(wrapped(printable(examined.diagnosis.summary, MESSAGE_WIDTH), ""))
    for place, entry in enumerate(entries[:3], start=1):
        phrase = CAUSES.get(entry.cause, entry.cause.replace("_", " "))
        show(wrapped(f"{phrase} ({_where(entry)})", f"{place}. {colored(entry.severity)}: ", "   "))
    if len(entries) > 3:
        show(f"   and {len(entries) - 3} more")
