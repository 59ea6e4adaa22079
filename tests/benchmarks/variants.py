"""What is compared: the bare loop, retrograd, and what people use today. A variant watches a job and is called after each step."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from torch import Tensor

from recorder import Recorder
from tests.benchmarks.jobs import Job

After = Callable[[list[int], Tensor, Tensor, Tensor], None]
"""Called with ids, per-sample losses, output and target once the optimizer has stepped."""


STEPS_AN_EPOCH = 25


FOLDERS_OF_SAMPLES = ("samples", "inputs")

WARM_UP = 60
"""Steps in which retrograd finds its interval, where it has to find one; others need a few."""


class Variant:
    """`after` is None for the bare loop; `close` ends the recording; `copies` are the bytes of weights kept; the first `warm_up` steps do not count."""

    def __init__(self, after: After | None, close: Callable[[], object] = lambda: None, copies: Callable[[], int] = lambda: 0, warm_up: int = 3) -> None:
        self.after, self.close, self.copies, self.warm_up = after, close, copies, warm_up


def step(job: Job, variant: Variant, clock: Callable[[], float] = perf_counter) -> float:
    """One step; returns its seconds."""
    started = clock()
    ids, inputs, targets = job.batch()
    output = job.model(inputs)
    losses = job.losses(output, targets)
    job.optimizer.zero_grad()
    losses.mean().backward()
    job.optimizer.step()
    if variant.after is not None:
        variant.after(ids, losses, output, targets)
    return clock() - started


def bare(job: Job, folder: Path) -> Variant:
    return Variant(None)


def _recorder(job: Job, folder: Path, every: int | None, samples: bool) -> Variant:
    recorder = Recorder(folder, job.model, job.optimizer, every=every)
    steps = 0

    def after(ids: list[int], losses: Tensor, output: Tensor, target: Tensor) -> None:
        nonlocal steps
        recorder.epoch, steps = steps // STEPS_AN_EPOCH, steps + 1
        recorder.log(loss=losses.mean())
        if samples:
            recorder.samples(ids, loss=losses, prediction=output, target=target)

    def copies() -> int:
        return sum(parameter.before.nbytes for parameter in recorder._observer.parameters.parameters if parameter.before is not None)

    return Variant(after, recorder.close, copies, WARM_UP if every is None else 3)


def default(job: Job, folder: Path) -> Variant:
    return _recorder(job, folder, None, samples=True)


def default_without_samples(job: Job, folder: Path) -> Variant:
    return _recorder(job, folder, None, samples=False)


def every_step(job: Job, folder: Path) -> Variant:
    return _recorder(job, folder, 1, samples=True)


def by_hand(job: Job, folder: Path) -> Variant:
    """Six `.item()` statistics of each weight and gradient, every step, appended to a text file."""
    folder.mkdir(parents=True)
    file = open(folder / "log.txt", "w", buffering=1)  # noqa: SIM115

    def after(ids: list[int], losses: Tensor, output: Tensor, target: Tensor) -> None:
        for name, parameter in job.model.named_parameters():
            for tensor in (parameter.detach(), parameter.grad):
                if tensor is not None:
                    spread = tensor.std().item() if tensor.numel() > 1 else 0.0
                    numbers = (tensor.mean().item(), spread, tensor.min().item(), tensor.max().item(), tensor.norm().item(), (tensor == 0).sum().item())
                    file.write(f"{name} {numbers}\n")

    return Variant(after, file.close)


def tensorboard(job: Job, folder: Path) -> Variant:
    """`add_histogram` of each weight and gradient, every step."""
    from torch.utils.tensorboard import SummaryWriter

    writer: Any = SummaryWriter(str(folder))
    step = 0

    def after(ids: list[int], losses: Tensor, output: Tensor, target: Tensor) -> None:
        nonlocal step
        for name, parameter in job.model.named_parameters():
            writer.add_histogram(name, parameter.detach(), step)
            if parameter.grad is not None:
                writer.add_histogram(f"{name}.grad", parameter.grad, step)
        step += 1

    return Variant(after, writer.close)


def wandb_watch(job: Job, folder: Path) -> Variant:
    """`wandb.watch(log="all", log_freq=1)` offline."""
    os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_ERROR_REPORTING="false")
    import wandb

    folder.mkdir(parents=True)
    run = wandb.init(project="bench", dir=str(folder), mode="offline")
    run.watch(job.model, log="all", log_freq=1)

    def close() -> None:
        run.unwatch(job.model)
        run.finish()

    return Variant(lambda ids, losses, output, target: run.log({"loss": losses.mean().item()}), close)


VARIANTS: dict[str, Callable[[Job, Path], Variant]] = {
    "bare": bare,
    "default": default,
    "default without samples": default_without_samples,
    "every step": every_step,
    "by hand": by_hand,
}
if importlib.util.find_spec("tensorboard"):
    VARIANTS["tensorboard"] = tensorboard
if importlib.util.find_spec("wandb"):
    VARIANTS["wandb.watch"] = wandb_watch
