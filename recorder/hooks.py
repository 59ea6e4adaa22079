"""Callables that are handed to torch: guarded, timed, and inert once they are copied, pickled, traced or carried into a forked process."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from time import perf_counter
from typing import Any

import torch


class Guard:
    """Runs the recorder's own code inside somebody's training loop: adds up its time and lets no exception out.

    `failed(place, error)` is told of each exception. `idle` is called when the outermost call has ended, so that a signal that came in
    mid-write is dealt with once the files are whole again. `foreign` becomes true in a forked child: nothing is recorded there.
    """

    def __init__(self, failed: Callable[[str, Exception], None]) -> None:
        self.failed = failed
        self.idle: Callable[[], None] | None = None
        self.seconds = 0.0
        self.depth = 0
        self.foreign = False
        self._started = 0.0
        mine = weakref.ref(self)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=lambda: _disown(mine))

    def spent(self) -> float:
        """Seconds up to now, those of the call that is running included."""
        return self.seconds + (perf_counter() - self._started if self.depth else 0.0)

    def run(self, place: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Calls `function` and returns what it returns; None after an exception."""
        if self.depth == 0:
            self._started = perf_counter()
        self.depth += 1
        try:
            return function(*args, **kwargs)
        except Exception as error:
            self.failed(place, error)
            return None
        finally:
            self.depth -= 1
            if self.depth == 0:
                self.seconds += perf_counter() - self._started
                if self.idle is not None:
                    idle, self.idle = self.idle, None
                    idle()

    def hook(self, place: str, function: Callable[..., Any]) -> Hook:
        return Hook(self, place, function)


def _disown(guard: weakref.ref[Guard]) -> None:
    found = guard()
    if found is not None:
        found.foreign = True


class Hook:
    """What torch calls. A copy of a model (an average of weights, a checkpoint) carries copies of this that do nothing."""

    __slots__ = ("_function", "_guard", "_place")

    def __init__(self, guard: Guard | None = None, place: str = "", function: Callable[..., Any] | None = None) -> None:
        self._guard, self._place, self._function = guard, place, function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if torch.compiler.is_compiling():  # first of all, so that a traced model depends on nothing of ours
            return None
        guard, function = self._guard, self._function
        if guard is None or function is None or guard.foreign:
            return None
        return guard.run(self._place, function, *args, **kwargs)

    def __copy__(self) -> Hook:
        return Hook()

    def __deepcopy__(self, memo: dict[int, Any]) -> Hook:
        return Hook()

    def __reduce__(self) -> tuple[type[Hook], tuple[()]]:
        return (Hook, ())
