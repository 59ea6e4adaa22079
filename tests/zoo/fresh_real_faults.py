"""More faults that people reported, rebuilt small, each with its repaired twin; written without sight of checks and thresholds.

Models, data and sizes are ours; the mistake is theirs. SO: a question on StackOverflow by its number; others are GitHub repositories and issues.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Adam
from torch.utils.data import DistributedSampler

from . import fresh_tasks as tasks
from .case import Case
from .data import breast_cancer, digits, loaders
from .fresh_faults_code import averaged, side_by_side
from .fresh_tasks import PatchReader
from .models import Flat, Transformer, mlp, token_losses
from .real_faults import repaired
from .tasks import cancer_mlp, digits_cnn, digits_mlp, digits_rows, passages_lm
from .training import Training


def jetmoe_next_next_token(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """The model shifts labels that were shifted before: it learns the token after the next (transformers#37830)."""
    training = passages_lm(seed, Transformer(width=40), lr=4e-3 * scale, count=640, metrics={})
    if not repaired:
        training.losses = lambda prediction, target: F.pad(token_losses(prediction[:, :-1], target[:, 1:]), (0, 1))
        training.mask = lambda target: F.pad(torch.ones_like(target[:, 1:], dtype=torch.bool), (0, 1))
    training.record(path)


class Loud(nn.Module):
    """A feed-forward part whose hidden values run to ten thousands, and a norm behind it that makes nothing of it."""

    def __init__(self, half: bool) -> None:
        super().__init__()
        self.half_precision = half
        self.enter = nn.Linear(64, 48)
        self.act = nn.GELU()
        self.wide = nn.Linear(48, 48)
        self.norm = nn.LayerNorm(48)
        self.head = nn.Linear(48, 10)

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.float16, enabled=self.half_precision):
            hidden = self.wide(40000.0 * self.act(self.enter(x.flatten(1))))
        return self.head(self.norm(hidden.float()))


def t5_overflows_in_half_precision(path: Path, seed: int, scale: float, repaired: bool = False) -> int | None:
    """Activations grow beyond 65504 in a model that was fine in float32 (transformers#5651, #4586)."""
    torch.manual_seed(seed)
    model = Loud(not repaired)
    training = digits_mlp(seed, model, optimizer=Adam, lr=1e-2 * scale)
    met: list[int] = []
    model.wide.register_forward_hook(lambda module, inputs, output: None if output.isfinite().all() or not model.training else met.append(training.step))
    training.record(path)
    return met[0] if met else None


class Rounded(nn.Module):
    """Features are rounded down to whole numbers before the head reads them."""

    def __init__(self, straight_through: bool) -> None:
        super().__init__()
        self.encoder = nn.GRU(8, 12, batch_first=True)
        self.head = nn.Linear(12, 10)
        self.straight_through = straight_through

    def forward(self, x: Tensor) -> Tensor:
        state = 4 * self.encoder(x.flatten(1, -2))[0][:, -1]
        floor = torch.floor(state)
        return self.head(state + (floor - state).detach() if self.straight_through else floor)


