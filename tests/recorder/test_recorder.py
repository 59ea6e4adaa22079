"""The user's object: what is logged where, how a run ends, and that nothing of ours ever reaches the loop."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset, TensorDataset

from recorder import Recorder, with_ids
from recorder.format import EVENT_KINDS, TABLES, schema
from tests.recorder.recorded import events, metric, rows, stats


def setup() -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
    return model, torch.optim.SGD(model.parameters(), lr=0.1)


def step(model: nn.Module, optimizer: torch.optim.Optimizer, n: int = 8) -> tuple[Tensor, Tensor, Tensor]:
    x, y = torch.randn(n, 4), torch.randint(0, 3, (n,))
    logits = model(x)
    losses = F.cross_entropy(logits, y, reduction="none")
    optimizer.zero_grad()
    losses.mean().backward()
    optimizer.step()
    return losses, logits, y


def test_a_whole_run_has_the_declared_schemas_and_known_events(tmp_path: Path) -> None:
    model, optimizer = setup()
    with Recorder(tmp_path / "run", model, optimizer, every=2, config={"lr": 0.1}) as rec:
        for rec.epoch in range(2):
            for number in range(3):
                losses, logits, y = step(model, optimizer)
                rec.log(loss=losses.mean())
                rec.samples([f"s{number}-{i}" for i in range(8)], loss=losses, prediction=logits, target=y)
            rec.checkpoint(f"epoch{rec.epoch}")
        rec.probe("overfit", subject="batch", value=0.1, reference=1.0, tolerance=0.2, passed=True, details={"steps": 3})
    import pyarrow.parquet as pq

    for table in TABLES:
        for file in (tmp_path / "run").glob(f"{table}/rank=*/*.parquet"):
            assert pq.ParquetFile(file).schema_arrow.equals(schema(table, "classification" if table == "samples" else None)), table
    assert {row["kind"] for row in rows(tmp_path / "run", "events")} <= set(EVENT_KINDS)
    assert [row["epoch"] for row in rows(tmp_path / "run", "metrics") if row["name"] == "loss"] == [0, 0, 0, 1, 1, 1]
    samples = rows(tmp_path / "run", "samples")
    assert len(samples) == 48 and {(row["step"], row["pass"], row["batch"]) for row in samples} == {(i, i // 3, i % 3) for i in range(6)}
    assert events(tmp_path / "run", "checkpoint") == [(2, {"name": "epoch0"}), (5, {"name": "epoch1"})]
    [probe] = rows(tmp_path / "run", "probes")
    assert (probe["step"], probe["probe"], probe["passed"], json.loads(probe["details"])) == (5, "overfit", True, {"steps": 3})
    assert json.loads((tmp_path / "run" / "run.json").read_text())["config"] == {"lr": 0.1}
    assert len(rows(tmp_path / "run", "inputs")) >= 8, "taken from the model's own argument"
    assert events(tmp_path / "run", "finished") == [(5, {"steps": 6, "errors": {}})]


def test_numbers_belong_to_the_step_whose_forward_began_last(tmp_path: Path) -> None:
    model, optimizer = setup()
    with Recorder(tmp_path / "run", model, optimizer) as rec:
        for number in range(3):
            loss = model(torch.randn(8, 4)).sum()
            rec.log(before=number)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rec.log({"after": number, "nested/name": np_number(number)})
    for name in ("before", "after", "nested/name"):
        assert metric(tmp_path / "run", name) == {0: 0.0, 1: 1.0, 2: 2.0}
    assert set(metric(tmp_path / "run", "step_seconds")) == {0, 1, 2}


def test_numbers_follow_the_steps_where_only_a_part_of_the_model_is_called_from_then_on(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with Recorder(tmp_path / "run", model, optimizer) as rec:
        for number in range(6):
            loss = (model(torch.randn(8, 4)) if number < 3 else model[1](torch.randn(8, 3))).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rec.log(loss=number)
            rec.samples(list(range(8)), loss=torch.full((8,), float(number)))
    assert metric(tmp_path / "run", "loss") == {number: float(number) for number in range(6)}
    assert {(row["step"], row["loss_sum"]) for row in rows(tmp_path / "run", "samples")} == {(number, float(number)) for number in range(6)}


def np_number(value: int) -> Any:
    import numpy as np

    return np.float32(value)


@pytest.mark.parametrize("before", [True, False])
def test_without_a_model_numbers_go_to_the_step_around_them(tmp_path: Path, before: bool) -> None:
    with Recorder(tmp_path / "run") as rec:
        for number in range(4):
            if before:
                rec.log(loss=number)
            rec.step()
            if not before:
                rec.log(loss=number)
                rec.log(more=number)
    assert metric(tmp_path / "run", "loss") == {0: 0.0, 1: 1.0, 2: 2.0, 3: 3.0}


def test_a_model_without_an_optimizer_steps_by_hand(tmp_path: Path) -> None:
    model, _ = setup()
    with Recorder(tmp_path / "run", model, every=1) as rec:
        for number in range(3):
            model.zero_grad()
            model(torch.randn(8, 4)).sum().backward()
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter -= 0.1 * parameter.grad
            rec.step()
            rec.log(loss=number)
    assert metric(tmp_path / "run", "loss") == {0: 0.0, 1: 1.0, 2: 2.0}
    assert set(stats(tmp_path / "run", "gradient", "0.weight")) == {0, 1, 2}


def test_nan_and_infinity_survive(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run") as rec:
        rec.log(a=math.nan, b=math.inf, c=torch.tensor(-math.inf))
    values = {row["name"]: row["value"] for row in rows(tmp_path / "run", "metrics")}
    assert math.isnan(values["a"]) and values["b"] == math.inf and values["c"] == -math.inf


def test_refuses_what_is_wrong_at_the_start(tmp_path: Path) -> None:
    for settings, text in (({"task": "clasification"}, "classification"), ({"every": 0}, "every=0"), ({"guarantees": ("exact_zeros",)}, "exact_zeros:NAME")):
        with pytest.raises(ValueError, match=text):
            Recorder(tmp_path / "run", **settings)
    assert not (tmp_path / "run").exists()
    Recorder(tmp_path / "run").close()
    with pytest.raises(FileExistsError, match="resume=True"):
        Recorder(tmp_path / "run")


def test_a_resume_begins_new_passes(tmp_path: Path) -> None:
    for resume in (False, True):
        with Recorder(tmp_path / "run", resume=resume) as rec:
            for rec.epoch in range(2):
                rec.samples(["a"], loss=torch.ones(1))
                rec.step()
                with rec.split("valid"):
                    rec.samples(["b"], loss=torch.ones(1))
    passes = [(row["split"], row["pass"]) for row in rows(tmp_path / "run", "samples")]
    assert len(set(passes)) == len(passes) == 8


def test_resume_goes_on_after_the_last_step(tmp_path: Path) -> None:
    model, optimizer = setup()
    for resume in (False, True):
        with Recorder(tmp_path / "run", model, optimizer, resume=resume, every=1) as rec:
            for _ in range(3):
                rec.log(loss=step(model, optimizer)[0].mean())
    assert list(metric(tmp_path / "run", "loss")) == [0, 1, 2, 3, 4, 5]
    assert [row["kind"] for row in rows(tmp_path / "run", "events") if row["kind"] in ("started", "resumed")] == ["started", "resumed"]


def test_after_close_and_in_a_copy_nothing_is_recorded(tmp_path: Path) -> None:
    model, optimizer = setup()
    rec = Recorder(tmp_path / "run", model, optimizer, every=1)
    step(model, optimizer)
    rec.close()
    rec.close()
    step(model, optimizer)
    rec.log(loss=1.0)
    rec.samples([1], loss=torch.ones(1))
    rec.step()
    with rec.split("valid"):
        pass
    assert set(metric(tmp_path / "run", "step_seconds")) == {0}
    assert not model[0]._forward_hooks and not optimizer._optimizer_step_pre_hooks


def test_an_exception_in_the_loop_is_noted_and_goes_on_its_way(tmp_path: Path) -> None:
    model, optimizer = setup()
    with pytest.raises(RuntimeError, match="the user's own"), Recorder(tmp_path / "run", model, optimizer):
        step(model, optimizer)
        model(torch.randn(2, 4))
        raise RuntimeError("the user's own")
    [(at, details)] = events(tmp_path / "run", "exception")
    assert at == 1 and details["type"] == "RuntimeError" and any("test_recorder" in line for line in details["stack"])
    assert events(tmp_path / "run", "finished") == []


def test_an_exception_in_the_forward_leaves_no_mode_and_no_global_hook_behind(tmp_path: Path) -> None:
    class Breaks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            out = torch.relu(self.inner(x))
            if x.shape[0] == 1:
                raise ValueError("one sample is too few")
            return out

    model = Breaks()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with Recorder(tmp_path / "run", model, optimizer, every=1):
        for n in (8, 1, 8):
            try:
                out = model(torch.randn(n, 4))
            except ValueError:
                assert torch._C._len_torch_function_stack() == 0
                assert not torch.nn.modules.module._global_forward_hooks
                continue
            optimizer.zero_grad()
            out.sum().backward()
            optimizer.step()
    assert set(stats(tmp_path / "run", "activation", "relu")) == {0, 1}


SCRIPT = """
import signal, sys, os
import torch
from torch import nn
from recorder import Recorder
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
rec = Recorder({run!r}, model, optimizer, every=1)
for number in range(3):
    model(torch.randn(8, 4)).sum().backward()
    optimizer.step()
    rec.log(loss=number)
{ending}
"""


def run_script(tmp_path: Path, ending: str) -> subprocess.CompletedProcess[str]:
    code = SCRIPT.format(run=str(tmp_path / "run"), ending=textwrap.dedent(ending))
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])


def test_an_uncaught_exception_and_a_signal_end_the_log(tmp_path: Path) -> None:
    done = run_script(tmp_path / "a", "raise KeyError('gone')")
    assert done.returncode == 1 and "KeyError: 'gone'" in done.stderr
    assert events(tmp_path / "a" / "run", "exception")[0][1]["type"] == "KeyError"
    assert events(tmp_path / "a" / "run", "finished") == []
    done = run_script(tmp_path / "b", "os.kill(os.getpid(), signal.SIGTERM)\nprint('still here')")
    assert done.returncode == -15 and done.stdout == ""
    assert events(tmp_path / "b" / "run", "signal") == [(3, {"signal": 15})]
    assert set(metric(tmp_path / "b" / "run", "loss")) == {0, 1, 2}


def test_a_handler_of_the_users_own_is_called_after_ours(tmp_path: Path) -> None:
    model, optimizer = setup()
    import signal

    called = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: called.append(number))
    try:
        with Recorder(tmp_path / "run", model, optimizer):
            os.kill(os.getpid(), signal.SIGTERM)
            step(model, optimizer)
        assert called == [15]
        assert events(tmp_path / "run", "finished") == [(0, {"steps": 1, "errors": {}})], "a handler that lets the loop go on ends nothing"
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_forked_child_writes_nothing_and_the_end_of_the_interpreter_closes_the_log(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        child = os.fork()
        if child == 0:
            model(torch.randn(8, 4)).sum().backward()
            optimizer.step()
            rec.log(loss=99.0)
            rec.close()
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0
        """,
    )
    assert done.returncode == 0 and done.stderr == ""
    assert metric(tmp_path / "run", "loss") == {0: 0.0, 1: 1.0, 2: 2.0}
    assert [at for at, _ in events(tmp_path / "run", "finished")] == [2], "written at the end of the interpreter"


