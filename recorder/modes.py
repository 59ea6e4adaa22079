"""Whether a model runs in training or evaluation mode, per split."""

from __future__ import annotations

from typing import Any

from torch import nn


def acts_by_mode(module: nn.Module) -> bool:
    """Whether the module does one thing in training and another in evaluation: as it is set up, not by its type alone."""
    if isinstance(module, nn.modules.batchnorm._NormBase):
        return module.running_mean is not None
    if isinstance(module, nn.modules.dropout._DropoutNd):
        return module.p > 0
    if isinstance(module, nn.RNNBase):
        return module.dropout > 0 and module.num_layers > 1
    return isinstance(module, nn.RReLU) or (isinstance(module, nn.MultiheadAttention) and module.dropout > 0)


class ModeWatch:
    """Remembers the mode last seen in each split."""

    def __init__(self, names: dict[nn.Module, str]) -> None:
        self._names = names
        self._sensitive = [module for module in names if acts_by_mode(module)]
        self._others = [module for module in names if module._parameters and not acts_by_mode(module)]
        self._seen: dict[str, tuple[bool, tuple[bool, ...]]] = {}

    def change(self, root: nn.Module, split: str) -> tuple[str, dict[str, Any]] | None:
        """Message and details when the mode differs from the one last seen in this split (or is the first).

        `training` is the mode of the modules that behave differently by mode, where they agree, else the root's; `modules` are those that differ from it.
        Where only they are in evaluation mode, and layers beside them are not, they were frozen on purpose: then too it is the root's.
        """
        flags = tuple(module.training for module in self._sensitive)
        state = (root.training, flags)
        if self._seen.get(split) == state:
            return None
        self._seen[split] = state
        agreed = len(set(flags)) == 1 and (flags[0] or not any(module.training for module in self._others))
        training = flags[0] if agreed else root.training
        others = [self._names[module] for module, flag in zip(self._sensitive, flags, strict=True) if flag != training]
        word = "training" if training else "evaluation"
        exception = f", but for {', '.join(others[:3])}{' ...' if len(others) > 3 else ''}" if others else ""
        details = {"split": split, "training": training, "modules": others, "sensitive_modules": len(flags)}
        return f"{split} runs in {word} mode{exception}", details
