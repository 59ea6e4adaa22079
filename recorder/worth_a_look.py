"""Which samples are shown: the worst, and a few whose keys happen to have a small hash, so that the ordinary can be seen beside the odd."""

from __future__ import annotations

import heapq
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

MOST_ROWS = 500
MOST_BYTES = 20 * 2**20
"""Bounds of the table `previews` of one run."""

_WORST = 12
_ORDINARY = 12
_MOST_AT_ONCE = 4
"""Previews made of one batch: each costs about a millisecond."""

_BATCHES_A_WINDOW = 1000
_SHARE_OF_WHAT_IS_LEFT = 0.1
_BATCHES_HASHED = 2000


@dataclass
class _Split:
    """`first_pass` is the pass in which the split was first seen: later ones bring the same keys.

    `worst` is a heap of the largest losses of this window (a pass, or 1000 batches of a long one), `bar` what counted as bad in the last one.
    """

    first_pass: int
    window: tuple[int, int] = (-1, 0)
    worst: list[float] = field(default_factory=list)
    bar: float = -math.inf
    allowance: int = 0
    smallest_hashes: list[int] = field(default_factory=list)
    batches: int = 0


class WorthALook:
    """Chooses samples for previews. Deterministic and without random numbers; the budget is never used up by the first passes alone."""

    def __init__(self, most_rows: int = MOST_ROWS, most_bytes: int = MOST_BYTES) -> None:
        self._rows_left = most_rows
        self._bytes_left = most_bytes
        self._splits: dict[str, _Split] = {}
        self._shown: set[tuple[str, str]] = set()

    @property
    def open(self) -> bool:
        """Whether any further preview can be afforded."""
        return self._rows_left > 0 and self._bytes_left > 0

    def pick(self, split: str, pass_number: int, ids: Sequence[str], losses: Sequence[float] | npt.NDArray[Any]) -> list[int]:
        """Places in the batch of the samples to show. `losses` has one number a sample; NaN is the worst there is."""
        state = self._splits.setdefault(split, _Split(pass_number))
        self._turn(state, pass_number)
        if not self.open:
            return []
        first_pass = pass_number == state.first_pass and state.batches <= _BATCHES_HASHED
        picked = self._ordinary(state, split, ids) if first_pass else []
        for place in self._worst(state, losses):
            if len(picked) >= _MOST_AT_ONCE or state.allowance <= 0:
                break
            if place not in picked and (split, ids[place]) not in self._shown:
                picked.append(place)
                state.allowance -= 1
        return picked

    def spend(self, split: str, key: str, size: int) -> bool:
        """Books a preview of a sample; False where it may not be kept (shown already, or no budget)."""
        if (split, key) in self._shown or not self.open or size > self._bytes_left:
            return False
        self._shown.add((split, key))
        self._rows_left -= 1
        self._bytes_left -= size
        return True

    def _turn(self, state: _Split, pass_number: int) -> None:
        """Begins a new window where one is due: then the worst of the last one set the bar."""
        window = (pass_number, state.batches // _BATCHES_A_WINDOW)
        state.batches += 1
        if window == state.window:
            return
        state.window = window
        state.bar = state.worst[0] if len(state.worst) == _WORST else -math.inf
        state.worst = []
        state.allowance = max(2, int(self._rows_left * _SHARE_OF_WHAT_IS_LEFT))

    def _ordinary(self, state: _Split, split: str, ids: Sequence[str]) -> list[int]:
        """Samples whose keys have the smallest hashes seen so far: after a pass the same ones, in whatever order they came."""
        picked: list[int] = []
        for place, key in enumerate(ids):
            hashed = zlib.crc32(key.encode("utf-8", "replace"))
            heap = state.smallest_hashes
            if len(heap) < _ORDINARY or hashed < -heap[0]:
                if -hashed in heap:
                    continue
                (heapq.heappush if len(heap) < _ORDINARY else heapq.heapreplace)(heap, -hashed)
                if len(picked) < _MOST_AT_ONCE // 2 and (split, key) not in self._shown:
                    picked.append(place)
        return picked

    def _worst(self, state: _Split, losses: Sequence[float] | npt.NDArray[Any]) -> list[int]:
        """Places whose loss is among the largest of this window and no smaller than the last window's bar, worst first."""
        sizes = np.asarray(losses, dtype=np.float64)
        if len(state.worst) == _WORST and sizes.size and sizes.max() <= state.worst[0]:  # false where one is NaN
            return []
        sizes = np.nan_to_num(sizes, nan=np.inf)
        candidates = np.flatnonzero(sizes > state.worst[0]) if len(state.worst) == _WORST else np.arange(len(sizes))
        found: list[tuple[float, int]] = []
        for place in candidates.tolist():
            size = float(sizes[place])
            if len(state.worst) < _WORST:
                heapq.heappush(state.worst, size)
            elif size > state.worst[0]:
                heapq.heapreplace(state.worst, size)
            else:
                continue
            if size >= state.bar:
                found.append((size, place))
        return [place for size, place in sorted(found, reverse=True) if size >= state.worst[0]]
