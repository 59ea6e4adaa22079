"""Records `sample_logs/saturating_tanh`: a tanh network on handwritten digits that learns well until its schedule runs the wrong way.

The mistake: `gamma=10` where 0.1 was meant. At step 240 (epoch 8) the learning rate jumps from 0.1 to 1 instead of falling to 0.01, the weights grow, the
tanh layers are driven into their flat part and the network forgets what it knew.

    python sample_logs/record_saturating_tanh.py [RUN_DIR]
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from forget_machine import forget_machine
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

from recorder.probes import gradient_check, overfit
from retrograd import Recorder, with_ids

EPOCHS, BATCH, RATE, GAMMA, EPOCHS_PER_DROP = 14, 48, 0.1, 10.0, 8


def record(run_dir: str) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 8 - 1
    dataset = TensorDataset(images, torch.tensor(digits.target))
    train, valid = random_split(dataset, [1440, 357])
    train_loader = DataLoader(with_ids(train, "digits"), batch_size=BATCH, shuffle=True)
    valid_loader = DataLoader(with_ids(valid, "digits"), batch_size=357)

    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, EPOCHS_PER_DROP, gamma=GAMMA)
    config = {"epochs": EPOCHS, "batch_size": BATCH, "learning_rate": RATE, "gamma": GAMMA, "epochs_per_drop": EPOCHS_PER_DROP, "seed": 0}

    def loss_fn(model: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return F.cross_entropy(model(batch[0]), batch[1])

    classes = [str(name) for name in digits.target_names]

    with Recorder(run_dir, model, optimizer, every=10, loss="cross_entropy", classes=classes, config=config) as rec:
        few = (images[train.indices[:8]], torch.tensor(digits.target)[train.indices[:8]])
        overfit(rec, model, optimizer, loss_fn, few)
        gradient_check(rec, model, loss_fn, (few[0][:3], few[1][:3]))
        for rec.epoch in range(EPOCHS):
            model.train()
            for ids, x, y in train_loader:
                logits = model(x)
                losses = F.cross_entropy(logits, y, reduction="none")
                loss = losses.mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                rec.log(loss=loss)
                rec.samples(ids, loss=losses, prediction=logits, target=y)
            schedule.step()
            model.eval()
            with rec.split("valid"), torch.no_grad():
                for ids, x, y in valid_loader:
                    logits = model(x)
                    losses = F.cross_entropy(logits, y, reduction="none")
                    rec.samples(ids, loss=losses, prediction=logits, target=y, inputs=x)
                    rec.log(loss=losses.mean(), accuracy=(logits.argmax(1) == y).float().mean())


if __name__ == "__main__":
    target = sys.argv[1] if len(sys.argv) > 1 else "sample_logs/saturating_tanh"
    shutil.rmtree(Path(target), ignore_errors=True)
    record(target)
    forget_machine(target)
