"""A recording that a framework starts, splits and ends by callbacks, where a user would write `with`."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from ..recorder import Recorder


class TrainingDidNotEnd(RuntimeError):
    """What is noted where a framework neither ended a training nor told of its exception."""


class Recording:
    """The recorder of the training that runs now, its evaluation split, and the hooks that a callback added to the model."""

    def __init__(self, run_dir: str | Path, options: dict[str, Any]) -> None:
        self.run_dir, self.options = Path(run_dir), options
        self.recorder: Recorder | None = None
        self._split: AbstractContextManager[Any] | None = None
        self._handles: list[Any] = []
        self._running = False

    def start(self, model: Any, optimizer: Any, step: int, accumulated: int, **defaults: Any) -> None:
        """Begins a log; goes on in the one that is there at `step`, or after its last step where a second training begins at 0.

        `accumulated`: how many backward passes make a step.
        """
        resume: bool | int = False
        if (self.run_dir / "run.json").exists():
            resume = step or self.recorder is not None
        self._given_up()
        self.recorder = Recorder(self.run_dir, model, optimizer, resume=resume, **{**defaults, **self.options})
        self.recorder._observer.backwards_a_step = accumulated
        self._running = True
        atexit.register(self._given_up)

    def hook(self, register: Callable[..., Any], function: Callable[..., Any], **options: Any) -> None:
        """Adds a hook that lets no exception out, is inert in a copy of the model, and is removed at the end."""
        if self.recorder is not None:
            self._handles.append(register(self.recorder._guard.hook("integration", function), **options))

    def evaluate(self, split: str | None) -> None:
        """What follows is evaluation on that split, or training again."""
        if self._split is None and split is not None and self.recorder is not None:
            self._split = self.recorder.split(split)
            self._split.__enter__()
        elif self._split is not None and split is None:
            ended, self._split = self._split, None
            ended.__exit__(None, None, None)

    @property
    def evaluating(self) -> bool:
        return self._split is not None

    def _given_up(self) -> None:
        """The program, or the next training, goes on without the end of this one: an exception was caught, by the user or by a notebook."""
        if self._running:
            self.close(TrainingDidNotEnd("the training was left before its end, by an exception that somebody caught"))

    def close(self, error: BaseException | None = None) -> None:
        self._running = False
        atexit.unregister(self._given_up)
        self.evaluate(None)
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        if self.recorder is not None:
            self.recorder.__exit__(None if error is None else type(error), error, None if error is None else error.__traceback__)
