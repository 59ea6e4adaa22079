"""Records `sample_logs/healthy_digits`: a convolutional network on handwritten digits, trained as it should be, with all four probes.

Batch norm, dropout, AdamW, a warm-up and a cosine to zero at the planned end: several things in this run look odd at first sight and are not.

    python sample_logs/record_healthy_digits.py [RUN_DIR]
"""

from __future__ import annotations

import math
import shutil
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from forget_machine import forget_machine
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

from recorder.probes import batch_independence, gradient_check, overfit, zero_input
from retrograd import Recorder, with_ids

EPOCHS, BATCH, RATE, WARM_UP_STEPS = 12, 48, 3e-3, 30


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(12, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(96, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 10),
    )  # fmt: skip


def share_of_rate(step: int, steps: int) -> float:
    """A warm-up, then a cosine to zero at the last step."""
    if step < WARM_UP_STEPS:
        return (step + 1) / WARM_UP_STEPS
    return 0.5 * (1 + math.cos(math.pi * (step - WARM_UP_STEPS) / (steps - WARM_UP_STEPS)))


def record(run_dir: str) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1)
    images = (images - images.mean()) / images.std()
    train, valid = random_split(TensorDataset(images, torch.tensor(digits.target)), [1440, 357])
    train_loader = DataLoader(with_ids(train, "digits"), batch_size=BATCH, shuffle=True)
    valid_loader = DataLoader(with_ids(valid, "digits"), batch_size=357)

    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    steps = EPOCHS * len(train_loader)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: share_of_rate(step, steps))
    config = {"epochs": EPOCHS, "batch_size": BATCH, "learning_rate": RATE, "warm_up_steps": WARM_UP_STEPS, "weight_decay": 0.01, "seed": 0}

    def loss_fn(model: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return F.cross_entropy(model(batch[0]), batch[1])

    with Recorder(run_dir, model, optimizer, every=10, loss="cross_entropy", classes=[str(digit) for digit in range(10)], config=config) as rec:
        few = (images[train.indices[:8]], torch.tensor(digits.target)[train.indices[:8]])
        overfit(rec, model, optimizer, loss_fn, few)
        gradient_check(rec, model, loss_fn, (few[0][:3], few[1][:3]))
        batch_independence(rec, model, few)
        for rec.epoch in range(EPOCHS):
            model.train()
            for ids, x, y in train_loader:
                logits = model(x)
                losses = F.cross_entropy(logits, y, reduction="none")
                loss = losses.mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                rec.log(loss=loss)
                rec.samples(ids, loss=losses, prediction=logits, target=y, inputs=x)
            model.eval()
            with rec.split("valid"), torch.no_grad():
                for ids, x, y in valid_loader:
                    logits = model(x)
                    losses = F.cross_entropy(logits, y, reduction="none")
                    rec.samples(ids, loss=losses, prediction=logits, target=y, inputs=x)
                    rec.log(loss=losses.mean(), accuracy=(logits.argmax(1) == y).float().mean())
        zero_input(rec, model, loss_fn, (images[valid.indices], torch.tensor(digits.target)[valid.indices]))


if __name__ == "__main__":
    target = sys.argv[1] if len(sys.argv) > 1 else "sample_logs/healthy_digits"
    shutil.rmtree(Path(target), ignore_errors=True)
    record(target)
    forget_machine(target)
