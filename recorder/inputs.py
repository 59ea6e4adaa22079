"""What the model was fed -> rows of `inputs`: a hash, the shape and the range of each sample.

The hash is taken on the device, of the bytes as the model got them, so that no input has to be copied anywhere: equal bytes give equal hashes,
and two different inputs agree by chance about once in 2^40 pairs or less.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from . import fetch
from .format import schema
from .messages import Rows, of_records

_BLOCK = 4096
"""Words hashed with one row of multipliers; the blocks' hashes are then hashed in the same way."""

_REMEMBERED = 1 << 17
"""Samples whose hash is kept to notice a change. Later ones are looked at in the first pass only."""

_MOST_ROWS = 1_000_000

_FLOATS = ("min", "max", "mean", "std")


def summarize(inputs: Any, rows: int) -> dict[str, Any]:
    """Hash [N] (int64) and `floats` [4, N] (min, max, mean, std of the finite values) of each sample, on the device, without waiting for it.

    `inputs` is a tensor, a sequence or mapping of them (all are hashed, the first floating point one is measured), or a list of texts. Empty
    when none of it has one entry for each of the `rows` samples.
    """
    tensors = list(tensors_of(inputs, rows).values())
    if not tensors:
        return {"hash": _text_hashes(inputs)} if texts_of(inputs, rows) else {}
    with torch.no_grad():
        hashed = functools.reduce(lambda total, one: total * 31 + one, [hash_rows(tensor) for tensor in tensors])
        measured = main_tensor(tensors)
        shape, dtype = list(measured.shape[1:]), str(measured.dtype).removeprefix("torch.")
        return {"hash": hashed, "floats": _measure(measured), "shape": shape, "dtype": dtype}


def tensors_of(inputs: Any, rows: int, prefix: str = "") -> dict[str, Tensor]:
    """The tensors of an input that have one entry a sample, by their place in it."""
    if isinstance(inputs, Tensor):
        return {prefix: inputs.detach()} if inputs.dim() and inputs.shape[0] == rows and inputs.numel() else {}
    items = inputs.items() if isinstance(inputs, Mapping) else enumerate(inputs) if isinstance(inputs, (list, tuple)) else ()
    found: dict[str, Tensor] = {}
    for key, value in items:
        if isinstance(value, (Tensor, Mapping, list, tuple)):
            found |= tensors_of(value, rows, f"{prefix}.{key}" if prefix else str(key))
    return found


def main_tensor(tensors: Sequence[Tensor]) -> Tensor:
    """The one to measure and to show: floating point before whole numbers."""
    return next((tensor for tensor in tensors if tensor.dtype.is_floating_point), tensors[0])


def texts_of(inputs: Any, rows: int) -> bool:
    return isinstance(inputs, (list, tuple)) and len(inputs) == rows and all(isinstance(text, str) for text in inputs)


