"""Fourth set, how the model is put together: cut paths, modes, running statistics, inputs that do not matter, samples that see each other."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Adam, AdamW, RMSprop

from recorder import Recorder

from .case import Case
from .data import digits, loaders
from .fourth_training_tasks import Told, bursts, citations, judge, rhythms
from .models import Cnn, class_losses
from .tasks import digits_mlp
from .training import accuracy


class CitationNet(nn.Module):
    """Two layers over a graph of papers, the average over neighbours between them."""

    def __init__(self, average: Tensor, by_numpy: bool) -> None:
        super().__init__()
        self.average, self.by_numpy = average, by_numpy
        self.encode = nn.Linear(40, 8)
        self.act = nn.ReLU()
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        h = self.act(self.encode(x))
        h = torch.from_numpy(self.average.numpy() @ h.detach().numpy()) if self.by_numpy else self.average @ h
        return self.average @ self.head(h)


def neighbours_averaged_in_numpy(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """The average over the neighbours of the hidden layer goes through numpy: the encoder of the words gets no gradient."""
    x, y, average = citations()
    model = CitationNet(average, not repaired)
    optimizer = Adam(model.parameters(), lr=0.02 * scale, weight_decay=5e-3)
    train, valid = torch.arange(0, 200), torch.arange(200, 300)
    with Recorder(path, model, optimizer, every=5, loss="cross_entropy", config={"nodes": 300, "lr": 0.02 * scale}) as rec:
        for rec.epoch in range(80):
            model.train()
            optimizer.zero_grad()
            prediction = model(x)
            losses = class_losses(prediction[train], y[train])
            losses.mean().backward()
            optimizer.step()
            rec.log(loss=losses.mean().detach())
            rec.samples([f"paper:{i}" for i in train.tolist()], loss=losses.detach(), prediction=prediction[train].detach(), target=y[train], inputs=x[train])
            if rec.epoch % 5 == 4:
                model.eval()
                with rec.split("valid"), torch.no_grad():
                    prediction = model(x)[valid]
                    losses = class_losses(prediction, y[valid])
                    rec.log(loss=losses.mean(), accuracy=accuracy(prediction, y[valid]))
                    rec.samples([f"paper:{i}" for i in valid.tolist()], loss=losses, prediction=prediction, target=y[valid], inputs=x[valid])


class Scales(nn.Module):
    """Convolutions of three widths side by side, summed and pooled."""

    def __init__(self, all_of_them: bool) -> None:
        super().__init__()
        self.all_of_them = all_of_them
        self.scales = nn.ModuleList(nn.Conv1d(1, 12, size, padding=size // 2) for size in (25, 11, 3))
        self.act = nn.ReLU()
        self.mix = nn.Linear(12, 24)
        self.act2 = nn.ReLU()
        self.head = nn.Linear(24, 4)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.zeros(len(x), 12)
        for scale in self.scales:
            found = self.act(scale(x)).amax(2)
            h = h + found if self.all_of_them else found
        return self.head(self.act2(self.mix(h)))


def only_the_last_scale_is_kept(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """The loop over three convolutions overwrites its result where it should add: only the narrowest of them takes part."""
    model = Scales(repaired)
    train, valid = loaders(*bursts(), seed)
    optimizer = AdamW(model.parameters(), lr=4e-3 * scale)
    Told(model, optimizer, train, valid, class_losses, 8, "cross_entropy", metrics={"accuracy": accuracy}, tells="valid").record(path)


class StubbornMode(nn.Module):
    """A classifier whose own `train` method is called by `eval` too."""

    def __init__(self, passes_it_on: bool) -> None:
        super().__init__()
        self.passes_it_on = passes_it_on
        self.drop1, self.fc1, self.act1 = nn.Dropout(0.2), nn.Linear(64, 64), nn.ReLU()
        self.drop2, self.head = nn.Dropout(0.7), nn.Linear(64, 10)

    def train(self, mode: bool = True) -> StubbornMode:
        return super().train(mode if self.passes_it_on else True)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.drop2(self.act1(self.fc1(self.drop1(x.flatten(1))))))


def own_train_method_forgets_its_argument(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """The model's own `train(mode)` always passes True on, and `eval()` is `train(False)`: evaluated with dropout in every epoch."""
    torch.manual_seed(seed)
    digits_mlp(seed, StubbornMode(repaired), optimizer=Adam, lr=4e-3 * scale, epochs=8).record(path)


