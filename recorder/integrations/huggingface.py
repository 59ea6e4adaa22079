"""Hugging Face: `Trainer(..., callbacks=[RetrogradCallback("runs/exp42")])`.

The trainer shows a callback neither batch nor output, so samples are read where the model is called: `labels` goes in, `logits` come out. A column
`sample_id` (with `TrainingArguments(remove_unused_columns=False)`) gives samples their keys; else a fingerprint of the input does.
`loss` is what is back-propagated in a step, all its micro-batches together; the trainer's own average over `logging_steps` is not recorded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor
from transformers import TrainerCallback

from .batches import IGNORED, TakeIds, fingerprints, numbers, sample_losses
from .recording import Recording

_ABOUT_SPEED = ("runtime", "per_second", "epoch", "time")
_INPUTS = ("input_ids", "pixel_values", "input_values", "input_features", "inputs_embeds")
_LOSSES = {"regression": "mse_loss", "multi_label_classification": "binary_cross_entropy_with_logits"}


def _predicts_next(model: Any, logits: Tensor) -> bool:
    """Whether the model itself shifts the labels by one, as causal language models do."""
    name = getattr(getattr(model, "loss_function", None), "__name__", "")
    return logits.dim() == 3 and name == "ForCausalLMLoss" and not getattr(model.config, "is_encoder_decoder", False)


class RetrogradCallback(TrainerCallback):
    """Records a `Trainer`'s run into `run_dir`; `options` are those of `Recorder`. Evaluations within the training are the split `eval`."""

    def __init__(self, run_dir: str | Path, *, sample_id: str = "sample_id", **options: Any) -> None:
        self._recording = Recording(run_dir, options)
        self._ids = TakeIds(sample_id)
        self._taking_from: Any = None
        self._loss: Any = None
        self._parts = 0

    def on_init_end(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        if model is not None and self._taking_from is not model:
            self._taking_from = model
            model.register_forward_pre_hook(self._ids, with_kwargs=True, prepend=True)

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, optimizer: Any = None, **kwargs: Any) -> None:
        self.on_init_end(args, state, control, model)
        problem = getattr(model.config, "problem_type", None) or ("regression" if getattr(model.config, "num_labels", 2) == 1 else "")
        settings = {"loss": _LOSSES.get(problem, "cross_entropy"), "config": args.to_dict()}
        self._recording.start(model, optimizer, state.global_step, args.gradient_accumulation_steps, **settings)
        self._recording.hook(model.register_forward_pre_hook, self._begins, with_kwargs=True, prepend=True)
        self._recording.hook(model.register_forward_hook, self._ends, with_kwargs=True)

    def _begins(self, model: Any, args: Any, kwargs: Any) -> None:
        self._recording.evaluate(None if model.training else "eval")

    def _ends(self, model: Any, args: Any, kwargs: dict[str, Any], output: Any) -> None:
        loss, logits, labels = getattr(output, "loss", None), getattr(output, "logits", None), kwargs.get("labels")
        if isinstance(loss, Tensor) and model.training:
            self._loss = loss.detach() if self._loss is None else self._loss + loss.detach()
            self._parts += 1 if kwargs.get("num_items_in_batch") is None else 0  # with it the parts are shares of one mean
        inputs = next((kwargs[name] for name in _INPUTS if kwargs.get(name) is not None), None)
        if self._recording.recorder is None or labels is None or not isinstance(logits, Tensor) or inputs is None:
            return
        ids = self._ids.latest if self._ids.latest is not None else fingerprints(inputs, kwargs.get("attention_mask"))
        if _predicts_next(model, logits):
            logits, labels = logits[:, :-1], labels[:, 1:]
        losses = sample_losses(logits, labels, _LOSSES.get(getattr(model.config, "problem_type", None) or ""))
        mask = None if labels.is_floating_point() or labels.dim() < 2 else labels != IGNORED
        self._recording.recorder.samples(ids, loss=losses, prediction=logits, target=labels, inputs=inputs, mask=mask)

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._recording.recorder is not None:
            self._recording.recorder.epoch = int(state.epoch or 0)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._recording.recorder is not None and self._loss is not None:
            self._recording.recorder.log(loss=self._loss / max(1, self._parts))
        self._loss, self._parts = None, 0

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self._recording.evaluate("eval")
        if self._recording.recorder is not None:
            self._recording.recorder.log(numbers(metrics or {}, "eval_", _ABOUT_SPEED))
        self._recording.evaluate(None)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._recording.recorder is not None:
            self._recording.recorder.checkpoint(f"checkpoint-{state.global_step}")

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._recording.close()
