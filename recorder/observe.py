"""Attaches to models and optimizers, knows what a step is, and puts a step's rows together.

A step begins with the first forward pass in training (or with the optimizer, where no forward is seen) and ends when its optimizer has stepped.
With several optimizers it is a round: it ends when one that has stepped is about to step again, or when all have and a forward begins.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from . import fetch
from .activations import ForwardWatch, Layer, Suspect
from .cadence import Cadence
from .fetch import Fetcher
from .findings import NonfiniteReporter, first_suspects
from .gradients import (
    Parameter,
    ParameterWatch,
    all_zero,
    gradient_square_sum,
    gradients_of,
    keep_weights,
    nonfinite_among,
    read_buffers,
    read_gradients,
    read_updates,
    read_weights,
    zeros_of,
)
from .hooks import Guard
from .modes import ModeWatch
from .optimizers import Bound, brought_along, learning_rates, steps_on_the_stack
from .stats import Magnitudes, Numbers, Unread
from .watched import Register, float_tensors, module_names, unwrapped

INPUT_KEPT_BYTES = 16 * 2**20
"""The model's inputs are kept up to the next forward pass, for `rec.samples`; larger ones only as long as the user keeps them."""


class Log(Protocol):
    """Where rows go: the Recorder."""

    def event(self, kind: str, message: str, details: dict[str, Any], step: int | None) -> None: ...
    def metrics(self, step: int | None, split: str, numbers: dict[str, float | Tensor]) -> None: ...
    def stats(self, step: int | None, split: str, layers: Sequence[Layer], suspects: Sequence[Suspect], magnitudes: Numbers) -> None: ...


