"""A third lot of faults in models, optimizers and numerics; written without sight of checks and thresholds. `repaired` leaves the mistake out."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adagrad, Adam, AdamW, RMSprop
from torch.optim.lr_scheduler import ReduceLROnPlateau

from recorder import Recorder
from recorder.probes import batch_independence

from . import fresh_tasks, tasks, third_fault_tasks
from .case import Case
from .data import digits, loaders, standardize
from .fresh_tasks import ResidualNet
from .models import Cnn, Transformer
from .third_fault_tasks import (
    Accumulator,
    Both,
    FrameSums,
    GatedStack,
    GraphNet,
    Seq2Seq,
    SetNet,
    SlopedUnits,
    Sparse,
    StateTagger,
    StatisticsPooled,
    ThinnedSets,
    TraceNet,
    TwoTowers,
    UNet,
    Vae,
    classified,
    clouds,
    graphs,
    states,
    tagged,
    traces,
    valued,
    without_samples,
)


def tied_to_embeddings_of_deviation_one(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """The head shares its weights with an embedding that keeps torch's deviation of 1: the first logits are eight wide, the first loss is 40."""
    torch.manual_seed(seed)
    model = Transformer(width=64, blocks=1, tied=True)
    if not repaired:
        nn.init.normal_(model.embedding.weight)
    tasks.passages_lm(seed, model, lr=1e-3 * scale, epochs=3).record(path)


def slope_in_whole_numbers(path: Path, seed: int, scale: float, repaired: bool = False) -> int:
    """Slope annealing of binary units, 1 + 0.04 an epoch in the paper; here from epoch 2 on it is 1 + 40 times the epoch, and the code is stiff."""
    torch.manual_seed(seed)
    model = SlopedUnits()
    training = tasks.digits_mlp(seed, model, lr=0.05 * scale, epochs=8)

    def start(module: Any, epoch: int) -> None:
        module.train()
        if epoch >= 2:
            model.slope = 1 + (0.04 if repaired else 40.0) * epoch

    training.start_training = start
    training.record(path)
    return 2 * len(list(training.train))


def wakefulness_as_a_count(path: Path, seed: int, scale: float, repaired: bool = False) -> int | None:
    """A controller lowers biases while more than a tenth is awake, but is told how many are, not which share: it lowers them until nothing is left."""
    torch.manual_seed(seed)
    model = Sparse()
    training = tasks.autoencoder(seed, model, lr=3e-3 * scale, epochs=8)
    met: list[int] = []
    awake = [0.0]

    def watch(module: nn.Module, inputs: Any, output: Tensor) -> None:
        if module.training:
            awake[0] = (output > 0).float().mean().item() * (1 if repaired else 48)
            if not met and bool((output == 0).all()):
                met.append(training.step)

    def after_step(step: int) -> None:
        if step >= 60 and awake[0] > 0.1:
            with torch.no_grad():
                model.encode.bias -= 0.02 if repaired else 0.2

    model.wake.register_forward_hook(watch)
    training.after_step = after_step
    training.record(path)
    return met[0] if met else None


