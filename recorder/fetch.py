"""Brings values from a device without waiting for it: pinned copies and an event, looked at again at the next step."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


def at_once(tensor: Tensor) -> bool:
    """Whether the values can be read without waiting for anybody: they are in the CPU's own memory."""
    return tensor.device.type == "cpu"


@dataclass(frozen=True, slots=True)
class _Waiting:
    ready: Any  # an event of the device, None where the copies are complete
    copies: list[Tensor]
    then: Callable[[list[Tensor]], None]


class Fetcher:
    """A queue in order of submission. Values of a CPU are handed on at once when nothing is waiting before them."""

    def __init__(self) -> None:
        self._queue: deque[_Waiting] = deque()

    @property
    def idle(self) -> bool:
        """Whether nothing is waiting: what is known already may be written at once."""
        return not self._queue

    def submit(self, tensors: Sequence[Tensor], then: Callable[[list[Tensor]], None]) -> None:
        """Calls `then` with CPU copies of the tensors: now, or in a later `drain` when they come from a device."""
        away = [tensor.device for tensor in tensors if not at_once(tensor)]
        if not away and not self._queue:
            then(list(tensors))
            return
        copies = [_copy(tensor) for tensor in tensors]
        ready = None
        if away and away[0].type == "cuda":
            ready = torch.cuda.Event()  # type: ignore[no-untyped-call]
            ready.record(torch.cuda.current_stream(away[0]))
        self._queue.append(_Waiting(ready, copies, then))

    def drain(self, wait: bool = False) -> None:
        """Hands on what has arrived; with `wait`, all of it."""
        while self._queue:
            first = self._queue[0]
            if first.ready is not None:
                if not wait and not first.ready.query():
                    return
                if wait:
                    first.ready.synchronize()
            self._queue.popleft()
            first.then(first.copies)


def _copy(tensor: Tensor) -> Tensor:
    tensor = tensor.detach()
    if tensor.device.type == "cpu":
        return tensor.clone()
    if tensor.device.type != "cuda":
        return tensor.cpu()
    pinned = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    return pinned.copy_(tensor, non_blocking=True)