class Observer:
    """The hooks, and the state of the step in flight: `step` is its number, `completed` that of the last one that ended."""

    def __init__(
        self,
        models: Sequence[nn.Module],
        optimizers: Sequence[Optimizer],
        cadence: Cadence,
        guard: Guard,
        log: Log,
        fetcher: Fetcher,
        step: int,
        promised_zeros: Sequence[str],
    ) -> None:
        self.step = step
        self.completed: int | None = step - 1 if step else None
        self.forward_step: int | None = None
        self.split: str | None = None
        self.full = False
        self.cadence = cadence
        self.fetcher = fetcher
        self.register = Register()
        self._magnitudes = Magnitudes()
        self._unread = Unread(self._magnitudes)
        self._inputs: list[Tensor | weakref.ref[Tensor]] = []
        self._guard = guard
        self._log = log
        self._names = module_names(models)
        self._roots = [unwrapped(model) for model in models]
        self._optimizers = list(optimizers)
        self.parameters = ParameterWatch(self._names, self._optimizers, self.register)
        self._owned: dict[int | None, list[Parameter]] = {owner: self.parameters.of(owner) for owner in (None, *range(len(self._optimizers)))}
        self._forward = ForwardWatch(self._names, self._roots, self.register, guard, self._unread)
        self._modes = ModeWatch(self._names)
        self._nonfinite = NonfiniteReporter(log)
        self._promised_zeros = {
            parameter.weight.name: zeros_of(parameter.tensor) for parameter in self.parameters.parameters if parameter.weight.name in set(promised_zeros)
        }
        self._compiled = any(_is_compiled(module) for model in models for module in (model, *model.modules()))
        self._handles: list[Any] = []
        self._depth = 0
        self._target: int | None = None
        self._spoken_of = step - 1
        self._in_step = False
        self._stepped: set[int] = set()
        self._steps_inside = [0] * len(self._optimizers)
        self._layers: list[Layer] = []
        self._suspects: list[Suspect] = []
        self._square_sum: float | Tensor = 0.0
        self._saw_gradient = False
        self._step_numbers: dict[str, float | Tensor] = {}
        self._cleared_by_loop: dict[int | None, list[Parameter]] | None
        self._cleared = [True] * len(self._optimizers)
        self._cleared_by_loop = None if all(self._without_gradient()[index] == self._owned[index] for index in self._owned) else self._owned
        self._kept_times = [0] * len(self._optimizers)
        self._backward_task = -1
        self._backward_seen = False
        self._bad_backward = False
        self._backwards = 0
        self.backwards_a_step = 1
        self._low_precision = any(parameter.tensor.dtype in (torch.float16, torch.bfloat16) for parameter in self.parameters.parameters)
        self._autocast = False
        self._closure_seen = False
        self._introduced: set[int] = set()
        self._evaluated: dict[str, int] = {}
        self._step_began = perf_counter()
        self._spent_before = guard.seconds
        self._attach()

    # ---- attaching -------------------------------------------------------------------------------------------------------------------------

    def _attach(self) -> None:
        hook = self._guard.hook
        outermost = [module for root in self._roots for module in (root, *(root.children() if hasattr(root, "training_step") else ()))]
        for module in outermost:
            self._handles.append(module.register_forward_pre_hook(hook("forward", self._forward_begins), with_kwargs=True))
            self._handles.append(module.register_forward_hook(hook("forward", self._forward_ends), always_call=True))
        for index, optimizer in enumerate(self._optimizers):
            self._handles.append(optimizer.register_step_pre_hook(hook("optimizer step", Bound(self._step_begins, index))))
            self._handles.append(optimizer.register_step_post_hook(hook("optimizer step", Bound(self._step_ends, index))))

    def say_what_is_not_seen(self) -> None:
        """Events for what this model hides from hooks."""
        if self._compiled:
            self._not_recorded("activations", "the model is compiled: weights, gradients and updates are recorded, activations are not", [])
        recurrent = [name for module, name in self._names.items() if isinstance(module, nn.RNNBase)]
        if recurrent:
            self._not_recorded("gates", "gates and cell states of recurrent layers are computed in one fused call: only outputs are recorded", recurrent)
        scripted = [name for module, name in self._names.items() if isinstance(module, torch.jit.ScriptModule)]
        if scripted:
            self._not_recorded("scripted modules", "inside of scripted modules nothing is seen", scripted)

    def _notice_unseen_forward(self) -> None:
        """A gradient without a forward pass: the model was compiled later, or is called by a way around its hooks."""
        if self.forward_step is None and self._saw_gradient and self._roots and not self._compiled:
            self._compiled = True
            self._not_recorded("activations", "no forward pass of the model is seen (torch.compile?): activations are not recorded", [])

    def look_at_mode(self) -> None:
        """Where forward passes are not seen, the mode is looked at when numbers come in."""
        if self.forward_step is None:
            for root in self._roots[:1]:
                self._see_mode(root, self.split or "train")

    def _not_recorded(self, what: str, message: str, modules: list[str]) -> None:
        self._log.event("not_recorded", message, {"what": what, "modules": modules}, self.step)

    def detach(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles, self._inputs = [], []
        self._forward.detach()

    def last_inputs(self) -> list[Tensor]:
        """Tensors that the model was last called with, as far as they are still there."""
        seen = (value if isinstance(value, Tensor) else value() for value in self._inputs)
        return [value.detach() for value in seen if value is not None]

    # ---- the forward pass ------------------------------------------------------------------------------------------------------------------

    def _forward_begins(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if torch._C._current_graph_task_id() != -1 or torch._C._functorch.peek_interpreter_stack() is not None:
            return
        self._depth += 1
        if self._depth > 1:
            return
        given = [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)]
        self._inputs = [value.detach() if value.nbytes <= INPUT_KEPT_BYTES else weakref.ref(value) for value in given]
        training = self.split is None and torch.is_grad_enabled()
        full = tracking = False
        if training and not self._closure_seen:
            self._begin_training_forward()
            full, tracking = self.full, self.cadence.tracking(self.step, self._forward.passes_followed())
        elif self.split is not None:
            full = self._worth_evaluating(self.split)
        if training or self.split is not None:
            self._see_mode(module, self.split or "train")
        functional = not self._compiled and not (self.split is not None and self._forward.uses_fast_path)
        readable = not self._compiled  # global hooks and modes would make compiled parts compile again
        self._forward.thorough = self.cadence.in_burst(self.step)
        self._forward.begin(module, full and readable, tracking and readable, functional, readable and self.cadence.may_burst(self.step))
        self._forward.read_inputs(module, args, kwargs, full)
        if self._forward.full and training:
            self.full = True

    def _forward_ends(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        if torch._C._current_graph_task_id() != -1 or self._depth == 0:
            return
        self._depth -= 1
        if self._depth:
            return
        found_nonfinite = self._forward.end()
        if self.split is not None:
            self._write_evaluation()
        elif torch.is_grad_enabled():
            self.full = self.full or found_nonfinite
            for tensor in float_tensors(output):
                if tensor.requires_grad:
                    tensor.register_hook(self._guard.hook("backward", self._backward_begins))  # type: ignore[no-untyped-call]

    def _begin_training_forward(self) -> None:
        self.fetcher.drain()
        self._notice_skipped_step()
        if self._stepped and len(self._stepped) == len(self._optimizers):
            self.end_step()
        self._begin_step()
        self.forward_step = self.step
        self._autocast = torch.is_autocast_enabled("cpu") or torch.is_autocast_enabled("cuda")

    def _worth_evaluating(self, split: str) -> bool:
        """One pass of each evaluation is recorded, and no more often than training steps are."""
        now = -1 if self.completed is None else self.completed
        last = self._evaluated.get(split)
        if last is not None and now - last < self.cadence.interval:
            return False
        self._evaluated[split] = now
        return True

    def _write_evaluation(self) -> None:
        layers, suspects = self._forward.take(), self._forward.take_suspects()
        self._write(self.completed, self.split or "", layers, suspects)

    def _see_mode(self, module: nn.Module, split: str) -> None:
        change = self._modes.change(module, split)
        if change is not None:
            message, details = change
            self._log.event("mode", message, details, self.completed if self.split else self.step)

    # ---- the backward pass -----------------------------------------------------------------------------------------------------------------

    def _backward_begins(self, gradient: Tensor) -> None:
        task = torch._C._current_graph_task_id()
        if task == self._backward_task and task != -1:
            return
        self._backward_task, self._backward_seen = task, True
        if self._cleared_by_loop is None:
            self._cleared_by_loop = self._without_gradient()
        self._backwards += 1
        for index in range(len(self._optimizers)):
            if not self._cleared[index]:
                self._cleared[index] = all_zero(self._cleared_by_loop[index])
        if (self._low_precision or self._autocast or self._forward.autocast) and task != -1:
            torch.autograd.Variable._execution_engine.queue_callback(self._guard.hook("backward", self._backward_ends))

    def _without_gradient(self) -> dict[int | None, list[Parameter]]:
        """By optimizer. At the first backward pass: all but those of the loss alone, which have their gradient before the model's output has its own."""
        return {index: [parameter for parameter in owned if parameter.tensor.grad is None] for index, owned in self._owned.items()}

    def _backward_ends(self) -> None:
        """With reduced precision a scaler may skip the step, and then nobody calls us: the gradients are looked at here."""
        if self._optimizers:
            found = gradients_of(parameter for parameter in self.parameters.parameters if parameter.owner is not None)
            total = gradient_square_sum(found)
            if isinstance(total, float):
                self._bad_backward = not math.isfinite(total)
                if self._bad_backward:
                    self._suspects += first_suspects(found)
            else:
                self.fetcher.submit([total], self._backward_arrived)

    def _backward_arrived(self, values: list[Tensor]) -> None:
        self._bad_backward = not math.isfinite(values[0].item())

    def _notice_skipped_step(self) -> None:
        """A backward pass made a gradient that is not finite, and no optimizer stepped before this forward: somebody skipped the step.

        Where gradients of several passes add up, the step is due only after as many passes as other steps have had.
        """
        bad = self._in_step and self._backward_seen and self._bad_backward
        if bad and self._backwards >= self.backwards_a_step and not self._stepped and self._optimizers:
            self._log.event("skipped_step", f"step {self.step} was skipped: its gradient is not finite", {"optimizer": 0}, self.step)
            self.cadence.burst(self.step)
            self.end_step()

    # ---- the optimizer's step --------------------------------------------------------------------------------------------------------------

    def _step_begins(self, index: int, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        # A subclass whose `step` calls that of its base: torch calls the hooks of both. Or a step that raised and never came to its end.
        self._steps_inside[index] = steps_on_the_stack(optimizer) if self._steps_inside[index] else 1
        if self._steps_inside[index] > 1:
            return None
        self.fetcher.drain()
        if index in self._stepped:
            self.end_step()
        self._begin_step()
        closure = args[1] if len(args) > 1 else kwargs.get("closure")  # args[0] is the optimizer
        if not callable(closure):
            self._observe(index)
            return None
        return self._observing(index, closure, args, kwargs)

    def _observing(self, index: int, closure: Callable[[], Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Forward and backward run inside the step: gradients are read when the closure has returned for the first time."""

        def observed() -> Any:
            value = closure()
            if not self._closure_seen:
                self._closure_seen = True
                self._guard.run("optimizer step", self._observe, index)
            return value

        if len(args) > 1:
            return (args[0], observed, *args[2:]), kwargs
        return args, {**kwargs, "closure": observed}

    def _observe(self, index: int) -> None:
        """Reads gradients and weights before the step."""
        optimizer, owned = self._optimizers[index], self._owned[index]
        self._introduce(index)
        scale = getattr(optimizer, "grad_scale", None)
        found = gradients_of(owned)
        total = gradient_square_sum(found)
        if isinstance(scale, Tensor):
            total = total / (scale.double() ** 2 if isinstance(total, Tensor) else scale.item() ** 2)
        self._square_sum = self._square_sum + total
        self._saw_gradient = self._saw_gradient or bool(found)
        broken = isinstance(total, float) and not math.isfinite(total)
        self.full = self.full or (broken and self.cadence.may_burst(self.step))
        if isinstance(total, Tensor):
            self._suspects += [Suspect(parameter.gradient, flag=flag) for (parameter, _), flag in zip(found, _flags(found), strict=True)]
        if not self.full:
            if broken:
                self._suspects += first_suspects(found)
            return
        whole = broken or any(suspect.flag is None for suspect in (*self._suspects, *self._forward.suspects))
        keep_weights(self.parameters, owned)
        self._layers += read_weights(owned, self._unread, whole)
        if not self._stepped:
            self._layers += read_weights(self._owned[None], self._unread, whole)
            # No optimizer holds these: a gradient that nobody uses is evidence. It takes no part in the norm, and is scaled where a scaler is at work.
            self._layers += read_gradients(gradients_of(self._owned[None]), self._unread, whole=False)
            buffers, bad_buffers = read_buffers(self.parameters.buffers(), self._magnitudes)
            self._layers += buffers
            self._suspects += bad_buffers
        self._layers += read_gradients(found, self._unread, whole, scale if isinstance(scale, Tensor) else None)

    def _step_ends(self, index: int, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._steps_inside[index] -= 1
        if self._steps_inside[index] > 0:
            return
        self._stepped.add(index)
        self._closure_seen = False
        skipped = self._fused_skip(optimizer)
        if self.full and not skipped:
            self._layers += read_updates(self.parameters, self._owned[index], self._unread)
        self._look_at_promised_zeros(index)
        self._note_kept_gradients(index)
        if len(self._optimizers) == 1:
            self.end_step()

    def _fused_skip(self, optimizer: Optimizer) -> bool:
        """A fused optimizer is called even where the scaler found an infinity, and then changes nothing."""
        found = getattr(optimizer, "found_inf", None)
        if not isinstance(found, Tensor):
            return False
        if fetch.at_once(found):
            if found.item():
                self._skipped_fused(self.step)
            return bool(found.item())
        step = self.step
        self.fetcher.submit([found], lambda values: self._skipped_fused(step) if values[0].item() else None)
        return False

    def _skipped_fused(self, step: int) -> None:
        self._log.event("skipped_step", f"step {step} was skipped: the scaler found a gradient that is not finite", {"optimizer": 0}, step)
        self.cadence.burst(step)

    def _look_at_promised_zeros(self, index: int) -> None:
        for parameter in self._owned[index] if self._promised_zeros else ():
            if parameter.weight.name in self._promised_zeros:
                promised = self._promised_zeros[parameter.weight.name].to(parameter.tensor.device)
                count = torch.count_nonzero((parameter.tensor.detach() != 0) & promised)
                self._step_numbers[f"exact_zeros/{parameter.weight.name}"] = count.item() if fetch.at_once(count) else count

    def _note_kept_gradients(self, index: int) -> None:
        if not self._backward_seen:
            return
        kept, self._cleared[index] = not self._cleared[index], False
        if not kept:
            return
        self._kept_times[index] += 1
        times = self._kept_times[index]
        if times <= 10 or times & (times - 1) == 0:
            message = "no backward pass since the last step began with the gradients cleared: they add up over steps"
            self._log.event("gradients_kept", message, {"optimizer": index, "times": times}, self.step)

    def _introduce(self, index: int) -> None:
        """At the first step after a start or a resume: what state the optimizer brings along."""
        if index in self._introduced:
            return
        self._introduced.add(index)
        entries, steps = brought_along(self._optimizers[index])
        details = {"optimizer": index, "entries": entries, "steps": steps}
        self._log.event("optimizer_state", f"optimizer {index} begins with state of {entries} parameters", details, self.step)

    # ---- begin and end of a step -----------------------------------------------------------------------------------------------------------

    def _begin_step(self) -> None:
        if self._in_step:
            return
        self._in_step = True
        self.full = self.cadence.full(self.step)
        for parameter in self.parameters.requires_grad_changes():
            now = "trainable" if parameter.trainable else "frozen"
            name = parameter.weight.name
            self._log.event("trainable", f"{name} is now {now}", {"tensor": name, "trainable": parameter.trainable}, self.step)

    def end_step(self) -> None:
        """Writes the step's rows and makes the next one the step in flight."""
        step, full = self.step, self.full
        self._write_step()
        self._notice_unseen_forward()
        numbers, self._step_numbers = self._step_numbers, {}
        numbers.update(learning_rates(self._optimizers))
        if self._saw_gradient:
            total = self._square_sum
            numbers["gradient_norm"] = math.sqrt(total) if isinstance(total, float) and total >= 0 else total**0.5
        now = perf_counter()
        own_seconds = self._guard.spent() - self._spent_before
        self._log.metrics(step, "train", {**numbers, "step_seconds": now - self._step_began, "recorder_seconds": own_seconds})
        changed = self.cadence.done(step, full, now - self._step_began, own_seconds)
        if changed and (self._names or self.parameters.parameters):  # without them no step costs more than another, and the interval is noise
            message = f"every {self.cadence.interval} steps are recorded in full from here on"
            self._log.event("interval", message, {"every": self.cadence.interval, **self.cadence.cost()}, step)
        self._step_began, self._spent_before = now, self._guard.spent()
        self.completed, self.step = step, step + 1
        self._in_step = self.full = False
        self._target = None
        self._stepped.clear()
        self._square_sum, self._saw_gradient = 0.0, False
        self.backwards_a_step = max(self.backwards_a_step, self._backwards)
        self._backward_seen = self._bad_backward = False
        self._backwards = 0

    def finish(self) -> None:
        """At the end, by return or by exception: what was read of the step in flight, or of an unfinished round, is written too."""
        self._forward.end()
        if self._stepped:
            self.end_step()
        else:
            self._write_step()
        self.fetcher.drain(wait=True)
        self._nonfinite.flush()

    def step_by_hand(self) -> None:
        """`rec.step()`: ends a step that no optimizer ends."""
        if self._optimizers and not (self._stepped or self._in_step):
            return
        self._begin_step()
        if not self._stepped and self.parameters.parameters:
            found = gradients_of(self.parameters.parameters)
            if found:
                self._square_sum = self._square_sum + gradient_square_sum(found)
                self._saw_gradient = True
            if self.full:
                self._layers += read_weights(self.parameters.parameters, self._unread, whole=False)
                self._layers += read_gradients(found, self._unread, whole=False)
        self.end_step()

    def loss_logged(self, step: int | None, name: str, value: float) -> None:
        """A logged number of the step: a loss that is not finite may be the first such tensor of the step."""
        self._nonfinite.loss_logged(step, name, value)

    def target_step(self) -> int:
        """The step of which `rec.log` and `rec.samples` speak outside of a split.

        That whose forward pass began last. Where no forward is seen, or none since a later step has ended (the loop goes on with a part of the
        model): the step that has just ended, unless it was spoken of before it ended.
        """
        if self.forward_step is not None and (self.completed is None or self.forward_step >= self.completed):
            self._spoken_of = self.forward_step
            return self.forward_step
        if self._target is None:
            ended = self.completed
            self._target = ended if ended is not None and ended > self._spoken_of else self.step
            self._spoken_of = self._target
        return self._target

    def _write_step(self) -> None:
        of_forward = self._forward.take()  # reads what was kept, of weights, gradients and updates too
        suspects = self._forward.take_suspects() + self._suspects + self._nonfinite_of_the_step()
        layers = of_forward + self._layers
        self._layers, self._suspects = [], []
        self._write(self.step, "train", layers, suspects)

    def _nonfinite_of_the_step(self) -> list[Suspect]:
        """In causal order; a gradient that no optimizer uses does no harm."""
        used = [layer for layer in self._layers if layer.watched.kind != "gradient" or layer.watched.optimizer_group is not None or not self._optimizers]
        return [suspect for kind in ("weight", "gradient", "update") for suspect in nonfinite_among(layer for layer in used if layer.watched.kind == kind)]

    def _write(self, step: int | None, split: str, layers: list[Layer], suspects: list[Suspect]) -> None:
        if not layers and not suspects:
            return
        self._log.stats(step, split, layers, suspects, self._magnitudes.counts())
        if not self._layers and not self._forward.layers:
            self._magnitudes.clear()

    def report_nonfinite(self, step: int | None, split: str, suspects: Sequence[Suspect]) -> None:
        if self._nonfinite.report(step, split, suspects) and step is not None:
            self.cadence.burst(step)


def _flags(found: Sequence[tuple[Parameter, Tensor]]) -> Sequence[Tensor]:
    """On a device: one flag a gradient, true where it is not finite."""
    if not found:
        return []
    return torch.isfinite(torch.stack(torch._foreach_norm([gradient for _, gradient in found], math.inf))).logical_not_().unbind()


def _is_compiled(module: nn.Module) -> bool:
    return hasattr(module, "_orig_mod") or getattr(module, "_compiled_call_impl", None) is not None
