"""The tensors that are watched, by kind and name: what the `tensors` table says of them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .format import tensor_id

_WRAPPERS = ("module.", "_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")


@dataclass(slots=True, eq=False)
class Watched:
    """One tensor of the `tensors` table. `depth` is None until its module is first used; `written` once its row is in the log."""

    kind: str
    name: str
    module: str
    module_type: str
    activation: str | None = None
    shape: tuple[int, ...] = ()
    numel: int = 0
    dtype: str = ""
    depth: int | None = None
    trainable: bool | None = None
    optimizer_group: int | None = None
    written: bool = False
    id: int = 0

    def __post_init__(self) -> None:
        self.id = tensor_id(self.kind, self.name)

    def describe(self, tensor: Tensor) -> Watched:
        """Takes shape and type over from the tensor when first seen."""
        if not self.dtype:
            self.shape, self.numel, self.dtype = tuple(tensor.shape), tensor.numel(), str(tensor.dtype).removeprefix("torch.")
        return self


class Register:
    """Every watched tensor once, and the order in which modules are first used."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Watched] = {}
        self.depths: dict[str, int] = {}

    def get(self, kind: str, name: str, module: str = "", module_type: str = "", activation: str | None = None) -> Watched:
        found = self.entries.get((kind, name))
        if found is None:
            found = self.entries[kind, name] = Watched(kind, name, module, module_type, activation)
            found.depth = self.depths.get(name, self.depths.get(module))
        return found

    def used(self, module: str) -> int:
        """Depth of a module: its place in the order of first use."""
        depth = self.depths.get(module)
        if depth is None:
            depth = self.depths[module] = len(self.depths)
            for entry in self.entries.values():
                if entry.module == module and entry.depth is None:
                    entry.depth = depth
        return depth


def clean_name(name: str) -> str:
    """A qualified name without what wrappers put into it (DistributedDataParallel, torch.compile, FSDP, checkpoint wrappers)."""
    for wrapper in _WRAPPERS:
        if name.startswith(wrapper):
            return clean_name(name.removeprefix(wrapper))
        name = name.replace("." + wrapper, ".")
    return name


def unwrapped(model: nn.Module) -> nn.Module:
    """The user's own module inside DistributedDataParallel, DataParallel or torch.compile."""
    while True:
        inner = getattr(model, "_orig_mod", None)
        if inner is None and type(model).__name__ in ("DistributedDataParallel", "DataParallel"):
            inner = model.module
        if not isinstance(inner, nn.Module):
            return model
        model = inner


def module_names(models: Sequence[nn.Module]) -> dict[nn.Module, str]:
    """Every module of the models by its clean name; with several models the names of all but the first begin with the model's number."""
    names: dict[nn.Module, str] = {}
    for number, model in enumerate(models):
        for name, module in unwrapped(model).named_modules():
            names.setdefault(module, join(f"model{number}" if number else "", clean_name(name)))
    return names


def join(module: str, name: str) -> str:
    return f"{module}.{name}" if module and name else module or name


def float_tensors(value: object, limit: int = 8) -> Iterator[Tensor]:
    """The floating-point tensors in an output: a tensor, or tuples, lists, dicts and dataclasses of them."""
    if isinstance(value, Tensor):
        if value.is_floating_point() or value.is_complex():
            yield value
        return
    parts: list[object] = []
    if isinstance(value, (tuple, list)):
        parts = list(value[:limit])
    elif isinstance(value, dict):
        parts = list(value.values())[:limit]
    elif hasattr(value, "__dataclass_fields__"):
        parts = [getattr(value, field) for field in value.__dataclass_fields__][:limit]
    elif isinstance(value, torch.nn.utils.rnn.PackedSequence):
        parts = [value.data]
    for part in parts:
        yield from float_tensors(part, limit)


def local(tensor: Tensor) -> Tensor:
    """This rank's shard of a DTensor, without any communication; any other tensor as it is."""
    if type(tensor) in (Tensor, nn.Parameter):  # an attribute that is not there takes a tensor long to look for
        return tensor
    shard = getattr(tensor, "_local_tensor", None)
    return shard if isinstance(shard, Tensor) else tensor


def readable(tensor: Tensor) -> bool:
    """Whether the values can be read: not a tensor of a torch.func transform, without storage, or of another subclass that hides them."""
    if tensor.device.type == "meta" or torch._C._functorch.is_functorch_wrapped_tensor(tensor):
        return False
    return not tensor.is_quantized and not tensor.is_nested


def positional_arguments(module: nn.Module) -> list[str]:
    """Names of the arguments that a module can be called with by place."""
    try:
        parameters = list(inspect.signature(module.forward).parameters.values())
    except (TypeError, ValueError):
        return []
    return [parameter.name for parameter in parameters if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)]


def named_arguments(positional: Sequence[str], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[tuple[str, Any]]:
    """Arguments of a call by the names of its signature; tensors inside a tuple, list or dict argument by name and key."""
    named = [(positional[index] if index < len(positional) else f"argument{index}", value) for index, value in enumerate(args)]
    found: list[tuple[str, Any]] = []
    for name, value in (*named, *kwargs.items()):
        if isinstance(value, (tuple, list)):
            found += [(f"{name}.{index}", part) for index, part in enumerate(value[:8])]
        elif isinstance(value, dict):
            found += [(f"{name}.{key}", part) for key, part in list(value.items())[:8]]
        else:
            found.append((name, value))
    return found
