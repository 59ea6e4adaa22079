"""Findings that a user knows and accepts, each with a reason: from a file, or from the command line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import yaml

from .check import Check, Finding
from .errors import UsageError, unknown

FILE_NAME = "ignore.yaml"
_KEYS = {"check", "subject", "reason"}


@dataclass(frozen=True)
class Ignore:
    """A check whose findings do not count; with `subject`, only those about it."""

    check: str
    subject: str | None
    reason: str

    def covers(self, finding: Finding) -> bool:
        return finding.check == self.check and self.subject in (None, finding.subject)


def user_file() -> Path:
    """The ignore file for all of a user's runs."""
    return Path(os.environ.get("RETROGRAD_CONFIG", click.get_app_dir("retrograd"))) / FILE_NAME


def load_ignores(run_dir: Path, given: Iterable[str], checks: Sequence[Check]) -> list[Ignore]:
    """What to leave out: the run's ignore file, the user's, and what was given as CHECK[:SUBJECT]. Raises UsageError for a check that does not exist."""
    ignores = [ignore for path in (run_dir / FILE_NAME, user_file()) for ignore in _read(path)]
    for text in given:
        check, _, subject = text.partition(":")
        ignores.append(Ignore(check, subject or None, "given on the command line"))
    names = [check.name for check in checks]
    for ignore in ignores:
        if ignore.check not in names:
            raise unknown("check", ignore.check, names, "`analyze checks` lists them")
    return ignores


def _read(path: Path) -> list[Ignore]:
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}).") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(entries, list | None):
        raise UsageError(f"{path} holds {type(entries).__name__}; it must be a list of entries with check, subject (optional) and reason.")
    return [_entry(path, place, entry) for place, entry in enumerate(entries or [], start=1)]


def _entry(path: Path, place: int, entry: Any) -> Ignore:
    if not isinstance(entry, dict) or not entry.keys() <= _KEYS or "check" not in entry:
        raise UsageError(f"{path}, entry {place}: it must hold check, subject (optional) and reason, and nothing else.")
    if not str(entry.get("reason") or "").strip():
        raise UsageError(f"{path}, entry {place}: why is {entry['check']} ignored? Give a reason.")
    subject = entry.get("subject")
    return Ignore(str(entry["check"]), None if subject is None else str(subject), str(entry["reason"]))
