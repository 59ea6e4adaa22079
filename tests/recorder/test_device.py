"""The path of a GPU, run on the CPU: nothing that a training step does may wait for the device, and the log must say what the CPU path says.

On a GPU the recorder asks for values by copies that it looks at later. Here every tensor is declared to be away, and whatever would make the host
wait is refused: reading a value back, an operation whose result's shape depends on values, and memory shared with numpy.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from recorder import Recorder, fetch
from recorder.fetch import Fetcher
from tests.recorder.recorded import events, metric, rows

WAITING_OPERATIONS = {
    "_local_scalar_dense", "is_nonzero", "equal", "nonzero", "nonzero_static", "masked_select", "bincount", "_unique", "_unique2", "unique_dim",
    "unique_consecutive", "repeat_interleave", "allclose", "_assert_async", "_to_cpu",
}  # fmt: skip
WAITING_METHODS = ("item", "tolist", "numpy", "__bool__", "__int__", "__float__", "__index__", "__array__", "cpu")


class Waited(RuntimeError):
    """Something would have waited for the device."""


class NoWaiting(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func._schema.name.removeprefix("aten::")
        by_mask = name in ("index", "index_put", "index_put_") and any(part is not None and part.dtype in (torch.bool, torch.uint8) for part in args[1])
        if name in WAITING_OPERATIONS or by_mask:
            raise Waited(str(func))
        return func(*args, **(kwargs or {}))


@contextlib.contextmanager
def away(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every tensor is on a device: nothing may wait for it but the copies that have arrived."""
    arrived = 0

    def drain(self: Fetcher, wait: bool = False) -> None:
        nonlocal arrived
        arrived += 1
        try:
            with torch.utils._python_dispatch._disable_current_modes():
                original_drain(self, wait)
        finally:
            arrived -= 1

    def refused(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
            if arrived:
                return original(self, *args, **kwargs)
            raise Waited(name)

        return method

    original_drain = Fetcher.drain
    with patch.context() as inside:
        inside.setattr(fetch, "at_once", lambda tensor: False)
        inside.setattr(Fetcher, "drain", drain)
        for name in WAITING_METHODS:
            inside.setattr(Tensor, name, refused(name, getattr(Tensor, name)), raising=False)
        with NoWaiting():
            yield


def mlp(outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(12, 32), nn.Tanh(), nn.Linear(32, 300), nn.ReLU(), nn.Linear(300, outputs))


def cnn(outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Unflatten(1, (3, 2, 2)), nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.1), nn.Flatten(), nn.Linear(32, outputs)
    )


class Attention(nn.Module):
    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.into, self.norm, self.out = nn.Linear(12, 48), nn.LayerNorm(16), nn.Linear(16, outputs)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.into(x).view(len(x), 3, 16).transpose(0, 1)
        return self.out(self.norm(F.softmax(q @ k.T / 4, -1) @ v + F.gelu(v)))


class Words(nn.Module):
    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.embed, self.rnn, self.out = nn.Embedding(50, 8, sparse=False), nn.GRU(8, 16, batch_first=True), nn.Linear(16, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.rnn(self.embed(x.abs().mul(20).long().clamp(max=49)))[0][:, -1])


@dataclass(frozen=True)
class Task:
    """A loss, and targets for inputs [16, 12]; `shape` is what the model's 4 outputs a sample, or 4 a place, are read as."""

    loss: str
    losses: Callable[[Tensor, Tensor], Tensor]
    target: Callable[[Tensor], Tensor]
    outputs: int = 4
    shape: tuple[int, ...] = (4,)
    options: dict[str, Any] = field(default_factory=dict)


