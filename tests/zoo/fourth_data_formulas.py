"""One planted mistake a training, second part: targets, padding, loss and metric. `mended=True` is the twin without the mistake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Adam, RMSprop

from recorder import probes

from .case import Case
from .data import digits, loaders
from .fourth_data_tasks import (
    Partly,
    Tagger,
    Tastes,
    digit_net,
    drawn,
    judgements,
    lakes,
    logit_losses,
    machines,
    opinions_of,
    reviews,
    sentences,
    spots,
    training,
    word_accuracy,
    word_kinds,
)
from .models import Flat, Segmenter, mlp, pixel_losses
from .training import Batch, Training, accuracy, binary_accuracy, mean_absolute_error, mean_iou, r2


def names_are_drowned_by_words(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """Three words in a hundred are names, and a word that can be one mostly is none: the loss counts all words alike, and no name is found."""
    x, y = sentences(rare=0.3)
    weight = torch.tensor([0.0, 1.0, 9.0 if mended else 1.0])

    def losses(prediction: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(prediction.transpose(1, 2), target, weight=weight if mended else None, reduction="none")

    def balanced(prediction: Tensor, target: Tensor) -> float:
        right = prediction.argmax(-1) == target
        return sum(right[target == kind].float().mean().item() for kind in (1, 2)) / 2

    parts = {
        "model": Tagger(3),
        "losses": losses,
        "metrics": {"accuracy": word_accuracy, "balanced_accuracy": balanced},
        "classes": ["padding", "word", "name"],
    }
    word_kinds(seed, scale, loaders(x, y, seed), epochs=5, lr=5e-3, **parts).record(path)


def lake_training(seed: int, scale: float, data: Any, **parts: Any) -> Training:
    """Water or not, pixel by pixel, by a small convolutional network and RMSprop."""
    model = Segmenter(classes=2, width=8)
    given = {"losses": pixel_losses, "criterion": "cross_entropy", "task": "segmentation", "metrics": {"iou": mean_iou}, **parts}
    return training(Training, model, RMSprop(model.parameters(), lr=4e-3 * scale), data, 6, **given)


def masks_lie_across(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """The masks come from a library that counts width before height: each is transposed against its picture."""
    x, y = lakes()
    lake_training(seed, scale, loaders(x, y if mended else y.transpose(1, 2).contiguous(), seed, batch=16)).record(path)


def pictures_flipped_without_their_masks(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """Half of the training pictures are flipped left to right, drawn anew each time, and their masks are not."""
    x, y = lakes()
    train, valid = loaders(x, y, seed, batch=16)
    coins = drawn(seed + 50)

    class Flipped:
        def __iter__(self) -> Any:
            for ids, picture, mask in train:
                coin = torch.rand(len(picture), generator=coins) < 0.5
                turned = torch.where(coin.view(-1, 1, 1, 1), picture.flip(3), picture)
                yield ids, turned, torch.where(coin.view(-1, 1, 1), mask.flip(2), mask) if mended else mask

    lake_training(seed, scale, (Flipped(), valid)).record(path)


def percent_for_the_sigmoid(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """The share that a binary loss is to learn stands in the file in percent: 0 to 100."""
    x, marks = judgements()
    share = torch.sigmoid(1.5 * marks) * (1 if mended else 100)
    model = Flat(Tastes())
    parts = {"losses": logit_losses, "criterion": "binary_cross_entropy_with_logits", "kept": ("train", "valid")}
    parts["metrics"] = {"mae": lambda prediction, target: mean_absolute_error(torch.sigmoid(prediction), target / (1 if mended else 100))}
    training(Partly, model, Adam(model.parameters(), lr=2e-2 * scale), loaders(x, share, seed), 10, **parts).record(path)


def named_twice_counted_twice(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """Several labels a picture are made by counting those in a list; where two pasted digits are the same, the target is 2."""
    x, y = digits()
    g = drawn(21)
    other = torch.randint(0, len(y), (1200,), generator=g)
    same = torch.rand(1200, generator=g) < 0.25
    for row in same.nonzero().flatten().tolist():
        alike = (y == y[row]).nonzero().flatten()
        other[row] = alike[int(torch.randint(0, len(alike), (1,), generator=g))]
    both = torch.cat([x[:1200], x[other]], 3)
    target = F.one_hot(y[:1200], 10) + F.one_hot(y[other], 10)
    target = (target.clamp(max=1) if mended else target).float()
    model = mlp([128, 64, 10])
    parts = {"losses": logit_losses, "criterion": "binary_cross_entropy_with_logits", "task": "multilabel", "metrics": {"accuracy": binary_accuracy}}
    training(Training, model, Adam(model.parameters(), lr=4e-3 * scale), loaders(both, target, seed), 9, **parts).record(path)


def accuracy_over_padding_too(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """The loss leaves padding out; the accuracy counts each padded place, where anything the model says was overwritten by 0, as right."""

    def counted(prediction: Tensor, target: Tensor) -> float:
        said = prediction.argmax(-1) * (target != 0)
        return (said == target).float().mean().item()

    x, y = sentences(rare=0.5, every=2)
    data = loaders(F.pad(x, (0, 16)), F.pad(y, (0, 16)), seed)
    word_kinds(seed, scale, data, epochs=6, lr=4e-3, model=Tagger(3), metrics={"accuracy": word_accuracy if mended else counted}).record(path)


def evaluated_on_probabilities(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """Evaluation turns the outputs into probabilities first, for the metric, and gives them to the loss, which makes probabilities of its own."""

    def numbers(seen: list[Batch]) -> dict[str, float]:
        outputs, targets = torch.cat([batch[0] for batch in seen]), torch.cat([batch[1] for batch in seen])
        given = outputs if mended else outputs.softmax(1)
        return {"loss": F.cross_entropy(given, targets).item(), "accuracy": accuracy(given, targets)}

    machines(seed, scale, summarize=numbers).record(path)


def batch_means_over_the_rows(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """The validation loss adds up the means of the batches and divides by the number of rows."""

    def numbers(seen: list[Batch]) -> dict[str, float]:
        rows = sum(len(batch[1]) for batch in seen)
        total = sum(batch[2].mean().item() * (len(batch[1]) if mended else 1) for batch in seen)
        right = sum(int((batch[0].argmax(1) == batch[1]).sum()) for batch in seen)
        return {"loss": total / rows, "accuracy": right / rows}

    data = loaders(*digits(), seed, valid_batch=50)
    digit_net(seed, scale, data, epochs=7, summarize=numbers).record(path)


def absolute_error_on_yes_and_no(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """Yes or no, with a sigmoid at the end and the mean absolute error as loss: it is least where the commoner answer is always given."""
    x, praise = reviews()
    kept = torch.cat([(praise == 0).nonzero().flatten(), (praise == 1).nonzero().flatten()[:300]])
    kept = kept[torch.randperm(len(kept), generator=drawn(22))]
    x, y = x[kept], praise[kept]

    def shares(model: Any, words: Tensor) -> Tensor:
        return torch.sigmoid(model(words))

    def balanced(prediction: Tensor, target: Tensor) -> float:
        right = (prediction > 0.5) == (target > 0.5)
        return ((right[target > 0.5].float().mean() + right[target < 0.5].float().mean()) / 2).item()

    losses: Callable[..., Tensor] = F.binary_cross_entropy if mended else F.l1_loss
    parts = {"losses": lambda p, t: losses(p, t, reduction="none"), "criterion": losses.__name__, "forward": shares, "task": "classification"}
    data = loaders(x, y, seed, batch=32)
    opinions_of(seed, scale, data, epochs=12, metrics={"balanced_accuracy": balanced}, classes=["no", "yes"], **parts).record(path)


def right_ones_over_full_batches(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """Accuracy divides the right answers by batches times batch size; the last batch of validation is a fifth full."""

    def numbers(seen: list[Batch]) -> dict[str, float]:
        right = sum(int((batch[0].argmax(1) == batch[1]).sum()) for batch in seen)
        rows = sum(len(batch[1]) for batch in seen)
        loss = sum(batch[2].sum().item() for batch in seen) / rows
        return {"loss": loss, "accuracy": right / (rows if mended else len(seen) * len(seen[0][1]))}

    data = loaders(*digits(), seed, valid=range(1347, 1497), valid_batch=125)
    digit_net(seed, scale, data, summarize=numbers, activation=nn.ELU).record(path)


def half_as_threshold_of_a_logit(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """The accuracy of a binary model compares its logit with a half, as if it were a probability."""

    def above_half(prediction: Tensor, target: Tensor) -> float:
        return ((prediction > 0.5) == (target > 0.5)).float().mean().item()

    metrics = {"accuracy": binary_accuracy if mended else above_half}
    opinions_of(seed, scale, kind=Partly, kept=("valid",), epochs=7, task="classification", metrics=metrics).record(path)


def row_against_column_in_validation(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """Training takes the last dimension of the outputs away; evaluation, copied from elsewhere, does not."""
    x, y = spots()
    x, y = x, y[:, 2]
    body = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.SiLU(), nn.MaxPool2d(2), nn.Conv2d(8, 12, 3), nn.SiLU(), nn.Flatten(), nn.Linear(192, 1))

    def numbers(seen: list[Batch]) -> dict[str, float]:
        prediction, target = torch.cat([batch[0] for batch in seen]), torch.cat([batch[1] for batch in seen])
        given = prediction.squeeze(1) if mended else prediction
        return {"loss": ((given - target) ** 2).mean().item(), "r2": r2(prediction.squeeze(1), target)}

    def losses(prediction: Tensor, target: Tensor) -> Tensor:
        return (prediction.squeeze(1) - target) ** 2

    parts = {"criterion": "mse_loss", "task": "regression", "summarize": numbers}
    training(Training, body, Adam(body.parameters(), lr=3e-3 * scale), loaders(x, y, seed), 8, losses=losses, **parts).record(path)


class Turned(torch.autograd.Function):
    """x W', whose backward multiplies with W' again; with a square matrix no shape tells."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, right: bool) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.right = right
        return x @ weight.T

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        return grad @ (weight if ctx.right else weight.T), grad.T @ x, None


