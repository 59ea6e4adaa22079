"""Records `sample_logs/mislabelled_digits`: a convolutional network on handwritten digits with two things wrong at once.

1. 43 of the 240 training labels by a careless second annotator are wrong (`data` knows which); the 1200 by the first are right.
2. From epoch 11 (step 330) on the convolutions are frozen and a penalty is to make the hidden layer sparse. It is far too heavy: within ten steps every
   ReLU unit of that layer is off for every image, a dead unit gets no gradient, and the network has forgotten what it knew.

    python sample_logs/record_mislabelled_digits.py [RUN_DIR]
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from forget_machine import forget_machine
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset, random_split

from retrograd import Recorder, with_ids

EPOCHS, BATCH, RATE, SPARSITY, SPARSE_FROM = 14, 48, 0.05, 0.5, 11
SECOND_ANNOTATOR, WRONG_LABELS = 240, 43


class Network(nn.Module):
    """Two convolutions and a hidden layer; returns the logits and what the hidden layer said."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 12, 3, padding=1), nn.Conv2d(12, 24, 3, padding=1)
        self.hidden, self.output = nn.Linear(96, 64), nn.Linear(64, 10)
        self.relu1, self.relu2, self.relu3 = nn.ReLU(), nn.ReLU(), nn.ReLU()

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = F.max_pool2d(self.relu1(self.conv1(x)), 2)
        x = F.max_pool2d(self.relu2(self.conv2(x)), 2)
        hidden = self.relu3(self.hidden(x.flatten(1)))
        return self.output(hidden), hidden


def data() -> tuple[Subset[Any], Subset[Any], list[int]]:
    """Training set with some labels replaced by another digit, validation set with the true ones, and the indices of the replaced."""
    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16
    labels = torch.tensor(digits.target)
    train, valid = random_split(range(len(labels)), [1440, 357], generator=torch.Generator().manual_seed(0))  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(1)
    chosen = torch.tensor(train.indices)[torch.randperm(SECOND_ANNOTATOR, generator=generator)[:WRONG_LABELS]]
    labels[chosen] = (labels[chosen] + torch.randint(1, 10, (WRONG_LABELS,), generator=generator)) % 10
    dataset = TensorDataset(images, labels)
    return Subset(dataset, train.indices), Subset(dataset, valid.indices), sorted(chosen.tolist())


def record(run_dir: str) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    train, valid, _ = data()
    second = {f"digits:{index}" for index in train.indices[:SECOND_ANNOTATOR]}
    train_loader = DataLoader(with_ids(train, "digits"), batch_size=BATCH, shuffle=True)
    valid_loader = DataLoader(with_ids(valid, "digits"), batch_size=357)

    model = Network()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9)
    config = {"epochs": EPOCHS, "batch_size": BATCH, "learning_rate": RATE, "sparsity": SPARSITY, "sparse_from_epoch": SPARSE_FROM, "seed": 0}

    with Recorder(run_dir, model, optimizer, every=10, loss="cross_entropy", classes=[str(digit) for digit in range(10)], config=config) as rec:
        for rec.epoch in range(EPOCHS):
            model.train()
            if rec.epoch == SPARSE_FROM:
                model.conv1.requires_grad_(False)
                model.conv2.requires_grad_(False)
            for ids, x, y in train_loader:
                logits, hidden = model(x)
                losses = F.cross_entropy(logits, y, reduction="none")
                loss = losses.mean()
                penalty = SPARSITY * (rec.epoch >= SPARSE_FROM) * hidden.sum(1).mean()
                optimizer.zero_grad()
                (loss + penalty).backward()
                optimizer.step()
                rec.log(loss=loss, penalty=penalty)
                annotators = ["second" if key in second else "first" for key in ids]
                rec.samples(ids, loss=losses, prediction=logits, target=y, inputs=x, meta={"annotator": annotators})
            model.eval()
            with rec.split("valid"), torch.no_grad():
                for ids, x, y in valid_loader:
                    logits, _ = model(x)
                    losses = F.cross_entropy(logits, y, reduction="none")
                    rec.samples(ids, loss=losses, prediction=logits, target=y, inputs=x)
                    rec.log(loss=losses.mean(), accuracy=(logits.argmax(1) == y).float().mean())


if __name__ == "__main__":
    target = sys.argv[1] if len(sys.argv) > 1 else "sample_logs/mislabelled_digits"
    shutil.rmtree(Path(target), ignore_errors=True)
    record(target)
    forget_machine(target)
