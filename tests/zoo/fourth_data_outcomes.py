"""One planted mistake a training, third part: how a training goes on, and how it ends. `mended=True` is the twin without the mistake."""

from __future__ import annotations

import copy
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Adam

from recorder import Recorder

from .case import Case
from .data import breast_cancer
from .fourth_data_tasks import Partly, digit_net, drawn, machines, weather
from .models import Cnn, class_losses, mlp
from .training import accuracy


def slow_norm(width: int) -> nn.Module:
    return nn.BatchNorm2d(width, momentum=0.03)


def checkpoint_without_buffers(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """The checkpoint keeps parameters and optimizer but no buffers: after the resume the running statistics of batch norm start over."""
    keeps = ("train", "valid")
    run = digit_net(seed, scale, model=Cnn(norm=slow_norm), kind=Partly, kept=keeps, lr=0.01)
    with run.open(path) as rec:
        run.run(rec, range(5))
    saved = {name: value.clone() for name, value in (run.model.state_dict() if mended else dict(run.model.named_parameters())).items()}

    rest = digit_net(seed + 1, scale, model=Cnn(norm=slow_norm), kind=Partly, kept=keeps, lr=0.01)
    rest.model.load_state_dict(saved, strict=False)
    rest.optimizer.load_state_dict(run.optimizer.state_dict())
    rest.step = run.step
    with rest.open(path, resume=True) as rec:
        rest.run(rec, range(5, 6))


def patience_that_waits_for_a_higher_loss(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """Early stopping with the comparison of an accuracy is told the validation loss: as it falls, patience runs out after two epochs."""
    run = machines(seed, scale, epochs=30, kind=Partly, lr=8e-4, config={"epochs": 30, "patience": 2, "monitor": "valid_loss"})
    best, waited = None, 0
    with run.open(path) as rec:
        for epoch in range(30):
            run.run(rec, range(epoch, epoch + 1))
            measured = validation_loss(run)
            better = best is None or (measured < best if mended else measured > best)
            best, waited = (measured, 0) if better else (best, waited + 1)
            if waited == 2:
                break


def validation_loss(run: Partly) -> float:
    """The number that early stopping looks at, computed apart from the log."""
    twin = copy.deepcopy(run.model).eval()
    with torch.no_grad():
        return torch.cat([run.losses(twin(x), y) for _, x, y in run.valid]).mean().item()


class Neighbours(nn.Module):
    """Two graph convolutions."""

    def __init__(self, features: int, width: int, classes: int, links: Tensor, dropout: float) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(features, width), nn.Linear(width, classes)
        self.act, self.drop = nn.ReLU(), nn.Dropout(dropout)
        self.register_buffer("links", links)

    def forward(self, x: Tensor) -> Tensor:
        return self.links @ self.second(self.drop(self.act(self.links @ self.first(x))))


def thirty_papers_and_a_wide_network(path: Path, seed: int, scale: float, *, mended: bool = False) -> int:
    """Which field a paper belongs to, from thirty that are labelled: a wide graph network without decay goes on for long after its best epoch."""
    g = drawn(32)
    count, labelled = 260, 36
    field = torch.randint(0, 3, (count,), generator=g)
    x = torch.randn(count, 80, generator=g)
    x[:, :3] += 2 * F.one_hot(field, 3)
    share = torch.where(field.unsqueeze(0) == field.unsqueeze(1), 0.03, 0.008)
    links = (torch.rand(count, count, generator=g) < share).float().triu(1)
    links = links + links.T + torch.eye(count)
    links = links / (links.sum(1, keepdim=True) * links.sum(0, keepdim=True)).sqrt()
    model = Neighbours(80, 16 if mended else 96, 3, links, 0.5 if mended else 0.0)
    optimizer = Adam(model.parameters(), lr=0.003 * scale, weight_decay=1e-3 if mended else 0.0)
    train, valid = torch.arange(labelled), torch.arange(labelled, count)
    least, onset = float("inf"), 0
    with Recorder(path, model, optimizer, every=5, task="classification", loss="cross_entropy", config={"lr": 0.003, "epochs": 220}) as rec:
        for epoch in range(60 if mended else 220):
            rec.epoch = epoch
            model.train()
            prediction = model(x)[train]
            losses = class_losses(prediction, field[train])
            optimizer.zero_grad()
            losses.mean().backward()
            optimizer.step()
            rec.log(loss=losses.mean().detach())
            rec.samples([f"paper{i}" for i in train.tolist()], loss=losses.detach(), prediction=prediction.detach(), target=field[train], inputs=x[train])
            if epoch % 5 == 4:
                model.eval()
                with rec.split("valid"), torch.no_grad():
                    prediction = model(x)[valid]
                    losses = class_losses(prediction, field[valid])
                    rec.log(loss=losses.mean(), accuracy=accuracy(prediction, field[valid]))
                if losses.mean().item() < least:
                    least, onset = losses.mean().item(), epoch
    return onset


def line_search_remembers_the_first_loss(path: Path, seed: int, scale: float, *, mended: bool = False) -> int | None:
    """Gradient descent whose line search promises that the loss never rises compares each trial with the loss before the first step, not the last."""
    x, y = breast_cancer()
    x, y = x[:300], y[:300]
    model = mlp([30, 12, 2], nn.Tanh)
    trial = copy.deepcopy(model)
    optimizer = SGD(model.parameters(), lr=0.2 * scale)
    group, reference, last, onset = optimizer.param_groups[0], None, None, None
    config = {"optimizer": "gradient descent with line search", "steps": 120}
    with Recorder(path, model, optimizer, every=2, loss="cross_entropy", guarantees=("monotone_decrease",), config=config) as rec:
        for step in range(120):
            losses = class_losses(model(x), y)
            loss = losses.mean()
            if last is not None and onset is None and loss.item() > last * 1.001:
                onset = step
            last = loss.item()
            reference = loss.item() if mended or reference is None else reference
            optimizer.zero_grad()
            loss.backward()
            group["lr"] *= 2
            for _ in range(30):
                with torch.no_grad():
                    for there, here in zip(trial.parameters(), model.parameters(), strict=True):
                        there.copy_(here - group["lr"] * here.grad)
                    if class_losses(trial(x), y).mean().item() < reference:
                        break
                group["lr"] /= 2
            optimizer.step()
            rec.log(loss=loss.detach())
    return onset


class Remembering(nn.Module):
    """A GRU that takes up the state in which the last batch left it."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(3, 24, batch_first=True)
        self.head = nn.Linear(24, 2)
        self.state: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        states, self.state = self.rnn(x, self.state)
        self.state = self.state.detach()
        return self.head(states[:, -1])


def state_carried_into_a_smaller_batch(path: Path, seed: int, scale: float, *, mended: bool = False) -> int | None:
    """The state of a recurrent network is carried from batch to batch; the last batch of the epoch is smaller, and the process ends with an exception."""
    x, y = weather()
    x, y = ((x - x.mean((0, 1))) / x.std((0, 1)))[:444], y[:444]
    model = Remembering()
    optimizer = SGD(model.parameters(), lr=0.1 * scale, momentum=0.9)
    step = 0
    try:
        with Recorder(path, model, optimizer, every=5, loss="mse_loss", config={"epochs": 5, "batch_size": 8}) as rec:
            for rec.epoch in range(5):
                for at in range(0, 444, 8):
                    loss = F.mse_loss(model(x[at : at + 8]), y[at : at + 8])
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    rec.log(loss=loss.detach())
                    step += 1
                    if mended:
                        model.state = None
                model.state = None
    except RuntimeError:
        return step
    return None


OUTCOMES: tuple[Case, ...] = (
    Case(checkpoint_without_buffers, causes=("bad_resume",), step=5 * 29, interval=29, why="training goes on as before; only evaluation uses what is lost"),
    Case(patience_that_waits_for_a_higher_loss, causes=("stopped_too_early",), step=None, interval=15, misses=("accuracy", 0.8)),
    Case(thirty_papers_and_a_wide_network, causes=("overfitting",), interval=10),
    Case(line_search_remembers_the_first_loss, causes=("guarantee_broken",), interval=2),
    Case(state_carried_into_a_smaller_batch, causes=("crashed",), interval=5),
)
