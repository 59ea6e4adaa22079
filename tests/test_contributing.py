"""The worked example of CONTRIBUTING.md works as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from analyzer.check import load_check

from .checks import builder

PAGE = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text()


def block(language: str) -> str:
    [text] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(text)


def test_the_example_check_passes_its_example_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "zero_loss.sql"
    path.write_text(block("sql"))
    monkeypatch.setitem(builder._CHECKS, "zero_loss", load_check(path, "mistakes"))
    tests: dict[str, Any] = {"findings": builder.findings, "healthy_log": builder.healthy_log}
    exec(block("python").replace("from .builder import findings, healthy_log", ""), tests)
    examples = [test for name, test in tests.items() if name.startswith("test_")]
    assert len(examples) == 4
    for example in examples:
        example()
