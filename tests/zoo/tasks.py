"""Trainings that work as they stand: a case takes one and changes a part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from .data import PAD, breast_cancer, diabetes, digits, loaders, passages, properties, scenes, wine, words
from .models import Autoencoder, CharacterGru, Cnn, Flat, RowReader, Segmenter, Transformer, class_losses, mlp, pixel_losses, squared_errors, token_losses
from .training import Training, accuracy, binary_accuracy, mean_absolute_error, mean_iou, r2

MakeOptimizer = Callable[..., Optimizer]


def digits_mlp(
    seed: int, model: nn.Module | None = None, *, optimizer: MakeOptimizer = SGD, lr: float = 0.03, epochs: int = 8, batch: int = 32, **parts: Any
) -> Training:
    """Digits by a ReLU network of three layers; SGD with momentum unless said."""
    torch.manual_seed(seed)
    model = mlp([64, 48, 32, 10]) if model is None else model
    options = {"momentum": 0.9} if optimizer is SGD else {}
    train, valid = loaders(*digits(), seed, batch=batch)
    given = {"criterion": "cross_entropy", "metrics": {"accuracy": accuracy}, "train": train, "valid": valid, "losses": class_losses, **parts}
    return Training(model, optimizer(model.parameters(), lr=lr, **options), epochs=epochs, **given)


def digits_cnn(seed: int, model: nn.Module | None = None, *, lr: float = 3e-3, epochs: int = 6, **parts: Any) -> Training:
    """Digits by a small convolutional network; Adam unless said."""
    torch.manual_seed(seed)
    return digits_mlp(seed, Cnn() if model is None else model, lr=lr, epochs=epochs, **{"optimizer": Adam, **parts})


def digits_rows(seed: int, model: nn.Module | None = None, *, lr: float = 2e-3, epochs: int = 9, **parts: Any) -> Training:
    """Digits read row by row by an LSTM; RMSprop unless said."""
    torch.manual_seed(seed)
    return digits_mlp(seed, RowReader() if model is None else model, lr=lr, epochs=epochs, **{"optimizer": RMSprop, **parts})


def cancer_mlp(
    seed: int, model: nn.Module | None = None, *, lr: float = 4e-3, epochs: int = 6, optimizer: MakeOptimizer = Adam, batch: int = 16, **parts: Any
) -> Training:
    """Breast cancer, one logit and a binary loss."""
    torch.manual_seed(seed)
    model = Flat(mlp([30, 16, 1])) if model is None else model
    x, y = breast_cancer()
    train, valid = loaders(x, y.float(), seed, batch=batch)
    losses = parts.pop("losses", lambda prediction, target: F.binary_cross_entropy_with_logits(prediction, target, reduction="none"))
    given = {"criterion": "binary_cross_entropy_with_logits", "metrics": {"accuracy": binary_accuracy}, "train": train, "valid": valid, **parts}
    return Training(model, optimizer(model.parameters(), lr=lr), losses=losses, epochs=epochs, **given)


def wine_mlp(seed: int, model: nn.Module | None = None, *, lr: float = 1e-2, epochs: int = 25, optimizer: MakeOptimizer = Adam, **parts: Any) -> Training:
    """Three growers of wine by a tanh network."""
    torch.manual_seed(seed)
    model = mlp([13, 16, 3], nn.Tanh) if model is None else model
    train, valid = loaders(*wine(), seed, batch=16)
    given = {"criterion": "cross_entropy", "metrics": {"accuracy": accuracy}, "train": train, "valid": valid, "losses": class_losses, **parts}
    return Training(model, optimizer(model.parameters(), lr=lr), epochs=epochs, **given)


def diabetes_mlp(
    seed: int, model: nn.Module | None = None, *, lr: float = 3e-3, epochs: int = 9, optimizer: MakeOptimizer = Adam, scaled: bool = True, **parts: Any
) -> Training:
    """Progress of a disease by a small regression network with weight decay (few patients, much noise)."""
    torch.manual_seed(seed)
    model = Flat(mlp([10, 12, 1], nn.Tanh)) if model is None else model
    train, valid = loaders(*diabetes(scaled), seed, batch=16)
    given = {"criterion": "mse_loss", "metrics": {"mae": mean_absolute_error, "r2": r2}, "train": train, "valid": valid, "losses": squared_errors, **parts}
    return Training(model, optimizer(model.parameters(), lr=lr), epochs=epochs, **given)


def autoencoder(seed: int, model: nn.Module | None = None, *, lr: float = 3e-3, epochs: int = 8, optimizer: MakeOptimizer = Adam, **parts: Any) -> Training:
    """Digits through a code of twelve numbers and back: the target is the input."""
    torch.manual_seed(seed)
    model = Autoencoder() if model is None else model
    pixels = digits()[0].flatten(1)
    train, valid = loaders(pixels, pixels, seed)
    given = {"criterion": "mse_loss", "task": "regression", "train": train, "valid": valid, "losses": squared_errors, **parts}
    return Training(model, optimizer(model.parameters(), lr=lr), epochs=epochs, **given)


def digits_multilabel(
    seed: int, model: nn.Module | None = None, *, lr: float = 3e-3, epochs: int = 8, optimizer: MakeOptimizer = AdamW, **parts: Any
) -> Training:
    """Four properties of a digit at once."""
    torch.manual_seed(seed)
    model = Cnn(classes=4) if model is None else model
    x, labels = digits()
    train, valid = loaders(x, properties(labels), seed)
    losses = parts.pop("losses", lambda prediction, target: F.binary_cross_entropy_with_logits(prediction, target, reduction="none"))
    given = {
        "criterion": "binary_cross_entropy_with_logits",
        "task": "multilabel",
        "metrics": {"accuracy": binary_accuracy},
        "train": train,
        "valid": valid,
        **parts,
    }
    return Training(model, optimizer(model.parameters(), lr=lr), losses=losses, epochs=epochs, **given)


def segmentation(
    seed: int, model: nn.Module | None = None, *, lr: float = 1e-2, epochs: int = 8, optimizer: MakeOptimizer = Adam, batch: int = 16, **parts: Any
) -> Training:
    """Which pixels belong to a digit, and is it below five."""
    torch.manual_seed(seed)
    model = Segmenter() if model is None else model
    train, valid = loaders(*scenes(), seed, batch=batch, valid_batch=50)
    given = {
        "criterion": "cross_entropy",
        "task": "segmentation",
        "metrics": {"iou": mean_iou},
        "train": train,
        "valid": valid,
        "losses": pixel_losses,
        **parts,
    }
    return Training(model, optimizer(model.parameters(), lr=lr), epochs=epochs, **given)


def token_accuracy(prediction: Tensor, target: Tensor) -> float:
    return (prediction.argmax(-1) == target).float().mean().item()


def passages_lm(
    seed: int,
    model: nn.Module | None = None,
    *,
    lr: float = 3e-3,
    epochs: int = 6,
    optimizer: MakeOptimizer = AdamW,
    batch: int = 16,
    count: int = 800,
    **parts: Any,
) -> Training:
    """The next character of English text, by a tiny transformer."""
    torch.manual_seed(seed)
    model = Transformer() if model is None else model
    train, valid = loaders(*passages(count), seed, batch=batch, valid_batch=50)
    given = {
        "criterion": "cross_entropy",
        "task": "language_model",
        "metrics": {"accuracy": token_accuracy},
        "train": train,
        "valid": valid,
        "losses": token_losses,
        **parts,
    }
    return Training(model, optimizer(model.parameters(), lr=lr), epochs=epochs, **given)


def words_lm(
    seed: int, model: nn.Module | None = None, *, lr: float = 5e-3, epochs: int = 5, optimizer: MakeOptimizer = Adam, batch: int = 32, **parts: Any
) -> Training:
    """English words letter by letter, padded to one length, by a GRU."""
    torch.manual_seed(seed)
    model = CharacterGru() if model is None else model
    train, valid = loaders(*words(), seed, batch=batch)
    given = {
        "criterion": "cross_entropy",
        "task": "language_model",
        "train": train,
        "valid": valid,
        "losses": token_losses,
        "mask": lambda target: target != PAD,
        **parts,
    }
    return Training(model, optimizer(model.parameters(), lr=lr), epochs=epochs, **given)
