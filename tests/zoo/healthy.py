"""Healthy trainings that look suspicious: each learns what it should, and none deserves a warning."""

from __future__ import annotations

import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import WeightedRandomSampler

from . import tasks
from .case import Case
from .data import ALPHABET, VOCABULARY, diabetes, digits, loaders, passages, wine
from .models import Autoencoder, CharacterGru, Cnn, Flat, Transformer, class_losses, mlp
from .training import Training, accuracy, mean_absolute_error


def plain_mlp(path: Path, seed: int, scale: float) -> None:
    """Nothing odd at all."""
    tasks.digits_mlp(seed, lr=0.03 * scale).record(path)


def plain_cnn_batch_norm(path: Path, seed: int, scale: float) -> None:
    """Batch norm and dropout: training loss above validation loss, modes change with the split."""
    torch.manual_seed(seed)
    tasks.digits_cnn(seed, Cnn(norm=nn.BatchNorm2d, dropout=0.4), lr=3e-3 * scale, epochs=8).record(path)


def plain_lstm(path: Path, seed: int, scale: float) -> None:
    """An LSTM under RMSprop: gates that are near their flat parts at times."""
    tasks.digits_rows(seed, lr=2e-3 * scale).record(path)


def plain_transformer(path: Path, seed: int, scale: float) -> None:
    """Causal attention: scores of minus infinity before the softmax, rows with one share of exactly 1."""
    tasks.passages_lm(seed, lr=3e-3 * scale).record(path)


def fine_tuned_with_frozen_body(path: Path, seed: int, scale: float) -> None:
    """A body learned on five digits is frozen, a new head is trained on all ten."""
    torch.manual_seed(seed)
    images, labels = digits()
    model = Cnn()
    body = torch.optim.Adam(model.parameters(), lr=3e-3)
    for start in range(0, 4000, 64):
        rows = torch.arange(start, start + 64) % 900
        body.zero_grad()
        F.cross_entropy(model(images[rows]), labels[rows] % 5 * 2).backward()
        body.step()
    model.conv1.requires_grad_(False)
    model.conv2.requires_grad_(False)
    model.head = nn.Linear(32, 10)
    training = tasks.digits_cnn(seed, model, epochs=8)
    training.optimizer = Adam([parameter for parameter in model.parameters() if parameter.requires_grad], lr=3e-3 * scale)
    training.record(path)


class BagOfPairs(nn.Module):
    """Sums the embeddings of all pairs of neighbouring characters."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY**2, 16, sparse=True)
        self.head = nn.Linear(16, 2)

    def forward(self, pairs: Tensor) -> Tensor:
        return self.head(self.embedding(pairs).mean(1))


def rare_words_in_embedding(path: Path, seed: int, scale: float) -> None:
    """Sparse gradients: most rows of the embedding stand still in most steps, as they should. Does the passage contain "th"?"""
    torch.manual_seed(seed)
    x, _ = passages(1000)
    pairs = x[:, :-1] * VOCABULARY + x[:, 1:]
    targets = (pairs == ALPHABET.index("t") * VOCABULARY + ALPHABET.index("h")).any(1).long()
    model = BagOfPairs()
    train, valid = loaders(pairs, targets, seed, batch=16)
    optimizer = SGD(model.parameters(), lr=1.0 * scale)
    Training(model, optimizer, train, valid, class_losses, 12, "cross_entropy", task="classification", metrics={"accuracy": accuracy}).record(path)


def sparse_relu_with_dropout(path: Path, seed: int, scale: float) -> None:
    """A ReLU network with 60 % zeros by a slightly negative bias, and dropout on top."""
    torch.manual_seed(seed)
    model = mlp([64, 128, 64, 10], dropout=0.3)
    with torch.no_grad():
        model.fc1.bias.fill_(-0.15)
    tasks.digits_mlp(seed, model, optimizer=Adam, lr=2e-3 * scale).record(path)


def pruned_weights(path: Path, seed: int, scale: float) -> None:
    """Half of a layer's weights are pruned and kept at zero after every step; its bias is zero and declared to stay so."""
    torch.manual_seed(seed)
    model = mlp([64, 64, 10])
    keep = torch.rand_like(model.fc1.weight) > 0.5
    with torch.no_grad():
        model.fc1.weight.mul_(keep)
        model.fc1.bias.zero_()
    training = tasks.digits_mlp(seed, model, guarantees=("exact_zeros:fc1.bias",))
    training.optimizer = SGD(model.parameters(), lr=0.03 * scale, momentum=0.9)
    model.fc1.weight.register_hook(lambda gradient: gradient * keep)
    model.fc1.bias.register_hook(torch.zeros_like)
    training.record(path)


