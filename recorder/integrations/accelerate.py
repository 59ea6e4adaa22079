"""Accelerate: `rec = record(accelerator, "runs/exp42", model, optimizer)` after `accelerator.prepare`.

The user owns the loop, so `rec.samples(...)` and `rec.split(...)` are at hand; what `accelerator.log` gets is recorded too, and
`accelerator.end_training()` closes the recording.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.tracking import GeneralTracker

from ..recorder import Recorder
from .batches import numbers


class RetrogradTracker(GeneralTracker):
    """A tracker of Accelerate that hands on to a `Recorder`."""

    name = "retrograd"
    requires_logging_directory = False
    main_process_only = False

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder

    @property
    def tracker(self) -> Recorder:
        return self.recorder

    def store_init_configuration(self, values: dict[str, Any]) -> None:
        """The configuration is told to `record`: run.json is written once, at the start."""

    def log(self, values: dict[str, Any], step: int | None = None, **kwargs: Any) -> None:
        self.recorder.log(numbers(values))

    def finish(self) -> None:
        self.recorder.close()


def record(accelerator: Accelerator, run_dir: str | Path, model: Any, optimizer: Any, **options: Any) -> Recorder:
    """Starts a recording of prepared (or not yet prepared) models and optimizers; lists are taken too. `options` are those of `Recorder`."""
    models = [accelerator.unwrap_model(part) for part in (model if isinstance(model, list | tuple) else [model])]
    recorder = Recorder(run_dir, models, optimizer, **options)
    recorder._observer.backwards_a_step = accelerator.gradient_accumulation_steps
    accelerator.trackers.append(RetrogradTracker(recorder))
    return recorder
