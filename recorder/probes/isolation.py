"""Copies and contexts that keep a probe from touching anything of the caller: weights, gradients, modes, batches, random state."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

LossFunction = Callable[[nn.Module, Any], Tensor]
"""loss_fn(model, batch) -> scalar. It must use the model that it is given."""

SEED = 20161118
"""Every probe draws from this seed, so that two calls on the same state give the same numbers."""


def plain_model(model: nn.Module) -> nn.Module:
    """The user's own module below torch.compile and DistributedDataParallel."""
    while True:
        if isinstance(inner := getattr(model, "_orig_mod", None), nn.Module):
            model = inner
        elif isinstance(model, nn.parallel.DistributedDataParallel):
            model = model.module
        else:
            return model


def copy_model(model: nn.Module, memo: dict[int, Any] | None = None) -> nn.Module:
    """A deep copy without gradients; the recorder's hooks in it are inert. Pass the same `memo` to copy an optimizer along."""
    copied = copy.deepcopy(plain_model(model), memo if memo is not None else {})
    copied.zero_grad(set_to_none=True)
    return copied


def power_iteration_off(model: nn.Module) -> None:
    """In train mode spectral norm moves its vectors at each forward and takes no gradient through that: on purpose no derivative of the loss."""
    for module in model.modules():
        if any(type(part).__name__.strip("_") == "SpectralNorm" for part in (module, *module._forward_pre_hooks.values())):
            module.eval()


def dropout_off(model: nn.Module) -> None:
    """Leaves every other module in the mode that it is in."""
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.eval()
        elif isinstance(module, nn.RNNBase):
            module.dropout = 0.0


@contextmanager
def isolated() -> Iterator[None]:
    """Gradients on, autocast off, a fixed seed inside; the random state of torch, CUDA, numpy and Python as before afterwards."""
    numpy_random = sys.modules["numpy"].random if "numpy" in sys.modules else None
    python_state = random.getstate()
    numpy_state = numpy_random.get_state() if numpy_random is not None else None
    autocast = {device: torch.is_autocast_enabled(device) for device in ("cpu", "cuda")}
    devices = list(range(torch.cuda.device_count())) if _cuda_in_use() else []
    try:
        with (
            torch.random.fork_rng(devices=devices),
            torch.inference_mode(False),
            torch.enable_grad(),
        ):
            for device in autocast:
                torch.set_autocast_enabled(device, False)
            reseed()
            yield
    finally:
        for device, enabled in autocast.items():
            torch.set_autocast_enabled(device, enabled)
        random.setstate(python_state)
        if numpy_random is not None:
            numpy_random.set_state(numpy_state)


def reseed() -> None:
    """Same noise at every evaluation, and no weights that autocast cast for an earlier one. Call inside `isolated` only."""
    torch.clear_autocast_cache()
    random.seed(SEED)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(SEED % 2**32)
    torch.default_generator.manual_seed(SEED)
    if _cuda_in_use():
        torch.cuda.manual_seed_all(SEED)


def _cuda_in_use() -> bool:
    return torch.cuda.is_available() and bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]


def map_tensors(value: Any, change: Callable[[Tensor], Any]) -> Any:
    """The same nest of tuples, lists and mappings with every tensor changed; anything else is passed on as it is."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(map_tensors(item, change) for item in value))
    if isinstance(value, tuple | list):
        return type(value)(map_tensors(item, change) for item in value)
    if isinstance(value, Mapping):
        changed = copy.copy(value)
        for key, item in value.items():
            changed[key] = map_tensors(item, change)  # type: ignore[index]
        return changed
    return value


def tensors_in(value: Any) -> list[Tensor]:
    """All tensors of a nest, in order."""
    found: list[Tensor] = []
    map_tensors(value, found.append)
    return found


def copy_batch(batch: Any) -> Any:
    return map_tensors(batch, lambda tensor: tensor.detach().clone())


def batch_size(batch: Any, dim: int = 0) -> int | None:
    """Number of examples: the length that all tensors of the batch share along `dim`; None where they share none."""
    lengths = {tensor.shape[dim] for tensor in tensors_in(batch) if tensor.dim() > dim}
    return lengths.pop() if len(lengths) == 1 else None


def take(batch: Any, start: int, stop: int) -> Any:
    """Examples `start` to `stop` of a batch for which `batch_size` knows the number; lists of that length are cut too."""
    size = batch_size(batch)

    def cut(value: Any) -> Any:
        if isinstance(value, Tensor):
            return value[start:stop] if value.dim() > 0 else value
        if isinstance(value, list | tuple) and len(value) == size and not any(isinstance(item, Tensor) for item in value):
            return value[start:stop]
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*(cut(item) for item in value))
        if isinstance(value, tuple | list):
            return type(value)(cut(item) for item in value)
        if isinstance(value, Mapping):
            changed = copy.copy(value)
            for key, item in value.items():
                changed[key] = cut(item)  # type: ignore[index]
            return changed
        return value

    return cut(batch)
