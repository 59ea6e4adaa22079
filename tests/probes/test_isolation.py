"""A probe leaves no trace: weights, buffers, gradients, modes, optimizer, batch and random state are what they were, and the log has its rows alone."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.dataset as ds
import pytest
import torch
from torch import Tensor, nn

from recorder import Recorder
from recorder.probes import batch_independence, gradient_check, overfit, zero_input

from .models import cross_entropy, vectors

Probe = Callable[[Recorder, nn.Module, torch.optim.Optimizer, Any], Any]

PROBES: dict[str, Probe] = {
    "gradient_check": lambda rec, model, optimizer, batch: gradient_check(rec, model, cross_entropy, batch),
    "overfit": lambda rec, model, optimizer, batch: overfit(rec, model, optimizer, cross_entropy, batch, steps=10),
    "zero_input": lambda rec, model, optimizer, batch: zero_input(rec, model, cross_entropy, batch),
    "batch_independence": lambda rec, model, optimizer, batch: batch_independence(rec, model, batch),
}


def training() -> tuple[nn.Module, torch.optim.Optimizer, tuple[Tensor, Tensor]]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 4))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2, weight_decay=0.1)
    torch.optim.lr_scheduler.StepLR(optimizer, 1)
    cross_entropy(model, vectors(6)).backward()
    optimizer.step()
    model[3].eval()
    return model, optimizer, vectors(6)


def state(model: nn.Module, optimizer: torch.optim.Optimizer, batch: tuple[Tensor, Tensor]) -> dict[str, Any]:
    return {
        "model": {name: tensor.clone() for name, tensor in model.state_dict().items()},
        "gradients": {name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.grad is not None},
        "requires_grad": [parameter.requires_grad for parameter in model.parameters()],
        "modes": [module.training for module in model.modules()],
        "optimizer": json.dumps(optimizer.state_dict(), default=lambda tensor: tensor.tolist()),
        "batch": [tensor.clone() for tensor in batch],
        "torch": torch.get_rng_state(),
        "numpy": np.random.get_state()[1].tolist(),
        "python": random.getstate(),
        "grad_enabled": torch.is_grad_enabled(),
        "default_dtype": torch.get_default_dtype(),
    }


def same(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@pytest.mark.parametrize("probe", PROBES)
@pytest.mark.parametrize("grad_enabled", [True, False])
def test_nothing_of_the_caller_changes(tmp_path: Path, probe: str, grad_enabled: bool) -> None:
    model, optimizer, batch = training()
    with Recorder(tmp_path / "run", model, optimizer) as rec, torch.set_grad_enabled(grad_enabled):
        before = state(model, optimizer, batch)
        PROBES[probe](rec, model, optimizer, batch)
        after = state(model, optimizer, batch)
    assert [key for key in before if not same(before[key], after[key])] == []


@pytest.mark.parametrize("probe", PROBES)
def test_a_failing_probe_changes_nothing_either_and_leaves_one_row(tmp_path: Path, probe: str) -> None:
    model, optimizer, batch = training()
    broken = (batch[0][:, :3], batch[1])
    with Recorder(tmp_path / "run", model, optimizer) as rec:
        before = state(model, optimizer, broken)
        with pytest.warns(RuntimeWarning, match=probe):
            PROBES[probe](rec, model, optimizer, broken)
        after = state(model, optimizer, broken)
    assert [key for key in before if not same(before[key], after[key])] == []
    [row] = ds.dataset(tmp_path / "run" / "probes").to_table().to_pylist()
    assert (row["probe"], row["passed"], row["value"]) == (probe, None, None)
    assert "RuntimeError" in json.loads(row["details"])["error"]


def test_the_log_gets_the_probe_rows_and_nothing_else(tmp_path: Path) -> None:
    """The hooks of the copied model are inert: a probe takes hundreds of steps and none of them is a step of the run."""
    model, optimizer, batch = training()
    with Recorder(tmp_path / "run", model, optimizer, every=1) as rec:
        for probe in PROBES.values():
            probe(rec, model, optimizer, batch)
        optimizer.zero_grad()
        loss = cross_entropy(model, batch)
        loss.backward()
        optimizer.step()
        rec.log(loss=loss)
    stats = ds.dataset(tmp_path / "run" / "stats").to_table().to_pylist()
    metrics = ds.dataset(tmp_path / "run" / "metrics").to_table().to_pylist()
    probes = ds.dataset(tmp_path / "run" / "probes").to_table().to_pylist()
    assert {row["step"] for row in stats} == {0}
    assert [row["value"] for row in metrics if row["name"] == "loss"] == [pytest.approx(loss.item())]
    assert {row["probe"] for row in probes} == set(PROBES)


def test_two_calls_give_the_same_numbers(tmp_path: Path) -> None:
    model, optimizer, batch = training()
    with Recorder(tmp_path / "run", model, optimizer) as rec:
        for probe in PROBES.values():
            assert probe(rec, model, optimizer, batch) == probe(rec, model, optimizer, batch)
