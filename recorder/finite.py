"""On every step: is the output of each module finite? The cheapest path of all, for a deep net has a thousand modules.

Large outputs are summed at once. Small ones are kept for a moment and looked at together: at most SMALL_TOGETHER of them, never beyond the
forward pass. One that was changed in place meanwhile is left out, for it no longer says what its module made.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from . import fetch
from .functional import KEEPS_FINITE
from .hooks import Guard
from .watched import float_tensors

SMALL_BYTES = 16_384
SMALL_TOGETHER = 128
_SECONDS_A_CALL = 2e-6

Found = Callable[[nn.Module, Tensor], None]


class FiniteCheck:
    """Hooks on the modules that can make a NaN out of finite input. `found` is called for each output that is not finite, in order.

    On a device, `found` is called for every output, and has to ask without waiting. `active` is false on steps that are recorded in full; `inside`
    is true while an ordinary forward pass of the whole model runs, so that not every module has to ask whether it is one.
    """

    def __init__(self, modules: Sequence[nn.Module], guard: Guard, found: Found) -> None:
        self.active = True
        self.inside = False
        self.guard = guard
        self._found = found
        self._kept: list[tuple[nn.Module, Tensor, int]] = []
        self._handles = [module.register_forward_hook(_FiniteHook(self)) for module in modules]

    def detach(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._kept = []

    def see(self, module: nn.Module, output: Any) -> None:
        """Takes the output of a module, unless a backward pass repeats it or a torch.func transform wraps it."""
        if not self.inside and (torch._C._current_graph_task_id() != -1 or torch._C._functorch.peek_interpreter_stack() is not None):
            return
        for tensor in (output,) if isinstance(output, Tensor) else float_tensors(output):
            if not tensor.is_floating_point() or not tensor.numel():
                continue
            if not fetch.at_once(tensor):
                self._found(module, tensor)
            elif tensor.nbytes <= SMALL_BYTES:
                self.keep(module, tensor)
            else:
                with torch._C.DisableTorchFunction():
                    suspicious = not math.isfinite(tensor.detach().sum().item())
                if suspicious:
                    self.flush()
                    self._found(module, tensor)

    def keep(self, module: nn.Module, tensor: Tensor) -> None:
        self._kept.append((module, tensor, tensor._version))
        if len(self._kept) >= SMALL_TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Looks at the outputs that were kept."""
        kept, self._kept = self._kept, []
        if not kept:
            return
        started = perf_counter()
        with torch._C.DisableTorchFunction(), torch.no_grad():
            if not _all_finite([tensor for _, tensor, _ in kept]):
                for module, tensor, version in kept:
                    if tensor._version == version and not torch._C._functorch.is_functorch_wrapped_tensor(tensor):
                        self._found(module, tensor)
        if self.guard.depth == 0:
            self.guard.seconds += perf_counter() - started
        self.guard.seconds += len(kept) * _SECONDS_A_CALL


class _FiniteHook:
    """As hooks.Hook, without what costs more than the check itself."""

    __slots__ = ("_check",)

    def __init__(self, check: FiniteCheck | None = None) -> None:
        self._check = check

    def __call__(self, module: nn.Module, args: Any, output: Any) -> None:
        if torch.compiler.is_compiling():
            return
        check = self._check
        if check is None or not check.active or check.guard.foreign:
            return
        try:
            if check.inside and type(output) is Tensor and output.is_cpu and output.nbytes <= SMALL_BYTES:
                check.keep(module, output)
            else:
                check.see(module, output)
        except Exception as error:
            check.guard.failed("forward", error)

    def __copy__(self) -> _FiniteHook:
        return _FiniteHook()

    def __deepcopy__(self, memo: dict[int, Any]) -> _FiniteHook:
        return _FiniteHook()

    def __reduce__(self) -> tuple[type[_FiniteHook], tuple[()]]:
        return (_FiniteHook, ())


def modules_to_check(names: dict[nn.Module, str], roots: Sequence[nn.Module], untouched: set[nn.Module]) -> list[nn.Module]:
    """The roots, and every module that can make something else than finite values out of finite ones."""
    return [
        module
        for module in names
        if module not in untouched and (module in roots or not isinstance(module, KEEPS_FINITE)) and not isinstance(module, torch.jit.ScriptModule)
    ]


def _all_finite(tensors: Sequence[Tensor]) -> bool:
    """Whether all values are finite: by sums, those of tensors of one shape together."""
    if any(torch._C._functorch.is_functorch_wrapped_tensor(tensor) for tensor in tensors):
        tensors = [tensor for tensor in tensors if not torch._C._functorch.is_functorch_wrapped_tensor(tensor)]
    groups: dict[tuple[torch.Size, torch.dtype], list[Tensor]] = {}
    for tensor in tensors:
        if tensor.is_floating_point():
            groups.setdefault((tensor.shape, tensor.dtype), []).append(tensor)
    sums = [(torch.stack(group) if len(group) > 1 else group[0]).sum(dtype=torch.float64) for group in groups.values()]
    return all(math.isfinite(total.item()) for total in sums)
