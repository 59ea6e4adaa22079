"""Faults that people reported, rebuilt small, each with its repaired twin.

Models, data and sizes are ours; the mistake is theirs. SO: a question on StackOverflow by its number; others are GitHub repositories and issues.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Adam, RMSprop
from torch.optim.lr_scheduler import ExponentialLR

from . import tasks
from .case import Case, Record
from .data import batches, breast_cancer, digits, loaders, wine
from .models import Cnn, Flat, RowReader, mlp
from .training import Training


def so31880720_softmax_over_one_output(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A binary classifier whose single output goes through a softmax: always 1 (SO-31880720)."""
    torch.manual_seed(seed)
    body = Flat(mlp([30, 16, 1], last=None if repaired else nn.Softmax(dim=1)))

    def losses(prediction: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy(prediction, target, reduction="none")

    wrong: dict[str, Any] = {} if repaired else {"losses": losses, "criterion": "binary_cross_entropy", "metrics": {"accuracy": probability_accuracy}}
    tasks.cancer_mlp(seed, body, lr=4e-3 * scale, **wrong).record(path)


def probability_accuracy(prediction: Tensor, target: Tensor) -> float:
    return ((prediction > 0.5) == (target > 0.5)).float().mean().item()


def so55328966_sigmoid_and_raw_pixels(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Sigmoid outputs before cross-entropy, and pixels up to 255 (SO-55328966)."""
    torch.manual_seed(seed)
    x, y = digits()
    model = mlp([64, 48, 10]) if repaired else mlp([64, 48, 10], last=nn.Sigmoid())
    training = tasks.digits_mlp(seed, model, optimizer=Adam, lr=3e-3 * scale)
    training.train, training.valid = loaders(x if repaired else x * 255, y, seed)
    training.record(path)


def so48221692_sigmoid_before_wide_targets(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A sigmoid at the end of a regression to targets far above 1 (SO-48221692)."""
    torch.manual_seed(seed)
    model = Flat(mlp([10, 32, 1], last=None if repaired else nn.Sigmoid()))
    tasks.diabetes_mlp(seed, model, lr=2e-2 * scale, scaled=False, epochs=16).record(path)


def so49931055_softmax_of_one_class(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Cross-entropy over one output: the loss is exactly zero from the start (SO-49931055)."""
    torch.manual_seed(seed)
    x, y = breast_cancer()
    model = mlp([30, 16, 2 if repaired else 1])
    train, valid = loaders(x, y if repaired else torch.zeros_like(y), seed, batch=16)
    training = tasks.wine_mlp(seed, model, lr=4e-3 * scale, epochs=6, train=train, valid=valid, task="classification")
    training.record(path)


def scico2_double_softmax(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A softmax in the model and one in the loss, four classes: the loss cannot go below 0.744 (SciCo#2)."""
    torch.manual_seed(seed)
    x, y = digits()
    keep = y < 4
    x, y = x[keep], y[keep]
    training = tasks.digits_cnn(seed, Cnn(classes=4) if repaired else nn.Sequential(Cnn(classes=4), nn.Softmax(dim=1)), lr=3e-3 * scale)
    training.train, training.valid = loaders(x, y, seed)
    training.record(path)


def so60801900_relu_before_negative_targets(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A ReLU as last layer of a regression with negative targets (SO-60801900)."""
    torch.manual_seed(seed)
    model = Flat(mlp([10, 16, 1], nn.Tanh, last=None if repaired else nn.ReLU()))
    tasks.diabetes_mlp(seed, model, lr=3e-3 * scale).record(path)


def so37624102_momentum_and_a_high_rate(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A CNN under SGD with a rate ten times too high and momentum: ReLUs die in the first steps (SO-37624102)."""
    torch.manual_seed(seed)
    training = tasks.digits_cnn(seed, epochs=8)
    training.optimizer = SGD(training.model.parameters(), lr=(0.02 if repaired else 1.0) * scale, momentum=0.9)
    training.record(path)


def so44998910_rate_far_too_low(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A regression under SGD whose rate is a thousand times too low (SO-44998910)."""
    training = tasks.diabetes_mlp(seed, optimizer=SGD, lr=(2e-2 if repaired else 1e-5) * scale, epochs=12)
    training.record(path)


def keypoints_adam_rate_of_a_tenth(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Adam with a rate a hundred times too high and a squared error on image coordinates (ShyamPoovaiah/FacialKeypointsDetection)."""
    torch.manual_seed(seed)
    pixels = digits()[0]
    rows = torch.arange(8.0)
    mass = pixels.sum((1, 2, 3))
    centre = torch.stack([(pixels[:, 0].sum(2) * rows).sum(1) / mass, (pixels[:, 0].sum(1) * rows).sum(1) / mass], dim=1) - 3.5
    train, valid = loaders(pixels, centre, seed)
    model = Cnn(classes=2)
    optimizer = Adam(model.parameters(), lr=(3e-3 if repaired else 0.3) * scale)
    Training(model, optimizer, train, valid, lambda prediction, target: (prediction - target) ** 2, 6, "mse_loss", "regression").record(path)


def so42264716_linear_fit_grows(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A linear fit above its stability limit: weights and loss grow without bound (SO-42264716, 41354177, 36666331)."""
    torch.manual_seed(seed)
    training = tasks.diabetes_mlp(seed, Flat(mlp([10, 1])), epochs=8)
    training.optimizer = SGD(training.model.parameters(), lr=(0.01 if repaired else 0.8) * scale)
    training.record(path)


def caption_scheduler_stepped_per_batch(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """An epoch schedule stepped at every batch (meshed-memory-transformer#71)."""
    training = tasks.passages_lm(seed, lr=3e-3 * scale)
    schedule = ExponentialLR(training.optimizer, gamma=0.85)
    training.config = {"schedule": "ExponentialLR(0.85)"}
    training.after_step = lambda step: schedule.step() if not repaired or step % 38 == 37 else None
    training.record(path)


def yolo_resume_drops_the_optimizer(path: Path, seed: int, scale: float, repaired: bool = False) -> int:
    """A resume restores the weights, but neither the optimizer's moments nor the decayed rate (ultralytics/yolov3#902, qfgaohao/pytorch-ssd#163)."""
    training = tasks.digits_cnn(seed, lr=8e-3 * scale, epochs=5)
    decay = ExponentialLR(training.optimizer, gamma=0.97)
    training.after_step = lambda step: decay.step()
    training.config = {"schedule": "ExponentialLR(0.97)"}
    with training.open(path) as rec:
        training.run(rec)
        rec.checkpoint("last")
    again = tasks.digits_cnn(seed, lr=8e-3 * scale, epochs=5)
    again.model.load_state_dict(training.model.state_dict())
    schedule = ExponentialLR(again.optimizer, gamma=0.97)
    if repaired:
        again.optimizer.load_state_dict(training.optimizer.state_dict())
        schedule.load_state_dict(decay.state_dict())
    again.after_step, again.config = lambda step: schedule.step(), training.config
    again.train, again.step = training.train, training.step
    with again.open(path, resume=True) as rec:
        again.run(rec, range(5, 8))
    return training.step


def tennis_no_zero_grad(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """No zero_grad in the trainer (yastrebksv/TennisCourtDetector#7)."""
    training = tasks.digits_cnn(seed, lr=3e-3 * scale)
    training.clears = lambda step: repaired
    training.record(path)


def so39525358_no_feature_scaling(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A binary classifier on a table whose columns run into the thousands (SO-39525358)."""
    torch.manual_seed(seed)
    x, y = breast_cancer(scaled=repaired)
    training = tasks.cancer_mlp(seed, Flat(mlp([30, 16, 1], nn.Sigmoid)), lr=1e-2 * scale)
    training.train, training.valid = loaders(x, y.float(), seed, batch=16)
    training.record(path)


def so40467990_images_and_labels_batched_apart(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Images and labels come from two shuffled queues: each image gets the label of another (SO-40467990, 47866803)."""
    torch.manual_seed(seed)
    x, y = digits()
    training = tasks.digits_cnn(seed, lr=3e-3 * scale, epochs=8)
    training.train, training.valid = loaders(x, y if repaired else y[torch.randperm(len(y))], seed)
    training.record(path)


def so53654594_only_one_split_scaled(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """The augmented training data is scaled by 255, the validation data is not (SO-53654594, SO-55786384)."""
    torch.manual_seed(seed)
    x, y = digits()
    training = tasks.digits_cnn(seed, lr=3e-3 * scale)
    training.train = batches(x, y, range(900), seed, name="digits", batch_size=32, shuffle=True)
    training.valid = batches(x if repaired else x * 255, y, range(1347, 1647), seed, name="digits", batch_size=150)
    training.record(path)


def shufflenet_no_shuffle(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Class after class without shuffling (ShuffleNet-Series#24)."""
    torch.manual_seed(seed)
    x, y = digits()
    order = torch.cat([torch.argsort(y[:900], stable=True), torch.arange(900, len(y))])
    training = tasks.digits_cnn(seed, lr=3e-3 * scale)
    training.train, training.valid = loaders(x[order], y[order], seed, shuffle=repaired)
    training.record(path)


def multimil_patients_in_both_splits(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A split by image where one by patient was meant: the same samples stand on both sides (multimil#75)."""
    training = tasks.cancer_mlp(seed, lr=4e-3 * scale)
    x, y = breast_cancer()
    training.train, training.valid = loaders(x, y.float(), seed, batch=16, train=range(400), valid=range(400 if repaired else 292, 569))
    training.record(path)


def so53749895_relus_never_fire(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Every ReLU of a layer is dead and the accuracy never moves (SO-53749895, 49891163, 46639430)."""
    torch.manual_seed(seed)
    model = mlp([64, 48, 32, 10])
    if not repaired:
        nn.init.constant_(model.fc2.bias, -6.0)
    tasks.digits_mlp(seed, model, lr=0.03 * scale).record(path)


def so50209981_deep_sigmoid_net(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A deep sigmoid network whose cross-entropy stays flat (SO-50209981, 60291619)."""
    torch.manual_seed(seed)
    sizes = [64, 32, 32, 32, 32, 32, 32, 10]
    if repaired:
        model = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 10)
        )
    else:
        model = mlp(sizes, nn.Sigmoid)
    tasks.digits_mlp(seed, model, lr=0.03 * scale).record(path)


def corrnn_eval_never_undone(path: Path, seed: int, scale: float, repaired: bool = False) -> int:
    """eval() in the validation function is not undone: dropout is off for the rest (coRNN#1, mmd#14, vsepp#4)."""
    torch.manual_seed(seed)
    training = tasks.digits_cnn(seed, Cnn(dropout=0.3), lr=3e-3 * scale)
    if not repaired:
        training.start_training = lambda model, epoch: model.train() if epoch == 0 else None
    training.record(path)
    return 29


def hvpnet_head_not_in_the_groups(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """The classification layer was never appended to the optimizer's groups (zjunlp/HVPNeT#5)."""
    torch.manual_seed(seed)
    model = RowReader()
    training = tasks.digits_rows(seed, model)
    groups = [{"params": list(model.rnn.parameters())}, *([{"params": list(model.head.parameters())}] if repaired else [])]
    training.optimizer = RMSprop(groups, lr=2e-3 * scale)
    training.record(path)


def speechbrain_detached_features(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A `.detach()` on the features of an encoder that was meant to learn (speechbrain#1396)."""

    class Listener(RowReader):
        def forward(self, x: Tensor) -> Tensor:
            state = self.rnn(x.flatten(1, -2))[0][:, -1]
            return self.head(state if repaired else state.detach())

    torch.manual_seed(seed)
    tasks.digits_rows(seed, Listener(), lr=3e-3 * scale).record(path)


def farm229_column_against_row(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Predictions (B, 1) against targets (B) in a squared error (FARM#229, GaNDLF#134, SO-38447935)."""
    torch.manual_seed(seed)
    body = mlp([10, 12, 1], nn.Tanh)
    training = tasks.diabetes_mlp(seed, Flat(body) if repaired else body, lr=3e-3 * scale, metrics={})
    training.summarize = lambda seen: {"loss": sum(batch[2].mean().item() * len(batch[1]) for batch in seen) / sum(len(batch[1]) for batch in seen)}
    training.record(path)


def so40192728_logarithm_by_hand(path: Path, seed: int, scale: float, repaired: bool = False) -> int:
    """Cross-entropy by hand, as -sum(y log p), with unscaled input: log(0) times 0 (SO-40192728, 39714374)."""
    torch.manual_seed(seed)
    x, y = wine()
    training = tasks.wine_mlp(seed, lr=5e-3 * scale, epochs=10)
    met: list[int] = []

    def losses(prediction: Tensor, target: Tensor) -> Tensor:
        found = -(F.one_hot(target, 3) * torch.log(torch.softmax(prediction, dim=1))).sum(1)
        if not found.isfinite().all() and training.model.training:
            met.append(training.step)
        return found

    if not repaired:
        training.losses = losses
        training.train, training.valid = loaders(x * 600, y, seed, batch=16)
        training.model.fc1.weight.data *= 4
        training.model.fc2.weight.data *= 400
    training.record(path)
    return met[0] if met else 0


def efficientdet_blank_image(path: Path, seed: int, scale: float, repaired: bool = False) -> int | None:
    """An input of nothing but zeros meets a normalization by its own deviation: NaN in the first steps (Yet-Another-EfficientDet-Pytorch#277)."""

    class Normalized(Cnn):
        def forward(self, x: Tensor) -> Tensor:
            centred = x - x.mean((1, 2, 3), keepdim=True)
            return super().forward(centred / (x.std((1, 2, 3), keepdim=True) + (1e-5 if repaired else 0.0)))

    torch.manual_seed(seed)
    x, y = digits()
    x = x.clone()
    x[[33, 412, 780]] = 0.0
    training = tasks.digits_cnn(seed, Normalized(), lr=3e-3 * scale)
    training.train, training.valid = loaders(x, y, seed)
    training.record(path)
    order = (inputs for _, inputs, _ in loaders(x, y, seed)[0])
    return next(step for step, inputs in enumerate(order) if (inputs.amax((1, 2, 3)) == 0).any())


def repaired(fault: Callable[..., int | None]) -> Record:
    """The same training without the mistake."""

    def twin(path: Path, seed: int, scale: float) -> None:
        fault(path, seed, scale, repaired=True)

    twin.__name__ = f"{fault.__name__}_repaired"
    twin.__doc__ = f"Repaired: {fault.__doc__}"
    return twin


REAL = (
    Case(so31880720_softmax_over_one_output, ("wrong_output_activation",), 0, misses=("accuracy", 0.8)),
    Case(so55328966_sigmoid_and_raw_pixels, ("wrong_output_activation", "inputs_not_normalized"), 0, misses=("loss", 0.9), why="two mistakes at once"),
    Case(so48221692_sigmoid_before_wide_targets, ("wrong_output_activation",), 0, misses=("r2", 0.0)),
    Case(
        so49931055_softmax_of_one_class,
        ("loss_mismatch", "wrong_output_activation", "target_out_of_range"),
        0,
        why="one output with a loss for several: loss, output and targets do not fit together",
    ),
    Case(scico2_double_softmax, ("wrong_output_activation",), 0, misses=("loss", 0.7)),
    Case(so60801900_relu_before_negative_targets, ("wrong_output_activation",), 0, misses=("r2", 0.45)),
    Case(
        so37624102_momentum_and_a_high_rate, ("learning_rate_too_high", "dead_units"), 0, interval=30, misses=("accuracy", 0.5), why="the ReLUs die of the rate"
    ),
    Case(so44998910_rate_far_too_low, ("learning_rate_too_low",), 0, interval=20, misses=("r2", 0.1)),
    Case(keypoints_adam_rate_of_a_tenth, ("learning_rate_too_high",), 0, interval=20, misses=("loss", 0.1)),
    Case(so42264716_linear_fit_grows, ("learning_rate_too_high",), 0, interval=20, misses=("loss", 10.0)),
    Case(caption_scheduler_stepped_per_batch, ("learning_rate_schedule",), 0, interval=80, misses=("loss", 2.6)),
    Case(yolo_resume_drops_the_optimizer, ("bad_resume",), interval=5),
    Case(tennis_no_zero_grad, ("gradients_not_cleared",), 1, misses=("accuracy", 0.85)),
    Case(so39525358_no_feature_scaling, ("inputs_not_normalized",), 0, misses=("accuracy", 0.945)),
    Case(so40467990_images_and_labels_batched_apart, ("labels_random",), misses=("accuracy", 0.2)),
    Case(so53654594_only_one_split_scaled, ("split_mismatch",), 28, interval=30, subject=("valid", "input*", ""), misses=("loss", 5.0)),
    Case(shufflenet_no_shuffle, ("not_shuffled",), 0, interval=60, misses=("accuracy", 0.7)),
    Case(multimil_patients_in_both_splits, ("leak_train_valid",), 24, interval=26),
    Case(
        so53749895_relus_never_fire,
        ("dead_units", "bad_initialization"),
        0,
        interval=30,
        subject=("*act2*", "*fc2*"),
        misses=("accuracy", 0.3),
        why="dead because of how the bias starts",
    ),
    Case(so50209981_deep_sigmoid_net, ("vanishing_gradient",), 0, misses=("accuracy", 0.3)),
    Case(corrnn_eval_never_undone, ("wrong_mode",), subject=("train", "", "*drop*")),
    Case(hvpnet_head_not_in_the_groups, ("parameter_not_optimized",), 0, subject=("*head*",)),
    Case(speechbrain_detached_features, ("disconnected_parameter",), 0, subject=("*rnn*",), misses=("accuracy", 0.8)),
    Case(farm229_column_against_row, ("shape_broadcast",), 0, interval=21),
    Case(
        so40192728_logarithm_by_hand,
        ("nonfinite_forward", "inputs_not_normalized", "bad_initialization"),
        interval=5,
        why="log(0) comes from a scale that is wrong in the first place",
    ),
    Case(efficientdet_blank_image, ("nonfinite_forward",), interval=0, subject=("*conv1*",), misses=("accuracy", 0.3)),
)

REPAIRED = tuple(
    Case(repaired(fault), reaches=reaches)
    for fault, reaches in (
        (so31880720_softmax_over_one_output, ("accuracy", 0.9)),
        (so55328966_sigmoid_and_raw_pixels, ("accuracy", 0.85)),
        (so48221692_sigmoid_before_wide_targets, ("r2", 0.2)),
        (so49931055_softmax_of_one_class, ("accuracy", 0.9)),
        (scico2_double_softmax, ("accuracy", 0.93)),
        (so60801900_relu_before_negative_targets, ("r2", 0.35)),
        (so37624102_momentum_and_a_high_rate, ("accuracy", 0.85)),
        (so44998910_rate_far_too_low, ("r2", 0.35)),
        (keypoints_adam_rate_of_a_tenth, ("loss", 0.1)),
        (so42264716_linear_fit_grows, ("r2", 0.35)),
        (caption_scheduler_stepped_per_batch, ("loss", 2.65)),
        (yolo_resume_drops_the_optimizer, ("accuracy", 0.85)),
        (tennis_no_zero_grad, ("accuracy", 0.85)),
        (so39525358_no_feature_scaling, ("accuracy", 0.9)),
        (so40467990_images_and_labels_batched_apart, ("accuracy", 0.85)),
        (so53654594_only_one_split_scaled, ("accuracy", 0.85)),
        (shufflenet_no_shuffle, ("accuracy", 0.85)),
        (multimil_patients_in_both_splits, ("accuracy", 0.9)),
        (so53749895_relus_never_fire, ("accuracy", 0.85)),
        (so50209981_deep_sigmoid_net, ("accuracy", 0.85)),
        (corrnn_eval_never_undone, ("accuracy", 0.85)),
        (hvpnet_head_not_in_the_groups, ("accuracy", 0.6)),
        (speechbrain_detached_features, ("accuracy", 0.6)),
        (farm229_column_against_row, ("loss", 0.65)),
        (so40192728_logarithm_by_hand, ("accuracy", 0.9)),
        (efficientdet_blank_image, ("accuracy", 0.85)),
    )
)
