"""Two processes over gloo: replicas by DistributedDataParallel, shards by fully_shard."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn.functional as F
from torch import Tensor, nn

from recorder import Recorder

STEPS = 2


def model_of(kind: str) -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    if kind == "ddp":
        return nn.parallel.DistributedDataParallel(model)
    if kind == "fsdp":
        from torch.distributed.fsdp import fully_shard

        fully_shard(model)
    return model


def batch(step: int, rank: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(10 * step + rank)
    return torch.randn(6, 4, generator=generator), torch.randint(0, 3, (6,), generator=generator)


def whole(tensor: Any) -> Tensor:
    return (tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor).detach().clone()


def train(kind: str, rank: int, run: Path | None) -> dict[str, Any]:
    model = model_of(kind)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    rec = Recorder(run, model, optimizer, every=1) if run else None
    losses, before, gradients = [], [], []
    for step in range(STEPS):
        x, y = batch(step, rank)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        before.append([whole(parameter) for parameter in model.parameters()])
        gradients.append([whole(parameter.grad) for parameter in model.parameters()])
        optimizer.step()
        losses.append(loss.item())
    if rec:
        rec.close()
    return {"losses": losses, "before": before, "gradients": gradients, "weights": [whole(parameter) for parameter in model.parameters()]}


def worker(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    os.environ.update(RANK=str(rank), WORLD_SIZE="2")
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2)
    for kind in ("ddp", "fsdp"):
        results = {"off": train(kind, rank, None)}
        dist.barrier()
        results["on"] = train(kind, rank, Path(folder) / kind)
        torch.save(results, f"{folder}/{kind}{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranks")
    mp.spawn(worker, args=(str(folder),), nprocs=2)
    return folder


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("kind", ["ddp", "fsdp"])
def test_weights_and_losses_are_bit_identical(trained: Path, kind: str, rank: int) -> None:
    results = torch.load(trained / f"{kind}{rank}.pt")
    assert results["on"]["losses"] == results["off"]["losses"]
    assert all(torch.equal(a, b) for a, b in zip(results["on"]["weights"], results["off"]["weights"], strict=True))


def merged(run: Path, kind: str, name: str, step: int) -> list[dict[str, Any]]:
    """The row of each rank."""
    found = []
    for rank in ("rank=00000", "rank=00001"):
        tensors = [row for file in (run / "tensors" / rank).glob("*.parquet") for row in pq.ParquetFile(file).read().to_pylist()]
        [wanted] = [row["tensor_id"] for row in tensors if (row["kind"], row["name"]) == (kind, name)]
        rows = [row for file in (run / "stats" / rank).glob("*.parquet") for row in pq.ParquetFile(file).read().to_pylist()]
        found += [row for row in rows if row["tensor_id"] == wanted and row["step"] == step]
    return found


def test_shards_merge_to_the_truth_of_the_whole_tensor(trained: Path) -> None:
    truth = torch.load(trained / "fsdp0.pt")["on"]
    names = ("0.weight", "0.bias", "2.weight", "2.bias")
    for step in range(STEPS):
        for kind, tensors in (("weight", truth["before"][step]), ("gradient", truth["gradients"][step])):
            for name, tensor in zip(names, tensors, strict=True):
                rows = merged(trained / "fsdp", kind, name, step)
                count = sum(row["count"] for row in rows)
                assert count == tensor.numel() and len(rows) == 2
                assert sum(row["mean"] * row["count"] for row in rows) / count == pytest.approx(tensor.mean().item(), rel=1e-4, abs=1e-7)
                square = sum(row["rms"] ** 2 * row["count"] for row in rows)
                assert math.sqrt(square / count) == pytest.approx(tensor.square().mean().sqrt().item(), rel=1e-4)


def test_replicas_record_the_averaged_gradient_under_the_models_own_names(trained: Path) -> None:
    truth = torch.load(trained / "ddp0.pt")["on"]
    for name, tensor in zip(("0.weight", "0.bias", "2.weight", "2.bias"), truth["gradients"][0], strict=True):
        first, second = merged(trained / "ddp", "gradient", name, 0)
        assert first["rms"] == second["rms"] == pytest.approx(tensor.square().mean().sqrt().item(), rel=1e-4)


def test_rank_zero_alone_writes_run_json(trained: Path) -> None:
    assert (trained / "ddp" / "run.json").exists()
    assert sorted(path.name for path in (trained / "ddp" / "stats").iterdir()) == ["rank=00000", "rank=00001"]
