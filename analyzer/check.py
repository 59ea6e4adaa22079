"""A check is one `.sql` file with a YAML header: loaded, run against a run's views, its rows turned into findings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import duckdb
import yaml

from .errors import CheckFileError

STRATEGIES = ("predictions", "worst", "mistakes", "tiny", "gradients", "saturation", "guarantees")
STRENGTHS = ("direct", "strong", "symptom")
SEVERITIES = ("info", "warning", "error")
ROW_SHAPE = ("subject", "step", "last_step", "value", "threshold", "message")

_HEADINGS = ("title", "cause", "strength", "severity", "explains", "reads", "params", "finds", "matters", "do", "ignore")
_MAY_BE_LEFT_OUT = ("expected",)
_YAML: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HEADER = re.compile(r"\A\s*/\*(.*?)\*/", re.DOTALL)


@dataclass(frozen=True)
class Param:
    """A named threshold."""

    name: str
    default: float | int | str
    unit: str
    source: str


@dataclass(frozen=True)
class Check:
    """One question put to the log: the header of its file, and its query."""

    name: str
    strategy: str
    path: Path
    title: str
    cause: str
    strength: str
    severity: str
    explains: tuple[str, ...]
    reads: dict[str, tuple[str, ...]]
    params: tuple[Param, ...]
    finds: str
    matters: str
    do: str
    ignore: str
    sql: str
    text: str
    expected: bool = False
    """Whether hardly any run with this cause leaves the check silent: then its silence speaks against the cause."""

    def runnable_sql(self) -> str:
        """The query with its thresholds filled in, as a user can run it with `analyze sql`."""
        sql = self.sql
        for param in self.params:
            literal = "'" + param.default.replace("'", "''") + "'" if isinstance(param.default, str) else repr(param.default)
            sql = re.sub(rf"\${re.escape(param.name)}\b", lambda _, literal=literal: literal, sql)  # type: ignore[misc]
        return sql


@dataclass(frozen=True)
class Finding:
    """A measured fact: this subject, from this step to that, this value against this threshold."""

    check: str
    strategy: str
    cause: str
    strength: str
    severity: str
    subject: str
    step: int | None
    last_step: int | None
    value: float | None
    threshold: float | None
    message: str
    fix: str
    sql: str


@dataclass(frozen=True)
class NotChecked:
    """A check that had no data, and what to record so that it has."""

    check: str
    reason: str

    @property
    def to_record(self) -> str:
        """What to record, without what is missing; empty where recording does not help."""
        return self.reason.partition("; ")[2]


class Rows(Protocol):
    """What a check needs of a run."""

    def rows(self, query: str, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]: ...

    def columns(self, view: str) -> Mapping[str, int]:
        """Number of non-null values of each column of a view; raises KeyError for an unknown view."""
        ...

    def record_hint(self, view: str) -> str:
        """What to record so that the view has rows."""
        ...


def load_check(path: Path, strategy: str) -> Check:
    """Read one check file. Raises CheckFileError naming the file and what is wrong with it."""
    text = path.read_text(encoding="utf-8")
    match = _HEADER.match(text)
    if match is None:
        raise CheckFileError(f"{path}: a check begins with a YAML header in a /* comment */")
    try:
        header = yaml.load(match.group(1), _YAML)
    except yaml.YAMLError as error:
        raise CheckFileError(f"{path}: the header is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(header, dict):
        raise CheckFileError(f"{path}: the header holds no headings; it needs {', '.join(_HEADINGS)}")
    missing = [heading for heading in _HEADINGS if heading not in header]
    extra = [str(heading) for heading in header if heading not in (*_HEADINGS, *_MAY_BE_LEFT_OUT)]
    if missing or extra:
        wrong = [*(f"{heading} is missing" for heading in missing), *(f"{heading} is unknown" for heading in extra)]
        raise CheckFileError(f"{path}: in the header {', '.join(wrong)}")
    for heading, allowed in (("strength", STRENGTHS), ("severity", SEVERITIES)):
        if header[heading] not in allowed:
            raise CheckFileError(f"{path}: {heading} is {header[heading]!r}; it is one of {', '.join(allowed)}")
    if not isinstance(header.get("expected", False), bool):
        raise CheckFileError(f"{path}: expected is {header['expected']!r}; it is true, or left out")
    return Check(
        name=path.stem,
        strategy=strategy,
        path=path,
        explains=tuple(header["explains"] or ()),
        reads={str(view): tuple(columns or ()) for view, columns in (header["reads"] or {}).items()},
        params=_params(path, header["params"] or {}),
        sql=text[match.end() :].strip(),
        text=text,
        expected=header.get("expected", False),
        **{heading: " ".join(str(header[heading]).split()) for heading in ("title", "cause", "strength", "severity", "finds", "matters", "do", "ignore")},
    )


def _params(path: Path, declared: Mapping[str, Any]) -> tuple[Param, ...]:
    params = []
    for name, facts in declared.items():
        if not isinstance(facts, dict) or set(facts) != {"default", "unit", "source"}:
            raise CheckFileError(f"{path}: params.{name} needs default, unit and source")
        params.append(Param(str(name), _number(facts["default"]), str(facts["unit"]), str(facts["source"])))
    return tuple(params)


def _number(value: Any) -> float | int | str:
    """YAML 1.1 reads 1e-6 as text."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value  # type: ignore[no-any-return]


