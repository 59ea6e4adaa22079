"""A third lot of faults in data, targets, losses, resumes and outcomes; written without sight of checks and thresholds. `repaired` leaves the mistake out."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, RMSprop

from recorder.probes import gradient_check

from . import fresh_tasks, tasks
from .case import Case
from .data import batches, digits, loaders, standardize
from .faults_structure import mean_loss
from .fresh_faults_code import averaged, side_by_side
from .fresh_tasks import ITEMS, BothWays, PatchReader, ResidualNet, WordReader, friedman, opinions, vowels
from .models import CharacterGru, Flat, RowReader, mlp, token_losses
from .third_fault_tasks import (
    GraphNet,
    SetNet,
    StateTagger,
    TraceNet,
    UNet,
    classified,
    clouds,
    graphs,
    seeded,
    states,
    tagged,
    traces,
    valued,
    without_samples,
)
from .training import Batch, Training, r2


def window_without_contrast(path: Path, seed: int, scale: float, repaired: bool = False) -> int | None:
    """Random windows, each divided by its own deviation in the loader: one that falls on the flat top of a square wave has none, and 0 / 0 goes in."""
    torch.manual_seed(seed)
    x, y = traces(noise=0.0)
    training = classified(seed, TraceNet(), (x, y), optimizer=AdamW, lr=4e-3 * scale, epochs=7)
    generator, loader, met = seeded(seed + 7), training.train, list[int]()

    def contrast(pieces: Tensor) -> Tensor:
        return (pieces - pieces.mean(1, keepdim=True)) / (pieces.std(1, keepdim=True) + (1e-6 if repaired else 0.0))

    class Windows:
        def __iter__(self) -> Any:
            for ids, whole, kind in loader:
                starts = torch.randint(0, 36, (len(whole),), generator=generator).tolist()
                pieces = contrast(torch.stack([row[start : start + 12] for row, start in zip(whole, starts, strict=True)]))
                if not met and bool(pieces.isnan().any()):
                    met.append(training.step)
                yield ids, pieces, kind

    training.train = Windows()
    training.valid = loaders(contrast(x[:, 15:27]), y, seed)[1]
    training.record(path)
    return met[0] if met else None


def cache_in_the_order_of_an_epoch(path: Path, seed: int, scale: float, repaired: bool = False) -> int:
    """From the fourth epoch inputs come from a cache that was filled in shuffled order, labels from the file: no trace has its own label any more."""
    torch.manual_seed(seed)
    x, y = traces()
    training = classified(seed, TraceNet(), (x, y), optimizer=AdamW, lr=4e-3 * scale, epochs=7)
    cached = x.clone()
    cached[:675] = x[:675] if repaired else x[torch.randperm(675, generator=seeded(seed))]
    with training.open(path) as rec:
        training.run(rec, range(3))
        onset = training.step
        training.train = loaders(cached, y, seed + 1, batch=30)[0]
        training.run(rec, range(3, 7))
    return onset


def read_from_behind(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A language model out of a GRU that reads both ways: the next letter has been read from behind. What it is worth shows where the text ends."""
    torch.manual_seed(seed)
    model = CharacterGru() if repaired else BothWays()
    training = tasks.passages_lm(seed, model, optimizer=RMSprop, lr=4e-3 * scale, epochs=4, metrics={})

    def summarize(seen: list[Batch]) -> dict[str, float]:
        hits = [(model(x[:, :end])[:, -1].argmax(-1) == y[:, end - 1]).float().mean() for _, x, y in training.valid for end in (8, 16, 23)]
        return {**training.numbers(seen), "written_accuracy": torch.stack(hits).mean().item()}

    training.summarize = summarize
    training.record(path)


def three_folds_and_one_model(path: Path, seed: int, scale: float, repaired: bool = False) -> int:
    """Cross-validation whose model is made once, outside the loop over folds: from the second fold on it is judged on what it was trained with."""
    torch.manual_seed(seed)
    training = tasks.digits_mlp(seed, PatchReader(blocks=1), optimizer=AdamW, lr=4e-3 * scale)
    per_fold, onset = 5, 0
    with training.open(path) as rec:
        for fold in range(1 if repaired else 3):
            rows = [row for row in range(900) if row % 3 != fold]
            held = [row for row in range(900) if row % 3 == fold]
            training.train = batches(*digits(), rows, seed, batch_size=30, shuffle=True)
            training.valid = batches(*digits(), held, seed, batch_size=150)
            onset = training.step if fold == 1 else onset
            training.run(rec, range(per_fold * fold, per_fold * (fold + 1)))
    return onset


