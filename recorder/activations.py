"""Inputs, pre-activations, activations and their gradients, read while a model runs forward.

Two sets of hooks. On every step a hook on each module that could make a NaN checks that its output is finite. On steps that are recorded in full
(and on passes whose units are followed) torch's global module hooks are there for the time of one forward pass, and a function mode that notices
`torch.tanh(x)` and its like: a step that is not recorded does not pay for them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from . import fetch
from .finite import SMALL_BYTES, SMALL_TOGETHER, FiniteCheck, modules_to_check
from .format import SATURATED_BEYOND, SILENT_AFTER_PASSES
from .functional import CAN_BE_SILENT, FLAT_BELOW_ABOVE, NEVER_NEGATIVE, FunctionalCalls, activation_of
from .hooks import Guard
from .stats import Reading, Unread, is_finite, measure, subset
from .units import Units, saw_outputs, unit_dimension
from .watched import Register, Watched, float_tensors, join, named_arguments, positional_arguments, readable, unwrapped

_FAST_PATH = (nn.TransformerEncoder, nn.TransformerEncoderLayer, nn.MultiheadAttention)
"""Their fast path for evaluation is left when a module inside has hooks: these get global hooks only, in training."""


_NOTHING = torch.empty(0)


@dataclass(slots=True)
class Layer:
    """A reading of the forward or backward pass; `units`, `silent` and `saturated_units` where units are followed. `flat_below_zero`: as in a ReLU."""

    watched: Watched
    reading: Reading
    saturated: float | Tensor | None = None
    units: int | None = None
    silent: Tensor | None = None
    saturated_units: Tensor | None = None
    flat_below_zero: bool = False


@dataclass(slots=True)
class Suspect:
    """A tensor that holds NaNs or infinities: how many, and how many NaNs (None: not counted). `flag` is their number while it is still on a device."""

    watched: Watched
    count: int = 0
    nans: int | None = None
    flag: Tensor | None = None


class ForwardWatch:
    """Reads the tensors of a forward pass. `full` and `tracking` say what the pass that runs now is worth."""

    def __init__(self, names: dict[nn.Module, str], roots: Sequence[nn.Module], register: Register, guard: Guard, unread: Unread) -> None:
        self._names = names
        self._unread = unread
        self._register = register
        self.guard = guard
        untouched = {part for module in names if isinstance(module, _FAST_PATH) for part in module.modules()}
        inner_roots = [unwrapped(root) for root in roots]
        self._finite = FiniteCheck(modules_to_check(names, inner_roots, untouched), guard, self._not_finite)
        self.full = False
        self.tracking = False
        self.thorough = False
        """Whether every value of an activation's gradient is looked at for NaNs, not only those that are read."""
        self.layers: list[Layer] = []
        self.suspects: list[Suspect] = []
        self.units: dict[Watched, Units] = defaultdict(Units)
        self._stack: list[tuple[str, nn.Module, dict[str, int]]] = []
        self._producer: nn.Module | None = None
        self._consumed: set[str] = set()
        self._last_output: tuple[Tensor, str, Any] | None = None
        self.followed: dict[nn.Module, Watched] = {}
        self._tracked: list[tuple[Units, Tensor, int]] = []
        self._functional_seen = False
        self._finite_before = ""
        self._may_escalate = False
        self._around: list[Any] = []
        self._mode: FunctionalCalls | None = None
        self._arguments: dict[nn.Module, list[str]] = {}
        self.autocast = False
        self.uses_fast_path = any(isinstance(module, _FAST_PATH) for module in names)

    def begin(self, root: nn.Module, full: bool, tracking: bool, functional: bool, may_escalate: bool) -> None:
        """The outermost forward begins. `functional` is False where a function mode would change what runs (compiled parts, evaluation fast path).

        `may_escalate`: whether a value that is not finite makes the rest of the pass a full one.
        """
        self.end()
        self._may_escalate = may_escalate
        self.full, self.tracking = full, tracking
        self._finite.active, self._finite.inside = not full, fetch.at_once(_NOTHING)
        self._stack, self._producer, self._last_output = [], None, None
        if full or (tracking and (self._functional_seen or not self.followed)):
            self._enter(root, ())  # its own global hook is looked up before ours is there
            self._listen()
            if functional:
                self._mode = FunctionalCalls(self._functional)
                self._mode.__enter__()  # type: ignore[no-untyped-call]
        elif tracking:
            self._around = [register_module_forward_hook(_TrackHook(self))]

    def _listen(self) -> None:
        self._stop_listening()
        self._around = [
            register_module_forward_pre_hook(self.guard.hook("forward", self._enter)),
            register_module_forward_hook(self.guard.hook("forward", self._leave), always_call=True),
        ]

    def end(self) -> bool:
        """The outermost forward is over, by return or by exception. Whether it has been recorded in full, from its begin or from a value that is not finite."""
        self.guard.run("forward", self._finite.flush)
        if self._tracked:
            self.guard.run("forward", self._follow)
        full = self.full
        self._finite.active, self._finite.inside = True, False
        if self._mode is not None:
            mode, self._mode = self._mode, None
            mode.__exit__(None, None, None)  # type: ignore[no-untyped-call]
        self._stop_listening()
        self.full = self.tracking = False
        self._last_output = None
        return full

    def _stop_listening(self) -> None:
        for handle in self._around:
            handle.remove()
        self._around = []

    def detach(self) -> None:
        self.end()
        self._finite.detach()

    def read_inputs(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], full: bool) -> None:
        """What the model is called with; integers (token numbers) too where the step is recorded."""
        positional = self._arguments.get(module)
        if positional is None:
            positional = self._arguments[module] = positional_arguments(module)
        for name, value in named_arguments(positional, args, kwargs):
            if not isinstance(value, Tensor) or value.dtype == torch.bool or not readable(value) or value.numel() == 0:
                continue
            if not (full or value.is_floating_point()):
                continue
            watched = self._register.get("input", name, self._names.get(module, ""), type(module).__name__)
            if full:
                self._read(watched.describe(value), value, masked="mask" in name)
            elif value.is_floating_point() and "mask" not in name and self._suspect(watched.describe(value), value) and self._may_escalate:
                self.suspects.pop()
                self._listen()
                self.full = True
                self._read(watched, value)

    def _not_finite(self, module: nn.Module, output: Tensor) -> None:
        """On a CPU, an output that is probably not finite: if so, from here on the pass is recorded in full. On a device, any output."""
        watched = self._output_of(module).describe(output)
        if self._suspect(watched, output) and self._may_escalate:
            if not self.full:
                self._listen()
            self.full = True
            self._finite.active = False
            self.suspects.pop()
            self._activation(watched, output)

    def track(self, watched: Watched, output: Tensor) -> None:
        """On a pass that only follows units: small outputs are kept for a moment and looked at together."""
        units = self.units[watched]
        if units.last_live is None:
            return
        if output.dim() == 2 and units.never_negative and units.dimension == 1 and output.nbytes <= SMALL_BYTES and fetch.at_once(output):
            self._tracked.append((units, output.detach(), output._version))
            if len(self._tracked) >= SMALL_TOGETHER:
                self._follow()
        elif _ordinary():
            with torch._C.DisableTorchFunction():
                units.saw_output(output.detach())

    def _follow(self) -> None:
        """Looks at the outputs that were kept; what was changed in place meanwhile no longer says what the layer made."""
        tracked, self._tracked = self._tracked, []
        groups: dict[torch.Size, list[tuple[Units, Tensor]]] = defaultdict(list)
        for units, output, version in tracked:
            if output._version == version:
                groups[output.shape].append((units, output))
        for group in groups.values():
            saw_outputs([units for units, _ in group], [output for _, output in group])

    def _suspect(self, watched: Watched, tensor: Tensor) -> bool:
        """Notes the tensor if it is not finite: at once on a CPU (then true), by a flag that is fetched later elsewhere."""
        tensor = tensor.detach()
        with torch._C.DisableTorchFunction():
            if not readable(tensor):
                return False
            if fetch.at_once(tensor):
                if not is_finite(tensor):
                    self.suspects.append(Suspect(watched, int((~torch.isfinite(tensor)).sum()), int(torch.isnan(tensor).sum())))
                    return True
            elif tensor.numel():
                self.suspects.append(Suspect(watched, flag=~torch.isfinite(torch.linalg.vector_norm(tensor, math.inf))))
        return False

    def _enter(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        if not _ordinary():
            return
        name = self._names.get(module)
        self._stack.append((self._stack[-1][0] if name is None and self._stack else name or "", module, {}))
        if name is None:
            return
        self._register.used(name)
        self.autocast = self.autocast or torch.is_autocast_enabled("cpu") or torch.is_autocast_enabled("cuda")  # perhaps begun within the model
        activation = activation_of(module)
        if activation is not None and args and isinstance(args[0], Tensor):
            with torch._C.DisableTorchFunction(), torch.no_grad():
                self._preactivation(name, name, type(module).__name__, activation, args[0])

    def _leave(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        if not _ordinary():
            return
        while self._stack and self._stack.pop()[1] is not module:
            pass
        name = self._names.get(module)
        if name is None or output is None:
            return
        activation = activation_of(module)
        with torch._C.DisableTorchFunction():
            if activation is not None:
                if isinstance(output, Tensor):
                    if activation in CAN_BE_SILENT:
                        self.followed[module] = self._register.get("activation", name or "output", name, type(module).__name__, activation)
                    self._activation(self._register.get("activation", name or "output", name, type(module).__name__, activation), output)
            elif not any(True for _ in module.children()) or isinstance(module, nn.MultiheadAttention):
                self._layer_output(module, name, output)
            elif self.full:
                for tensor in float_tensors(output):
                    if self._last_output is None or tensor is not self._last_output[0]:
                        self._suspect(self._output_of(module).describe(tensor), tensor)

    def _layer_output(self, module: nn.Module, name: str, output: Any) -> None:
        """A layer with parameters. Where the next activation takes the very same tensor, it is recorded there and not twice."""
        tensor = next(float_tensors(output), None)
        if tensor is None or (not any(True for _ in module.parameters(recurse=False)) and not isinstance(module, nn.MultiheadAttention)):
            return
        self._producer = module
        if not self.full:
            return
        handle = self._activation(self._output_of(module), tensor) if name not in self._consumed else None
        self._last_output = (tensor, name, handle)

    def _functional(self, activation: str, call: Callable[[], Any], given: Any) -> Any:
        """Around a functional activation. The call itself is outside of every guard: its exceptions are the user's."""
        named = self.guard.run("functional activation", self._before_functional, activation, given)
        output = call()
        if named is not None and isinstance(output, Tensor):
            self.guard.run("functional activation", self._after_functional, named, output)
        return output

    def _before_functional(self, activation: str, given: Any) -> Watched | None:
        if not isinstance(given, Tensor) or not _ordinary() or torch.compiler.is_compiling():
            return None
        module, module_type = "", ""
        calls: dict[str, int] = {}
        if self._stack:
            module, owner, calls = self._stack[-1]
            module_type = type(owner).__name__
            if activation_of(owner) is not None:
                return None  # the function inside nn.ReLU: seen already
        self._functional_seen = self._functional_seen or activation in CAN_BE_SILENT
        number = calls[activation] = calls.get(activation, 0) + 1
        name = join(module, activation if number == 1 else f"{activation}_{number}")
        self._register.used(name)  # a depth of its own: its module began before whatever it is applied to
        with torch._C.DisableTorchFunction(), torch.no_grad():
            self._preactivation(name, module, module_type, activation, given)
        return self._register.get("activation", name, module, module_type, activation)

    def _after_functional(self, watched: Watched, output: Tensor) -> None:
        with torch._C.DisableTorchFunction():
            self._activation(watched, output)

    def _preactivation(self, name: str, module: str, module_type: str, activation: str, values: Tensor) -> None:
        if not self.full or not values.is_floating_point() or values.numel() == 0 or not readable(values):
            return
        if self._last_output is not None and values is self._last_output[0]:
            self._take_back(*self._last_output[1:])
        watched = self._register.get("preactivation", name or "output", module, module_type, activation)
        values = values.detach()
        before = len(self.suspects)
        layer = self._read(watched.describe(values), values, masked=activation == "softmax")
        self._finite_before = name if len(self.suspects) == before and activation != "softmax" else ""
        limits = FLAT_BELOW_ABOVE.get(activation)
        if limits is None:
            return
        dimension = unit_dimension(values, self._producer)
        units = self.units[watched]
        units.saw_preactivation(values, dimension, *limits)
        layer.units = values.shape[dimension]
        layer.flat_below_zero = limits == (0.0, math.inf)
        if not layer.flat_below_zero:
            part = subset(values)[0]
            layer.saturated = _read_count((part < limits[0]) | (part > limits[1]))

    def _activation(self, watched: Watched, output: Tensor) -> Any:
        """Reads an output; returns the handle of the hook that will read its gradient, if it gets one."""
        if not output.is_floating_point() or output.numel() == 0 or not readable(output):
            return None
        values = output.detach()
        dimension = unit_dimension(values, self._producer) if watched.activation else None
        if watched.activation in CAN_BE_SILENT and dimension is not None:
            units = self.units[watched]
            units.dimension, units.never_negative = dimension, watched.activation in NEVER_NEGATIVE
            units.saw_output(values)
        if not self.full:
            return None
        kept_finite = watched.activation in FLAT_BELOW_ABOVE and watched.name == self._finite_before and fetch.at_once(values)
        layer = self._read_later(watched.describe(values), values) if kept_finite else self._read(watched.describe(values), values)
        if watched.activation == "softmax":
            part = subset(values)[0]
            layer.saturated = _read_count(part.amax(-1) > SATURATED_BEYOND["softmax"], part.shape[-1])
        if dimension is not None and watched.activation != "softmax":
            layer.units = values.shape[dimension]
        if output.requires_grad and torch.is_grad_enabled():
            gradient = self._register.get("activation_gradient", watched.name, watched.module, watched.module_type, watched.activation)
            reader = self.guard.hook("activation gradient", _GradientReader(self, gradient))
            return output.register_hook(reader)  # type: ignore[no-untyped-call]
        return None

    def _read(self, watched: Watched, values: Tensor, masked: bool = False) -> Layer:
        """Reads the statistics. `masked`: minus infinity is a mask and no fault (before a softmax)."""
        values = values.detach()
        if fetch.at_once(values):
            return self._read_later(watched, values) if is_finite(values) else self._read_nonfinite(watched, values, masked)
        layer = self._read_later(watched, values)
        bad = torch.isnan(values) | torch.isposinf(values) if masked else ~torch.isfinite(values)
        self.suspects.append(Suspect(watched, flag=bad.sum()))
        return layer

    def _read_later(self, watched: Watched, values: Tensor) -> Layer:
        """Keeps a copy of what will be read at the end of the step. All of it where the part to be read is zero and the rest is not."""
        part, share = subset(values)
        if share < 1 and fetch.at_once(values) and not bool(torch.any(part)) and bool(torch.any(values)):
            part, share = values, 1.0
        layer = Layer(watched, self._unread.add(part.clone(), share))
        self.layers.append(layer)
        return layer

    def _read_nonfinite(self, watched: Watched, values: Tensor, masked: bool) -> Layer:
        layer = Layer(watched, measure(values, self._unread.magnitudes))
        self.layers.append(layer)
        bad = torch.isnan(values) | torch.isposinf(values) if masked else ~torch.isfinite(values)
        if count := int(bad.sum()):
            self.suspects.append(Suspect(watched, count, int(torch.isnan(values).sum())))
        return layer

    def read_gradient(self, watched: Watched, gradient: Tensor) -> None:
        """The gradient of an activation, while the backward pass runs."""
        if not readable(gradient) or not gradient.numel() or gradient.is_sparse:
            return
        # What is not finite here is not finite in the gradient of some weight either, all of which is looked at.
        looked_at = gradient if self.thorough or not fetch.at_once(gradient) else subset(gradient)[0]
        if fetch.at_once(gradient) and is_finite(looked_at):
            self._read_later(watched.describe(gradient), gradient)
        else:
            self._read(watched.describe(gradient), gradient)

    def _take_back(self, name: str, handle: Any) -> None:
        """The last layer's output is this pre-activation: its own rows are dropped, now and from now on."""
        self._consumed.add(name)
        if handle is not None:
            handle.remove()
        last = self.layers[-1] if self.layers else None
        if last is not None and last.watched.kind == "activation" and last.watched.module == name and not last.watched.written:
            self.layers.pop()

    def _output_of(self, module: nn.Module) -> Watched:
        name = self._names.get(module, "")
        return self._register.get("activation", name or "output", name, type(module).__name__, activation_of(module))

    def passes_followed(self) -> int:
        """How many passes before a full one are worth following."""
        return max((units.enough for units in self.units.values() if units.last_live is not None), default=SILENT_AFTER_PASSES)

    def take(self) -> list[Layer]:
        """All readings since the last call, each followed layer with its units, and begins anew."""
        layers, self.layers = self.layers, []
        self._unread.read()
        for layer in layers:
            if layer.flat_below_zero:
                layer.saturated = layer.reading.numbers[6]
        last_of = {layer.watched: layer for layer in layers}
        for watched, layer in last_of.items():
            units = self.units.get(watched)
            if units is not None:
                layer.silent = units.silent()
                layer.saturated_units = units.take_saturated()
        return layers

    def take_suspects(self) -> list[Suspect]:
        suspects, self.suspects = self.suspects, []
        return suspects


class _TrackHook:
    """As hooks.Hook, without what costs more than following a small layer."""

    __slots__ = ("_watch",)

    def __init__(self, watch: ForwardWatch) -> None:
        self._watch = watch

    def __call__(self, module: nn.Module, args: Any, output: Any) -> None:
        watch = self._watch
        watched = watch.followed.get(module)
        if watched is None or not isinstance(output, Tensor) or torch.compiler.is_compiling() or watch.guard.foreign:
            return
        try:
            watch.track(watched, output)
        except Exception as error:
            watch.guard.failed("forward", error)


class _GradientReader:
    """Bound to one activation: reads the gradient that flows into it."""

    def __init__(self, watch: ForwardWatch, watched: Watched) -> None:
        self._watch, self._watched = watch, watched

    def __call__(self, gradient: Tensor) -> None:
        with torch.no_grad():
            self._watch.read_gradient(self._watched, gradient.detach())


def _read_count(mask: Tensor, times: int = 1) -> float | Tensor:
    """How many are true, as a number where it can be read at once."""
    if fetch.at_once(mask):
        return float(np.count_nonzero(mask.numpy())) * times
    return mask.sum() * times


def _ordinary() -> bool:
    """Whether this is a forward pass of its own: not repeated within a backward pass (activation checkpointing), not inside a torch.func transform."""
    return torch._C._current_graph_task_id() == -1 and torch._C._functorch.peek_interpreter_stack() is None