def gates_without_a_way_around(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Ten gated convolutions as in WaveNet, without its residual paths: each half-open gate halves what passes, forward and backward."""
    torch.manual_seed(seed)
    classified(seed, GatedStack(repaired), traces(), optimizer=SGD, lr=0.05 * scale, epochs=4, every=3, criterion=None).record(path)


def longer_sequences_in_stage_two(path: Path, seed: int, scale: float, repaired: bool = False) -> int:
    """Stage two of a curriculum goes from 6 to 48 moments; the recurrence amplifies, which 6 moments bear and 48 do not, and nothing clips."""
    torch.manual_seed(seed)
    x = torch.randn(900, 48, 2, generator=third_fault_tasks.seeded(4))
    y = standardize(x[:, -4:, 0].sum(1) + x[:, -2:, 1].abs().sum(1))
    training = valued(seed, Accumulator(), (x, y), optimizer=SGD, settings={"momentum": 0.0}, lr=0.01 * scale, epochs=6)
    per_epoch = len(list(training.train))
    length = [6]
    training.forward = lambda model, batch: model(batch[:, -length[0] :])

    def start(model: Any, epoch: int) -> None:
        model.train()
        length[0] = 48 if epoch >= 4 and not repaired else 6

    training.start_training = start
    without_samples(training, path)
    return 4 * per_epoch


def sigmoid_for_standardized_pixels(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A decoder that ends in a sigmoid, from when pixels were 0 to 1; since then somebody standardized them."""
    torch.manual_seed(seed)
    pixels = standardize(digits()[0].flatten(1)).clamp(-4, 4)
    body = [nn.Linear(64, 64), nn.ELU(), nn.Linear(64, 16), nn.Linear(16, 64), nn.ELU(), nn.Linear(64, 64)]
    model = nn.Sequential(*body, nn.Identity() if repaired else nn.Sigmoid())
    training = tasks.autoencoder(seed, model, optimizer=Adagrad, lr=0.03 * scale, epochs=8)
    training.train, training.valid = loaders(pixels, pixels, seed)
    training.record(path)


def width_and_layers_swapped(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """`nn.GRU(inputs, layers, width)`: a language model with a state of two numbers, which learns how frequent letters are and hardly more."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(35, 32)
            self.rnn = nn.GRU(32, 64, 1, batch_first=True) if repaired else nn.GRU(32, 1, 2, batch_first=True)
            self.head = nn.Linear(self.rnn.hidden_size, 35)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.rnn(self.embedding(x))[0])

    torch.manual_seed(seed)
    tasks.passages_lm(seed, Model(), optimizer=RMSprop, lr=5e-3 * scale, epochs=5).record(path)


def features_cached_too_soon(path: Path, seed: int, scale: float, repaired: bool = False) -> int:
    """To save time the features of all traces are computed once without gradient after the first epoch: from then on only the head learns."""
    torch.manual_seed(seed)
    model = TraceNet()
    training = classified(seed, model, traces(), lr=4e-3 * scale, epochs=8)
    first = len(list(training.train))

    def forward(net: Any, x: Tensor) -> Tensor:
        if repaired or training.step < first:
            return net(x)
        with torch.no_grad():
            cached = net.features(x)
        return net.head(cached.mean(2))

    training.forward = forward
    training.record(path)
    return first


def average_of_weights_without_buffers(path: Path, seed: int, scale: float, repaired: bool = False) -> int:
    """From the fourth epoch on an average of the weights is evaluated; `parameters()` has no running statistics in it, the copy's are those of its birth."""
    torch.manual_seed(seed)
    live = ResidualNet(norm=nn.BatchNorm2d)
    model = nn.ModuleDict({"live": live, "average": copy.deepcopy(live)})
    model["average"].requires_grad_(False)
    training = classified(seed, model, digits(), optimizer=Adam, lr=3e-3 * scale, epochs=6)
    training.optimizer = AdamW(live.parameters(), lr=3e-3 * scale)
    per_epoch = len(list(training.train))

    def after_step(step: int) -> None:
        with torch.no_grad():
            for slow, fast in zip(model["average"].parameters(), live.parameters(), strict=True):
                slow.lerp_(fast, 0.1)
            for slow, fast in zip(model["average"].buffers(), live.buffers(), strict=True) if repaired else ():
                slow.copy_(fast)

    training.after_step = after_step
    training.forward = lambda both, x: (both["live"] if both.training or training.step < 4 * per_epoch else both["average"])(x)
    training.record(path)
    return 4 * per_epoch - 1


def divergence_summed_error_averaged(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A VAE whose error is averaged over 64 pixels while its divergence is summed: the code goes to noise, the decoder paints one mean digit for all."""
    torch.manual_seed(seed)
    model = Vae()
    training = tasks.autoencoder(seed, model, lr=3e-3 * scale, epochs=8)
    weight = 0.03 / 64 if repaired else 1.0
    training.penalty = lambda step: weight * model.divergence.mean()
    training.record(path)


def flattened_with_time_in_front(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """What an LSTM gives, time first, is reshaped to one row a sample without a transpose: each row has moments of several. A probe was recorded."""
    torch.manual_seed(seed)
    model = FrameSums(repaired)
    training = tasks.digits_rows(seed, model, lr=3e-3 * scale, epochs=5)
    with training.open(path) as rec:
        _, x, _ = next(iter(training.valid))
        batch_independence(rec, model, x[:8])
        training.run(rec)


def rate_of_descent_for_rmsprop(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A tagger of hidden states under RMSprop with the 0.3 that gradient descent had before: the gates slam."""
    torch.manual_seed(seed)
    tagged(seed, StateTagger(), states(), optimizer=RMSprop, lr=(3e-3 if repaired else 0.3) * scale, epochs=5).record(path)


def rate_of_adam_kept_for_descent(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """A graph network whose Adam was exchanged for SGD, for the sake of generalization, with Adam's rate of 3e-4 and no momentum."""
    torch.manual_seed(seed)
    training = valued(seed, GraphNet(), graphs(), optimizer=SGD, settings={"momentum": 0.0}, lr=3e-4 * scale, epochs=8, every=None)
    if repaired:
        training.optimizer = SGD(training.model.parameters(), lr=0.05 * scale, momentum=0.9)
    without_samples(training, path)


def plateau_told_the_accuracy(path: Path, seed: int, scale: float, repaired: bool = False) -> int | None:
    """ReduceLROnPlateau, which waits for a minimum, is given the accuracy: every better epoch counts as a bad one, and the rate is divided by ten each time."""
    torch.manual_seed(seed)
    training = classified(seed, SetNet(), clouds(), optimizer=SGD, lr=0.05 * scale, epochs=12, batch=25)
    scheduler = ReduceLROnPlateau(training.optimizer, mode="max" if repaired else "min", factor=0.1, patience=1)
    met: list[int] = []

    def summarize(seen: list[Any]) -> dict[str, float]:
        values = training.numbers(seen)
        before = scheduler.get_last_lr()
        scheduler.step(values["accuracy"])
        if not met and scheduler.get_last_lr() != before:
            met.append(training.step)
        return values

    training.summarize = summarize
    training.record(path)
    return met[0] if met else None


def thawed_but_not_in_the_optimizer(path: Path, seed: int, scale: float, repaired: bool = False) -> int:
    """Gradual unfreezing: the optimizer was made of what then required a gradient, the head; the body, thawed after the first epoch, is not in it."""
    torch.manual_seed(seed)
    model = Cnn(width=6)
    body = [parameter for name, parameter in model.named_parameters() if not name.startswith("head")]
    training = tasks.digits_cnn(seed, model, lr=3e-3 * scale, epochs=6)
    for parameter in body:
        parameter.requires_grad_(False)
    training.optimizer = AdamW([parameter for parameter in model.parameters() if parameter.requires_grad], lr=3e-3 * scale)

    def start(module: Any, epoch: int) -> None:
        module.train()
        if epoch == 1:
            for parameter in body:
                parameter.requires_grad_(True)
            if repaired:
                training.optimizer.add_param_group({"params": body})

    training.start_training = start
    training.record(path)
    return len(list(training.train))


def from_pretrained_freezes(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """`Embedding.from_pretrained` freezes unless told otherwise; the vectors are random, for no name was found in the file, and will stay so."""
    torch.manual_seed(seed)
    fresh_tasks.ratings(seed, TwoTowers(freeze=not repaired), lr=1e-2 * scale, epochs=8, criterion=None).record(path)


def decoder_cleared_twice(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Encoder and decoder have an optimizer each, as in the tutorial; by copy and paste the decoder's is cleared twice and the encoder's never."""
    torch.manual_seed(seed)
    model = Seq2Seq()
    x, _ = traces(noise=0.1)
    parts: list[torch.optim.Optimizer] = [SGD(part, lr=0.1 * scale, momentum=0.9) for part in ([*model.encoder.parameters()], [*model.decoder.parameters()])]
    parts[1].add_param_group({"params": [*model.head.parameters()]})
    training = valued(seed, model, (x[:, :32].contiguous(), x[:, 32:40].contiguous()), lr=0.1, epochs=8, metrics={})
    both: Any = Both(parts, parts if repaired else [parts[1], parts[1]])
    training.optimizer = both
    with Recorder(path, model, parts, every=5, loss="mse_loss", task="regression", config={"optimizer": "SGD", "lr": 0.05 * scale}) as rec:
        training.run(rec)


def clipped_before_unscaling(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """Mixed precision: gradients are clipped to a norm of 1 while they still are 65536 times too large; `unscale_` was forgotten, SGD gets what is left."""
    torch.manual_seed(seed)
    training = classified(seed, ResidualNet(), digits(), optimizer=SGD, lr=0.02 * scale, epochs=4)
    model, optimizer, scaler = training.model, training.optimizer, torch.amp.GradScaler("cpu", init_scale=2.0**16)
    with training.open(path) as rec:
        for rec.epoch in range(training.epochs):
            model.train()
            for ids, x, y in training.train:
                optimizer.zero_grad()
                prediction = model(x)
                losses = training.losses(prediction, y)
                scaler.scale(losses.mean()).backward()
                if repaired:
                    scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                scaler.step(optimizer)
                scaler.update()
                rec.log(loss=losses.detach().mean(), loss_scale=scaler.get_scale())
                rec.samples(ids, loss=losses.detach(), prediction=prediction.detach(), target=y)
            training.evaluate(rec)


def decay_by_hand_without_the_rate(path: Path, seed: int, scale: float, repaired: bool = False) -> int:
    """Decoupled decay written by hand: from the third epoch each weight is multiplied by 1 - 0.1 at every step; the rate was left out of the product."""
    torch.manual_seed(seed)
    training = valued(seed, GraphNet(), graphs(), optimizer=Adam, lr=4e-3 * scale, epochs=8)
    first = 2 * len(list(training.train))

    def after_step(step: int) -> None:
        with torch.no_grad():
            for parameter in training.model.parameters() if step >= first else ():
                parameter.mul_(1 - (4e-3 * scale if repaired else 1.0) * 0.1)

    training.after_step = after_step
    training.record(path)
    return first


def dampening_in_the_place_of_decay(path: Path, seed: int, scale: float, repaired: bool = False) -> None:
    """`SGD(parameters, rate, 0.9, 0.999)`: the fourth place, meant for something else, is dampening; a gradient enters the momentum with a thousandth."""
    torch.manual_seed(seed)
    training = tasks.segmentation(seed, UNet(), epochs=8)
    training.optimizer = SGD(training.model.parameters(), 0.1 * scale, 0.9, 0.0 if repaired else 0.999)
    without_samples(training, path)


def no_point_left(path: Path, seed: int, scale: float, repaired: bool = False) -> int | None:
    """Two points of three are dropped at random inside the model; sooner or later a set loses all sixteen, and the mean over nothing is 0 / 0."""
    torch.manual_seed(seed)
    model = ThinnedSets(1.0 if repaired else 0.0)
    training = classified(seed, model, clouds(), lr=4e-3 * scale, epochs=8)
    met: list[int] = []
    training.before_step = lambda step: met.append(step) if model.empty and not met else None
    training.record(path)
    return met[0] if met else None


def deviation_of_a_silent_recording(path: Path, seed: int, scale: float, repaired: bool = False) -> int | None:
    """Statistics pooling, sqrt of a variance without a floor: one recording is silent, its frames are all alike, and the root has an infinite slope at zero."""
    torch.manual_seed(seed)
    x, y = traces()
    x = x.clone()
    x[250] = 0.0
    training = classified(seed, StatisticsPooled(1e-5 if repaired else 0.0), (x, y), lr=4e-3 * scale, epochs=6)
    met: list[int] = []

    def watch(model: nn.Module, inputs: Any) -> None:
        if model.training and not met and bool((inputs[0] == 0).all(1).any()):
            met.append(training.step)

    training.model.register_forward_pre_hook(watch)
    training.record(path)
    return met[0] if met else None


THIRD_TRAINING = (
    Case(tied_to_embeddings_of_deviation_one, ("bad_initialization",), 0, subject=("embedding*", "head*", ""), misses=("loss", 3.15)),
    Case(slope_in_whole_numbers, ("saturated_activation",), subject=("squash", "code*"), misses=("accuracy", 0.6)),
    Case(wakefulness_as_a_count, ("dead_units",), interval=12, subject=("wake", "encode*"), misses=("loss", 0.05)),
    Case(gates_without_a_way_around, ("vanishing_gradient",), 0, misses=("accuracy", 0.6)),
    Case(longer_sequences_in_stage_two, ("exploding_gradient",), interval=5, misses=("loss", 0.5)),
    Case(sigmoid_for_standardized_pixels, ("wrong_output_activation",), 0, misses=("loss", 0.35)),
    Case(width_and_layers_swapped, ("model_too_small",), misses=("loss", 2.5)),
    Case(features_cached_too_soon, ("disconnected_parameter",), subject=("conv*",), misses=("loss", 0.3)),
    Case(average_of_weights_without_buffers, ("normalization_statistics",), interval=30, subject=("*norm*", "valid", ""), misses=("accuracy", 0.9)),
    Case(divergence_summed_error_averaged, ("ignores_input",), misses=("loss", 0.055), why="the code is noise of deviation 1 from the first epochs on"),
    Case(flattened_with_time_in_front, ("samples_mixed",), 0, misses=("accuracy", 0.5)),
    Case(rate_of_descent_for_rmsprop, ("learning_rate_too_high",), 0, misses=("loss", 0.1)),
    Case(rate_of_adam_kept_for_descent, ("learning_rate_too_low",), 0, misses=("r2", 0.15)),
    Case(plateau_told_the_accuracy, ("learning_rate_schedule",), interval=30, misses=("loss", 0.5)),
    Case(thawed_but_not_in_the_optimizer, ("parameter_not_optimized",), subject=("conv*", "fc1*"), misses=("accuracy", 0.6)),
    Case(from_pretrained_freezes, ("frozen_parameter",), 0, subject=("user*", "item*", ""), misses=("r2", 0.35)),
    Case(decoder_cleared_twice, ("gradients_not_cleared",), 0, interval=2, subject=("encoder*", ""), misses=("loss", 0.45)),
    Case(
        clipped_before_unscaling,
        ("gradient_clipped_away", "loss_scaling"),
        0,
        misses=("accuracy", 0.6),
        why="every step has the same tiny norm, by a clip that is right and a loss scale that was not taken out before it",
    ),
    Case(decay_by_hand_without_the_rate, ("weight_decay_too_high",), misses=("r2", 0.5)),
    Case(dampening_in_the_place_of_decay, ("optimizer_setting",), 0, misses=("iou", 0.4)),
    Case(no_point_left, ("nonfinite_forward",), interval=5, misses=("loss", 1.2)),
    Case(deviation_of_a_silent_recording, ("nonfinite_backward",), interval=5, misses=("loss", 0.5)),
)
