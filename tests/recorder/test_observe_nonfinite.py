"""The first tensor that holds a NaN or an infinity, by step and name, whatever the interval."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recorder import Recorder, fetch
from tests.recorder.recorded import events, rows, stats

FAULT = 7
"""The step at which something goes wrong: recorded in full by none of the intervals."""


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.head = nn.Linear(4, 6), nn.LayerNorm(6), nn.Linear(6, 2)
        self.register_buffer("mask", torch.tensor([0.0, -math.inf]))
        self.fault = ""

    def forward(self, x: Tensor) -> Tensor:
        hidden = torch.tanh(self.first(x))
        hidden = self.norm(hidden)
        if self.fault == "root of zero":
            hidden = hidden + (hidden[:1] * 0.0).abs().sqrt()
        out = self.head(hidden)
        return torch.log(out - 1e6) if self.fault == "log" else out


def poison(net: Net, what: str) -> None:
    with torch.no_grad():
        if what == "weight":
            net.head.weight[0, 0] = math.nan
        elif what == "infinite weight":
            net.first.bias[1] = math.inf
        elif what == "buffer":
            net.mask[0] = math.nan
        elif what == "overflow":
            net.norm.weight.fill_(3e38)
            net.norm.bias.fill_(3e38)
        else:
            net.fault = what


def train(run: Path, what: str, every: int | None, samples: int = 8, steps: int = 10) -> None:
    torch.manual_seed(0)
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    with Recorder(run, net, optimizer, every=every) as rec:
        for step in range(steps):
            x = torch.randn(samples, 4)
            if step == FAULT and what == "input":
                x[3, 2] = math.inf
            elif step == FAULT:
                poison(net, what)
            loss = F.cross_entropy(net(x), torch.randint(0, 2, (samples,)))
            if step == FAULT and what == "loss":
                loss = loss * math.nan
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rec.log(loss=loss)


@pytest.mark.parametrize("every", [1, 5, 1000])
@pytest.mark.parametrize(
    ("what", "kind", "name", "module"),
    [
        ("input", "input", "x", ""),
        ("weight", "weight", "head.weight", "head"),
        ("infinite weight", "weight", "first.bias", "first"),
        ("overflow", "activation", "norm", "norm"),
        ("log", "activation", "output", ""),
        ("loss", "loss", "loss", ""),
        ("root of zero", "gradient", "norm.weight", "norm"),
    ],
)
def test_is_named_with_its_step(tmp_path: Path, what: str, kind: str, name: str, module: str, every: int) -> None:
    train(tmp_path / "run", what, every)
    step, details = events(tmp_path / "run", "nonfinite")[0]
    assert step == FAULT
    assert not nn.modules.module._global_forward_hooks and not nn.modules.module._global_forward_pre_hooks
    if what == "root of zero" and every == 1:
        assert details["kind"] == "activation_gradient", "read only where the step was recorded in full from its beginning"
        return
    assert (details["kind"], details["tensor"], details["module"]) == (kind, name, module)
    assert details["count"] >= 1


def test_the_step_is_recorded_in_full_and_a_burst_follows(tmp_path: Path) -> None:
    train(tmp_path / "run", "weight", every=1000, steps=16)
    found = stats(tmp_path / "run", "weight", "head.weight")
    assert list(found) == [0, *range(FAULT, FAULT + 6)]
    assert found[FAULT]["nonfinite"] == 1 and found[FAULT]["count"] == 12
    assert set(stats(tmp_path / "run", "gradient", "first.weight")) >= {FAULT}
    assert set(stats(tmp_path / "run", "activation", "head")) >= {FAULT}


def test_minus_infinity_in_a_mask_and_before_a_softmax_is_no_fault(tmp_path: Path) -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q = nn.Linear(4, 4)
            self.register_buffer("mask", torch.full((5, 5), -math.inf).triu(1))

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            scores = (self.q(x) @ x.transpose(-1, -2) + self.mask + mask).softmax(-1)
            return scores @ x

    model = Attention()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with Recorder(tmp_path / "run", model, optimizer, every=2):
        for _ in range(4):
            optimizer.zero_grad()
            model(torch.randn(2, 5, 4), torch.full((5, 5), -math.inf).triu(1)).sum().backward()
            optimizer.step()
    assert events(tmp_path / "run", "nonfinite") == []
    assert rows(tmp_path / "run", "stats")


def test_huge_finite_gradients_are_not_taken_for_infinite_ones(tmp_path: Path) -> None:
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with Recorder(tmp_path / "run", model, optimizer, every=1000) as rec:
        for step in range(3):
            optimizer.zero_grad()
            (model(torch.full((2, 3), 1e15)) * (1e10 if step == 2 else 1.0)).sum().backward()
            optimizer.step()
            rec.log(loss=1.0)
    assert events(tmp_path / "run", "nonfinite") == []
    norms = [row["value"] for row in rows(tmp_path / "run", "metrics") if row["name"] == "gradient_norm"]
    assert norms[2] == pytest.approx(math.sqrt(3) * 2e25, rel=1e-3)


def test_a_loop_that_stops_at_a_nan_still_has_it_in_the_log(tmp_path: Path) -> None:
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    with Recorder(tmp_path / "run", net, optimizer, every=1000):
        for step in range(5):
            if step == 3:
                poison(net, "overflow")
            out = net(torch.randn(8, 4))
            if not torch.isfinite(out).all():
                break
            optimizer.zero_grad()
            out.sum().backward()
            optimizer.step()
    assert [(step, details["tensor"]) for step, details in events(tmp_path / "run", "nonfinite")] == [(3, "norm")]


@pytest.mark.parametrize(("what", "kind", "name"), [("input", "input", "x"), ("overflow", "activation", "norm"), ("root of zero", "gradient", "norm.weight")])
def test_is_named_where_values_are_fetched_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, kind: str, name: str) -> None:
    """The path of a GPU, run on the CPU."""
    monkeypatch.setattr(fetch, "at_once", lambda tensor: False)
    train(tmp_path / "run", what, every=1000)
    step, details = events(tmp_path / "run", "nonfinite")[0]
    assert (step, details["kind"], details["tensor"]) == (FAULT, kind, name)


def test_an_evaluation_that_is_not_finite_names_its_split(tmp_path: Path) -> None:
    net = Net()
    with Recorder(tmp_path / "run", net, torch.optim.SGD(net.parameters(), lr=0.1)) as rec, torch.no_grad():
        with rec.split("valid"):
            net(torch.randn(3, 4))
        poison(net, "log")
        with rec.split("test"):
            net(torch.randn(3, 4))
    [(step, details)] = events(tmp_path / "run", "nonfinite")
    assert (step, details["split"], details["tensor"]) == (None, "test", "output")
