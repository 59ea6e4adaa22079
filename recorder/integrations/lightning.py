"""Lightning: `Trainer(..., callbacks=[RetrogradCallback("runs/exp42")])`, with `lightning` or `pytorch_lightning`, whichever is imported.

A `training_step` may return `{"loss": ..., "losses": ..., "prediction": ..., "target": ..., "ids": ..., "mask": ...}`; what it leaves out is found: the
prediction is the output of the last module that it called, the target is the batch's tensor that fits, the ids come from `with_ids` or are fingerprints of
the input.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ..recorder import Recorder
from .batches import fingerprints, keys_in, numbers, sample_losses, target_for

if TYPE_CHECKING:
    from lightning.pytorch import Callback
elif "pytorch_lightning" in sys.modules and "lightning.pytorch" not in sys.modules:
    from pytorch_lightning import Callback
else:
    from lightning.pytorch import Callback


class RetrogradCallback(Callback):
    """Records a `Trainer.fit` into `run_dir`; `options` are those of `Recorder`. Validation is the split `valid`; the sanity check is left out."""

    def __init__(self, run_dir: str | Path, **options: Any) -> None:
        self.run_dir, self.options = Path(run_dir), options
        self.recorder: Recorder | None = None
        self._split: AbstractContextManager[Any] | None = None
        self._handles: list[Any] = []
        self._called: tuple[Any, Any] | None = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        resume = trainer.global_step or self.recorder is not None if (self.run_dir / "run.json").exists() else False
        self._close()
        options = {"config": dict(pl_module.hparams), "resume": resume, **self.options}
        self.recorder = Recorder(self.run_dir, pl_module, trainer.optimizers, **options)
        hook = self.recorder._guard.hook("lightning", self._module_called)
        self._handles = [module.register_forward_hook(hook) for module in (*pl_module.children(), pl_module)]

    def _module_called(self, module: Any, args: Any, output: Any) -> None:
        self._called = (next((value for value in args if isinstance(value, Tensor)), None), output)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        if self.recorder is not None:
            self.recorder.epoch = trainer.current_epoch

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self.recorder is not None:
            self.recorder._guard.run("lightning", self._batch_ended, outputs, batch, trainer.accumulate_grad_batches)

    def _batch_ended(self, outputs: Any, batch: Any, accumulated: int | None) -> None:
        told = outputs if isinstance(outputs, Mapping) else {"loss": outputs}
        if accumulated is not None and isinstance(told.get("loss"), Tensor) and self.recorder is not None:
            self.recorder.log(loss=told["loss"] * accumulated)  # Lightning shows it divided
        self._samples(told, batch)

    def _samples(self, told: Mapping[str, Any], batch: Any) -> None:
        inputs, output = self._called or (None, None)
        prediction = told.get("prediction", output)
        if self.recorder is None or not isinstance(prediction, Tensor) or prediction.dim() == 0:
            return
        target = told.get("target", target_for(prediction, batch))
        losses = told.get("losses", None if target is None else sample_losses(prediction, target))
        ids = told.get("ids", keys_in(batch, len(prediction)))
        if ids is None and inputs is not None and len(inputs) == len(prediction):
            ids = fingerprints(inputs)
        if ids is not None:
            self.recorder.samples(ids, loss=losses, prediction=prediction, target=target, inputs=inputs, mask=told.get("mask"))

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        if self.recorder is not None and not trainer.sanity_checking:
            self._split = self.recorder.split("valid")
            self._split.__enter__()

    def on_validation_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        if self._split is not None and self.recorder is not None:
            self.recorder._guard.run("lightning", self._batch_ended, outputs, batch, None)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        if self._split is not None and self.recorder is not None:
            found = {name: value for name, value in trainer.callback_metrics.items() if name.startswith("val")}
            self.recorder.log(numbers({name.removeprefix("valid_").removeprefix("val_"): value for name, value in found.items()}))
            self._split.__exit__(None, None, None)
        self._split = None

    def on_save_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: Any) -> None:
        if self.recorder is not None:
            self.recorder.checkpoint(f"epoch={trainer.current_epoch}-step={trainer.global_step}")

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        if self.recorder is not None:
            self.recorder.__exit__(type(exception), exception, exception.__traceback__)
        self._close()

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        self._close()

    def _close(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        if self.recorder is not None:
            self.recorder.close()
