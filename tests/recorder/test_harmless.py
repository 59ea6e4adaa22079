"""Weights, losses and random state are bit-identical with the recorder on and off, whatever is trained and however."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from recorder import Recorder
from tests.recorder.recorded import events, names, rows, stats

Parts = tuple[Any, Any]
Loop = Callable[[Any, Any], Iterator[float]]
"""Takes model and optimizer (or lists of them) and yields the loss after each step."""


def outcome(build: Callable[[], Parts], loop: Loop, run: Path | None, every: int | None = 1) -> tuple[list[Tensor], list[float], Tensor]:
    torch.manual_seed(0)
    model, optimizer = build()
    losses = []
    if run is None:
        losses = list(loop(model, optimizer))
    else:
        with Recorder(run, model, optimizer, every=every) as rec:
            for loss in loop(model, optimizer):
                losses.append(loss)
                rec.log(loss=loss)
    models = model if isinstance(model, list) else [model]
    values = [value.clone() for part in models for value in part.state_dict().values()]
    values += [parameter.grad.to_dense().clone() for part in models for parameter in part.parameters() if parameter.grad is not None]
    return values, losses, torch.get_rng_state()


def assert_harmless(build: Callable[[], Parts], loop: Loop, folder: Path) -> None:
    without = outcome(build, loop, None)
    for every in (1, 3):
        values, losses, state = outcome(build, loop, folder / f"every{every}", every)
        assert len(values) == len(without[0]) and all(torch.equal(a, b) for a, b in zip(without[0], values, strict=True))
        assert losses == without[1] and torch.equal(state, without[2])
        assert events(folder / f"every{every}", "recorder_error") == []
        assert rows(folder / f"every{every}", "stats")


def ordinary(*shape: int, classes: int = 3, steps: int = 4, evaluate: bool = True) -> Loop:
    def loop(model: Any, optimizer: Any) -> Iterator[float]:
        for _ in range(steps):
            x, y = torch.randn(*shape), torch.randint(0, classes, (shape[0],))
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            yield loss.item()
        if evaluate:
            model.eval()
            with torch.no_grad():
                yield model(torch.randn(*shape)).sum().item()
            model.train()

    return loop


def built(model: nn.Module, kind: Any = torch.optim.Adam, **settings: Any) -> Parts:
    return model, kind(model.parameters(), **settings)


class Sequence(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.gru, self.head = nn.LSTM(5, 8, batch_first=True, num_layers=2, dropout=0.2), nn.GRU(8, 4, batch_first=True), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.gru(self.lstm(x)[0])[0][:, -1])


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.qkv, self.norm, self.head = nn.Linear(5, 8), nn.Linear(8, 24), nn.LayerNorm(8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x)
        q, k, v = self.qkv(self.norm(x)).chunk(3, -1)
        x = x + F.dropout(F.scaled_dot_product_attention(q, k, v, is_causal=True), 0.1, self.training)
        return self.head(F.gelu(x).mean(1))


class Words(nn.Module):
    """Sparse gradients, tied weights, a frozen layer and one that is not used."""

    def __init__(self, sparse: bool) -> None:
        super().__init__()
        self.embed, self.body, self.unused = nn.Embedding(40, 6, sparse=sparse), nn.Linear(6, 6).requires_grad_(False), nn.Linear(2, 2)
        self.head = nn.Linear(6, 40, bias=False)
        if not sparse:
            self.head.weight = self.embed.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(self.embed((x.abs() * 10).long().clamp(max=39))).mean(1))


def cnn() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Dropout(0.3), nn.Flatten(), nn.Linear(4 * 9, 3))


def encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    return nn.Sequential(nn.Linear(5, 8), nn.TransformerEncoder(layer, 2), nn.Flatten(), nn.Linear(7 * 8, 3))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(inplace=True), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 3))


class InDouble(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = mlp().double()

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x.double())


TRAININGS: dict[str, tuple[Callable[[], Parts], Loop]] = {
    "mlp": (lambda: built(mlp()), ordinary(6, 5)),
    "cnn": (lambda: built(cnn(), torch.optim.SGD, lr=0.1, momentum=0.9), ordinary(6, 3, 8, 8)),
    "channels last": (lambda: built(cnn().to(memory_format=torch.channels_last)), ordinary(6, 3, 8, 8)),
    "recurrent": (lambda: built(Sequence()), ordinary(4, 7, 5)),
    "attention": (lambda: built(Attention(), torch.optim.AdamW), ordinary(4, 7, 5)),
    "encoder with a fast path": (lambda: built(encoder(), torch.optim.AdamW), ordinary(4, 7, 5)),
    "sparse": (lambda: built(Words(sparse=True), torch.optim.SGD, lr=0.1), ordinary(4, 7, classes=40)),
    "tied, frozen, unused": (lambda: built(Words(sparse=False), torch.optim.SGD, lr=0.1), ordinary(4, 7, classes=40)),
    "fused": (lambda: built(mlp(), torch.optim.AdamW, fused=True), ordinary(6, 5)),
    "foreach": (lambda: built(mlp(), torch.optim.AdamW, foreach=True), ordinary(6, 5)),
    "double": (lambda: built(InDouble()), ordinary(6, 5)),
}


@pytest.mark.parametrize("name", TRAININGS)
def test_an_ordinary_training(tmp_path: Path, name: str) -> None:
    assert_harmless(*TRAININGS[name], tmp_path)


def test_two_optimizers_in_turn(tmp_path: Path) -> None:
    def build() -> Parts:
        maker, judge = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)), nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(), nn.Linear(8, 1))
        return [maker, judge], [torch.optim.Adam(maker.parameters()), torch.optim.Adam(judge.parameters())]

    def loop(models: Any, optimizers: Any) -> Iterator[float]:
        (maker, judge), (first, second) = models, optimizers
        for _ in range(4):
            second.zero_grad()
            loss = F.softplus(-judge(torch.randn(8, 2))).mean() + F.softplus(judge(maker(torch.randn(8, 4)).detach())).mean()
            loss.backward()
            second.step()
            first.zero_grad()
            loss = F.softplus(-judge(maker(torch.randn(8, 4)))).mean()
            loss.backward()
            first.step()
            yield loss.item()

    assert_harmless(build, loop, tmp_path)
    assert events(tmp_path / "every1", "gradients_kept") == [], "gradients that another loss left behind are nobody's mistake"
    assert set(stats(tmp_path / "every1", "update", "0.weight")) == set(range(4))


def test_accumulation(tmp_path: Path) -> None:
    def loop(model: Any, optimizer: Any) -> Iterator[float]:
        for _ in range(3):
            optimizer.zero_grad()
            for _ in range(3):
                loss = F.cross_entropy(model(torch.randn(6, 5)), torch.randint(0, 3, (6,))) / 3
                loss.backward()
            optimizer.step()
            yield loss.item()

    assert_harmless(lambda: built(mlp()), loop, tmp_path)
    assert events(tmp_path / "every1", "skipped_step") == [] and set(stats(tmp_path / "every1", "weight", "0.weight")) == {0, 1, 2}


def test_a_closure(tmp_path: Path) -> None:
    def loop(model: Any, optimizer: Any) -> Iterator[float]:
        x, y = torch.randn(16, 5), torch.randint(0, 3, (16,))

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            return loss

        for _ in range(3):
            yield optimizer.step(closure).item()

    assert_harmless(lambda: built(mlp(), torch.optim.LBFGS, max_iter=4), loop, tmp_path)


@pytest.mark.parametrize(("dtype", "fused"), [(torch.bfloat16, False), (torch.float16, False), (torch.float16, True)])
def test_reduced_precision_with_a_scaler_that_skips(tmp_path: Path, dtype: torch.dtype, fused: bool) -> None:
    half = dtype is torch.float16

    def loop(model: Any, optimizer: Any) -> Iterator[float]:
        scaler = torch.amp.GradScaler("cpu", enabled=half, growth_interval=3)
        for number in range(5):
            x, y = torch.randn(8, 5), torch.randint(0, 3, (8,))
            optimizer.zero_grad()
            with torch.autocast("cpu", dtype):
                loss = F.cross_entropy(model(x), y) * (1e6 if half and number == 2 else 1.0)
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            yield loss.item()

    assert_harmless(lambda: built(mlp(), torch.optim.AdamW, fused=fused), loop, tmp_path)
    for every in (1, 3):
        run = tmp_path / f"every{every}"
        assert [step for step, _ in events(run, "skipped_step")] == ([2] if half else [])
        assert 2 not in stats(run, "update", "0.weight") or not half
        assert [step for step, _ in events(run, "optimizer_state")] == [0]
    norms = {row["step"]: row["value"] for row in rows(tmp_path / "every1", "metrics") if row["name"] == "gradient_norm"}
    assert all(norms[step] < 10 for step in (0, 1, 3, 4)), "gradients are recorded as the optimizer uses them, not scaled"


@pytest.mark.parametrize("reentrant", [True, False])
def test_activation_checkpointing(tmp_path: Path, reentrant: bool) -> None:
    class Checkpointed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(5, 8), nn.Linear(8, 3)
            self.body = nn.Sequential(nn.Linear(8, 8), nn.ReLU(inplace=True), nn.Dropout(0.2))

        def forward(self, x: Tensor) -> Tensor:
            return self.last(checkpoint(self.body, torch.tanh(self.first(x)), use_reentrant=reentrant))

    assert_harmless(lambda: built(Checkpointed()), ordinary(6, 5, evaluate=False), tmp_path)
    assert {row["count"] for row in stats(tmp_path / "every1", "activation", "body.1").values()} == {48}, "the repeated forward is not counted"


def test_copies_are_silent(tmp_path: Path) -> None:
    def loop(model: Any, optimizer: Any) -> Iterator[float]:
        buffer = io.BytesIO()
        torch.save(model, buffer)
        buffer.seek(0)
        copies = [copy.deepcopy(model), torch.load(buffer, weights_only=False), pickle.loads(pickle.dumps(model))]
        pickle.dumps(optimizer)
        for _ in range(3):
            x = torch.randn(6, 5)
            for other in copies:
                other(x)
            optimizer.zero_grad()
            loss = model(x).square().mean()
            loss.backward()
            optimizer.step()
            yield loss.item()

    assert_harmless(lambda: built(mlp()), loop, tmp_path)
    assert {row["count"] for row in stats(tmp_path / "every1", "input", "input").values()} == {30}


def test_functional_transforms(tmp_path: Path) -> None:
    def loop(model: Any, optimizer: Any) -> Iterator[float]:
        for _ in range(3):
            x = torch.randn(6, 5)
            weights = {name: parameter.detach() for name, parameter in model.named_parameters()}
            slopes = torch.func.grad(lambda w, x=x: torch.func.functional_call(model, w, (x,)).sum())(weights)
            rows_one_by_one = torch.func.vmap(lambda row: model(row))(x)
            optimizer.zero_grad()
            loss = model(x).square().mean()
            loss.backward()
            optimizer.step()
            yield loss.item() + slopes["0.weight"].sum().item() + rows_one_by_one.sum().item()

    def plain() -> nn.Module:
        return nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3))

    assert_harmless(lambda: built(plain()), loop, tmp_path)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("fullgraph", [False, True])
def test_compiled_models(tmp_path: Path, late: bool, fullgraph: bool) -> None:
    """One graph, no break, no recompilation; the log says what is not seen."""
    graphs = []

    def backend(graph: Any, inputs: Any) -> Any:
        graphs.append(graph)
        return graph.forward

    def build() -> Parts:
        torch._dynamo.reset()
        model, optimizer = built(mlp())
        return (model if late else torch.compile(model, backend=backend, fullgraph=fullgraph)), optimizer

    def loop(model: Any, optimizer: Any) -> Iterator[float]:
        compiled = torch.compile(model, backend=backend, fullgraph=fullgraph) if late else model
        for _ in range(3):
            optimizer.zero_grad()
            loss = compiled(torch.randn(6, 5)).square().mean()
            loss.backward()
            optimizer.step()
            yield loss.item()

    assert_harmless(build, loop, tmp_path)
    assert len(graphs) == 3, "one for each of the three runs"
    assert [details["what"] for _, details in events(tmp_path / "every1", "not_recorded")] == ["activations"]
    assert set(names(tmp_path / "every1", "update")) == {"0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"}


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # by torch's own tracing, with and without us
def test_a_model_with_one_compiled_part(tmp_path: Path) -> None:
    graphs = []

    def backend(graph: Any, inputs: Any) -> Any:
        graphs.append(graph)
        return graph.forward

    def build() -> Parts:
        torch._dynamo.reset()
        part = torch.compile(nn.Sequential(nn.Linear(8, 8), nn.Tanh()), backend=backend, fullgraph=True)
        return built(nn.Sequential(nn.Linear(5, 8), nn.ReLU(), part, nn.Linear(8, 3)))

    assert_harmless(build, ordinary(6, 5, evaluate=False), tmp_path)
    assert len(graphs) == 3, "one for each of the three runs: recorded steps compile nothing anew"
    assert set(stats(tmp_path / "every1", "input", "input")) == set(range(4))
    assert "2.0.weight" in names(tmp_path / "every1", "weight")


def test_a_model_that_moves_between_types(tmp_path: Path) -> None:
    def loop(model: Any, optimizer: Any) -> Iterator[float]:
        for number in range(4):
            model.to(torch.float64 if number % 2 else torch.float32)
            optimizer.zero_grad()
            loss = model(torch.randn(6, 5, dtype=model[0].weight.dtype)).square().mean()
            loss.backward()
            optimizer.step()
            yield loss.item()

    assert_harmless(lambda: built(mlp(), torch.optim.SGD, lr=0.1), loop, tmp_path)


def test_the_loader_with_workers_by_fork(tmp_path: Path) -> None:
    from torch.utils.data import DataLoader, TensorDataset

    def loop(model: Any, optimizer: Any) -> Iterator[float]:
        data = TensorDataset(torch.arange(60.0).view(12, 5) / 60, torch.arange(12) % 3)
        for x, y in DataLoader(data, batch_size=4, shuffle=True, num_workers=1, multiprocessing_context="fork"):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            yield loss.item()

    assert_harmless(lambda: built(mlp()), loop, tmp_path)


def test_beside_another_watcher(tmp_path: Path) -> None:
    """Hooks of others, a hook that changes the output among them, see and do the same."""
    seen: list[float] = []

    def build() -> Parts:
        model, optimizer = built(mlp())
        model[2].register_forward_hook(lambda module, args, output: output * 1.5)
        model[0].weight.register_hook(lambda gradient: seen.append(gradient.sum().item()))
        return model, optimizer

    assert_harmless(build, ordinary(6, 5), tmp_path)
    assert seen[: len(seen) // 3] == seen[len(seen) // 3 : 2 * len(seen) // 3]
