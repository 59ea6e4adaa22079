"""Lightning: `Trainer(..., callbacks=[RetrogradCallback("runs/exp42")])`, with `lightning` or `pytorch_lightning`, whichever is imported.

A `training_step` may return `{"loss": ..., "losses": ..., "prediction": ..., "target": ..., "ids": ..., "mask": ...}`; what it leaves out is found: the
prediction is the output of the last module that it called, the target is the batch's tensor that fits, the ids come from `with_ids` or are
fingerprints of the input.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from .batches import fingerprints, keys_in, numbers, sample_losses, target_for
from .recording import Recording

if TYPE_CHECKING:
    from lightning.pytorch import Callback
elif "pytorch_lightning" in sys.modules and "lightning.pytorch" not in sys.modules:
    from pytorch_lightning import Callback
else:
    from lightning.pytorch import Callback


class RetrogradCallback(Callback):
    """Records a `Trainer.fit` into `run_dir`; `options` are those of `Recorder`. Validation is the split `valid`; the sanity check is left out."""

    def __init__(self, run_dir: str | Path, **options: Any) -> None:
        self._recording = Recording(run_dir, options)
        self._called: tuple[Any, Any] = (None, None)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self._recording.start(pl_module, trainer.optimizers, trainer.global_step, trainer.accumulate_grad_batches, config=dict(pl_module.hparams))
        for module in (*pl_module.children(), pl_module):
            self._recording.hook(module.register_forward_hook, self._module_called)

    def _module_called(self, module: Any, args: Any, output: Any) -> None:
        self._called = (next((value for value in args if isinstance(value, Tensor)), None), output)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        if self._recording.recorder is not None:
            self._recording.recorder.epoch = trainer.current_epoch

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self._recording.recorder is not None:
            self._recording.recorder._guard.run("lightning", self._batch_ended, outputs, batch, trainer.accumulate_grad_batches)

    def on_validation_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        if self._recording.recorder is not None and self._recording.evaluating:
            self._recording.recorder._guard.run("lightning", self._batch_ended, outputs, batch, None)

    def _batch_ended(self, outputs: Any, batch: Any, accumulated: int | None) -> None:
        recorder = self._recording.recorder
        told = outputs if isinstance(outputs, Mapping) else {"loss": outputs}
        if recorder is not None and accumulated is not None and isinstance(told.get("loss"), Tensor):
            recorder.log(loss=told["loss"] * accumulated)  # Lightning shows it divided
        inputs, output = self._called
        prediction = told.get("prediction", output)
        if recorder is None or not isinstance(prediction, Tensor) or prediction.dim() == 0:
            return
        target = told.get("target", target_for(prediction, batch))
        losses = told.get("losses", None if target is None else sample_losses(prediction, target))
        ids = told.get("ids", keys_in(batch, len(prediction)))
        if ids is None and inputs is not None and len(inputs) == len(prediction):
            ids = fingerprints(inputs)
        if ids is not None:
            recorder.samples(ids, loss=losses, prediction=prediction, target=target, inputs=inputs, mask=told.get("mask"))

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        if not trainer.sanity_checking:
            self._recording.evaluate("valid")

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        if self._recording.recorder is not None and self._recording.evaluating:
            found = {name: value for name, value in trainer.callback_metrics.items() if name.startswith("val")}
            self._recording.recorder.log(numbers({name.removeprefix("valid_").removeprefix("val_"): value for name, value in found.items()}))
        self._recording.evaluate(None)

    def on_save_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: Any) -> None:
        if self._recording.recorder is not None:
            self._recording.recorder.checkpoint(f"epoch={trainer.current_epoch}-step={trainer.global_step}")

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self._recording.close(exception)

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        self._recording.close()
