"""`with_ids`: a data set whose items bring a key along, for users whose data has none."""

from __future__ import annotations

import weakref
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import ConcatDataset, Dataset, IterableDataset, Subset, get_worker_info

_BYTES_LOOKED_AT = 1 << 24
"""How much of a tensor goes into a data set's name: all of most, evenly spaced rows of a large one."""

_ITEMS_LOOKED_AT = 64


def with_ids(dataset: Any, name: str | None = None) -> Any:
    """A data set that yields `(id, *item)`; the id is a text such as `MNIST-60000-1c9a0b3e:17`.

    The number is the index in the underlying data set: subsets of one data set share its ids, and the parts of a ConcatDataset keep theirs. For
    an IterableDataset it is the running number, counted so that the workers' numbers never meet; give keys of your own where that order changes.
    The default name is made of class, length and contents (no item is read for it): the same in every run, another for another data set.
    An item that is a tuple is unpacked; a dict, a tensor or anything else follows the id as one value. Works with any worker start method.
    """
    if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__getitem__"):
        return _IterableWithIds(dataset, name or name_of(dataset))
    return _MapWithIds(dataset, name)


def _joined(key: str, item: Any) -> tuple[Any, ...]:
    return (key, *item) if isinstance(item, (tuple, list)) else (key, item)


class _Wrapped:
    """Everything but the items is the wrapped data set's own: `loader.dataset.classes` goes on working."""

    dataset: Any

    def __getattr__(self, attribute: str) -> Any:
        if attribute == "dataset" or attribute.startswith("__"):  # while unpickling there is none yet
            raise AttributeError(attribute)
        return getattr(self.dataset, attribute)


class _MapWithIds(_Wrapped, Dataset[Any]):
    def __init__(self, dataset: Any, name: str | None) -> None:
        self.dataset = dataset
        self._names = _names_of_parts(dataset, name)
        _wrapped.add(self)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return _joined(self._id(index), self.dataset[index])

    def __getitems__(self, indices: Sequence[Any]) -> list[tuple[Any, ...]]:
        several = getattr(self.dataset, "__getitems__", None)
        items = several(list(indices)) if callable(several) else [self.dataset[index] for index in indices]
        return [_joined(self._id(index), item) for index, item in zip(indices, items, strict=True)]

    def _id(self, index: Any) -> str:
        part, place = _locate(self.dataset, index)
        return f"{self._names[part]}:{place}"


_wrapped: weakref.WeakSet[_MapWithIds] = weakref.WeakSet()
"""The data sets with ids that are alive in this process: what was drawn from one is compared with what there is to draw."""


def samples_to_draw(keys: Sequence[str]) -> int | None:
    """How many different samples the data set holds that these keys come from; of several that hold them all, the smallest. None where none is known."""
    parted = [key.rpartition(":") for key in keys if isinstance(key, str)]
    wanted = {(name, int(place)) for name, _, place in parted if place.isdecimal()}
    if len(parted) < len(keys) or len(parted) == 0 or len(wanted) < len(set(keys)):
        return None
    sizes = [size for wrapped in list(_wrapped) if (size := _size_if_it_holds(wrapped, wanted)) is not None]
    return min(sizes, default=None)


def _size_if_it_holds(wrapped: _MapWithIds, wanted: set[tuple[str, int]]) -> int | None:
    names = list(dict.fromkeys(wrapped._names))
    if not {name for name, _ in wanted} <= set(names):
        return None
    origins = _origins(wrapped.dataset)
    if origins is None:
        return None
    number_of = np.asarray([names.index(name) for name in wrapped._names], dtype=np.int64)
    parts, places = number_of[origins[0]], origins[1]
    held = []
    for number, name in enumerate(names):
        own = places[parts == number]
        there = np.zeros(int(own.max(initial=-1)) + 1, dtype=bool)
        there[own] = True
        asked = [place for other, place in wanted if other == name]
        if any(place >= len(there) or not there[place] for place in asked):
            return None
        held.append(int(there.sum()))
    return sum(held)


def _origins(dataset: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]] | None:
    """For each item the underlying data set (counted from the left) and the index there; None where a data set has no length or keys that are no numbers."""
    if isinstance(dataset, _MapWithIds):
        return _origins(dataset.dataset)
    if isinstance(dataset, Subset):
        inner, chosen = _origins(dataset.dataset), np.asarray(dataset.indices)
        return (inner[0][chosen], inner[1][chosen]) if inner is not None and chosen.ndim == 1 and chosen.dtype.kind in "iu" else None
    if isinstance(dataset, ConcatDataset):
        members, before = [], 0
        for member in dataset.datasets:
            inner = _origins(member)
            if inner is None:
                return None
            members.append((inner[0] + before, inner[1]))
            before += len(_parts(member))
        return np.concatenate([part for part, _ in members]), np.concatenate([place for _, place in members])
    length = _length(dataset)
    return None if length is None else (np.zeros(length, dtype=np.int64), np.arange(length))


class _IterableWithIds(_Wrapped, IterableDataset[Any]):
    def __init__(self, dataset: Any, name: str) -> None:
        self.dataset = dataset
        self._name = name

    def __len__(self) -> int:
        return len(self.dataset)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        worker = get_worker_info()
        first, every = (0, 1) if worker is None else (worker.id, worker.num_workers)
        for count, item in enumerate(self.dataset):
            yield _joined(f"{self._name}:{first + every * count}", item)