ENTRY_POINTS = {
    "forward": "recorder.activations.ForwardWatch.read_inputs",
    "forward hook": "recorder.activations.ForwardWatch._activation",
    "functional": "recorder.activations.ForwardWatch._preactivation",
    "activation gradient": "recorder.activations.ForwardWatch.read_gradient",
    "backward": "recorder.observe.all_zero",
    "before the step": "recorder.observe.read_gradients",
    "after the step": "recorder.observe.read_updates",
    "end of the step": "recorder.log.stats_rows",
    "metrics": "recorder.log.metric_rows",
    "samples": "recorder.sample_log.summarize",
    "epoch": "recorder.sample_log.SampleLog.begin_pass",
    "run.json": "recorder.recorder.run_info",
    "finite": "recorder.finite._all_finite",
    "following units": "recorder.activations.ForwardWatch.track",
    "following units together": "recorder.activations.saw_outputs",
}


def train_everything(run: Path | None) -> tuple[list[Tensor], list[float]]:
    """A run that passes every entry point; without a recorder when `run` is None."""
    torch.manual_seed(0)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.act, self.head = nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(torch.tanh(self.act(self.first(x))))

    model = Net()
    optimizer = torch.optim.Adam(model.parameters())
    rec = Recorder(run, model, optimizer, every=2) if run else None
    seen = []
    for epoch in range(2):
        if rec:
            rec.epoch = epoch
        for _ in range(3):
            losses, logits, y = step(model, optimizer)
            seen.append(losses.mean().item())
            if rec:
                rec.log(loss=losses.mean())
                rec.samples(range(8), loss=losses, prediction=logits, target=y)
    if rec:
        rec.close()
    return [parameter.detach().clone() for parameter in model.parameters()], seen


