"""Steps that a gradient scaler skips: each is a step of its own, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from recorder import Recorder
from tests.recorder.log_rows import read


class Inside(nn.Module):
    """Autocast begins within `forward`, where hooks on the model do not see it; accelerate prepares models like this."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 2)

    @torch.autocast("cpu", torch.bfloat16)
    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x)


def train(run: Path, model: nn.Module, bad: set[int], passes: int, accumulated: int, around: Any) -> Recorder:
    """`passes` backward passes, of which the `bad` ones have an infinite gradient; the optimizer steps after every `accumulated`."""
    torch.manual_seed(0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    with Recorder(run, model, optimizer, every=100) as rec:
        for number in range(passes):
            with around:
                output = model(torch.randn(3, 4))
            loss = (output.float() ** 2).mean() * (torch.inf if number in bad else 1.0)
            scaler.scale(loss / accumulated).backward()
            rec.log(loss=number)
            if (number + 1) % accumulated == 0:
                scaler.step(optimizer)
                scaler.update()
                optimizer.zero_grad()
    return rec


def steps_of(run: Path) -> tuple[list[int], list[int]]:
    """The skipped steps, and the step of each pass."""
    losses = [row for row in read(run).to_pylist() if row["name"] == "loss"]
    events = read(run, "events").to_pylist()
    return [row["step"] for row in events if row["kind"] == "skipped_step"], [row["step"] for row in sorted(losses, key=lambda row: row["value"])]


@pytest.mark.parametrize("inside", [False, True])
def test_a_skipped_step_is_one_wherever_autocast_begins(tmp_path, inside):
    model = Inside() if inside else nn.Sequential(nn.Linear(4, 2))
    train(tmp_path, model, {2}, 5, 1, torch.autocast("cpu", torch.bfloat16, enabled=not inside))
    assert steps_of(tmp_path) == ([2], [0, 1, 2, 3, 4])


@pytest.mark.parametrize("bad", [3, 4, 5])
def test_where_gradients_add_up_a_step_is_skipped_once_and_after_its_last_pass(tmp_path, bad):
    train(tmp_path, Inside(), {bad}, 12, 3, torch.autocast("cpu", enabled=False))
    assert steps_of(tmp_path) == ([1], [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
