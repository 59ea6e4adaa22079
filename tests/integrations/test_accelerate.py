from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from recorder import with_ids
from recorder.integrations.accelerate import record

from .rows import (
    assert_every_strategy_has_its_signals,
    assert_loss_is_that_of_the_samples,
    learning_rates,
    messages,
    rows,
    skipped_steps,
    steps_of_samples,
)


def train(folder: Path, accumulation: int = 1, recorded: bool = True, overflow_at: int | None = None, fail_at: int | None = None) -> nn.Module:
    """Two epochs of three batches. The backward pass of the batch `overflow_at` is infinite, and the scaler on the CPU skips its step."""
    torch.manual_seed(0)
    model: nn.Module = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
    x = torch.randn(12, 6)
    dataset = with_ids(TensorDataset(x, (x[:, 0] > 0).long()), "toy")
    accelerator = Accelerator(cpu=True, gradient_accumulation_steps=accumulation)
    if overflow_at is not None:
        accelerator.scaler, accelerator.native_amp = torch.amp.GradScaler("cpu", init_scale=8.0), True
        accelerator.state._mixed_precision = "fp16"
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    model, optimizer, loader, schedule = accelerator.prepare(model, optimizer, DataLoader(dataset, batch_size=4, shuffle=True), schedule)
    rec = record(accelerator, folder / "run", model, optimizer, every=1) if recorded else None
    for epoch in range(2):
        for batch, (ids, inputs, labels) in enumerate(loader, 3 * epoch):
            if batch == fail_at:
                raise RuntimeError("the disk is on fire")
            with accelerator.accumulate(model):
                logits = model(inputs)
                losses = F.cross_entropy(logits, labels, reduction="none")
                accelerator.backward(losses.mean() * (torch.inf if batch == overflow_at else 1.0))
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
            if rec is not None:
                rec.epoch = epoch
                rec.samples(ids, loss=losses, prediction=logits, target=labels, inputs=inputs)
                accelerator.log({"loss": losses.mean().item(), "note": "no number"})
        if rec is not None:
            with rec.split("valid"), torch.no_grad():
                model.eval()
                logits = model(x)
                losses = F.cross_entropy(logits, (x[:, 0] > 0).long(), reduction="none")
                rec.samples([f"toy:{row}" for row in range(12)], loss=losses, prediction=logits, target=(x[:, 0] > 0).long())
                accelerator.log({"loss": losses.mean().item()})
                model.train()
    accelerator.end_training()
    return model


def test_one_line_brings_every_signal(tmp_path: Path) -> None:
    train(tmp_path)
    assert_every_strategy_has_its_signals(tmp_path / "run", 6, {f"toy:{index}" for index in range(12)})
    assert_loss_is_that_of_the_samples(tmp_path / "run")
    assert {row["name"] for row in rows(tmp_path / "run", "metrics") if row["split"] == "valid"} == {"loss"}
    assert learning_rates(tmp_path / "run") == pytest.approx([0.1 * 0.5**step for step in range(6)])
    assert {row["epoch"] for row in rows(tmp_path / "run", "samples")} == {0, 1}


def test_accumulation_is_one_step(tmp_path: Path) -> None:
    train(tmp_path, accumulation=3)
    assert {row["step"] for row in rows(tmp_path / "run", "stats")} == {0, 1}
    assert len([row for row in rows(tmp_path / "run", "samples") if row["split"] == "train" and row["step"] == 0]) == 12


@pytest.mark.parametrize("accumulation", [1, 3])
def test_skipped_steps(tmp_path: Path, accumulation: int) -> None:
    train(tmp_path, accumulation, overflow_at=1)
    assert skipped_steps(tmp_path / "run") == [1 // accumulation]
    assert steps_of_samples(tmp_path / "run") == [4 * accumulation] * (6 // accumulation)


def test_an_exception_that_ends_the_program_is_in_the_log(tmp_path: Path) -> None:
    program = f"from pathlib import Path; from tests.integrations.test_accelerate import train; train(Path({str(tmp_path)!r}), fail_at=4)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 1 and "the disk is on fire" in ended.stderr
    assert messages(tmp_path / "run", "exception") == ["RuntimeError: the disk is on fire"]
    assert messages(tmp_path / "run", "finished") == []


def test_weights_are_the_same_with_and_without_it(tmp_path: Path) -> None:
    plain, recorded = train(tmp_path, recorded=False), train(tmp_path)
    assert all(torch.equal(one, other) for one, other in zip(plain.state_dict().values(), recorded.state_dict().values(), strict=True))