@pytest.mark.parametrize("place", ENTRY_POINTS)
def test_an_exception_inside_the_recorder_warns_once_and_changes_nothing(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    weights, losses = train_everything(None)

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise LookupError("planted")

    monkeypatch.setattr(ENTRY_POINTS[place], broken)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with_recorder = train_everything(tmp_path / "run")
    assert all(torch.equal(a, b) for a, b in zip(weights, with_recorder[0], strict=True)) and losses == with_recorder[1]
    assert [str(warning.message) for warning in caught if "planted" in str(warning.message)] != []
    assert len(caught) == 1
    noted = [details for _, details in events(tmp_path / "run", "recorder_error")]
    assert noted and all(details["type"] == "LookupError" for details in noted)
    if place != "metrics":
        assert set(metric(tmp_path / "run", "loss")) == set(range(6))
    assert len(events(tmp_path / "run", "finished")) == 1


def test_a_run_without_a_model_has_no_interval_to_tell_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.cadence.Cadence.done", lambda *_: True)
    with Recorder(tmp_path / "run") as rec:
        for step in range(3):
            rec.log(loss=float(step))
            rec.step()
    assert events(tmp_path / "run", "interval") == []
    assert metric(tmp_path / "run", "loss") == {0: 0.0, 1: 1.0, 2: 2.0}


def test_a_wrong_argument_of_the_users_warns_and_keeps_the_rest(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run") as rec, pytest.warns(RuntimeWarning, match="no scalar"):
        rec.log(good=1.0, bad=torch.ones(3))
    assert [row["name"] for row in rows(tmp_path / "run", "metrics")] == ["good"]


def unusual(values: list[float]) -> list[bool]:
    from recorder.cadence import Spikes

    spikes = Spikes()
    return [spikes.unusual(value) for value in values]


def test_a_loss_far_above_its_recent_range_is_unusual() -> None:
    calm = [1.0 + 0.01 * (number % 5) for number in range(20)]
    assert not any(unusual(calm))
    assert unusual([*calm, 1.2])[-1] is False
    assert unusual([*calm, 3.0])[-1] is True
    assert unusual([*calm, math.nan])[-1] is True


def pattern(every: int | None, steps: int, costs: Callable[[bool], float]) -> list[int]:
    from recorder.cadence import Cadence

    cadence = Cadence(every)
    full = []
    for number in range(steps):
        if cadence.full(number):
            full.append(number)
        own = costs(cadence.full(number))
        cadence.done(number, cadence.full(number), 0.1 + own, own)
    return full


def test_the_interval_follows_the_cost_and_never_starves_the_first_steps() -> None:
    assert pattern(10, 31, lambda full: 0.0) == [0, 10, 20, 30]
    cheap = pattern(None, 200, lambda full: 0.001 if full else 0.0)
    dear = pattern(None, 2000, lambda full: 0.1 if full else 0.0)
    assert [number for number in dear if number < 50] == [0, 1, 2, 7, 12, 17, 22, 27, 32, 37, 42, 47]
    assert len(cheap) > 150
    late = [number for number in dear if number > 100]
    assert 0.1 * len(late) / (1900 * 0.1) < 0.03 and len(late) >= 20


def test_a_burst_is_full_and_not_repeated_at_once() -> None:
    from recorder.cadence import Cadence

    cadence = Cadence(1000)
    assert cadence.burst(10) and [number for number in range(11, 30) if cadence.full(number)] == [11, 12, 13, 14, 15]
    assert not cadence.burst(20) and cadence.burst(60)


def test_how_many_samples_there_are_to_draw_is_noted_once_a_split(tmp_path: Path) -> None:
    whole = TensorDataset(torch.arange(40.0).reshape(20, 2), torch.arange(20))
    train = DataLoader(with_ids(Subset(whole, range(15))), batch_size=5, sampler=[0, 1, 2, 3, 4] * 3)
    valid = DataLoader(with_ids(Subset(whole, range(15, 20))), batch_size=5)
    with Recorder(tmp_path / "run") as rec:
        for rec.epoch in range(2):
            for ids, _, _ in train:
                rec.samples(ids, loss=torch.ones(5))
                rec.step()
            with rec.split("valid"):
                for ids, _, _ in valid:
                    rec.samples(ids, loss=torch.ones(5))
        rec.samples(["of", "my", "own"], loss=torch.ones(3))
    noted = [details for _, details in events(tmp_path / "run", "data_set")]
    assert noted == [{"split": "train", "samples": 15}, {"split": "valid", "samples": 5}]