def statistics_of_the_glaring_twin(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A consistency loss shows a glaring version of each batch to the model in training mode: the running statistics are a mixture of both kinds."""
    x, y = digits()
    train, valid = loaders(x, y, seed)
    model = Cnn(norm=nn.BatchNorm2d)
    optimizer = Adam(model.parameters(), lr=2e-3 * scale)
    noise = torch.Generator().manual_seed(seed)
    with Recorder(path, model, optimizer, every=5, loss="cross_entropy", task="classification", config={"consistency": 0.05}) as rec:
        for rec.epoch in range(6):
            model.train()
            for ids, pixels, target in train:
                prediction = model(pixels)
                losses = class_losses(prediction, target)
                glaring = 6.0 * pixels + 2.0 + 0.5 * torch.randn(pixels.shape, generator=noise)
                norms = [norm for norm in model.modules() if isinstance(norm, nn.BatchNorm2d)]
                for norm in norms:
                    norm.track_running_stats = not repaired
                    norm.momentum = 0.0 if repaired else 0.1
                twin = model(glaring)
                for norm in norms:
                    norm.track_running_stats, norm.momentum = True, 0.1
                agreement = F.kl_div(twin.log_softmax(1), prediction.detach().softmax(1), reduction="batchmean")
                optimizer.zero_grad()
                (losses.mean() + 0.05 * agreement).backward()
                optimizer.step()
                rec.log(loss=losses.mean().detach(), consistency=agreement.detach())
                rec.samples(ids, loss=losses.detach(), prediction=prediction.detach(), target=target, inputs=pixels)
            model.eval()
            judge(rec, model, valid, class_losses, accuracy, "accuracy")


class ClampingCnn(Cnn):
    """Keeps its pixels within the range that it knows, or means to."""

    def __init__(self, repaired: bool) -> None:
        super().__init__(activation=nn.LeakyReLU)
        self.repaired = repaired

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.clamp(max=1.0) if self.repaired else x.clamp(min=1.0))


def pixels_clamped_from_below_at_one(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """The model's first line is clamp(min=1) where clamp(max=1) is meant: every picture of pixels in 0..1 becomes the same white one."""
    torch.manual_seed(seed)
    digits_mlp(seed, ClampingCnn(repaired), optimizer=RMSprop, lr=1e-3 * scale, epochs=5).record(path)


class TimeFirst(nn.Module):
    """An LSTM that wants time first, and a head on its last state."""

    def __init__(self, swaps: bool) -> None:
        super().__init__()
        self.swaps = swaps
        self.rnn = nn.LSTM(3, 24)
        self.head = nn.Linear(24, 4)

    def forward(self, x: Tensor) -> Tensor:
        count, length, channels = x.shape
        states, _ = self.rnn(x.transpose(0, 1) if self.swaps else x.reshape(length, count, channels))
        return self.head(states[-1])


def reshaped_where_axes_should_swap(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """`reshape` to [time, batch, channels] where a transpose is needed: the recordings of a batch are cut up and dealt out to each other."""
    model = TimeFirst(repaired)
    train, valid = loaders(*rhythms(), seed, batch=30, valid_batch=50)
    optimizer = Adam(model.parameters(), lr=5e-3 * scale)
    Told(model, optimizer, train, valid, class_losses, 8, "cross_entropy", metrics={"accuracy": accuracy}).record(path)


STRUCTURE = (
    Case(neighbours_averaged_in_numpy, ("disconnected_parameter",), step=0, subject=("encode*",), misses=("accuracy", 0.6)),
    Case(only_the_last_scale_is_kept, ("disconnected_parameter",), step=0, subject=("scales.0*", "scales.1*"), misses=("accuracy", 0.8)),
    Case(own_train_method_forgets_its_argument, ("wrong_mode",), step=0, interval=29, misses=("accuracy", 0.85)),
    Case(statistics_of_the_glaring_twin, ("normalization_statistics",), step=0, interval=29, misses=("accuracy", 0.8)),
    Case(pixels_clamped_from_below_at_one, ("ignores_input",), step=0, misses=("accuracy", 0.2)),
    Case(reshaped_where_axes_should_swap, ("samples_mixed",), step=0, misses=("accuracy", 0.6)),
)
