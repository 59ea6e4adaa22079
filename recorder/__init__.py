"""Records a PyTorch training into a run directory: tensor statistics, metrics, samples, inputs and events.

The public names are loaded on first use: importing `recorder.format` must not import torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .data import with_ids
    from .recorder import Recorder

__all__ = ["Recorder", "with_ids"]


def __getattr__(name: str) -> Any:
    if name == "Recorder":
        from .recorder import Recorder

        return Recorder
    if name == "with_ids":
        from .data import with_ids

        return with_ids
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
