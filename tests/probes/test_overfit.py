from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recorder import Recorder
from recorder.probes import overfit

from .models import blocks, cross_entropy, vectors


def sgd(model: nn.Module, rate: float = 0.1, **options: bool | float) -> torch.optim.SGD:
    return torch.optim.SGD(model.parameters(), lr=rate, **options)


def test_a_sound_model_learns_eight_examples(rec: Recorder) -> None:
    model = blocks(nn.Tanh())
    [outcome] = overfit(rec, model, sgd(model), cross_entropy, vectors(12), steps=100)
    assert outcome.passed is True
    assert outcome.details["accuracy"] == 1.0
    assert outcome.details["examples"] == 8
    assert outcome.details["prior_loss"] == pytest.approx(math.log(4))
    assert outcome.reference == outcome.details["curve"][0] > outcome.value
    assert len(outcome.details["curve"]) == len(outcome.details["curve_steps"]) <= 50


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_examples_are_enough_batch_norm_included(rec: Recorder, count: int) -> None:
    model = nn.Sequential(nn.Linear(10, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 4))
    [outcome] = overfit(rec, model, sgd(model), cross_entropy, vectors(count))
    assert outcome.passed is True


def test_targets_that_have_nothing_to_do_with_the_input_cannot_be_learned(rec: Recorder) -> None:
    def loss_fn(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return F.cross_entropy(model(torch.ones_like(batch[0])), batch[1])

    model = blocks(nn.Tanh())
    [outcome] = overfit(rec, model, sgd(model), loss_fn, vectors(8))
    assert (outcome.passed, outcome.details["fault"]) == (False, "model_or_loss")
    assert outcome.details["best"] == pytest.approx(math.log(4), abs=0.02)


def test_an_optimizer_that_climbs_is_told_from_a_model_that_cannot_learn(rec: Recorder) -> None:
    model = blocks(nn.Tanh())
    [outcome] = overfit(rec, model, sgd(model, maximize=True), cross_entropy, vectors(8))
    assert (outcome.passed, outcome.details["fault"]) == (False, "optimizer")
    assert outcome.details["with_adam"]["accuracy"] == 1.0


def test_a_slow_optimizer_is_no_fault(rec: Recorder) -> None:
    model = blocks(nn.Tanh())
    [outcome] = overfit(rec, model, sgd(model, rate=3e-3), cross_entropy, vectors(8))
    assert (outcome.passed, outcome.details["fault"]) == (True, "")


def test_regression_is_judged_by_what_is_left_of_the_loss(rec: Recorder) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 16), nn.Tanh(), nn.Linear(16, 1))
    batch = (vectors(8)[0], torch.linspace(-1, 1, 8)[:, None])
    [outcome] = overfit(rec, model, torch.optim.Adam(model.parameters(), 1e-2), lambda model, batch: F.mse_loss(model(batch[0]), batch[1]), batch)
    assert outcome.passed is True
    assert outcome.details["accuracy"] is None


def test_a_loss_that_is_negative_by_nature_is_not_judged(rec: Recorder) -> None:
    model = blocks(nn.Tanh())
    [outcome] = overfit(rec, model, sgd(model), lambda model, batch: -model(batch[0]).square().mean(), vectors(8)[:1], steps=20)
    assert outcome.passed is None


def test_the_rate_of_a_warm_up_and_the_weight_decay_are_set_aside(rec: Recorder) -> None:
    model = blocks(nn.Tanh())
    optimizer = sgd(model, weight_decay=10.0)
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: step / 1000)
    [outcome] = overfit(rec, model, optimizer, cross_entropy, vectors(8))
    assert (outcome.passed, outcome.details["learning_rate"]) == (True, 0.1)


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.LBFGS, torch.optim.RMSprop, torch.optim.Adagrad])
def test_any_optimizer_is_copied(rec: Recorder, kind: type[torch.optim.Optimizer]) -> None:
    model = blocks(nn.Tanh())
    optimizer = kind(model.parameters(), lr=1e-2)  # type: ignore[call-arg]

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = cross_entropy(model, vectors())
        loss.backward()
        return loss

    optimizer.step(closure)
    [outcome] = overfit(rec, model, optimizer, cross_entropy, vectors(4))
    assert outcome.passed is True


def test_token_accuracy_of_a_language_model(rec: Recorder) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(12, 16), nn.LSTM(16, 16, batch_first=True))
    head = nn.Linear(16, 12)
    whole = nn.ModuleDict({"body": model, "head": head})
    tokens = torch.randint(0, 12, (4, 7), generator=torch.Generator().manual_seed(0))

    def loss_fn(whole: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        logits = whole["head"](whole["body"](batch["tokens"])[0])  # type: ignore[index]
        return F.cross_entropy(logits.flatten(0, 1), batch["next"].flatten())

    batch = {"tokens": tokens[:, :-1], "next": tokens[:, 1:]}
    [outcome] = overfit(rec, whole, torch.optim.Adam(whole.parameters(), 3e-2), loss_fn, batch)
    assert outcome.passed is True


def test_wrong_use_is_one_warning_and_one_row(rec: Recorder) -> None:
    model = blocks(nn.Tanh())
    with pytest.warns(RuntimeWarning, match="1 to 8 examples"):
        [outcome] = overfit(rec, model, sgd(model), cross_entropy, vectors(), examples=9)
    assert outcome.passed is None


def test_a_far_target_that_is_still_approached_is_not_judged(rec: Recorder) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 1))
    batch = (vectors(8)[0], torch.linspace(4000, 6000, 8)[:, None])
    [outcome] = overfit(rec, model, torch.optim.Adam(model.parameters(), 1e-2), lambda model, batch: F.mse_loss(model(batch[0]), batch[1]), batch)
    assert outcome.passed is None
    assert "still falls" in outcome.details["reason"]


@pytest.mark.parametrize("around", [True, False])
def test_a_loss_under_autocast_learns(rec: Recorder, around: bool) -> None:
    """Autocast keeps its casts of the weights until the outermost context is left: they must not outlive a step."""

    def loss_fn(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return cross_entropy(model, batch)

    model = blocks(nn.Tanh())
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=around):
        [outcome] = overfit(rec, model, sgd(model), loss_fn, vectors(8))
        assert torch.is_autocast_enabled("cpu") is around
    assert (outcome.passed, outcome.details["fault"]) == (True, "")
    assert "with_adam" not in outcome.details
