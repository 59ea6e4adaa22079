from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder import Recorder


@pytest.fixture
def rec(tmp_path: Path) -> Iterator[Recorder]:
    with Recorder(tmp_path / "run") as recorder:
        yield recorder
