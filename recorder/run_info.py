"""run.json: what is needed to repeat a run and to compare it with another. Written once, at the start."""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import nn

from .criterion import Criterion
from .format import DEFINITIONS, FORMAT_VERSION

_LIBRARIES = (
    "retrograd", "torch", "numpy", "pyarrow", "transformers", "accelerate", "lightning", "pytorch-lightning",
    "torchvision", "torchaudio", "timm", "peft", "deepspeed", "triton", "bitsandbytes", "pillow", "scikit-learn",
)  # fmt: skip
_MOST_ITEMS = 1000
"""Longest list copied from the user's settings, and most classes of a module's or a loss's weights written out."""

_DEEPEST = 12

_GIT_SECONDS = 2.0


def run_info(
    *,
    models: Sequence[nn.Module] = (),
    optimizers: Sequence[torch.optim.Optimizer] = (),
    names: Mapping[int, str] | None = None,
    task: str | None = None,
    classes: Sequence[str] | None = None,
    criterion: Criterion | None = None,
    config: Any = None,
    guarantees: Sequence[str] = (),
    every: int | None = None,
    rank: int = 0,
    world_size: int = 1,
    seeds: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """The contents of run.json. `names` maps `id(parameter)` to the name it has in the log; without it the models' own names are taken."""
    known = dict(names) if names is not None else {id(p): name for model in models for name, p in model.named_parameters(remove_duplicate=False)}
    return {
        "format_version": FORMAT_VERSION,
        "checksums": True,
        "started": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "rank": rank,
        "world_size": world_size,
        "command": list(getattr(sys, "orig_argv", None) or sys.argv),
        "directory": os.getcwd(),
        "git": git_state(Path.cwd()),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": library_versions(),
        "device": describe_device(models),
        "machine": {"cpus": os.cpu_count(), "threads": torch.get_num_threads(), "cuda": torch.version.cuda},
        "seeds": {"torch": torch.initial_seed(), **(dict(seeds) if seeds else {})},
        "settings": torch_settings(),
        "task": task,
        "classes": None if classes is None else [str(name) for name in classes],
        "loss": None if criterion is None else describe_criterion(criterion),
        "guarantees": list(guarantees),
        "every": every,
        "config": plain(config if config is not None else {}),
        "model": describe_models(models),
        "optimizers": [describe_optimizer(optimizer, known) for optimizer in optimizers],
        "definitions": DEFINITIONS,
    }


def write_run_info(run_dir: Path, info: Mapping[str, Any]) -> None:
    """Writes run.json whole or not at all, and never over an existing one (a resumed run keeps its own). Raises OSError."""
    path = run_dir / "run.json"
    if path.exists():
        return
    run_dir.mkdir(parents=True, exist_ok=True)
    temporary = run_dir / f"_run.json.{os.getpid()}"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(plain(info), file, indent=1, ensure_ascii=False, allow_nan=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def plain(value: Any, depth: int = 0) -> Any:
    """A value as strict JSON can hold it: numbers that are not finite as text, anything foreign as its short repr. Never raises."""
    if depth > _DEEPEST:  # or a structure that contains itself
        return _short(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item, depth + 1) for key, item in list(value.items())[:_MOST_ITEMS]}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item, depth + 1) for item in list(value)[:_MOST_ITEMS]]
    if isinstance(value, torch.Tensor) or hasattr(value, "tolist"):
        return _plain_array(value)
    if isinstance(value, (torch.dtype, torch.device, Path)):
        return str(value).removeprefix("torch.")
    if hasattr(value, "__dict__") and not callable(value) and type(value).__module__ not in ("builtins", "torch"):
        return {str(key): plain(item, depth + 1) for key, item in vars(value).items() if not key.startswith("_")} or _short(value)
    return getattr(value, "__qualname__", None) or _short(value)


