from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from recorder import Recorder
from recorder.probes import batch_independence

from .models import blocks, vectors


class SwapAxes(nn.Module):
    """The mistake: a permute where a transpose of the last two was meant, hidden by a reshape."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(1, 0, 2).reshape(x.shape)


class Sequence(nn.Module):
    def __init__(self, middle: nn.Module) -> None:
        super().__init__()
        self.first, self.middle, self.last = nn.Linear(6, 6), middle, nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.middle(self.first(x)).mean(1))


def test_independent_samples_pass(rec: Recorder) -> None:
    [outcome] = batch_independence(rec, blocks(nn.GELU()), vectors(6))
    assert (outcome.passed, outcome.value, outcome.subject) == (True, 0.0, "")
    assert outcome.details["own_change"] > 0.1


def test_a_wrong_permute_is_named(rec: Recorder) -> None:
    torch.manual_seed(0)
    [outcome] = batch_independence(rec, Sequence(SwapAxes()), torch.randn(4, 5, 6))
    assert (outcome.passed, outcome.subject) == (False, "middle")
    assert outcome.details["changed"] != outcome.details["moved"]


def test_a_softmax_over_the_batch_is_named(rec: Recorder) -> None:
    model = nn.Sequential(nn.Linear(10, 4), nn.Softmax(dim=0))
    [outcome] = batch_independence(rec, model, vectors(6))
    assert (outcome.passed, outcome.subject) == (False, "1")


def test_batch_norm_mixes_in_train_mode_by_design(rec: Recorder) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 4))
    [outcome] = batch_independence(rec, model, vectors(6))
    assert (outcome.passed, outcome.value) == (True, 0.0)
    assert outcome.details["train_mode"] > 0.01
    assert outcome.details["batch_norm"] == ["1"]
    assert "by design" in outcome.details["note"]


@pytest.mark.parametrize("batch", [lambda t: t, lambda t: {"input": t}, lambda t: (torch.arange(4), t, torch.zeros(4, dtype=torch.long))])
def test_the_ways_to_pass_a_batch(rec: Recorder, batch: object) -> None:
    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.EmbeddingBag(30, 4)

        def forward(self, input: Tensor) -> Tensor:
            return self.embedding(input)

    tokens = torch.arange(20).reshape(4, 5)
    [outcome] = batch_independence(rec, Tokens(), batch(tokens))  # type: ignore[operator]
    assert outcome.passed is True


def test_sequence_first_models(rec: Recorder) -> None:
    torch.manual_seed(0)
    [outcome] = batch_independence(rec, nn.LSTM(6, 4), torch.randn(5, 3, 6), dim=1)
    assert (outcome.passed, outcome.value) == (True, 0.0)


def test_a_model_without_ears_is_not_called_independent(rec: Recorder) -> None:
    class Deaf(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.zeros(len(x), 2)

    [outcome] = batch_independence(rec, Deaf(), torch.randn(4, 3))
    assert outcome.passed is None
    assert "zero_input" in outcome.details["reason"]


def test_one_sample_is_one_warning(rec: Recorder) -> None:
    with pytest.warns(RuntimeWarning, match="two samples"):
        [outcome] = batch_independence(rec, blocks(nn.Tanh()), vectors(1))
    assert outcome.passed is None