def warm_up_and_cosine(path: Path, seed: int, scale: float) -> None:
    """The rate rises for 30 steps and falls to zero exactly at the planned end."""
    training = tasks.passages_lm(seed, lr=4e-3 * scale)
    steps = 38 * training.epochs
    schedule = LambdaLR(training.optimizer, lambda step: min(1.0, (step + 1) / 30) * 0.5 * (1 + math.cos(math.pi * min(step, steps) / steps)))
    training.after_step = lambda step: schedule.step()
    training.config = {"schedule": "warm-up 30, cosine to 0", "steps": steps}
    training.record(path)


def batch_of_one(path: Path, seed: int, scale: float) -> None:
    """A very noisy loss: one patient a step."""
    torch.manual_seed(seed)
    training = tasks.wine_mlp(seed, optimizer=SGD, lr=0.02 * scale, epochs=4)
    training.train = loaders(*wine(), seed, batch=1)[0]
    training.record(path)


def l1_with_exact_zeros(path: Path, seed: int, scale: float) -> None:
    """Proximal steps for an L1 term leave many weights at exactly zero."""
    training = tasks.cancer_mlp(seed, lr=4e-3 * scale, epochs=8)
    weight = training.model.body.fc1.weight

    def shrink(step: int) -> None:
        with torch.no_grad():
            weight.copy_(weight.sign() * (weight.abs() - 5e-4 * scale).clamp(min=0))

    training.after_step = shrink
    training.config = {"l1": 5e-4}
    training.record(path)


def label_smoothing(path: Path, seed: int, scale: float) -> None:
    """A loss that cannot go below 0.5 on purpose."""
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    smooth = nn.CrossEntropyLoss(label_smoothing=0.1, reduction="none")
    tasks.digits_cnn(seed, lr=3e-3 * scale, losses=smooth, criterion=criterion, epochs=8).record(path)


def large_target_scale(path: Path, seed: int, scale: float) -> None:
    """Targets of 25 to 346 without scaling: losses of thousands, and a last bias that must travel far."""
    torch.manual_seed(seed)
    model = Flat(mlp([10, 32, 1]))
    with torch.no_grad():
        model.body.fc2.bias.fill_(diabetes(scaled=False)[1][:300].mean())
    tasks.diabetes_mlp(seed, model, lr=2e-2 * scale, scaled=False, epochs=14).record(path)


def tied_weights(path: Path, seed: int, scale: float) -> None:
    """Embedding and head are one tensor."""
    torch.manual_seed(seed)
    tasks.words_lm(seed, CharacterGru(tied=True), lr=5e-3 * scale).record(path)


def clipped_now_and_then(path: Path, seed: int, scale: float) -> None:
    """A norm clip that cuts a good part of the early steps and few later ones."""
    training = tasks.passages_lm(seed, lr=3e-3 * scale)
    training.before_step = lambda step: nn.utils.clip_grad_norm_(training.model.parameters(), 1.0)
    training.config = {"max_grad_norm": 1.0}
    training.record(path)


def ten_steps(path: Path, seed: int, scale: float) -> None:
    """A smoke test of ten steps: far too little to judge anything."""
    training = tasks.digits_mlp(seed, optimizer=Adam, lr=5e-3 * scale, epochs=1)
    images, labels = digits()
    training.train, training.valid = loaders(images, labels, seed, train=range(320), valid=range(1500, 1600))
    training.every = 1
    training.record(path)


def autoencoder_of_digits(path: Path, seed: int, scale: float) -> None:
    """The target is the input: no leak."""
    tasks.autoencoder(seed, lr=3e-3 * scale).record(path)


