"""The ways in which a run ends: by an exception, by SIGTERM, or by the end of the interpreter."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

_STACK_LINES = 12


class ExitWatch:
    """Installed while a Recorder is open. Whatever was installed before is called afterwards, and put back by `remove`."""

    def __init__(
        self,
        on_exception: Callable[[BaseException], None],
        on_signal: Callable[[int, bool], None],
        on_exit: Callable[[], None],
        run_when_idle: Callable[[Callable[[], None]], None],
    ) -> None:
        self._on_exception, self._on_signal, self._on_exit = on_exception, on_signal, on_exit
        self._run_when_idle = run_when_idle
        self._pid = os.getpid()
        self._excepthook_before = sys.excepthook
        self._excepthook = self._uncaught
        sys.excepthook = self._excepthook
        self._handler_before: Any = None
        self._handler = self._terminated
        if threading.current_thread() is threading.main_thread():
            before = signal.getsignal(signal.SIGTERM)
            if before == signal.SIG_DFL or callable(before):
                self._handler_before = before
                signal.signal(signal.SIGTERM, self._handler)
        atexit.register(self._on_exit)

    def remove(self) -> None:
        if sys.excepthook is self._excepthook:
            sys.excepthook = self._excepthook_before
        main = threading.current_thread() is threading.main_thread()
        if main and self._handler_before is not None and signal.getsignal(signal.SIGTERM) is self._handler:
            signal.signal(signal.SIGTERM, self._handler_before)
        atexit.unregister(self._on_exit)

    def _uncaught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if os.getpid() == self._pid:
            self._on_exception(error)
        self._excepthook_before(kind, error, trace)

    def _terminated(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._pid:
            self._pass_on(number, frame)
            return

        def note() -> None:
            self._on_signal(number, not callable(self._handler_before))
            self._pass_on(number, frame)

        self._run_when_idle(note)

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        if callable(self._handler_before):
            self._handler_before(number, frame)
        else:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


def describe_exception(error: BaseException) -> dict[str, Any]:
    """Type, message and the last lines of the stack."""
    lines = "".join(traceback.format_exception(error)).rstrip().splitlines()
    return {"type": type(error).__name__, "message": str(error)[:2000], "stack": lines[-_STACK_LINES:]}