def _text_hashes(texts: Sequence[str]) -> Tensor:
    digests = [int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little", signed=True) for text in texts]
    return torch.tensor(digests, dtype=torch.int64)


@functools.lru_cache(maxsize=16)
def _multipliers(count: int, level: int, device: torch.device) -> Tensor:
    """Odd pseudo-random 64-bit numbers, the same in every process; no random generator of the user's is touched."""
    odd = np.random.Generator(np.random.PCG64(0x5EED + level)).integers(-(2**63), 2**63 - 1, count, dtype=np.int64) | 1
    return torch.from_numpy(odd).to(device, non_blocking=True)


def hash_rows(tensor: Tensor) -> Tensor:
    """A hash of the bytes of each row [N], int64: sums of words times random odd numbers, blocks first and then the blocks' sums."""
    words = _words(tensor)
    n, width = words.shape
    mixed = words ^ (words >> 20) ^ (words >> 32)  # a product moves bits upward only, and short floats have theirs on top: bring them down first
    blocks = -(-width // _BLOCK)
    if blocks > 1:
        mixed = torch.nn.functional.pad(mixed, (0, blocks * _BLOCK - width)).reshape(n * blocks, _BLOCK)
    hashed = (mixed * _multipliers(_BLOCK, 0, tensor.device)[: mixed.shape[1]]).sum(1)
    hashed = hashed ^ (hashed >> 32)
    if blocks > 1:
        hashed = (hashed.reshape(n, blocks) * _multipliers(blocks, 1, tensor.device)).sum(1)
        hashed = hashed ^ (hashed >> 32)
    return hashed


def _words(tensor: Tensor) -> Tensor:
    """The bytes of each row as whole numbers [N, W] (int64), as wide as fits."""
    flat = tensor.detach().reshape(tensor.shape[0], -1).contiguous()
    if flat.is_complex():
        flat = torch.view_as_real(flat).reshape(flat.shape[0], -1)
    if flat.shape[1] * flat.element_size() % 8 == 0:
        return (flat if flat.storage_offset() * flat.element_size() % 8 == 0 else flat.clone()).view(torch.int64)
    sizes = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int32}
    return flat.view(sizes[flat.element_size()]).to(torch.int64)


def _measure(tensor: Tensor) -> Tensor:
    flat = tensor.reshape(tensor.shape[0], -1).float()
    if fetch.at_once(flat):
        low, high = torch.aminmax(flat, dim=1)
        if bool(torch.isfinite(low + high).all()):  # both carry a NaN or an infinity on
            mean = flat.mean(1)
            return torch.stack([low, high, mean, torch.linalg.vector_norm(flat - mean[:, None], dim=1) / flat.shape[1] ** 0.5])
    finite = torch.isfinite(flat)
    count = finite.sum(1)
    inside = torch.where(finite, flat, 0.0)
    mean = inside.sum(1) / count
    spread = torch.where(finite, flat - mean[:, None], 0.0).square().sum(1) / count
    nothing = torch.where(count > 0, 0.0, float("nan"))
    low = torch.where(finite, flat, float("inf")).amin(1) + nothing
    high = torch.where(finite, flat, float("-inf")).amax(1) + nothing
    return torch.stack([low, high, mean, spread.sqrt()])


class InputsSeen:
    """Remembers each sample's hash, so that a sample has a row when first seen and when its hash has changed."""

    def __init__(self) -> None:
        self._hashes: dict[tuple[str, str], int] = {}
        self._rows = 0

    def due(self, pass_number: int) -> bool:
        """Whether this pass through a split is looked at: 0, 1, 2, 4, 8, ... A sample that is augmented shows in the second at the latest."""
        return self._rows < _MOST_ROWS and (pass_number & (pass_number - 1)) == 0

    @property
    def full(self) -> bool:
        """Whether the table has reached its bound and no further input is looked at."""
        return self._rows >= _MOST_ROWS

    def to_batch(
        self,
        fetched: Mapping[str, Any],
        *,
        ids: Sequence[str],
        split: str,
        step: int | None,
        pass_number: int,
        meta: Sequence[Mapping[str, str]] | None = None,
    ) -> Rows | None:
        """Rows for the samples that are new or changed; None where there is none. `fetched` is what `summarize` returned, on the CPU."""
        hashes = np.asarray(fetched["hash"]).tolist() if "hash" in fetched else [0] * len(ids)
        if not fetched and meta is None:
            return None
        places = [place for place, (key, value) in enumerate(zip(ids, hashes, strict=True)) if self._is_news((split, key), value, pass_number)]
        if not places:
            return None
        self._rows += len(places)
        floats = np.asarray(fetched["floats"])[:, places] if "floats" in fetched else None
        columns: dict[str, Any] = {
            "step": [step] * len(places),
            "sample_id": [ids[place] for place in places],
            "split": [split] * len(places),
            "hash": [f"{hashes[place] & (2**64 - 1):016x}" if "hash" in fetched else None for place in places],
            "shape": [fetched.get("shape")] * len(places),
            "dtype": [fetched.get("dtype", "str" if "hash" in fetched else None)] * len(places),
            **({} if floats is None else {name: floats[row].tolist() for row, name in enumerate(_FLOATS)}),
            "meta": [list(meta[place].items()) if meta else None for place in places],
        }
        return of_records(schema("inputs"), columns)

    def _is_news(self, key: tuple[str, str], value: int, pass_number: int) -> bool:
        known = self._hashes.get(key)
        if known == value:
            return False
        if known is None and len(self._hashes) >= _REMEMBERED:
            return pass_number == 0
        self._hashes[key] = value
        return True


def meta_of_samples(meta: Any, rows: int) -> list[dict[str, str]] | None:
    """What the user said of each sample as texts: a mapping of lists (or of one value for all), or a list of mappings; None where neither fits."""
    if isinstance(meta, Mapping):
        columns = {str(name): _column(values, rows) for name, values in meta.items()}
        return [{name: values[row] for name, values in columns.items()} for row in range(rows)]
    if isinstance(meta, Sequence) and len(meta) == rows and all(isinstance(one, Mapping) for one in meta):
        return [{str(name): str(value) for name, value in one.items()} for one in meta]
    return None


def _column(values: Any, rows: int) -> list[str]:
    if isinstance(values, (Tensor, np.ndarray)):
        values = values.tolist()
    if isinstance(values, (list, tuple)) and len(values) == rows:
        return [str(value) for value in values]
    return [str(values)] * rows
