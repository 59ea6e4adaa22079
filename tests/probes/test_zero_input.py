from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recorder import Recorder
from recorder.probes import zero_input

from .models import blocks, cross_entropy


def learnable(count: int = 64) -> tuple[Tensor, Tensor]:
    x = torch.randn(count, 10, generator=torch.Generator().manual_seed(0))
    return x, (x[:, 0] > 0).long()


def trained(model: nn.Module) -> nn.Module:
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        cross_entropy(model, learnable()).backward()
        optimizer.step()
    return model


def test_a_trained_model_is_better_with_its_input(rec: Recorder) -> None:
    [outcome] = zero_input(rec, trained(blocks(nn.Tanh())), cross_entropy, learnable())
    assert outcome.passed is True
    assert outcome.value < outcome.reference - outcome.tolerance
    assert outcome.details["comparisons"] == 64


def test_a_model_that_loses_its_input_is_found(rec: Recorder) -> None:
    class Deaf(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(10, 8), nn.Linear(8, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.last(torch.relu(self.first(x) - 1e6))

    [outcome] = zero_input(rec, trained(Deaf()), cross_entropy, learnable())
    assert (outcome.passed, outcome.details["output_change"]) == (False, 0.0)
    assert outcome.value == outcome.reference


def test_an_untrained_model_is_not_judged(rec: Recorder) -> None:
    [outcome] = zero_input(rec, blocks(nn.Tanh()), cross_entropy, learnable())
    assert outcome.passed is None
    assert outcome.details["output_change"] > 0.1


def test_tokens_are_zeroed_and_labels_are_not(rec: Recorder) -> None:
    class Labelled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.EmbeddingBag(20, 4)
            self.seen: set[int] = set()

        def forward(self, input_ids: Tensor, labels: Tensor) -> dict[str, Tensor]:
            logits = self.embedding(input_ids)
            return {"loss": F.cross_entropy(logits, labels), "logits": logits}

    tokens = torch.randint(1, 20, (8, 5), generator=torch.Generator().manual_seed(0))
    batch = {"input_ids": tokens, "labels": torch.arange(8) % 4}
    [outcome] = zero_input(rec, Labelled(), lambda model, batch: model(**batch)["loss"], batch)
    assert outcome.details["output_change"] > 0.1


def test_a_batch_that_cannot_be_cut_is_compared_as_a_whole(rec: Recorder) -> None:
    x, y = learnable(6)
    graph = {"nodes": x, "edges": torch.eye(6)[:5], "labels": y}

    def loss_fn(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        return F.cross_entropy(model(batch["nodes"]), batch["labels"])

    [outcome] = zero_input(rec, blocks(nn.Tanh()), loss_fn, graph)
    assert outcome.details["comparisons"] == 1