def _locate(dataset: Any, index: Any) -> tuple[int, Any]:
    """Which of the underlying data sets (counted from the left) an item comes from, and its index there."""
    if isinstance(dataset, Subset):
        return _locate(dataset.dataset, dataset.indices[index])
    if isinstance(dataset, ConcatDataset):
        index = int(index) + (len(dataset) if index < 0 else 0)
        before = 0
        for number, end in enumerate(dataset.cumulative_sizes):
            if index < end:
                part, place = _locate(dataset.datasets[number], index - (dataset.cumulative_sizes[number - 1] if number else 0))
                return before + part, place
            before += len(_parts(dataset.datasets[number]))
        raise IndexError(f"index {index} is out of range for a data set of {len(dataset)} items")
    if isinstance(dataset, _MapWithIds):
        return _locate(dataset.dataset, index)
    if isinstance(index, (int, np.integer)) or (isinstance(index, Tensor) and index.numel() == 1):
        return 0, int(index) + (len(dataset) if index < 0 else 0)
    return 0, index


def _parts(dataset: Any) -> list[Any]:
    """The underlying data sets, from the left."""
    if isinstance(dataset, (Subset, _MapWithIds)):
        return _parts(dataset.dataset)
    if isinstance(dataset, ConcatDataset):
        return [part for member in dataset.datasets for part in _parts(member)]
    return [dataset]


def _names_of_parts(dataset: Any, name: str | None) -> list[str]:
    """A name for each underlying data set; one that occurs twice has one name."""
    parts = _parts(dataset)
    if name is None:
        return [name_of(part) for part in parts]
    different = list({id(part): part for part in parts}.values())
    if len(different) == 1:
        return [name] * len(parts)
    places = {id(part): place for place, part in enumerate(different)}
    return [f"{name}.{places[id(part)]}" for part in parts]


_named: dict[int, tuple[Callable[[], Any], str]] = {}
"""The data sets of this process that have a name, by identity: a name stays though the contents change (a cache fills), and two data sets that
cannot be told apart by their looks get two names."""


def name_of(dataset: Any) -> str:
    """Class, length and a checksum of what the data set holds. Deterministic; reads attributes only, never an item."""
    known = _named.get(id(dataset))
    if known is not None and known[0]() is dataset:
        return known[1]
    length = _length(dataset)
    looks, unclear = fingerprint(dataset)
    name = plain = f"{type(dataset).__name__}-{'?' if length is None else length}-{looks:08x}"
    taken = {other for _, other in _named.values()} if unclear else set()
    number = 2
    while name in taken:
        name, number = f"{plain}-{number}", number + 1
    _named[id(dataset)] = (_reference(dataset), name)
    return name


def _reference(dataset: Any) -> Callable[[], Any]:
    try:
        return weakref.ref(dataset)
    except TypeError:
        return lambda: dataset


def _length(dataset: Any) -> int | None:
    try:
        return len(dataset)
    except (TypeError, NotImplementedError):
        return None


def fingerprint(value: Any, depth: int = 0) -> tuple[int, bool]:
    """CRC-32 of what a value shows of itself, and whether something in it showed nothing (a function, a file, an object of unknown make)."""
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return zlib.crc32(repr(value).encode()), False
    if isinstance(value, (Tensor, np.ndarray)):
        return _array_checksum(value), False
    if depth > 4:
        return 0, True
    if isinstance(value, Mapping):
        parts = [part for key in list(value)[:_ITEMS_LOOKED_AT] for part in (key, value[key])]
        return _several(f"{type(value).__name__} {len(value)}", parts, depth)
    if isinstance(value, (list, tuple)):
        return _several(f"{type(value).__name__} {len(value)}", _ends(value), depth)
    if isinstance(value, range):
        return zlib.crc32(repr(value).encode()), False
    if isinstance(value, (set, frozenset)):
        return _several(f"set {len(value)}", sorted(map(repr, value))[:_ITEMS_LOOKED_AT], depth)
    if hasattr(value, "__fspath__") or isinstance(value, (torch.dtype, torch.device)):
        return zlib.crc32(str(value).encode()), False
    if callable(value) or not hasattr(value, "__dict__"):
        return zlib.crc32(type(value).__qualname__.encode()), True
    attributes = [part for key in sorted(vars(value)) for part in (key, vars(value)[key])]
    return _several(f"{type(value).__module__}.{type(value).__qualname__}", attributes, depth)


def _ends(values: Sequence[Any]) -> list[Any]:
    """A long list by its first and last items and some between."""
    if len(values) <= _ITEMS_LOOKED_AT:
        return list(values)
    return [values[round(place * (len(values) - 1) / (_ITEMS_LOOKED_AT - 1))] for place in range(_ITEMS_LOOKED_AT)]


def _several(kind: str, parts: Sequence[Any], depth: int) -> tuple[int, bool]:
    checksum, unclear = zlib.crc32(kind.encode()), False
    for part in parts:
        looks, unclear_part = fingerprint(part, depth + 1)
        checksum = zlib.crc32(looks.to_bytes(4, "little"), checksum)
        unclear |= unclear_part
    return checksum, unclear


def _array_checksum(value: Any) -> int:
    head = zlib.crc32(f"{tuple(value.shape)} {value.dtype}".encode())
    try:
        if value.nbytes > _BYTES_LOOKED_AT and value.shape[0] > 1:
            value = value[:: -(-value.nbytes // _BYTES_LOOKED_AT)]
        plain = value.detach().cpu().contiguous().view(torch.uint8).numpy() if isinstance(value, Tensor) and value.ndim else value
        return zlib.crc32(np.ascontiguousarray(plain).tobytes(), head)
    except (RuntimeError, TypeError, ValueError):  # a sparse tensor, an array of objects
        return head
