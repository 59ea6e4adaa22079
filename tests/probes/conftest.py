from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from recorder import Recorder


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture
def rec(tmp_path: Path) -> Iterator[Recorder]:
    with Recorder(tmp_path / "run") as recorder:
        yield recorder
