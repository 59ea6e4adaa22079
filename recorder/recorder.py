"""Recorder: the user's one object."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn

from . import fetch
from .cadence import Cadence, Spikes
from .claim import Claim, claim
from .criterion import read_criterion
from .exits import ExitWatch, describe_exception
from .format import TASKS
from .hooks import Guard
from .log import RunLog
from .observe import Observer
from .optimizers import plain_optimizer
from .run_info import run_info, write_run_info
from .sample_log import SampleLog, count_ids
from .writer import Writer


class Recorder:
    """Records a training into `run_dir`, beside the loop and without touching it.

    `model` and `optimizer` may be lists. `every`: record every k-th step in full; None lets the interval follow the measured cost, aiming at 3 %
    of the step time. `task` is one of format.TASKS, inferred where it can be. `loss` is the criterion (a name of torch.nn.functional, or the
    module). `config` is any dict of settings. `guarantees`: "monotone_decrease", "exact_zeros:NAME", "gradient_zero_at_end". `resume=True` goes on
    after the last step in the log, `resume=N` makes N the next step.

    Raises FileExistsError when the directory holds a run and `resume` is False; ValueError for an unknown task, loss or guarantee. After that
    no method raises: what fails is warned of once and noted in the log.
    """

    def __init__(
        self,
        run_dir: str | os.PathLike[str],
        model: nn.Module | Sequence[nn.Module] | None = None,
        optimizer: Any = None,
        *,
        every: int | None = None,
        task: str | None = None,
        classes: Sequence[str] | None = None,
        loss: Any = None,
        config: Mapping[str, Any] | None = None,
        guarantees: Sequence[str] = (),
        resume: bool | int = False,
    ) -> None:
        if task is not None and task not in TASKS:
            raise ValueError(f"task={task!r} is none of {', '.join(TASKS)}")
        guarantees = (guarantees,) if isinstance(guarantees, str) else tuple(guarantees)
        _check_guarantees(guarantees)
        criterion = read_criterion(loss)
        cadence = Cadence(every)
        models: list[nn.Module] = _as_list(model)
        optimizers = [plain_optimizer(part) for part in _as_list(optimizer)]
        self.run_dir = Path(run_dir)
        self.rank, world_size = _rank_and_world_size()
        self._claim: Claim = claim(self.run_dir, self.rank, resume)
        self._log = RunLog(Writer(self.run_dir, self.rank))
        self._guard = Guard(self._log.failed)
        self._epoch: int | None = None
        self._closed = False
        self._failed_by: BaseException | None = None
        self._spikes = {"loss": Spikes(), "gradient_norm": Spikes()}
        if self._claim.resumed:
            details = {**self._claim.details, "config": dict(config or {}), "every": every}
            self._log.event("resumed", f"the run goes on at step {self._claim.next_step}", details, self._claim.next_step)
        zeros = [promise.partition(":")[2] for promise in guarantees if promise.startswith("exact_zeros:")]
        watchable = [part for part in optimizers if isinstance(part, torch.optim.Optimizer)]
        self._observer = Observer(models, watchable, cadence, self._guard, self._log, self._log.fetcher, self._claim.next_step, zeros)
        self._log.found = self._observer.report_nonfinite
        self._log.arrived = self._numbers_arrived
        self._samples = SampleLog(self._log, task, criterion, self._claim.next_pass)
        self._exits = ExitWatch(self._crashed, self._signalled, self._at_exit, self._when_idle)
        parameters = self._observer.parameters
        names = {id(parameter.tensor): parameter.weight.name for parameter in parameters.parameters}
        settings: dict[str, Any] = {"task": task, "classes": classes, "criterion": criterion, "config": config, "guarantees": guarantees, "every": every}
        self._guard.run("run.json", self._introduce, models, watchable, names, settings, world_size)
        for part in optimizers:
            if part not in watchable:
                message = f"{type(part).__name__} is no torch.optim.Optimizer: its steps are not seen, call rec.step()"
                self._log.event("not_recorded", message, {"what": "optimizer", "modules": []}, self._observer.step)

    def _introduce(self, models: list[nn.Module], optimizers: list[Any], names: dict[int, str], settings: dict[str, Any], world_size: int) -> None:
        if self.rank == 0:
            info = run_info(models=models, optimizers=optimizers, names=names, rank=self.rank, world_size=world_size, **settings)
            write_run_info(self.run_dir, info)
        if not self._claim.resumed:
            details = {"every": settings["every"], "parameters": len(names), "tied": self._observer.parameters.tied}
            self._log.event("started", f"recording of {len(names)} parameters", details, self._observer.step)
        self._observer.say_what_is_not_seen()

    # ---- what the user calls ---------------------------------------------------------------------------------------------------------------

    @property
    def epoch(self) -> int | None:
        """The epoch that rows carry. `for rec.epoch in range(epochs)` sets it."""
        return self._epoch

    @epoch.setter
    def epoch(self, value: int | None) -> None:
        if self._foreign():
            return
        if value != self._epoch:
            self._guard.run("epoch", self._samples.begin_pass, "train")
        self._epoch = self._log.epoch = value if value is None else int(value)

    @property
    def steps(self) -> int:
        """The number of the step in flight: how many have ended."""
        return self._observer.step

    def log(self, values: Mapping[str, Any] | None = None, /, **scalars: Any) -> None:
        """Scalars of the step whose forward pass began last; inside `split`, of what is evaluated there. Numbers or tensors of one element."""
        if not self._foreign():
            self._guard.run("log", self._write_numbers, {**(values or {}), **scalars})

    def samples(
        self,
        ids: Any,
        *,
        loss: Any = None,
        prediction: Any = None,
        target: Any = None,
        inputs: Any = None,
        mask: Any = None,
        meta: Any = None,
    ) -> None:
        """One row a sample. `ids`: the samples' keys, [N]; `loss`: [N], each averaged over its valid elements, or [N, ...], one for each element.

        `inputs` is what the model got; where it is not given, the root module's first argument with as many rows as there are ids. `mask`: true
        where an element counts. `meta`: what is worth knowing of the samples, a list of N dicts, or a dict of columns.
        """
        if not self._foreign():
            self._guard.run("samples", self._write_samples, ids, loss, prediction, target, inputs, mask, meta)

    @contextmanager
    def split(self, name: str) -> Iterator[Recorder]:
        """Everything inside is evaluation on the split of that name; its rows carry the last training step taken."""
        before = self._observer.split
        self._observer.split = str(name)
        if not self._foreign():
            self._guard.run("split", self._samples.begin_pass, str(name))
        try:
            yield self
        finally:
            self._observer.split = before

    def step(self) -> None:
        """Ends a step where no optimizer does."""
        if not self._foreign():
            self._guard.run("step", self._observer.step_by_hand)

    def checkpoint(self, name: str) -> None:
        """Notes that a checkpoint of this name was saved."""
        if not self._foreign():
            step = self._observer.completed
            self._guard.run("checkpoint", self._log.event, "checkpoint", f"checkpoint {name}", {"name": str(name)}, step)

    def probe(
        self,
        probe: str,
        *,
        subject: str = "",
        value: float | None = None,
        reference: float | None = None,
        tolerance: float | None = None,
        passed: bool | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        """One outcome of an experiment; the probes of `recorder.probes` call this."""
        if not self._foreign():
            outcome = {"value": value, "reference": reference, "tolerance": tolerance, "passed": passed}
            self._guard.run("probe", self._log.probe, self._observer.completed, probe, subject, outcome, details or {})

    def close(self) -> None:
        """Writes what is left, detaches from model and optimizer, and seals the files. Closing twice does nothing."""
        if self._foreign():
            return
        self._guard.run("close", self._observer.finish)
        self._closed = True
        self._guard.run("close", self._observer.detach)
        if self._failed_by is None:
            details = {"steps": self._observer.step, "errors": self._log.errors()}
            self._guard.run("close", self._log.event, "finished", f"finished after {self._observer.step} steps", details, self._observer.completed)
        self._exits.remove()
        self._guard.run("close", self._log.writer.close)
        self._claim.lock.release()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None and not (isinstance(error, SystemExit) and error.code in (0, None)):
            self._crashed(error)
        self.close()

    # ---- behind them -----------------------------------------------------------------------------------------------------------------------

    def _foreign(self) -> bool:
        """Closed, or carried into a forked process: nothing is written."""
        return self._closed or self._guard.foreign

    def _where(self) -> tuple[int | None, str]:
        split = self._observer.split
        return (self._observer.target_step(), "train") if split is None else (self._observer.completed, split)

    def _write_numbers(self, values: dict[str, Any]) -> None:
        step, split = self._where()
        self._observer.look_at_mode()
        numbers: dict[str, float | Tensor] = {}
        problems = []
        for name, value in values.items():
            try:
                numbers[str(name)] = _number(value)
            except (TypeError, ValueError) as problem:
                problems.append(f"{name}: {problem}")
        if numbers:
            self._log.metrics(step, split, numbers)
        if problems:
            raise ValueError("; ".join(problems))

    def _numbers_arrived(self, step: int | None, split: str, numbers: dict[str, float]) -> None:
        """Looks for what should set off a burst of full steps."""
        if split != "train":
            return
        for name, value in numbers.items():
            if "loss" in name:
                self._observer.loss_logged(step, name, value)
            if name in self._spikes and step is not None and self._spikes[name].unusual(value):
                self._observer.cadence.burst(self._observer.step - 1)

    def _write_samples(self, ids: Any, loss: Any, prediction: Any, target: Any, inputs: Any, mask: Any, meta: Any) -> None:
        step, split = self._where()
        if inputs is None:
            rows = count_ids(ids)
            inputs = next((value for value in self._observer.last_inputs() if value.dim() and value.shape[0] == rows), None)
        self._samples.add(step, split, ids, loss=loss, prediction=prediction, target=target, mask=mask, inputs=inputs, meta=meta)

    def _crashed(self, error: BaseException) -> None:
        """Notes an exception once, by whichever way it is seen first."""
        if self._failed_by is not None or self._foreign():
            return
        self._failed_by = error
        details = describe_exception(error)
        message = f"{details['type']}: {details['message']}"
        self._guard.run("exception", self._log.event, "exception", message, details, self._observer.step)

    def _signalled(self, number: int, fatal: bool) -> None:
        """SIGTERM: noted. Where nobody else handles it the process is about to end, perhaps amid a forward pass: the files are made whole, no more."""
        if self._foreign():
            return
        step = self._observer.step
        self._guard.run("signal", self._log.event, "signal", f"the process was told to end by signal {number}", {"signal": number}, step)
        if fatal:
            self._guard.run("signal", self._log.fetcher.drain, wait=True)
            self._guard.run("signal", self._log.writer.close)
            self._closed = True

    def _when_idle(self, action: Any) -> None:
        if self._guard.depth == 0:
            action()
        else:
            self._guard.idle = action

    def _at_exit(self) -> None:
        self.close()


def _as_list(value: Any) -> list[Any]:
    return [part for part in (value if isinstance(value, (list, tuple)) else [value]) if part is not None]


def _number(value: Any) -> float | Tensor:
    if isinstance(value, Tensor):
        if value.numel() != 1:
            raise ValueError(f"a tensor of shape {tuple(value.shape)} is no scalar")
        value = value.detach().reshape(())
        return float(value.item()) if fetch.at_once(value) else value
    number = float(value)
    return number if not isinstance(value, str) else math.nan


def _check_guarantees(guarantees: Sequence[str]) -> None:
    for promise in guarantees:
        name, _, tensor = promise.partition(":")
        if name not in ("monotone_decrease", "exact_zeros", "gradient_zero_at_end") or (name == "exact_zeros") != bool(tensor):
            raise ValueError(f"guarantee {promise!r} is none of monotone_decrease, exact_zeros:NAME, gradient_zero_at_end")


def _rank_and_world_size() -> tuple[int, int]:
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
