"""What a recorded step holds, against the values a hand-written loop sees; and what a step is."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recorder import Recorder
from recorder.stats import subset
from tests.recorder.recorded import events, metric, names, rows, stats


class Net(nn.Module):
    """Activations as modules and as functions, one of them in place."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.act, self.second, self.head = nn.Linear(6, 8), nn.ReLU(inplace=True), nn.Linear(8, 5), nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.second(self.act(self.first(x)))))


def batch(number: int, n: int = 16) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(number)
    return torch.randn(n, 6, generator=generator), torch.randint(0, 3, (n,), generator=generator)


def train(run: Path, model: nn.Module, optimizer: torch.optim.Optimizer, steps: int = 3, **settings: Any) -> None:
    with Recorder(run, model, optimizer, **{"every": 1, **settings}) as rec:
        for number in range(steps):
            x, y = batch(number)
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rec.log(loss=loss)


def close(row: dict[str, Any], tensor: Tensor) -> bool:
    """Whether a row of statistics describes this tensor."""
    values = tensor.detach().double().reshape(-1)
    wanted = [values.numel(), values.mean(), values.square().mean().sqrt(), values.abs().mean(), values.min(), values.max()]
    found = [row[name] for name in ("count", "mean", "rms", "abs_mean", "min", "max")]
    return all(math.isclose(a, float(b), rel_tol=1e-4, abs_tol=1e-6) for a, b in zip(found, wanted, strict=True)) and row["zeros"] == int((values == 0).sum())


def test_every_kind_of_tensor_equals_what_a_loop_by_hand_sees(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Net()
    twin = Net()
    twin.load_state_dict(model.state_dict())
    train(tmp_path / "run", model, torch.optim.SGD(model.parameters(), lr=0.5), steps=2)
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.5)
    for step in range(2):
        x, y = batch(step)
        before = {name: parameter.detach().clone() for name, parameter in twin.named_parameters()}
        z1 = twin.first(x)
        a1 = z1.relu()
        z2 = twin.second(a1)
        a2 = z2.tanh()
        out = twin.head(a2)
        for tensor in (a1, a2, out):
            tensor.retain_grad()
        optimizer.zero_grad()
        F.cross_entropy(out, y).backward()
        gradients = {name: parameter.grad.clone() for name, parameter in twin.named_parameters()}
        optimizer.step()
        wanted = {
            ("input", "x"): x,
            ("preactivation", "act"): z1,
            ("activation", "act"): a1,
            ("activation_gradient", "act"): a1.grad,
            ("preactivation", "tanh"): z2,
            ("activation", "tanh"): a2,
            ("activation_gradient", "tanh"): a2.grad,
            ("activation", "head"): out,
            ("activation_gradient", "head"): out.grad,
        }
        for name, parameter in twin.named_parameters():
            wanted |= {("weight", name): before[name], ("gradient", name): gradients[name], ("update", name): parameter.detach() - before[name]}
        for (kind, name), tensor in wanted.items():
            assert close(stats(tmp_path / "run", kind, name)[step], tensor), (step, kind, name)
        norm = math.sqrt(sum(float(gradient.square().sum()) for gradient in gradients.values()))
        assert metric(tmp_path / "run", "gradient_norm")[step] == pytest.approx(norm, rel=1e-5)
    assert {(row["kind"], row["name"]) for row in rows(tmp_path / "run", "tensors")} == set(wanted)


def test_saturated_and_silent_units(tmp_path: Path) -> None:
    model = Net()
    with torch.no_grad():
        model.first.bias.fill_(0.0)
        model.first.bias[:2] = -100.0
        model.second.bias.zero_()
        model.second.bias[0] = 50.0
    train(tmp_path / "run", model, torch.optim.SGD(model.parameters(), lr=1e-4), steps=22)
    relu, tanh = stats(tmp_path / "run", "activation", "act"), stats(tmp_path / "run", "preactivation", "tanh")
    assert [relu[step]["silent_units"] for step in (0, 18, 19, 21)] == [0, 0, 2, 2]
    assert relu[0]["units"] == 8
    before = stats(tmp_path / "run", "preactivation", "act")[0]
    assert before["saturated"] == before["negatives"] >= 32 and before["saturated_units"] >= 2
    assert tanh[0]["saturated"] == 16 and tanh[0]["saturated_units"] == 1 and tanh[0]["units"] == 5