def load_checks(extra_dirs: Sequence[Path] = ()) -> list[Check]:
    """All built-in checks, those of installed packages (entry points of group `retrograd.checks`) and those of the folders given.

    A folder holds `.sql` files, or subfolders named after strategies; files at its top count as `mistakes`. A later check takes the place of an
    earlier one of the same name. Raises CheckFileError.
    """
    folders = [Path(str(files("analyzer").joinpath("checks")))]
    for entry in entry_points(group="retrograd.checks"):
        folders.append(Path(str(files(entry.value))))
    for folder in extra_dirs:
        if not folder.is_dir():
            raise CheckFileError(f"{folder}: no such folder of checks")
        folders.append(folder)
    checks: dict[str, Check] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.sql")):
            strategy = path.parent.name if path.parent.name in STRATEGIES else "mistakes"
            checks[path.stem] = load_check(path, strategy)
    return sorted(checks.values(), key=lambda check: (STRATEGIES.index(check.strategy), check.name))


def missing_data(run: Rows, check: Check) -> str | None:
    """Why the log cannot answer the check, or None where it can. A column that no row has counts as missing."""
    for view, columns in check.reads.items():
        counts = run.columns(view)
        if not any(counts.values()):
            return f"no {view} in the log{_remedy(run, view)}"
        for column in columns:
            if counts.get(column, 0) == 0:
                return f"{view} hold no {column}{_remedy(run, view)}"
    return None


def _remedy(run: Rows, view: str) -> str:
    """What to record so that there is such data; where that is recorded already, why there is none all the same."""
    hint = run.record_hint(view)
    if hint == run.record_hint("stats") and any(run.columns("stats").values()):
        return ", as nothing in this model gives any"
    if hint == run.record_hint("samples") and any(run.columns("samples").get(column) for column in ("outputs", "target_value")):
        return ", as the samples of this kind of task give none"
    return f"; {hint}"


def run_check(run: Rows, check: Check) -> list[Finding] | NotChecked:
    """Findings of one check, in the order of its query, or why it could not be asked."""
    try:
        reason = missing_data(run, check)
        if reason is not None:
            return NotChecked(check.name, reason)
        rows = run.rows(check.sql, {param.name: param.default for param in check.params})
    except KeyError as error:
        return NotChecked(check.name, f"it reads the view {error.args[0]!r}, which does not exist")
    except duckdb.Error as error:
        return NotChecked(check.name, f"its query failed: {str(error).splitlines()[0]}")
    if rows and tuple(rows[0]) != ROW_SHAPE:
        return NotChecked(check.name, f"its columns are {', '.join(rows[0])}; a check returns {', '.join(ROW_SHAPE)}")
    sql = check.runnable_sql() if rows else ""
    return [
        Finding(
            check=check.name,
            strategy=check.strategy,
            cause=check.cause,
            strength=check.strength,
            severity=check.severity,
            subject=str(row["subject"] or ""),
            step=row["step"],
            last_step=row["last_step"],
            value=None if row["value"] is None else float(row["value"]),
            threshold=None if row["threshold"] is None else float(row["threshold"]),
            message=str(row["message"]),
            fix=check.do,
            sql=sql,
        )
        for row in rows
    ]


def run_checks(run: Rows, checks: Sequence[Check], progress: Callable[[int, int], None] | None = None) -> tuple[list[Finding], list[NotChecked]]:
    """Put every check to the run; `progress(done, total)` is called after each."""
    findings: list[Finding] = []
    not_checked: list[NotChecked] = []
    for done, check in enumerate(checks, start=1):
        answer = run_check(run, check)
        if isinstance(answer, NotChecked):
            not_checked.append(answer)
        else:
            findings.extend(answer)
        if progress is not None:
            progress(done, len(checks))
    return findings, not_checked