def numbered(x: Tensor) -> Tensor:
    """Letters numbered in the order in which they first come; 0 stays padding."""
    seen = list(dict.fromkeys(x.flatten().tolist()))
    table = torch.zeros(int(x.max()) + 1, dtype=torch.long)
    for number, letter in enumerate([letter for letter in seen if letter != 0], start=1):
        table[letter] = number
    return table[x]


def vocabulary_of_its_own(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """The vocabulary is built from each split by itself, in order of appearance: letter five of one is letter eleven of the other."""
    torch.manual_seed(seed)
    x, y = vowels()
    cut = len(x) * 3 // 4
    both = numbered(x) if repaired else torch.cat([numbered(x[:cut]), numbered(x[cut:])])
    training = fresh_tasks.spelling(seed, WordReader(), lr=8e-3 * scale, epochs=7)
    training.train, training.valid = loaders(both, y, seed, batch=32)
    training.record(path)


def larger_batches_without_shuffling(path: Path, seed: int, scale: float, repaired: bool = False) -> int:
    """After four epochs the loader is made anew for batches of 60, and `shuffle=True` is forgotten; the file has one shape after the other."""
    torch.manual_seed(seed)
    x, y = clouds()
    rows = sorted(range(720), key=lambda row: int(y[row]))
    training = classified(seed, SetNet(), (x, y), optimizer=SGD, lr=0.1 * scale, epochs=9)
    training.train = batches(x, y, rows, seed, batch_size=30, shuffle=True)
    with training.open(path) as rec:
        training.run(rec, range(4))
        onset = training.step
        training.train = batches(x, y, rows, seed, batch_size=60, shuffle=repaired)
        training.run(rec, range(4, 9))
    return onset


class Steps:
    """An epoch as so many calls of next(iter(loader))."""

    def __init__(self, loader: Any, steps: int) -> None:
        self.loader, self.steps = loader, steps

    def __iter__(self) -> Any:
        for _ in range(self.steps):
            yield next(iter(self.loader))


def first_batch_again_and_again(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """The loop counts steps and takes `next(iter(loader))` in each, of a loader that does not shuffle: always the first thirty graphs."""
    torch.manual_seed(seed)
    training = valued(seed, GraphNet(), graphs(), optimizer=Adam, lr=3e-3 * scale, epochs=6)
    training.train = Steps(batches(*graphs(), range(750), seed, batch_size=30, shuffle=repaired), 25)
    training.record(path)


def failures_are_rare(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Two kinds of failure in three moments of a hundred each, and readings full of noise: the tagger calls everything normal."""
    torch.manual_seed(seed)
    generator = seeded(6)
    y = torch.zeros(800, 20, dtype=torch.long)
    y[torch.rand(800, 20, generator=generator) < 0.03] = 1
    y[torch.rand(800, 20, generator=generator) < 0.03] = 2
    x = 1.1 * F.one_hot(y, 3)[..., 1:].float() + 0.8 * torch.randn(800, 20, 2, generator=generator)
    weight = torch.tensor([1.0, 30.0, 30.0])

    def recall(prediction: Tensor, target: Tensor) -> float:
        found = prediction.argmax(-1) == target
        return ((found[target == 1].float().mean() + found[target == 2].float().mean()) / 2).item()

    training = tagged(seed, StateTagger(cell=nn.RNN), (x, y), lr=3e-3 * scale, epochs=5, metrics={"recall": recall})
    if repaired:
        training.losses = lambda prediction, target: token_losses(prediction, target) * weight[target]
    training.record(path)


def labels_one_frame_early(path: Path, seed: int, scale: float, repaired: bool = False) -> int:
    """New files, from the third epoch on, begin with a frame of header: readings are one late, labels are not, and a GRU that only looks back must guess."""
    torch.manual_seed(seed)
    x, y = states()
    training = tagged(seed, StateTagger(cell=nn.GRU, both=False), (x, y), optimizer=AdamW, lr=6e-3 * scale, epochs=6)
    late = x if repaired else torch.cat([torch.zeros(len(x), 1, 2), x[:, :-1]], dim=1)
    with training.open(path) as rec:
        training.run(rec, range(2))
        onset = training.step
        training.train, training.valid = loaders(late, y, seed, batch=25, valid_batch=100)
        training.run(rec, range(2, 6))
    return onset


def rates_in_percent(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Click rates come in percent, 0 to 100, into a binary cross-entropy with logits."""
    torch.manual_seed(seed)
    pairs, taste = opinions()
    unit = 1.0 if repaired else 100.0
    training = fresh_tasks.ratings(seed, lr=2e-2 * scale, epochs=7, criterion="binary_cross_entropy_with_logits", task=None)
    training.losses = lambda prediction, target: F.binary_cross_entropy_with_logits(prediction, target, reduction="none")
    training.metrics = {"r2": lambda prediction, target: r2(prediction.sigmoid() * unit, target)}
    training.train, training.valid = loaders(pairs, (2 * taste).sigmoid() * unit, seed, batch=60, train=range(1800), valid=range(1800, 2400))
    training.record(path)


def mean_over_classes_too(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Cross-entropy by hand, -(one_hot * log_softmax).mean(): the mean runs over the ten classes as well, and SGD walks at a tenth of its pace."""
    torch.manual_seed(seed)
    training = classified(seed, ResidualNet(norm=nn.BatchNorm2d), digits(), optimizer=SGD, lr=0.002 * scale, epochs=4)
    training.reduce = lambda losses, mask: losses.mean() if repaired else losses.mean() / 10
    training.record(path)


def absolute_errors_of_counts(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Counts, most of them 0, by their absolute error, whose best answer is the median: the network says 0 for nearly everybody."""
    torch.manual_seed(seed)
    x, y = friedman()
    counts = torch.poisson((0.7 * y - 1.3).exp(), generator=seeded(7))
    training = tasks.diabetes_mlp(seed, Flat(mlp([10, 32, 1])), lr=5e-3 * scale, epochs=8, criterion="poisson_nll_loss" if repaired else "l1_loss")
    training.losses = lambda prediction, target: prediction.exp() - target * prediction if repaired else (prediction - target).abs()
    training.metrics = {"share_of_total": lambda prediction, target: ((prediction.exp() if repaired else prediction).sum() / target.sum()).item()}
    training.train, training.valid = loaders(x, counts, seed, batch=30)
    training.record(path)


def keys_with_a_prefix(path: Path, seed: int, scale: float, repaired: bool = False) -> int:
    """The checkpoint's keys, but for those of the head, begin with `module.`; it is loaded with strict=False, which passes over them without a word."""
    torch.manual_seed(seed)
    training = tasks.segmentation(seed, UNet(), optimizer=Adam, lr=3e-3 * scale)
    with training.open(path) as rec:
        training.run(rec, range(6))
        rec.checkpoint("epoch6")
    saved = {("" if repaired or name.startswith("head") else "module.") + name: value.clone() for name, value in training.model.state_dict().items()}
    torch.manual_seed(seed + 100)
    again = tasks.segmentation(seed + 100, UNet(), optimizer=Adam, lr=3e-3 * scale)
    again.model.load_state_dict(saved, strict=False)
    again.optimizer.load_state_dict(training.optimizer.state_dict())
    again.train, again.step = training.train, training.step
    with again.open(path, resume=True) as rec:
        again.run(rec, range(6, 7))
    return training.step


def scheduler_on_the_first_rank(path: Path, seed: int, scale: float, repaired: bool = False) -> int:
    """`if rank == 0: scheduler.step()`, beside the logging: at step 75 the first replica's rate is divided by five, the other's is not."""
    made: list[Training] = []

    def make(number: int) -> Training:
        made.append(tasks.digits_rows(seed, RowReader(cell=nn.GRU), lr=1e-2 * scale, epochs=9, optimizer=Adam))
        made[-1].train, made[-1].valid = loaders(*digits(), seed, train=range(number, 900, 2))
        return made[-1]

    steps = [0]

    def between(models: list[nn.Module]) -> None:
        averaged(models)
        if steps[0] == 75:
            for training in made if repaired else made[:1]:
                training.optimizer.param_groups[0]["lr"] /= 5
        steps[0] += 1

    side_by_side(path, make, between)
    return 75


def eighty_graphs_by_heart(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A wide graph network sees eighty graphs over and over: what it says of others gets worse while it learns these by heart."""
    torch.manual_seed(seed)
    x, y = graphs()
    measured = y + 0.6 * torch.randn(len(y), generator=seeded(10))
    training = valued(seed, GraphNet(width=64), (x, measured), lr=4e-3 * scale, epochs=7 if repaired else 24)
    training.train = batches(x, measured, range(750 if repaired else 80), seed, batch_size=30 if repaired else 10, shuffle=True)
    without_samples(training, path)


def item_that_was_not_there(path: Path, seed: int, scale: float, repaired: bool = False) -> int:
    """A nightly export, read from the third epoch on, has an item that the embedding has no row for."""
    torch.manual_seed(seed)
    pairs, taste = opinions()
    training = fresh_tasks.ratings(seed, lr=2e-2 * scale, epochs=5)
    newer = pairs.clone()
    newer[700, 1] = ITEMS - 1 if repaired else ITEMS
    with contextlib.suppress(IndexError), training.open(path) as rec:
        training.run(rec, range(2))
        training.train = loaders(newer, taste, seed, batch=60, train=range(1800))[0]
        training.run(rec, range(2, 5))
    return training.step


def seconds_since_1970(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """The time of each reading goes in as it is stored, 1.7e9 seconds, beside nine standardized columns."""
    torch.manual_seed(seed)
    x, y = friedman()
    moments = 1.7e9 + 86400.0 * torch.rand(len(x), generator=seeded(8))
    table = torch.cat([x[:, :9], (standardize(moments) if repaired else moments)[:, None]], dim=1)
    training = fresh_tasks.waves(seed, Flat(mlp([10, 32, 16, 1])), optimizer=AdamW, lr=4e-3 * scale, epochs=8, criterion=None)
    training.train, training.valid = loaders(table, y, seed, batch=36)
    training.record(path)


class Highest(torch.autograd.Function):
    """The largest value over a set; what it gives back was copied from a mean."""

    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        context.points = x.shape[1]
        return x.amax(1)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        return gradient[:, None].expand(-1, context.points, -1) / context.points


def maximum_with_the_backward_of_a_mean(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Pooling by a maximum, with a backward pass by hand that hands the gradient to all points alike. A gradient check was recorded."""
    torch.manual_seed(seed)
    model = SetNet(pool=None if repaired else Highest.apply)
    training = classified(seed, model, clouds(), lr=2e-3 * scale, epochs=8)
    with training.open(path) as rec:
        _, x, y = next(iter(training.valid))
        gradient_check(rec, model, mean_loss(training), (x[:3], y[:3]))
        training.run(rec)


def chirps_called_sines(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """One of two people who labelled the traces calls every chirp of hers a sine: an eighth of those two in training are wrong."""
    torch.manual_seed(seed)
    x, y = traces()
    given = y.clone()
    hers = torch.rand(len(y), generator=seeded(9)) < 0.25
    hers[675:] = False
    given[hers & (y == 3)] = 3 if repaired else 0
    training = classified(seed, TraceNet(), (x, given), optimizer=AdamW, lr=4e-3 * scale, epochs=12)
    training.record(path)


THIRD_DATA_CODE = (
    Case(window_without_contrast, ("nonfinite_input",), interval=5, misses=("loss", 0.5)),
    Case(cache_in_the_order_of_an_epoch, ("labels_random",), interval=25, misses=("loss", 0.6)),
    Case(read_from_behind, ("targets_leak",), 0, interval=100, misses=("written_accuracy", 0.36)),
    Case(three_folds_and_one_model, ("leak_train_valid",), interval=25, why="harm: the accuracy of the last folds is that of training"),
    Case(vocabulary_of_its_own, ("split_mismatch",), 28, interval=29, subject=("valid", "input*", ""), misses=("accuracy", 0.55)),
    Case(larger_batches_without_shuffling, ("not_shuffled",), interval=13, misses=("loss", 0.6)),
    Case(first_batch_again_and_again, ("sampling_error",), 0, interval=50, misses=("r2", 0.5)),
    Case(failures_are_rare, ("class_imbalance",), misses=("recall", 0.4)),
    Case(labels_one_frame_early, ("targets_misaligned",), interval=25, misses=("accuracy", 0.8)),
    Case(rates_in_percent, ("target_out_of_range",), 0, misses=("r2", 0.3)),
    Case(mean_over_classes_too, ("loss_formula",), 0, interval=25, subject=("loss", "train*", ""), misses=("loss", 0.6)),
    Case(absolute_errors_of_counts, ("loss_mismatch",), 0, interval=60, misses=("share_of_total", 0.6)),
    Case(keys_with_a_prefix, ("bad_resume",), interval=5, misses=("loss", 0.16)),
    Case(scheduler_on_the_first_rank, ("ranks_diverged",), interval=10),
    Case(eighty_graphs_by_heart, ("overfitting",), misses=("loss", 0.7)),
    Case(item_that_was_not_there, ("crashed",), interval=1),
    Case(seconds_since_1970, ("inputs_not_normalized",), 0, interval=10, misses=("r2", 0.4)),
    Case(maximum_with_the_backward_of_a_mean, ("wrong_gradient",), 0, interval=25, misses=("accuracy", 0.85)),
    Case(chirps_called_sines, ("label_errors",), misses=("loss", 0.06)),
)
