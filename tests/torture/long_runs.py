"""Long and wide recordings. Run as a program, one of them in a process of its own, which tells its resident memory on the way:

    python -m tests.torture.long_runs scalars runs/long

prints a line of JSON: resident bytes at a tenth, at half and at the end of the run, and its seconds.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import torch
import torch.nn.functional as F
from torch import nn

from recorder import Recorder

SCALAR_STEPS = 1_000_000
TENSOR_STEPS = 200
BATCHES, BATCH, EPOCHS = 1000, 50, 4
LAYERS = 240


def scalars(run: Path, steps: int = SCALAR_STEPS) -> Iterator[float]:
    """A loss at every step, and what the recorder adds to it; no tensor. Yields the share that is done, as all of these do."""
    with Recorder(run) as rec:
        for step in range(steps):
            rec.log(loss=1 / (1 + step))
            rec.step()
            yield (step + 1) / steps


def tensors(run: Path, steps: int = TENSOR_STEPS) -> Iterator[float]:
    """Weights, gradients, updates and outputs of 240 layers, about 2,000 tensors, at every step."""
    model = nn.Sequential(*(nn.Linear(4, 4) for _ in range(LAYERS)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with Recorder(run, model, optimizer, every=1) as rec:
        for step in range(steps):
            loss = F.mse_loss(model(torch.randn(8, 4)), torch.ones(8, 4))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rec.log(loss=loss)
            yield (step + 1) / steps


def samples(run: Path, batches: int = BATCHES) -> Iterator[float]:
    """50,000 pictures in four epochs, and as many texts evaluated after the first: 250,000 rows, and previews of both kinds."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    words = ["loss", "gradient", "weight", "update", "sample"]
    y = torch.arange(BATCH) % 10
    all_batches = (1 + EPOCHS) * batches
    with Recorder(run, model, optimizer, every=100) as rec:
        for rec.epoch in range(EPOCHS):
            generator = torch.Generator().manual_seed(0)
            for place in range(batches):
                x = torch.rand(BATCH, 3, 16, 16, generator=generator)
                logits = model(x)
                losses = F.cross_entropy(logits, y, reduction="none")
                optimizer.zero_grad()
                losses.mean().backward()
                optimizer.step()
                rec.log(loss=losses.mean())
                rec.samples([f"picture-{place * BATCH + row}" for row in range(BATCH)], loss=losses, prediction=logits, target=y, inputs=x)
                yield ((rec.epoch + (rec.epoch > 0)) * batches + place + 1) / all_batches
            with rec.split("texts"):
                for place in range(batches if rec.epoch == 0 else 0):
                    numbers = range(place * BATCH, (place + 1) * BATCH)
                    texts = [f"{words[number % 5]} {number} " * (number % 20 + 1) for number in numbers]
                    rec.samples([f"text-{number}" for number in numbers], loss=losses, prediction=logits, target=y, inputs=texts)
                    yield (batches + place + 1) / all_batches


KINDS: dict[str, Callable[[Path], Iterator[float]]] = {"scalars": scalars, "tensors": tensors, "samples": samples}


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    marks, resident, began = [0.1, 0.5, 1.0], [], perf_counter()
    for share in KINDS[sys.argv[1]](Path(sys.argv[2])):
        if share >= marks[len(resident)]:
            resident.append(resident_bytes())
    print(json.dumps({"resident": resident, "seconds": perf_counter() - began}))


if __name__ == "__main__":
    main()
