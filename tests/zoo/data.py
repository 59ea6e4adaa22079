"""Real data that ships with Python packages, as tensors and loaders."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from pydoc_data import topics
from typing import Any

import torch
from sklearn import datasets
from torch import Tensor
from torch.utils.data import DataLoader, Subset, TensorDataset

from recorder import with_ids

PAD = 0
"""Character number of padding, and of the start of a word."""
ALPHABET = "\0abcdefghijklmnopqrstuvwxyz .,'()_\n"
VOCABULARY = len(ALPHABET)
WORD_LENGTH = 12

Loader = Iterable[tuple[list[str], Tensor, Tensor]]


def standardize(x: Tensor) -> Tensor:
    return (x - x.mean(0)) / x.std(0).clamp(min=1e-6)


@functools.cache
def digits() -> tuple[Tensor, Tensor]:
    """1797 images `[N, 1, 8, 8]` in 0..1 and their digit `[N]`, in a fixed random order (the file is in writer order)."""
    bunch = datasets.load_digits()
    order = torch.randperm(len(bunch.target), generator=torch.Generator().manual_seed(0))
    return (torch.tensor(bunch.images, dtype=torch.float32) / 16).unsqueeze(1)[order], torch.tensor(bunch.target)[order].long()


@functools.cache
def breast_cancer(scaled: bool = True) -> tuple[Tensor, Tensor]:
    """569 rows of 30 features, raw up to 4254 unless scaled, and benign (1) or not (0)."""
    bunch = datasets.load_breast_cancer()
    order = torch.randperm(len(bunch.target), generator=torch.Generator().manual_seed(0))
    x = torch.tensor(bunch.data, dtype=torch.float32)
    return (standardize(x) if scaled else x)[order], torch.tensor(bunch.target)[order].long()


@functools.cache
def wine(scaled: bool = True) -> tuple[Tensor, Tensor]:
    """178 wines of 13 measurements, raw up to 1680 unless scaled, and their grower (0..2)."""
    bunch = datasets.load_wine()
    order = torch.randperm(len(bunch.target), generator=torch.Generator().manual_seed(0))
    x = torch.tensor(bunch.data, dtype=torch.float32)
    return (standardize(x) if scaled else x)[order], torch.tensor(bunch.target)[order].long()


@functools.cache
def diabetes(scaled: bool = True) -> tuple[Tensor, Tensor]:
    """442 patients of 10 standardized features and the progress of their disease, 25 to 346 unless scaled."""
    bunch = datasets.load_diabetes()
    order = torch.randperm(len(bunch.target), generator=torch.Generator().manual_seed(0))
    y = torch.tensor(bunch.target, dtype=torch.float32)
    return standardize(torch.tensor(bunch.data, dtype=torch.float32))[order], (standardize(y) if scaled else y)[order]


@functools.cache
def text() -> Tensor:
    """The help texts of Python as character numbers (lower case, 35 characters)."""
    lowered = "".join(topics.topics.values()).lower()
    known = re.sub(f"[^{re.escape(ALPHABET[1:])}]", " ", lowered)
    return torch.tensor([ALPHABET.index(character) for character in re.sub(" +", " ", known)[:200_000]])


def passages(count: int = 1000, length: int = 24, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Pieces of the text `[N, length]` and the same pieces one character further on; no two pieces overlap."""
    characters = text()
    places = torch.randperm(len(characters) // (length + 1) - 1, generator=torch.Generator().manual_seed(seed))[:count] * (length + 1)
    pieces = torch.stack([characters[place : place + length + 1] for place in places])
    return pieces[:, :-1].contiguous(), pieces[:, 1:].contiguous()


@functools.cache
def words(count: int = 1500) -> tuple[Tensor, Tensor]:
    """Distinct words of the text as `[N, 12]`: a start mark and the word, and the word with its end mark; both padded with PAD (the end mark is a newline)."""
    plain = "".join(ALPHABET[number] for number in text().tolist())
    found = sorted({word for word in re.findall("[a-z]+", plain) if 2 <= len(word) < WORD_LENGTH})
    chosen = [found[i] for i in torch.randperm(len(found), generator=torch.Generator().manual_seed(0))[:count].tolist()]
    inputs = torch.full((len(chosen), WORD_LENGTH), PAD)
    targets = torch.full((len(chosen), WORD_LENGTH), PAD)
    for row, word in enumerate(chosen):
        numbers = torch.tensor([ALPHABET.index(letter) for letter in word])
        inputs[row, 1 : len(word) + 1] = numbers
        targets[row, : len(word)] = numbers
        targets[row, len(word)] = ALPHABET.index("\n")
    return inputs, targets


def scenes(count: int = 400, size: int = 16, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Real digits pasted on noisy canvases `[N, 1, size, size]`, and the class of each pixel: 0 background, 1 digit below five, 2 digit from five on."""
    images, labels = digits()
    generator = torch.Generator().manual_seed(seed)
    canvas = 0.3 * torch.rand(count, 1, size, size, generator=generator)
    mask = torch.zeros(count, size, size, dtype=torch.long)
    for row in range(count):
        top, left = torch.randint(0, size - 8, (2,), generator=generator).tolist()
        canvas[row, :, top : top + 8, left : left + 8] += images[row]
        ink = images[row, 0] > 0.35
        mask[row, top : top + 8, left : left + 8][ink] = 1 + int(labels[row] >= 5)
    return canvas.clamp(max=1.0), mask


def properties(labels: Tensor) -> Tensor:
    """Four properties of a digit as a multi-label target `[N, 4]`: even, prime, above four, written with a closed loop."""
    sets = ((0, 2, 4, 6, 8), (2, 3, 5, 7), (5, 6, 7, 8, 9), (0, 6, 8, 9))
    return torch.stack([torch.isin(labels, torch.tensor(members)) for members in sets], dim=1).float()


def batches(x: Tensor, y: Tensor, rows: Sequence[int] | None, seed: int, *, name: str | None = None, **options: Any) -> DataLoader[Any]:
    """Batches `(ids, x, y)` of some rows of a data set; ids are indices into it. Options are DataLoader's; the order follows the seed."""
    whole = TensorDataset(x, y)
    part = with_ids(whole if rows is None else Subset(whole, list(rows)), name=name)
    return DataLoader(part, generator=torch.Generator().manual_seed(seed), **options)


def loaders(
    x: Tensor,
    y: Tensor,
    seed: int,
    *,
    batch: int = 32,
    train: Sequence[int] | None = None,
    valid: Sequence[int] | None = None,
    valid_batch: int = 150,
    **options: Any,
) -> tuple[DataLoader[Any], DataLoader[Any]]:
    """Training and validation batches of one data set: three quarters (at most 900 rows) against the last quarter (at most 300) unless rows are given."""
    cut = len(x) * 3 // 4
    train_rows = range(min(cut, 900)) if train is None else train
    valid_rows = range(cut, min(len(x), cut + 300)) if valid is None else valid
    if "sampler" not in options:
        options.setdefault("shuffle", True)
    return batches(x, y, train_rows, seed, batch_size=batch, **options), batches(x, y, valid_rows, seed, batch_size=valid_batch)
