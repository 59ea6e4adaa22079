"""The files of others in `reports/static/` are the ones that VENDORED names, with their licence."""

from __future__ import annotations

import hashlib
from importlib.resources import files

STATIC = files("reports").joinpath("static")


def test_vendored_files_are_unchanged() -> None:
    listed = [line.split("  ") for line in STATIC.joinpath("VENDORED").read_text().splitlines() if "  " in line]
    assert sorted(name for _, name in listed) == ["uPlot.LICENSE", "uPlot.iife.min.js", "uPlot.min.css"]
    for digest, name in listed:
        assert hashlib.sha256(STATIC.joinpath(name).read_bytes()).hexdigest() == digest, name


def test_the_version_is_that_of_the_note() -> None:
    assert "uPlot 1.6.32" in STATIC.joinpath("VENDORED").read_text()
    assert "(v1.6.32)" in STATIC.joinpath("uPlot.iife.min.js").read_text()[:100]
    assert "MIT License" in STATIC.joinpath("uPlot.LICENSE").read_text()
