"""A small training that is recorded in a forked child, which reports each step that it has finished and can be killed at a chosen moment."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import torch
import torch._dynamo  # a first optimizer imports it, for seconds: here once and not in every child
import torch.nn.functional as F
from torch import nn

import recorder.recorder
from recorder import Recorder
from recorder.writer import Writer

BATCH = 4


def train(run: Path, steps: int, finished: Callable[[int], None], resume: bool | int = False, seal_bytes: int = 6000) -> None:
    """Records `steps` further steps; tails are sealed after a few kilobytes, so that there is always a sealing going on."""
    recorder.recorder.Writer = lambda run_dir, rank: Writer(run_dir, rank, seal_bytes=seal_bytes)  # type: ignore[assignment, misc]
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with Recorder(run, model, optimizer, every=2, task="classification", loss="cross_entropy", resume=resume) as rec:
        for step in range(rec.steps, rec.steps + steps):
            x, y = torch.randn(BATCH, 3), torch.tensor([0, 1, 0, 1])
            logits = model(x)
            losses = F.cross_entropy(logits, y, reduction="none")
            optimizer.zero_grad()
            losses.mean().backward()
            optimizer.step()
            rec.log(loss=losses.mean())
            rec.samples([f"s{step}-{place}" for place in range(BATCH)], loss=losses, prediction=logits, target=y)
            finished(step)


def train_and_die(run: Path, steps: int, resume: bool | int, prepare: Callable[[], None], delay: float | None) -> list[int]:
    """Runs `train` in a child and kills it after `delay` seconds (from its first finished step), or lets `prepare` see to it. The steps it had finished."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            prepare()
            train(run, steps, lambda step: os.write(writing, f"{step}\n".encode()) and None, resume)
        finally:
            os._exit(0)
    os.close(writing)
    reports = b""
    while piece := os.read(reading, 65536):
        if not reports and delay is not None:
            signal.setitimer(signal.ITIMER_REAL, max(delay, 1e-4))
            signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
        reports += piece
    signal.setitimer(signal.ITIMER_REAL, 0)
    os.close(reading)
    os.waitpid(child, 0)
    return [int(line) for line in reports.split(b"\n")[:-1]]


def die_at(function: str, call: int, when: str) -> Callable[[], None]:
    """Kills the process at the n-th call of a function of `os`: before it, after it, or (write) when half of it is done."""

    def prepare() -> None:
        real = getattr(os, function)
        calls = [0]

        def deadly(*arguments: object, **options: object) -> object:
            calls[0] += 1
            if calls[0] < call or (function == "write" and len(bytes(arguments[1])) < 64):  # type: ignore[call-overload]
                return real(*arguments, **options)
            if when == "half" and function == "write":
                content = bytes(arguments[1])  # type: ignore[call-overload]
                real(arguments[0], content[: len(content) // 2])
            if when == "after":
                real(*arguments, **options)
            os.kill(os.getpid(), signal.SIGKILL)
            return None

        setattr(os, function, deadly)

    return prepare