def _plain_array(value: Any) -> Any:
    try:
        if math.prod(getattr(value, "shape", ())) <= _MOST_ITEMS:
            return plain(value.tolist())
    except (RuntimeError, TypeError, ValueError):
        pass
    return f"{type(value).__name__} of shape {list(getattr(value, 'shape', ()))}"


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except Exception as error:  # a user's own __repr__
        text = f"{type(value).__name__} ({type(error).__name__} in its repr)"
    return text if len(text) <= 300 else text[:297] + "..."


def describe_criterion(criterion: Criterion) -> dict[str, Any]:
    """The declared loss: name, reduction, and each setting that it has; `weight` and `pos_weight` as lists."""
    return {
        "name": criterion.name,
        "known": criterion.known,
        "reduction": criterion.reduction,
        "label_smoothing": criterion.label_smoothing,
        "ignore_index": criterion.ignore_index,
        **{key: value for key, value in criterion.settings.items() if key not in ("label_smoothing", "ignore_index")},
        "weight": plain(criterion.weight),
        "pos_weight": plain(criterion.pos_weight),
    }


def describe_models(models: Sequence[nn.Module]) -> dict[str, Any] | None:
    """Class, size and modules of the models; several are one after the other."""
    if not models:
        return None
    parameters = {id(parameter): parameter for model in models for parameter in model.parameters()}
    own = list(parameters.values())
    return {
        "type": " + ".join(type(model).__name__ for model in models),
        "parameters": sum(parameter.numel() for parameter in own),
        "trainable": sum(parameter.numel() for parameter in own if parameter.requires_grad),
        "buffers": sum(buffer.numel() for model in models for buffer in model.buffers()),
        "bytes": sum(parameter.numel() * parameter.element_size() for parameter in own),
        "dtypes": sorted({str(parameter.dtype).removeprefix("torch.") for parameter in own}),
        "training": all(model.training for model in models),
        "modules": [_describe_module(name, module) for model in models for name, module in list(model.named_modules())[:_MOST_ITEMS]],
    }


def _describe_module(name: str, module: nn.Module) -> dict[str, Any]:
    own = sum(parameter.numel() for parameter in module.parameters(recurse=False))
    return {"name": name, "type": type(module).__name__, "settings": _short_settings(module), "parameters": own}


def _short_settings(module: nn.Module) -> str:
    try:
        return str(module.extra_repr())[:300]
    except Exception as error:  # a user's own
        return f"{type(error).__name__} in its extra_repr"


def describe_optimizer(optimizer: torch.optim.Optimizer, names: Mapping[int, str]) -> dict[str, Any]:
    """Class and groups with every hyperparameter as it is now; `parameters` are names in the log, numbered where they have none."""
    groups = []
    for group in optimizer.param_groups:
        settings = {key: plain(value) for key, value in group.items() if key != "params"}
        members = [names.get(id(parameter), f"unnamed {place}") for place, parameter in enumerate(group["params"])]
        groups.append({**settings, "parameters": members, "values": sum(parameter.numel() for parameter in group["params"])})
    return {"type": type(optimizer).__name__, "groups": groups}


def describe_device(models: Sequence[nn.Module]) -> str:
    """Where the parameters are, and which GPU that is: `cpu`, `cuda:0 (NVIDIA H100)`."""
    places = sorted({parameter.device for model in models for parameter in model.parameters()}, key=str)
    return ", ".join(f"{place} ({torch.cuda.get_device_name(place)})" if place.type == "cuda" else str(place) for place in places) or "cpu"


def torch_settings() -> dict[str, Any]:
    """Switches of torch that change numbers."""
    return {
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "default_dtype": str(torch.get_default_dtype()).removeprefix("torch."),
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
        "anomaly_detection": torch.is_anomaly_enabled(),
    }


def library_versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def git_state(folder: Path) -> dict[str, Any] | None:
    """Commit, branch and whether files were changed; None where there is no git, no repository, or no answer in time."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "branch": _git(folder, "rev-parse", "--abbrev-ref", "HEAD"), "dirty": None if changes is None else bool(changes)}


def _git(folder: Path, *arguments: str) -> str | None:
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=_GIT_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