def classes(z: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(z, y, reduction="none")


def token_losses(z: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(z.transpose(1, 2), y, reduction="none")


def largest(x: Tensor, *shape: int) -> Tensor:
    """Class numbers 0..3 that the inputs hold."""
    return x.view(16, -1, 4)[:, : math.prod(shape)].argmax(-1).view(16, *shape)


TASKS = {
    "classification": Task("cross_entropy", classes, largest, options={"classes": list("abcd")}),
    "regression": Task("mse_loss", lambda z, y: (z - y).square().mean(1), lambda x: x[:, :4]),
    "multilabel": Task(
        "binary_cross_entropy_with_logits",
        lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="none"),
        lambda x: (x[:, :4] > 0).float(),
    ),
    "language_model": Task("cross_entropy", token_losses, lambda x: largest(x, 3), 12, (3, 4)),
    "segmentation": Task("cross_entropy", classes, lambda x: largest(x, 1, 3), 12, (4, 1, 3)),
}


def train(folder: Path, build: Callable[[int], nn.Module], every: int | None, task: str, during: contextlib.AbstractContextManager[None] | None = None) -> None:
    torch.manual_seed(0)
    wanted = TASKS[task]
    model = build(wanted.outputs)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2, momentum=0.9)  # Adam reads its count of steps, which is on the CPU anyway
    batches = [torch.randn(16, 12) for _ in range(8)]

    def look(x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        out, target = model(x).view(16, *wanted.shape), wanted.target(x)
        losses = wanted.losses(out, target)
        return losses.mean(), {"loss": losses, "prediction": out, "target": target}

    with Recorder(folder, model, optimizer, every=every, task=task, loss=wanted.loss, **wanted.options) as rec, during or contextlib.nullcontext():
        rec.epoch = 0
        for step, x in enumerate(batches):
            loss, samples = look(x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rec.log(loss=loss)
            rec.samples(list(range(16 * step, 16 * step + 16)), **samples, meta={"half": [step // 4] * 16})
        model.eval()
        with rec.split("valid"), torch.no_grad():
            loss, samples = look(batches[0])
            rec.log(loss=loss)
            rec.samples(list(range(16)), **samples)


@pytest.mark.parametrize("every", [1, 3, None])
@pytest.mark.parametrize("build", [mlp, cnn, Attention, Words])
def test_no_step_waits_for_the_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, build: Callable[[int], nn.Module], every: int | None) -> None:
    train(tmp_path / "run", build, every, "classification", away(monkeypatch))
    assert events(tmp_path / "run", "recorder_error") == []
    assert set(metric(tmp_path / "run", "loss")) == set(range(8))


@pytest.mark.parametrize(("build", "task"), [*((build, "classification") for build in (cnn, Attention, Words)), *((mlp, task) for task in TASKS)])
def test_the_log_is_that_of_a_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, build: Callable[[int], nn.Module], task: str) -> None:
    train(tmp_path / "cpu", build, 2, task)
    train(tmp_path / "device", build, 2, task, away(monkeypatch))
    assert events(tmp_path / "device", "recorder_error") == []
    for table, keys in {
        "stats": ("step", "split", "tensor_id"),
        "samples": ("split", "pass", "batch", "position"),
        "metrics": ("step", "split", "name"),
    }.items():
        here, there = ({tuple(row[key] for key in keys): row for row in rows(tmp_path / run, table)} for run in ("cpu", "device"))
        kept = [key for key in here if not str(key[-1]).endswith("_seconds")]
        assert kept and set(kept) == {key for key in there if not str(key[-1]).endswith("_seconds")}
        for key in kept:
            assert_same({**here[key], "seconds": 0}, {**there[key], "seconds": 0}, (table, key))


def assert_same(here: dict[str, Any], there: dict[str, Any], where: object) -> None:
    assert here.keys() == there.keys()
    for name, value in here.items():
        if isinstance(value, float):
            assert there[name] == pytest.approx(value, rel=1e-4, abs=1e-6, nan_ok=True), (where, name)
        else:
            assert there[name] == value, (where, name)


@pytest.mark.parametrize(
    "waits",
    [
        lambda x: x.sum().item(),
        lambda x: bool(x.any()),
        lambda x: x.numpy(),
        lambda x: x[x > 0],
        lambda x: x.tolist(),
        lambda x: torch.nonzero(x),
        lambda x: x.cpu(),
    ],
)
def test_waiting_is_noticed(monkeypatch: pytest.MonkeyPatch, waits: Callable[[Tensor], Any]) -> None:
    x = torch.randn(4)
    with away(monkeypatch), pytest.raises(Waited):
        waits(x)
    assert x.sum().item() == pytest.approx(sum(x.tolist()), rel=1e-5)