def so41780344_floor_in_the_path(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """An operation without a gradient, floor, between an encoder and its head (SO-41780344)."""
    torch.manual_seed(seed)
    digits_rows(seed, Rounded(repaired), lr=1.5e-3 * scale, epochs=11).record(path)


def ddp_set_epoch_missing(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A distributed sampler is never told the epoch: the order is the same in each (pytorch#31771, SimCLR PR#26)."""
    sampler: Any = DistributedSampler(range(900), num_replicas=1, rank=0, seed=seed)  # type: ignore[arg-type]
    training = tasks.residual(seed, lr=0.02 * scale)
    training.train, training.valid = loaders(*digits(), seed, batch=24, sampler=sampler)

    def start_training(model: nn.Module, epoch: int) -> None:
        model.train()
        if repaired:
            sampler.set_epoch(epoch)

    training.start_training = start_training
    training.record(path)


def so56541683_output_hardly_changes(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Weights drawn far too small: the output does not change with the input (SO-56541683, 61498304, 40147568)."""
    torch.manual_seed(seed)
    training = digits_cnn(seed, optimizer=SGD, lr=0.02 * scale, epochs=8)
    for module in training.model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)) and not repaired:
            nn.init.trunc_normal_(module.weight, std=0.005, a=-0.01, b=0.01)
            nn.init.zeros_(module.bias)
    training.record(path)


def compiled_step_frozen(path: Path, seed: int, scale: float, repaired: bool = False) -> int:
    """A compiled optimizer goes on with what it saw when gradients were None: from some step on its step does nothing (pytorch#115607)."""
    training = tasks.residual(seed, optimizer=Adam, lr=5e-4 * scale)
    before: list[Tensor] = []

    def keep(optimizer: Any, *rest: Any) -> None:
        before[:] = [parameter.detach().clone() for parameter in training.model.parameters()]

    def undo(optimizer: Any, *rest: Any) -> None:
        with torch.no_grad():
            for parameter, old in zip(training.model.parameters(), before, strict=True):
                parameter.copy_(old)

    def before_step(step: int) -> None:
        if step == 60 and not repaired:
            training.optimizer.register_step_pre_hook(keep)
            training.optimizer.register_step_post_hook(undo)

    training.before_step = before_step
    training.record(path)
    return 60


def bloom_clipped_on_one_rank(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Gradients are clipped on the first rank alone, and weights that must be equal drift apart (deepspeed#1801)."""

    def make(number: int) -> Training:
        training = digits_mlp(seed, mlp([64, 40, 10], nn.Tanh), lr=0.03 * scale, epochs=9)
        training.train, training.valid = loaders(*digits(), seed, train=range(number, 900, 2))
        return training

    def between(models: list[nn.Module]) -> None:
        averaged(models)
        for model in models if repaired else models[:1]:
            nn.utils.clip_grad_norm_(model.parameters(), 0.3)

    torch.manual_seed(seed)
    first = mlp([64, 40, 10], nn.Tanh).state_dict()

    def alike(number: int) -> Training:
        training = make(number)
        training.model.load_state_dict(first)
        return training

    side_by_side(path, alike, between)


def so44164749_accuracy_of_each_output(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Ten exclusive classes by sigmoids and a binary loss; the accuracy is that of each output alone, nine of ten at once (SO-44164749)."""
    torch.manual_seed(seed)
    training = tasks.patches(seed, PatchReader(width=24), lr=4e-3 * scale, epochs=8)
    if not repaired:
        training.criterion = "binary_cross_entropy_with_logits"
        training.task = "classification"
        training.losses = lambda prediction, target: F.binary_cross_entropy_with_logits(prediction, F.one_hot(target, 10).float(), reduction="none").mean(1)
        training.metrics = {"accuracy": lambda prediction, target: ((prediction > 0) == F.one_hot(target, 10).bool()).float().mean().item()}
    training.record(path)


def so44066044_raw_table_and_relu_output(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A table as it was measured, and a ReLU behind the last layer of a binary classifier (SO-44066044)."""
    torch.manual_seed(seed)
    x, y = breast_cancer(scaled=repaired)
    training = cancer_mlp(seed, Flat(mlp([30, 24, 1], last=None if repaired else nn.ReLU())), lr=5e-3 * scale, epochs=8)
    training.train, training.valid = loaders(x, y.float(), seed, batch=16)
    training.record(path)


FRESH_REAL = (
    Case(jetmoe_next_next_token, ("targets_misaligned",), 0, interval=60, misses=("loss", 2.65)),
    Case(t5_overflows_in_half_precision, ("nonfinite_forward",), interval=0, subject=("*wide*",), misses=("accuracy", 0.5)),
    Case(so41780344_floor_in_the_path, ("disconnected_parameter",), 0, subject=("*encoder*",), misses=("accuracy", 0.5)),
    Case(ddp_set_epoch_missing, ("not_shuffled",), 0, interval=76),
    Case(
        so56541683_output_hardly_changes,
        ("bad_initialization", "vanishing_gradient"),
        0,
        misses=("accuracy", 0.3),
        why="signal and gradient shrink alike with the scale that the layers start with",
    ),
    Case(compiled_step_frozen, ("parameter_not_optimized",), interval=5, misses=("loss", 0.5)),
    Case(bloom_clipped_on_one_rank, ("ranks_diverged",), 1),
    Case(
        so44164749_accuracy_of_each_output,
        ("metric_formula", "loss_mismatch"),
        0,
        interval=30,
        why="two mistakes at once",
    ),
    Case(
        so44066044_raw_table_and_relu_output,
        ("wrong_output_activation", "inputs_not_normalized"),
        0,
        misses=("accuracy", 0.92),
        why="two mistakes at once",
    ),
)

FRESH_REPAIRED = tuple(
    Case(repaired(fault), reaches=reaches)
    for fault, reaches in (
        (jetmoe_next_next_token, ("loss", 2.65)),
        (t5_overflows_in_half_precision, ("accuracy", 0.85)),
        (so41780344_floor_in_the_path, ("accuracy", 0.5)),
        (ddp_set_epoch_missing, ("accuracy", 0.9)),
        (so56541683_output_hardly_changes, ("accuracy", 0.8)),
        (compiled_step_frozen, ("accuracy", 0.9)),
        (bloom_clipped_on_one_rank, ("accuracy", 0.8)),
        (so44164749_accuracy_of_each_output, ("accuracy", 0.6)),
        (so44066044_raw_table_and_relu_output, ("accuracy", 0.9)),
    )
)