def sigmoid_autoencoder(path: Path, seed: int, scale: float) -> None:
    """A sigmoid at the end where the targets are pixels from 0 to 1."""
    torch.manual_seed(seed)
    tasks.autoencoder(seed, Autoencoder(last=nn.Sigmoid()), lr=4e-3 * scale, epochs=12).record(path)


class Gaussian(nn.Module):
    """Predicts a mean; its spread is a parameter of its own."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.mean = Flat(mlp([inputs, 32, 1], nn.Tanh))
        self.log_spread = nn.Parameter(torch.tensor(-1.0))

    def forward(self, x: Tensor) -> Tensor:
        return self.mean(x)


def negative_loss(path: Path, seed: int, scale: float) -> None:
    """A Gaussian likelihood whose loss is negative by nature."""
    torch.manual_seed(seed)
    pixels = digits()[0].flatten(1)
    x, y = pixels[:, :48].contiguous(), pixels[:, 48:].mean(1)
    model = Gaussian(48)
    train, valid = loaders(x, y, seed)

    def losses(prediction: Tensor, target: Tensor) -> Tensor:
        return F.gaussian_nll_loss(prediction, target, (2 * model.log_spread).exp().expand_as(target), reduction="none")

    Training(model, Adam(model.parameters(), lr=5e-3 * scale), train, valid, losses, 9, task="regression", metrics={"mae": mean_absolute_error}).record(path)


def background_everywhere(path: Path, seed: int, scale: float) -> None:
    """Segmentation with nine pixels of ten in the background, learned all the same."""
    tasks.segmentation(seed, lr=1e-2 * scale).record(path)


def padded_words(path: Path, seed: int, scale: float) -> None:
    """Half of the positions are padding, masked in loss and log."""
    tasks.words_lm(seed, lr=5e-3 * scale).record(path)


def several_labels_at_once(path: Path, seed: int, scale: float) -> None:
    """Multi-label targets under AdamW."""
    tasks.digits_multilabel(seed, lr=3e-3 * scale).record(path)


def augmented_images(path: Path, seed: int, scale: float) -> None:
    """Training images are shifted and dimmed anew each time, validation images are not."""
    training = tasks.digits_cnn(seed, lr=3e-3 * scale, epochs=9)
    generator = torch.Generator().manual_seed(seed)

    def forward(model: nn.Module, x: Tensor) -> Tensor:
        if model.training:
            shift = int(torch.randint(-1, 2, (1,), generator=generator))
            x = torch.roll(x, shift, dims=3) * (0.85 + 0.3 * torch.rand(len(x), 1, 1, 1, generator=generator))
        return model(x)

    training.forward = forward
    training.record(path)


def rare_class_oversampled(path: Path, seed: int, scale: float) -> None:
    """One digit in ten is to be told from the rest; a weighted sampler draws it as often as the others, with repetition."""
    torch.manual_seed(seed)
    images, labels = digits()
    targets = (labels == 3).long()
    weights = torch.where(targets[:900] == 1, 9.0, 1.0)
    sampler = WeightedRandomSampler(weights.tolist(), 900, generator=torch.Generator().manual_seed(seed))
    train, valid = loaders(images, targets, seed, sampler=sampler)
    tasks.digits_cnn(seed, Cnn(classes=2), lr=3e-3 * scale, train=train, valid=valid, classes=["rest", "three"]).record(path)


def memorized_and_good(path: Path, seed: int, scale: float) -> None:
    """Training loss near zero, validation loss near zero too."""
    tasks.wine_mlp(seed, lr=1e-2 * scale).record(path)


def noisy_targets_level_early(path: Path, seed: int, scale: float) -> None:
    """Half of the variance cannot be explained: the loss is level after a third of the run, high and fine."""
    tasks.diabetes_mlp(seed, lr=3e-3 * scale, epochs=10, optimizer=AdamW).record(path)


def step_decay_by_epoch(path: Path, seed: int, scale: float) -> None:
    """The rate falls by ten after two thirds of the run, as planned."""
    training = tasks.digits_mlp(seed, lr=0.03 * scale)
    schedule = LambdaLR(training.optimizer, lambda step: 0.1 if step >= 170 else 1.0)
    training.after_step = lambda step: schedule.step()
    training.config = {"schedule": "x 0.1 at step 170"}
    training.record(path)


def batch_norm_frozen_in_body(path: Path, seed: int, scale: float) -> None:
    """Fine-tuning with the body's batch norm kept in evaluation mode, as one does with small batches."""
    torch.manual_seed(seed)
    images, labels = digits()
    model = Cnn(norm=nn.BatchNorm2d)
    first = Adam(model.parameters(), lr=3e-3)
    for start in range(0, 4000, 64):
        rows = torch.arange(start, start + 64) % 900
        first.zero_grad()
        F.cross_entropy(model(images[rows]), labels[rows] % 5 * 2).backward()
        first.step()
    model.head = nn.Linear(32, 10)
    training = tasks.digits_cnn(seed, model, lr=2e-3 * scale)

    def start_training(model: Cnn, epoch: int) -> None:
        model.train()
        model.norm1.eval()
        model.norm2.eval()

    training.start_training = start_training
    training.record(path)