class OwnLinear(nn.Module):
    """A square linear layer with a backward of its own."""

    def __init__(self, width: int, right: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width, width) / width**0.5)
        self.right = right

    def forward(self, x: Tensor) -> Tensor:
        return Turned.apply(x, self.weight, self.right)  # type: ignore[no-any-return]


def weight_the_wrong_way_round_in_backward(path: Path, seed: int, scale: float, *, mended: bool = False) -> None:
    """An own square layer sends the gradient back through its weight transposed; the user checks the gradient before training."""
    x, y = digits()
    own = [OwnLinear(24, mended) for _ in range(4)]
    layers = [part for layer in own for part in (layer, nn.Tanh())]
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 24), nn.Tanh(), *layers, nn.Linear(24, 10))
    run = digit_net(seed, scale, loaders(x, y, seed), model, lr=0.01, epochs=13)
    with run.open(path) as rec:
        probes.gradient_check(rec, model, lambda net, batch: F.cross_entropy(net(batch[0]), batch[1]), (x[:3], y[:3]), evaluations=200)
        run.run(rec)


FORMULAS: tuple[Case, ...] = (
    Case(names_are_drowned_by_words, causes=("class_imbalance",), step=0, misses=("balanced_accuracy", 0.6)),
    Case(masks_lie_across, causes=("targets_misaligned",), step=0, misses=("iou", 0.75)),
    Case(
        pictures_flipped_without_their_masks,
        causes=("targets_misaligned",),
        step=0,
        misses=("iou", 0.84),
        why="half of the pictures, in training",
    ),
    Case(percent_for_the_sigmoid, causes=("target_out_of_range",), step=0),
    Case(named_twice_counted_twice, causes=("target_out_of_range",), step=0, why="a third of the rows has one target of 2"),
    Case(accuracy_over_padding_too, causes=("padding_counted",), step=0, interval=12, why="only the metric, not the loss"),
    Case(evaluated_on_probabilities, causes=("loss_formula",), step=0, interval=15, why="only in evaluation; accuracy is right"),
    Case(batch_means_over_the_rows, causes=("loss_formula",), step=0, interval=29),
    Case(absolute_error_on_yes_and_no, causes=("loss_mismatch",), step=0, misses=("balanced_accuracy", 0.65)),
    Case(right_ones_over_full_batches, causes=("metric_formula",), step=0, interval=29, misses=("accuracy", 0.65)),
    Case(half_as_threshold_of_a_logit, causes=("metric_formula",), step=0, interval=19),
    Case(row_against_column_in_validation, causes=("shape_broadcast",), step=0, interval=12, why="only in evaluation"),
    Case(weight_the_wrong_way_round_in_backward, causes=("wrong_gradient",), step=0, misses=("accuracy", 0.9)),
)