def test_channels_and_a_function_called_twice(tmp_path: Path) -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.head = nn.Conv2d(1, 4, 3), nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            h = F.relu(self.conv(x.view(-1, 1, 2, 3).repeat(1, 1, 2, 2)))
            return self.head(F.relu(h).mean((2, 3)).sigmoid())

    model = Twice()
    train(tmp_path / "run", model, torch.optim.SGD(model.parameters(), lr=0.1))
    assert set(names(tmp_path / "run", "activation")) == {"relu", "relu_2", "sigmoid", "head"}
    assert stats(tmp_path / "run", "activation", "relu")[0]["units"] == 4


def test_softmax_counts_rows_whose_largest_share_is_above_99_percent(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(6, 3), nn.Softmax(dim=-1))
    with torch.no_grad():
        model[0].weight.zero_()
        model[0].bias.copy_(torch.tensor([9.0, 0.0, 0.0]))
    train(tmp_path / "run", model, torch.optim.SGD(model.parameters(), lr=0.0), steps=1)
    assert stats(tmp_path / "run", "activation", "1")[0]["saturated"] == 48


def test_all_calls_of_a_step_are_one_row(tmp_path: Path) -> None:
    model, calls = Net(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with Recorder(tmp_path / "run", model, optimizer, every=1) as rec:
        for step in range(2):
            optimizer.zero_grad()
            for micro in range(3):
                x, y = batch(3 * step + micro, n=4 + micro)
                calls.append(x)
                F.cross_entropy(model(x), y).backward()
            optimizer.step()
            rec.log(loss=1.0)
    for step in range(2):
        assert close(stats(tmp_path / "run", "input", "x")[step], torch.cat(calls[3 * step : 3 * step + 3]))
    assert events(tmp_path / "run", "gradients_kept") == []
    assert list(metric(tmp_path / "run", "loss")) == [0, 1]


def test_a_round_of_two_optimizers_is_a_step(tmp_path: Path) -> None:
    first, second = nn.Linear(6, 2), nn.Linear(2, 2)
    one, two = torch.optim.SGD(first.parameters(), lr=0.1), torch.optim.Adam(second.parameters())
    with Recorder(tmp_path / "run", [first, second], [one, two], every=1) as rec:
        for step in range(3):
            for _ in range(2 if step == 1 else 1):
                one.zero_grad()
                first(batch(step)[0]).square().sum().backward()
                one.step()
            two.zero_grad()
            second(first(batch(step)[0]).detach()).square().sum().backward()
            two.step()
            rec.log(step_by_hand=step)
    assert list(metric(tmp_path / "run", "learning_rate/1")) == [0, 1, 2, 3], "one step more than once is a round of its own"
    assert set(stats(tmp_path / "run", "update", "weight")) == {0, 1, 2, 3}
    assert set(stats(tmp_path / "run", "update", "model1.weight")) == {0, 2, 3}


def test_gradients_that_are_kept_are_noted_with_their_optimizer(tmp_path: Path) -> None:
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with Recorder(tmp_path / "run", model, optimizer, every=10) as rec:
        for step in range(4):
            x, y = batch(step)
            loss = F.cross_entropy(model(x), y)
            if step < 2:
                optimizer.zero_grad(set_to_none=False)
            loss.backward()
            optimizer.step()
            rec.log(loss=loss)
    assert events(tmp_path / "run", "gradients_kept") == [(2, {"optimizer": 0, "times": 1}), (3, {"optimizer": 0, "times": 2})]


@pytest.mark.parametrize("clear", ["none", "zero", "never"])
@pytest.mark.parametrize("model", [nn.Linear(6, 3, bias=False), Net()], ids=["one tensor", "many"])
def test_a_parameter_of_the_loss_alone_has_its_gradient_before_the_model_and_is_no_kept_gradient(tmp_path: Path, model: nn.Module, clear: str) -> None:
    criterion = nn.ParameterDict({"temperature": nn.Parameter(torch.tensor(2.0)), "bias": nn.Parameter(torch.zeros(3))})
    optimizer = torch.optim.SGD([*model.parameters(), *criterion.parameters()], lr=0.01)
    with Recorder(tmp_path / "run", [model, criterion], optimizer, every=2):
        for step in range(4):
            x, y = batch(step)
            F.cross_entropy(model(x) / criterion["temperature"] + criterion["bias"], y).backward()
            optimizer.step()
            if clear != "never":
                optimizer.zero_grad(set_to_none=clear == "none")
    assert [step for step, _ in events(tmp_path / "run", "gradients_kept")] == ([1, 2, 3] if clear == "never" else [])


def test_clearing_after_the_step_is_as_good_as_before_the_backward(tmp_path: Path) -> None:
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with Recorder(tmp_path / "run", model, optimizer):
        for step in range(4):
            x, y = batch(step)
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
            optimizer.zero_grad()
    assert events(tmp_path / "run", "gradients_kept") == []


def test_modes_by_split(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with Recorder(tmp_path / "run", model, optimizer) as rec:
        for step in range(3):
            model.train(step < 2)
            if step == 1:
                model[1].eval()
            optimizer.zero_grad()
            model(batch(step)[0]).sum().backward()
            optimizer.step()
            with rec.split("valid"), torch.no_grad():
                model(batch(9)[0])
    seen = [(step, d["split"], d["training"], d["modules"]) for step, d in events(tmp_path / "run", "mode")]
    assert seen == [
        (0, "train", True, []),
        (0, "valid", True, []),
        (1, "train", True, ["1"]),
        (1, "valid", True, ["1"]),
        (2, "train", False, []),
        (2, "valid", False, []),
    ]


def test_freezing_during_the_run_is_noted(tmp_path: Path) -> None:
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with Recorder(tmp_path / "run", model, optimizer):
        for step in range(3):
            model.first.weight.requires_grad_(step != 1)
            optimizer.zero_grad()
            model(batch(step)[0]).sum().backward()
            optimizer.step()
    assert events(tmp_path / "run", "trainable") == [
        (1, {"tensor": "first.weight", "trainable": False}),
        (2, {"tensor": "first.weight", "trainable": True}),
    ]


def test_state_that_the_optimizer_brings_along(tmp_path: Path) -> None:
    model = Net()
    optimizer = torch.optim.Adam(model.parameters())
    train(tmp_path / "run", model, optimizer, steps=2)
    train(tmp_path / "run", model, optimizer, steps=1, resume=True)
    assert events(tmp_path / "run", "optimizer_state") == [
        (0, {"optimizer": 0, "entries": 0, "steps": None}),
        (2, {"optimizer": 0, "entries": 6, "steps": 2.0}),
    ]
    assert [step for step, _ in events(tmp_path / "run", "resumed")] == [2]


class Lookahead(torch.optim.SGD):
    """An optimizer of the user's own, on top of another's step. `fails` raises once, in mid-step."""

    fails = False

    def step(self, closure: Any = None) -> Any:
        value = super().step(closure)
        if self.fails:
            self.fails = False
            raise MemoryError("the user frees some and goes on")
        for parameter in self.param_groups[0]["params"]:
            parameter.data.mul_(0.5)
        return value


@pytest.mark.parametrize("closure", [False, True])
def test_a_step_that_calls_the_step_of_its_base_is_one_step(tmp_path: Path, closure: bool) -> None:
    model = nn.Linear(6, 3)
    torch.optim.SGD(model.parameters(), lr=0.1)  # from here on torch calls the hooks in SGD.step too
    optimizer = Lookahead(model.parameters(), lr=0.1)
    with Recorder(tmp_path / "run", model, optimizer, every=1):
        for number in range(4):

            def forward_and_backward(number: int = number) -> Tensor:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(batch(number)[0]), batch(number)[1])
                loss.backward()
                return loss

            if closure:
                optimizer.step(forward_and_backward)
                continue
            forward_and_backward()
            optimizer.fails = number == 1
            try:
                optimizer.step()
            except MemoryError:
                optimizer.step()
    assert sorted(metric(tmp_path / "run", "gradient_norm")) == [0, 1, 2, 3]
    weight, update = stats(tmp_path / "run", "weight", "weight"), stats(tmp_path / "run", "update", "weight")
    assert sorted(weight) == [0, 1, 2, 3]
    assert update[0]["rms"] > 0.25 * weight[0]["rms"]  # the whole step, not that of the base


def test_a_closure_is_observed_once_with_the_gradient_of_its_first_call(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Net()
    twin = Net()
    twin.load_state_dict(model.state_dict())
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=4)
    x, y = batch(0)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        return loss

    with Recorder(tmp_path / "run", model, optimizer, every=1) as rec:
        for _ in range(2):
            rec.log(loss=optimizer.step(closure))
    F.cross_entropy(twin(x), y).backward()
    assert close(stats(tmp_path / "run", "gradient", "head.weight")[0], twin.head.weight.grad)
    assert list(metric(tmp_path / "run", "loss")) == [0, 1]
    assert stats(tmp_path / "run", "input", "x")[0]["count"] == x.numel()


def test_the_gradient_is_the_clipped_one(tmp_path: Path) -> None:
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with Recorder(tmp_path / "run", model, optimizer, every=1):
        (1e3 * model(batch(0)[0]).sum()).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
    assert metric(tmp_path / "run", "gradient_norm")[0] == pytest.approx(0.5, rel=1e-4)


def test_sparse_gradients_tied_weights_and_parameters_outside(tmp_path: Path) -> None:
    class Sparse(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(50, 4, sparse=True)
            self.head, self.twin, self.unused = nn.Linear(4, 3), nn.Linear(4, 3), nn.Linear(2, 2)
            self.twin.weight = self.head.weight

        def forward(self, x: Tensor) -> Tensor:
            hidden = self.embed(torch.tensor([[1, 1, 7]])).mean(1)
            return self.head(hidden) + self.twin(hidden)

    model = Sparse()
    optimizer = torch.optim.SGD([*model.embed.parameters(), *model.head.parameters()], lr=0.1)
    train_once(tmp_path / "run", model, optimizer)
    row = stats(tmp_path / "run", "gradient", "embed.weight")[0]
    assert (row["count"], row["zeros"]) == (200, 192)
    assert row["rms"] == pytest.approx(float(model.embed.weight.grad.to_dense().square().mean().sqrt()), rel=1e-4)
    assert stats(tmp_path / "run", "update", "embed.weight")[0]["zeros"] == 192
    weights = {row["name"]: row["optimizer_group"] for row in rows(tmp_path / "run", "tensors") if row["kind"] == "weight"}
    assert weights == {"embed.weight": 0, "head.weight": 0, "head.bias": 0, "twin.bias": None, "unused.weight": None, "unused.bias": None}
    assert events(tmp_path / "run", "started")[0][1]["tied"] == {"twin.weight": "head.weight"}
    assert stats(tmp_path / "run", "update", "twin.bias") == {}


def train_once(run: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    with Recorder(run, model, optimizer, every=1):
        model(batch(0)[0]).sum().backward()
        optimizer.step()


def test_a_gradient_that_misses_what_is_read_of_it_is_read_whole(tmp_path: Path) -> None:
    """One row of a large embedding moves, and it is none of those that are read."""
    model = nn.Embedding(2000, 16)
    rows_read = set(subset(torch.arange(2000.0)[:, None].expand(2000, 16).contiguous())[0][:, 0].int().tolist())
    unread = next(row for row in range(2000) if row not in rows_read)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    with Recorder(tmp_path / "run", model, optimizer, every=1):
        for word in (unread, min(rows_read)):
            optimizer.zero_grad()
            model(torch.tensor([word])).sum().backward()
            optimizer.step()
    gradient, update = stats(tmp_path / "run", "gradient", "weight"), stats(tmp_path / "run", "update", "weight")
    assert gradient[0]["count"] - gradient[0]["zeros"] == 16 and gradient[0]["sampled"] == 1
    assert 0 not in update  # what was read of the weight did not move, which says nothing
    assert gradient[1]["count"] - gradient[1]["zeros"] == 16 and gradient[1]["sampled"] < 0.5
    assert update[1]["rms"] > 0


def test_a_gradient_at_one_position_of_a_sequence_is_not_taken_for_zero(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(4, 64), nn.Linear(64, 32))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    positions = subset(torch.arange(128.0).view(1, 128, 1).expand(2, 128, 64).contiguous())[0][..., 0].reshape(-1).int().tolist()
    unread = next(position for position in range(128) if position not in positions)
    with Recorder(tmp_path / "run", model, optimizer, every=1):
        model(torch.randn(2, 128, 4))[:, unread].sum().backward()
        optimizer.step()
    gradient = stats(tmp_path / "run", "activation_gradient", "0")[0]
    assert gradient["count"] - gradient["zeros"] == 2 * 64 and gradient["sampled"] == 1


def test_a_step_of_many_passes_reads_some_of_them_before_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.stats.UNREAD_AT_MOST", 3)
    torch.manual_seed(0)
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with Recorder(tmp_path / "run", model, optimizer, every=1):
        for number in range(5):
            F.cross_entropy(model(batch(number)[0]), batch(number)[1]).backward()
        optimizer.step()
    hidden = stats(tmp_path / "run", "activation", "head")[0]
    assert hidden["count"] == 5 * 16 * 3 and hidden["rms"] > 0


def test_buffers_and_their_changes(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4))
    train_once(tmp_path / "run", model, torch.optim.SGD(model.parameters(), lr=0.1))
    assert close(stats(tmp_path / "run", "buffer", "1.running_mean")[0], model[1].running_mean)


def test_the_promise_of_zeros_is_looked_at_after_each_step(tmp_path: Path) -> None:
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with torch.no_grad():
        model.head.weight.zero_()
    train(tmp_path / "run", model, optimizer, steps=2, guarantees=("exact_zeros:head.weight",), every=10)
    found = metric(tmp_path / "run", "exact_zeros/head.weight")
    assert found == {0: 15.0, 1: 15.0}


def test_the_promise_of_zeros_speaks_of_the_entries_that_are_zero_at_the_start(tmp_path: Path) -> None:
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with torch.no_grad():
        model.head.weight[0].zero_()
    pruned = model.head.weight.shape[1]
    train(tmp_path / "run", model, optimizer, steps=1, guarantees=("exact_zeros:head.weight",), every=10)
    assert metric(tmp_path / "run", "exact_zeros/head.weight") == {0: float(pruned)}


def test_evaluation_is_recorded_once_and_carries_the_last_step(tmp_path: Path) -> None:
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with Recorder(tmp_path / "run", model, optimizer, every=1) as rec:
        with rec.split("valid"), torch.no_grad():
            model(batch(8)[0])
            rec.log(loss=3.0)
        model(batch(0)[0]).sum().backward()
        optimizer.step()
        with rec.split("valid"), torch.no_grad():
            for number in (8, 9):
                model(batch(number)[0])
            rec.log(loss=2.0)
    found = stats(tmp_path / "run", "input", "x", "valid")
    assert list(found) == [None, 0] and close(found[0], batch(8)[0])
    assert metric(tmp_path / "run", "loss", "valid") == {None: 3.0, 0: 2.0}


def test_outputs_in_tuples_dicts_and_dataclasses_and_modules_called_twice(tmp_path: Path) -> None:
    class Parts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.shared = nn.LSTM(6, 4, batch_first=True), nn.Linear(4, 4)

        def forward(self, x: Tensor, scale: float = 1.0) -> dict[str, Any]:
            out, state = self.lstm(x.view(-1, 1, 6))
            return {"logits": self.shared(self.shared(out[:, 0])) * scale, "state": state}

    model = Parts()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with Recorder(tmp_path / "run", model, optimizer, every=1):
        model(x=batch(0)[0], scale=2.0)["logits"].sum().backward()
        optimizer.step()
    assert stats(tmp_path / "run", "activation", "shared")[0]["count"] == 2 * 16 * 4
    assert stats(tmp_path / "run", "activation", "lstm")[0]["count"] == 16 * 4
    assert stats(tmp_path / "run", "input", "x")[0]["count"] == 96
    assert events(tmp_path / "run", "not_recorded") == [(0, {"what": "gates", "modules": ["lstm"]})]
