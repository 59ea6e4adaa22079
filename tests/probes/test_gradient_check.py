from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recorder import Recorder
from recorder.probes import gradient_check

from .models import Block, WrongLossFunction, WrongScale, WrongTanh, blocks, by_subject, cross_entropy, vectors


def test_right_gradients_pass_and_every_parameter_has_a_row(rec: Recorder) -> None:
    model = blocks(nn.GELU())
    rows = by_subject(gradient_check(rec, model, cross_entropy, vectors()))
    assert {subject for kind, subject in rows if kind == "parameter"} == {name for name, _ in model.named_parameters()}
    assert all(outcome.passed for outcome in rows.values())
    assert rows["summary", ""].value == pytest.approx(0, abs=1e-7)


def test_a_wrong_backward_names_the_module_not_the_parameters_before_it(rec: Recorder) -> None:
    rows = by_subject(gradient_check(rec, blocks(WrongTanh()), cross_entropy, vectors()))
    module = rows["module", "2.activation"]
    assert module.passed is False
    assert module.details["module_type"] == "WrongTanh"
    assert [subject for kind, subject in rows if kind in ("module", "loss")] == ["2.activation"]
    assert rows["parameter", "2.linear.weight"].details["blamed"] == ["2.activation"]
    assert rows["parameter", "3.weight"].passed is True
    assert rows["summary", ""].passed is False


def test_a_wrong_weight_gradient_names_its_module_and_the_error_is_the_factor(rec: Recorder) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 8), WrongScale(8), nn.Tanh(), nn.Linear(8, 4))
    rows = by_subject(gradient_check(rec, model, cross_entropy, vectors()))
    assert rows["parameter", "1.weight"].value == pytest.approx(0.5, rel=1e-3)
    assert rows["module", "1"].details["parameters"] == ["1.weight"]
    assert rows["parameter", "0.weight"].passed is True


def test_a_wrong_loss_is_told_from_a_wrong_model(rec: Recorder) -> None:
    def loss_fn(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return WrongLossFunction.apply(model(batch[0]), F.one_hot(batch[1], 4).double())

    rows = by_subject(gradient_check(rec, blocks(nn.Tanh()), loss_fn, vectors()))
    assert rows["loss", "loss_fn"].passed is False
    assert not [subject for kind, subject in rows if kind == "module"]


def test_a_detached_branch_is_a_wrong_gradient_of_its_smallest_module(rec: Recorder) -> None:
    class Detached(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.detach().sin()

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 8), Detached(), nn.Linear(8, 4))
    rows = by_subject(gradient_check(rec, model, cross_entropy, vectors()))
    assert rows["parameter", "0.weight"].details["gradient"] == "none"
    assert ("module", "1") in rows


def test_kinks_are_no_errors(rec: Recorder) -> None:
    """Blank borders and zero biases put whole feature maps exactly onto ReLU's kink."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 4))
    for parameter in model.parameters():
        if parameter.dim() == 1:
            nn.init.zeros_(parameter)
    images = torch.zeros(3, 1, 8, 8)
    images[:, :, 2:6, 2:6] = torch.rand(3, 1, 4, 4)
    outcomes = gradient_check(rec, model, cross_entropy, (images, torch.tensor([0, 1, 2])))
    assert [outcome.subject for outcome in outcomes if outcome.passed is False] == []
    assert outcomes[-1].details["judged"] == outcomes[-1].details["parameters"]


@pytest.mark.parametrize("kind", ["lstm", "transformer", "batch_norm", "embedding"])
def test_usual_layers_pass(rec: Recorder, kind: str) -> None:
    class Sequence(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(20, 8, sparse=kind == "embedding")
            self.lstm = nn.LSTM(8, 8, num_layers=2, dropout=0.5, batch_first=True)
            self.encoder = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
            self.norm = nn.BatchNorm1d(8)
            self.head = nn.Linear(8, 4)

        def forward(self, tokens: Tensor) -> Tensor:
            hidden = self.embedding(tokens)
            hidden = self.lstm(hidden)[0] if kind == "lstm" else self.encoder(hidden) if kind == "transformer" else hidden
            pooled = hidden.mean(1)
            return self.head(self.norm(pooled) if kind == "batch_norm" else pooled)

    torch.manual_seed(0)
    tokens = torch.randint(0, 20, (4, 6), generator=torch.Generator().manual_seed(0))
    outcomes = gradient_check(rec, Sequence(), cross_entropy, (tokens, torch.arange(4)), per_parameter=3)
    assert [outcome.subject for outcome in outcomes if outcome.passed is not True] == []


def test_the_complex_step_is_used_where_the_function_allows_it(rec: Recorder) -> None:
    def analytic(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return ((model(batch[0]) - 1) ** 2).mean()

    def not_analytic(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return model(batch[0]).abs().square().mean()

    assert gradient_check(rec, blocks(nn.Tanh()), analytic, vectors())[-1].details["method"] == ["complex_step"]
    assert gradient_check(rec, blocks(nn.Tanh()), cross_entropy, vectors())[-1].details["method"] == ["central_difference"]
    outcome = gradient_check(rec, blocks(nn.Tanh()), not_analytic, vectors())[-1]
    assert (outcome.passed, outcome.details["method"]) == (True, ["central_difference"])


def test_a_model_that_computes_in_float32_is_judged_with_the_wider_tolerance(rec: Recorder) -> None:
    def loss_fn(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return F.cross_entropy(model(batch[0]).float(), batch[1])

    outcome = gradient_check(rec, blocks(nn.Tanh()), loss_fn, vectors())[-1]
    assert (outcome.passed, outcome.tolerance) == (True, 1e-2)


def test_a_loss_that_is_not_repeatable_is_said_to_be_so(rec: Recorder) -> None:
    calls = iter(range(1000))

    def loss_fn(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return cross_entropy(model, batch) * (1 + next(calls))

    with pytest.warns(RuntimeWarning, match="gradient_check could not be run"):
        [outcome] = gradient_check(rec, blocks(nn.Tanh()), loss_fn, vectors())
    assert outcome.passed is None
    assert "not repeatable" in outcome.details["error"]


def test_the_budget_bounds_the_work_and_what_was_left_out_is_said(rec: Recorder) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 12), *(Block(12, nn.Tanh()) for _ in range(20)), nn.Linear(12, 4))
    summary = gradient_check(rec, model, cross_entropy, vectors(), evaluations=40)[-1]
    assert summary.details["evaluations"] <= 60
    assert summary.details["skipped"] == summary.details["parameters"] - summary.details["judged"] > 0


def test_frozen_parameters_are_left_out(rec: Recorder) -> None:
    model = blocks(nn.Tanh())
    model[0].requires_grad_(False)
    assert not any(outcome.subject.startswith("0.") for outcome in gradient_check(rec, model, cross_entropy, vectors()))


@pytest.mark.parametrize("normalized", [torch.nn.utils.parametrizations.spectral_norm, torch.nn.utils.spectral_norm])
def test_the_power_iteration_of_spectral_norm_is_no_wrong_gradient(rec: Recorder, normalized: Callable[[nn.Module], nn.Module]) -> None:
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        model = nn.Sequential(normalized(nn.Linear(10, 8)), nn.SiLU(), nn.Linear(8, 4))
    assert gradient_check(rec, model, cross_entropy, vectors())[-1].passed is True
