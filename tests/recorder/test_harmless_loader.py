"""Loaders with worker processes: the same weights with the recorder on and off, every sample's row, and none from a worker."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from recorder import Recorder, with_ids
from tests.recorder.recorded import events, rows

ITEMS, BATCH, EPOCHS = 12, 4, 2


class Points(Dataset):
    """Augmented anew each time, by the worker's random numbers; `looked_at_by` is the model in training, which a worker then calls too."""

    def __init__(self, looked_at_by: nn.Module | None = None) -> None:
        self.x = torch.randn(ITEMS, 4, generator=torch.Generator().manual_seed(0))
        self.looked_at_by = looked_at_by

    def __len__(self) -> int:
        return ITEMS

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        x = self.x[index] + 0.1 * torch.randn(4)
        if self.looked_at_by is not None:
            self.looked_at_by(x[None]).sum().backward()
        return x, int(self.x[index, 0] > 0)


def train(run: Path | None, start: str, looking: bool, persistent: bool) -> tuple[list[Tensor], Tensor]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    rec = None if run is None else Recorder(run, model, optimizer, every=1)
    options: dict[str, Any] = {"num_workers": 2, "multiprocessing_context": start, "persistent_workers": persistent}
    loader = DataLoader(with_ids(Points(model if looking else None), "points"), BATCH, shuffle=True, **options)
    for epoch in range(EPOCHS):
        for ids, x, y in loader:
            output = model(x)
            losses = F.cross_entropy(output, y, reduction="none")
            optimizer.zero_grad()
            losses.mean().backward()
            optimizer.step()
            if rec is not None:
                rec.epoch = epoch
                rec.log(loss=losses.mean())
                rec.samples(ids, loss=losses, prediction=output, target=y)
    if rec is not None:
        rec.close()
    return [value.clone() for value in model.state_dict().values()], torch.get_rng_state()


@pytest.mark.parametrize(
    "start, looking, persistent",
    [("fork", False, False), ("fork", True, False), ("fork", False, True), ("spawn", True, True)],
)
def test_workers_change_nothing_and_write_nothing(tmp_path, start, looking, persistent):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)  # Python 3.12 on any fork
        without, state = train(None, start, looking, persistent)
        recorded, state_after = train(tmp_path, start, looking, persistent)
    assert all(torch.equal(one, other) for one, other in zip(without, recorded, strict=True)) and torch.equal(state, state_after)
    samples = rows(tmp_path, "samples")
    assert Counter((row["epoch"], row["sample_id"]) for row in samples) == Counter(
        {(epoch, f"points:{place}"): 1 for epoch in range(EPOCHS) for place in range(ITEMS)}
    )
    steps = EPOCHS * ITEMS // BATCH
    losses = [row["step"] for row in rows(tmp_path, "metrics") if row["name"] == "loss"]
    assert losses == list(range(steps))
    stats = Counter((row["step"], row["tensor_id"]) for row in rows(tmp_path, "stats"))
    assert {step for step, _ in stats} == set(range(steps)) and set(stats.values()) == {1}
    assert len(stats) == steps * len(rows(tmp_path, "tensors"))
    assert events(tmp_path, "recorder_error") == [] and len(events(tmp_path, "finished")) == 1
    assert {path.name for path in tmp_path.glob("*/*")} == {"rank=00000"}
