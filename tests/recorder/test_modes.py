"""Which modules make it matter whether a model is in training or in evaluation mode."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from recorder import Recorder
from recorder.modes import acts_by_mode
from tests.recorder.recorded import events

ACT = {
    "batch norm": nn.BatchNorm1d(3),
    "instance norm that tracks": nn.InstanceNorm1d(3, track_running_stats=True),
    "dropout": nn.Dropout2d(0.1),
    "recurrent dropout": nn.LSTM(3, 3, num_layers=2, dropout=0.1),
    "attention with dropout": nn.MultiheadAttention(4, 2, dropout=0.1),
    "random slopes": nn.RReLU(),
}
DO_NOT = {
    "batch norm without statistics": nn.BatchNorm1d(3, track_running_stats=False),
    "instance norm": nn.InstanceNorm1d(3),
    "layer norm": nn.LayerNorm(3),
    "dropout of nothing": nn.Dropout(0.0),
    "recurrent without dropout": nn.GRU(3, 3, num_layers=2),
    "attention without dropout": nn.MultiheadAttention(4, 2),
    "linear": nn.Linear(3, 3),
}


@pytest.mark.parametrize("name", ACT)
def test_what_acts_by_mode(name: str) -> None:
    assert acts_by_mode(ACT[name])


@pytest.mark.parametrize("name", DO_NOT)
def test_what_does_not(name: str) -> None:
    assert not acts_by_mode(DO_NOT[name])


@pytest.mark.parametrize(("layer", "sensitive"), [(nn.Dropout(0.0), 0), (nn.Dropout(0.5), 1)])
def test_the_log_counts_them(tmp_path: Path, layer: nn.Module, sensitive: int) -> None:
    model = nn.Sequential(nn.Linear(3, 2), layer)
    with Recorder(tmp_path / "run", model) as rec, rec.split("valid"), torch.no_grad():
        model(torch.ones(2, 3))
    [(_, details)] = events(tmp_path / "run", "mode")
    assert (details["training"], details["sensitive_modules"]) == (True, sensitive)


class Wrapped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)


@pytest.mark.parametrize(
    ("frozen", "training", "exceptions"),
    [([], True, []), (["net"], False, []), (["net.1"], True, ["net.1"]), (["net.0", "net.1"], True, ["net.1"])],
    ids=["all in training", "all of the inner model left in evaluation", "statistics frozen on purpose", "a body frozen on purpose"],
)
def test_layers_frozen_on_purpose_are_exceptions(tmp_path: Path, frozen: list[str], training: bool, exceptions: list[str]) -> None:
    model = Wrapped()
    for name in frozen:
        model.get_submodule(name).eval()
    with Recorder(tmp_path / "run", model, torch.optim.SGD(model.parameters(), lr=0.1)):
        model(torch.randn(4, 3))
    [(_, details)] = events(tmp_path / "run", "mode")
    assert (details["training"], details["modules"]) == (training, exceptions)
