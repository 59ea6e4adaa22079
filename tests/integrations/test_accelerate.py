from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from recorder import with_ids
from recorder.integrations.accelerate import record

from .rows import assert_every_strategy_has_its_signals, assert_loss_is_that_of_the_samples, rows


def train(folder: Path, accumulation: int = 1, recorded: bool = True) -> nn.Module:
    torch.manual_seed(0)
    model: nn.Module = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
    x = torch.randn(12, 6)
    dataset = with_ids(TensorDataset(x, (x[:, 0] > 0).long()), "toy")
    accelerator = Accelerator(cpu=True, gradient_accumulation_steps=accumulation)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model, optimizer, loader = accelerator.prepare(model, optimizer, DataLoader(dataset, batch_size=4, shuffle=True))
    rec = record(accelerator, folder / "run", model, optimizer, every=1) if recorded else None
    for epoch in range(2):
        for ids, inputs, labels in loader:
            with accelerator.accumulate(model):
                logits = model(inputs)
                losses = F.cross_entropy(logits, labels, reduction="none")
                accelerator.backward(losses.mean())
                optimizer.step()
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


def test_accumulation_is_one_step(tmp_path: Path) -> None:
    train(tmp_path, accumulation=3)
    assert {row["step"] for row in rows(tmp_path / "run", "stats")} == {0, 1}
    assert len([row for row in rows(tmp_path / "run", "samples") if row["split"] == "train" and row["step"] == 0]) == 12


def test_weights_are_the_same_with_and_without_it(tmp_path: Path) -> None:
    plain, recorded = train(tmp_path, recorded=False), train(tmp_path)
    assert all(torch.equal(one, other) for one, other in zip(plain.state_dict().values(), recorded.state_dict().values(), strict=True))
