"""Why the analyzer misses what it misses: one sentence a case, printed in docs/accuracy.md."""

EXPLAINED: dict[str, str] = {}
