"""JSON as the commands print it: strict, so numbers that are not finite are null."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

from .diagnosis import Cause, Diagnosis
from .run import Run

_FINDING_FIELDS = ("check", "strategy", "severity", "subject", "step", "last_step", "value", "threshold", "message", "fix", "sql")


def plain(value: Any) -> Any:
    """The value as JSON can hold it: bytes in base64, what has no JSON form as text, not finite numbers null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str | int | bool | None):
        return value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, Sequence | set):
        return [plain(entry) for entry in value]
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    return str(value)


def rows_as_json(rows: Any) -> str:
    """Rows, or any dataclass, over several lines."""
    return json.dumps(plain(rows), indent=2, ensure_ascii=False, allow_nan=False)


def check_as_json(run: Run, diagnosis: Diagnosis) -> str:
    """What `analyze check --json` prints; the keys are a contract."""
    from recorder.format import FORMAT_VERSION

    return rows_as_json(
        {
            "run": str(run.path),
            "format": run.info.get("format_version", FORMAT_VERSION),
            "healthy": diagnosis.healthy,
            "diagnosis": [_entry(entry) for entry in diagnosis.entries],
            "findings": [{name: getattr(finding, name) for name in _FINDING_FIELDS} for finding in diagnosis.findings],
            "not_checked": [{"check": skipped.check, "reason": skipped.reason} for skipped in diagnosis.not_checked],
        }
    )


def _entry(entry: Cause) -> dict[str, Any]:
    return {
        "cause": entry.cause,
        "severity": entry.severity,
        "confidence": entry.confidence,
        "step": entry.step,
        "subject": entry.subject,
        "because": entry.because,
        "against": entry.against,
        "explains": entry.explains,
    }
