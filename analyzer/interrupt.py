"""Ctrl-C while DuckDB computes: the main thread of Python hears it only when it is not itself inside a query."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")


def interruptible(action: Callable[[], _Result], stop: Callable[[], None] | None = None) -> _Result:
    """What the action returns or raises; it runs in a thread of its own.

    On Ctrl-C `stop` is called, which must make the action end soon, and KeyboardInterrupt is raised; without `stop` the action is abandoned.
    """
    results: list[_Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(action())
        except BaseException as error:
            errors.append(error)
        finally:
            done.set()

    done = threading.Event()  # a `join` that Ctrl-C breaks off takes the thread for ended
    threading.Thread(target=run, name="retrograd-query", daemon=True).start()
    try:
        while not done.wait(0.1):
            pass
    except KeyboardInterrupt:
        if stop is not None:
            stop()
            while not done.wait(0.1):
                stop()  # again: what was stopped may not have begun to compute
        raise
    if errors:
        raise errors[0]
    return results[0]