def deep_residual_transformer(path: Path, seed: int, scale: float) -> None:
    """Six blocks: gradients of very different size across depth, none of them a trouble."""
    torch.manual_seed(seed)
    tasks.passages_lm(seed, Transformer(width=24, blocks=6), lr=2e-3 * scale, count=500).record(path)


def repeated_spikes(path: Path, seed: int, scale: float) -> None:
    """Every thirtieth batch is hard (heavy noise): a spike in loss and gradient norm that heals at once."""
    training = tasks.digits_mlp(seed, optimizer=Adam, lr=2e-3 * scale)
    generator = torch.Generator().manual_seed(seed)

    def forward(model: nn.Module, x: Tensor) -> Tensor:
        hard = model.training and training.step % 30 == 29
        return model(x + 0.7 * torch.randn(x.shape, generator=generator) if hard else x)

    training.forward = forward
    training.record(path)


HEALTHY = (
    Case(plain_mlp, reaches=("accuracy", 0.85), fast=True),
    Case(plain_cnn_batch_norm, reaches=("accuracy", 0.85), fast=True),
    Case(plain_lstm, reaches=("accuracy", 0.6), fast=True),
    Case(plain_transformer, reaches=("loss", 2.65), fast=True),
    Case(fine_tuned_with_frozen_body, reaches=("accuracy", 0.85), fast=True),
    Case(rare_words_in_embedding, reaches=("accuracy", 0.8)),
    Case(sparse_relu_with_dropout, reaches=("accuracy", 0.85)),
    Case(pruned_weights, reaches=("accuracy", 0.85)),
    Case(warm_up_and_cosine, reaches=("loss", 2.65)),
    Case(batch_of_one, reaches=("accuracy", 0.9)),
    Case(l1_with_exact_zeros, reaches=("accuracy", 0.93)),
    Case(label_smoothing, reaches=("accuracy", 0.85)),
    Case(large_target_scale, reaches=("r2", 0.35), fast=True),
    Case(tied_weights, reaches=("loss", 2.5)),
    Case(clipped_now_and_then, reaches=("loss", 2.65)),
    Case(ten_steps),
    Case(autoencoder_of_digits, reaches=("loss", 0.04), fast=True),
    Case(sigmoid_autoencoder, reaches=("loss", 0.04)),
    Case(negative_loss, reaches=("loss", -0.8)),
    Case(background_everywhere, reaches=("iou", 0.42)),
    Case(padded_words, reaches=("loss", 2.45), fast=True),
    Case(several_labels_at_once, reaches=("accuracy", 0.88)),
    Case(augmented_images, reaches=("accuracy", 0.8)),
    Case(rare_class_oversampled, reaches=("accuracy", 0.95)),
    Case(memorized_and_good, reaches=("accuracy", 0.93)),
    Case(noisy_targets_level_early, reaches=("r2", 0.4)),
    Case(step_decay_by_epoch, reaches=("accuracy", 0.85)),
    Case(batch_norm_frozen_in_body, reaches=("accuracy", 0.85)),
    Case(deep_residual_transformer, reaches=("loss", 2.8)),
    Case(repeated_spikes, reaches=("accuracy", 0.85)),
)
