"""A made-up run that has everything a report can show, and a diagnosis of it.

A small network on images: fc1 saturates from step 120 on, the loss turns to NaN at step 180, one class is never predicted, one label is wrong.
"""

from __future__ import annotations

import io
import json
import math
import random
import wave
from typing import Any

import pyarrow as pa
from PIL import Image

from analyzer.check import Check, Finding, NotChecked, Param
from analyzer.diagnosis import Cause, Diagnosis
from analyzer.run import Run
from recorder import format as log_format

STEPS, EVERY, EPOCH, BATCH = 200, 5, 20, 8
ONSET, NAN_STEP = 120, 180
CLASSES = ("cat", "dog", "fox <small>", "owl", "yak")
LAYERS = (("conv1", "relu", 16), ("conv2", "relu", 32), ("fc1", "tanh", 64), ("fc2", "tanh", 32), ("head", "", 5))
INFO: dict[str, Any] = {
    "format_version": log_format.FORMAT_VERSION,
    "task": "classification",
    "classes": list(CLASSES),
    "model": {"type": "SmallNet", "parameters": 61_706},
    "optimizers": [{"type": "SGD", "groups": [{"lr": 0.5, "momentum": 0.9, "weight_decay": 0.0, "parameters": 10}]}],
    "loss": {"name": "cross_entropy", "reduction": "mean"},
    "device": "cpu",
    "versions": {"torch": "2.13.0", "python": "3.11.9"},
    "git": {"commit": "0123456789abcdef0123456789abcdef01234567", "dirty": True},
    "command": ["python", "train.py", "--lr", "0.5"],
    "config": {"lr": 0.5, "width": 64},
}

Row = dict[str, Any]


def example_run(info: Row | None = None, **more: list[Row]) -> Run:
    """The run; `more` adds rows to tables."""
    rows = example_rows()
    for table, extra in more.items():
        rows[table] = rows[table] + extra
    tables = {table: pa.Table.from_pylist(of_table, schema=log_format.schema(table)) for table, of_table in rows.items()}
    return Run.from_tables(tables, INFO if info is None else info)


def example_rows() -> dict[str, list[Row]]:
    tensors, stats = _tensors()
    samples, previews = _samples()
    return {
        "tensors": tensors,
        "stats": stats,
        "metrics": _metrics(),
        "samples": samples,
        "previews": previews,
        "probes": _probes(),
        "events": [
            {"step": None, "seconds": 0.0, "kind": "started", "message": "recording started"},
            {"step": 99, "seconds": 10.0, "kind": "checkpoint", "message": "checkpoint best"},
            {"step": 100, "seconds": 11.0, "kind": "resumed", "message": "resumed at step 100"},
            {"step": NAN_STEP, "seconds": 19.0, "kind": "nonfinite", "message": "first NaN in the gradient of fc1.weight"},
        ],
    }


def _late(step: int) -> float:
    """0 before the onset, then up to 1."""
    return min(1.0, max(0.0, (step - ONSET) / 30))


def _tensors() -> tuple[list[Row], list[Row]]:
    tensors: list[Row] = []
    stats: list[Row] = []
    noise = random.Random(1)
    for depth, (module, activation, units) in enumerate(LAYERS):
        own = {"module": module, "module_type": "Linear" if units != 16 else "Conv2d", "depth": depth, "trainable": True}
        kinds = {
            "weight": (f"{module}.weight", 0.1, 0.0),
            "gradient": (f"{module}.weight", 0.02 * 0.6 ** (4 - depth), 4.0),
            "update": (f"{module}.weight", 1e-4, 5.0),
        }
        if activation:
            kinds |= {"preactivation": (module, 1.0, 2.5), "activation": (module, 0.7, 0.0), "activation_gradient": (module, 0.01, -6.0)}
        for kind, (name, size, growth) in kinds.items():
            tensor_id = log_format.tensor_id(kind, name)
            value = {"activation": activation} if kind not in ("weight", "gradient", "update") else {}
            tensors.append({"tensor_id": tensor_id, "name": name, "kind": kind, "shape": [units, 64], "numel": units * 64, "dtype": "float32", **own, **value})
            for step in range(0, STEPS, EVERY):
                rms = size * math.exp(growth * _late(step) * (1.0 if module == "fc1" else 0.3)) * noise.uniform(0.9, 1.1)
                row: Row = {"step": step, "split": "train", "tensor_id": tensor_id, "count": 512, "mean": 0.0, "rms": rms, "abs_mean": 0.8 * rms}
                row |= {"zeros": 40, "negatives": 230, "nonfinite": 3 if step >= NAN_STEP and kind == "gradient" and depth <= 2 else 0, "sampled": 1.0}
                if kind in ("preactivation", "activation"):
                    share = (0.92 if module == "fc1" else 0.12) * _late(step)
                    row |= {
                        "units": units,
                        "silent_units": int(units * 0.4 * _late(step)) if activation == "relu" else 0,
                        "saturated": int(512 * share),
                        "saturated_units": 0,
                    }
                if kind in ("preactivation", "activation_gradient"):
                    row["magnitudes"] = _bell(math.log2(rms))
                stats.append(row)
    return tensors, stats


def _bell(centre: float) -> list[int]:
    """Counts of a hump of magnitudes around 2^centre, positive values first."""
    exponents = [log_format.MAGNITUDE_LOWEST_EXPONENT + log_format.MAGNITUDE_EXPONENTS_PER_BIN * place for place in range(log_format.MAGNITUDE_BINS_PER_SIGN)]
    one_sign = [round(120 * math.exp(-(((exponent + 1 - centre) / 4) ** 2))) for exponent in exponents]
    return one_sign + one_sign


def loss_at(step: int) -> float:
    return math.nan if step >= NAN_STEP else 0.25 + 1.4 * math.exp(-step / 45) + 2.2 * _late(step)


def _metrics() -> list[Row]:
    noise = random.Random(2)
    rows: list[Row] = []
    for step in range(STEPS):
        values = {
            "loss": loss_at(step) * noise.uniform(0.92, 1.08),
            "learning_rate": 0.5 if step < 150 else 0.05,
            "gradient_norm": noise.uniform(0.8, 1.2) * math.exp(5 * _late(step)),
            "step_seconds": 0.1,
            "recorder_seconds": 0.002,
        }
        rows += [
            {"step": step, "epoch": step // EPOCH, "split": "train", "name": name, "value": value, "seconds": 0.1 * step} for name, value in values.items()
        ]
    for step in range(EPOCH - 1, STEPS, EPOCH):
        for name, value in (("loss", loss_at(step) * 1.1), ("accuracy", 0.9 - 0.5 * _late(step))):
            rows.append({"step": step, "epoch": step // EPOCH, "split": "valid", "name": name, "value": value, "seconds": 0.1 * step})
    return rows


def _samples() -> tuple[list[Row], list[Row]]:
    noise = random.Random(3)
    rows: list[Row] = []
    for pass_number, step in enumerate(range(EPOCH - 1, STEPS, EPOCH)):
        for split, count in (("train", 60), ("valid", 40)):
            for number in range(count):
                target = number % len(CLASSES)
                wrong = number == 7 or target == 4 or noise.random() < 0.12
                prediction = (target + 1) % 4 if wrong else target
                loss = noise.uniform(1.5, 4.0) if wrong else noise.uniform(0.05, 0.5)
                share = math.exp(-loss)
                best = max(share, 0.8 if wrong else share)
                rows.append(
                    {"step": step, "epoch": pass_number, "split": split, "pass": pass_number, "batch": number // BATCH, "position": number % BATCH}
                    | {"sample_id": f"{split}/{number:03d}.png", "loss_sum": loss, "elements": 1, "elements_total": 1, "loss_sum_total": loss}
                    | {
                        "target": target,
                        "prediction": prediction,
                        "correct": not wrong,
                        "p_target": share,
                        "p_max": best,
                        "target_rank": int(wrong),
                        "outputs": 5,
                    }
                )
    previews = [
        {"sample_id": f"valid/{number:03d}.png", "split": "valid", "step": STEPS - 1, "kind": kind, "content": content}
        for number in range(40)
        for kind, content in (("image", picture(number)), *((("mask", picture(number + 100)),) if number % 3 == 0 else ()))
    ]
    previews += [
        {"sample_id": "valid/004.png", "split": "valid", "step": STEPS - 1, "kind": "audio", "content": sound()},
        {"sample_id": "valid/009.png", "split": "valid", "step": STEPS - 1, "kind": "text", "content": b"She sells <b>sea</b> shells"},
        {
            "sample_id": "valid/014.png",
            "split": "valid",
            "step": STEPS - 1,
            "kind": "curve",
            "content": json.dumps([math.sin(i / 9) for i in range(90)]).encode(),
        },
    ]
    return rows, previews


def picture(seed: int) -> bytes:
    """A PNG of 12 x 12 pixels."""
    noise = random.Random(seed)
    centre = noise.uniform(2, 10), noise.uniform(2, 10)
    pixels = bytes(int(255 * math.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 12)) for y in range(12) for x in range(12))
    out = io.BytesIO()
    Image.frombytes("L", (12, 12), pixels).save(out, format="PNG")
    return out.getvalue()


def sound() -> bytes:
    """A WAV of a tenth of a second."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(4000)
        file.writeframes(bytes(int(128 + 60 * math.sin(i / 3)) for i in range(400)))
    return out.getvalue()


def _probes() -> list[Row]:
    row = {"step": 0, "details": "{}"}
    return [
        {**row, "probe": "overfit", "subject": "2 samples", "value": 0.004, "reference": 1.6, "tolerance": 0.016, "passed": True},
        {**row, "probe": "gradient_check", "subject": "fc1.weight", "value": 0.31, "reference": 0.21, "tolerance": 1e-6, "passed": False},
        {**row, "probe": "gradient_check", "subject": "fc2.weight", "value": 0.2, "reference": 0.2, "tolerance": 1e-6, "passed": True},
        {**row, "probe": "zero_input", "subject": "", "value": 0.2, "reference": 1.6, "tolerance": 0.1, "passed": True},
    ]


def finding(
    check: str, subject: str, *, step: int | None = ONSET, strategy: str = "saturation", severity: str = "error", message: str = "", **changes: Any
) -> Finding:
    text = message or f"92 % of the values of {subject} are in the flat part of tanh since step {step}"
    facts: Row = {"cause": "saturated_activation", "strength": "strong", "last_step": STEPS - 5, "value": 0.92, "threshold": 0.5}
    facts |= {"fix": "Lower the learning rate before the onset, or scale the inputs.", "sql": f"select '{check}' as subject -- < & >"}
    return Finding(check=check, strategy=strategy, severity=severity, subject=subject, step=step, message=text, **(facts | changes))


def example_findings() -> tuple[Finding, ...]:
    return (
        finding("saturated_units", "fc1"),
        finding("saturated_units", "fc2", severity="warning", step=140, value=0.6),
        finding(
            "large_updates",
            "fc1.weight",
            step=125,
            severity="warning",
            cause="learning_rate_too_high",
            message="updates of fc1.weight are 15 % of the weight",
            value=0.15,
            threshold=0.1,
        ),
        finding(
            "loss_became_nan",
            "loss",
            step=NAN_STEP,
            strategy="mistakes",
            cause="nonfinite_backward",
            message="the training loss is NaN since step 180",
            value=None,
            threshold=None,
        ),
        finding(
            "dead_units",
            "conv1",
            step=145,
            severity="info",
            cause="dead_units",
            message="40 % of the units of conv1 are zero for every sample since step 145",
            value=0.4,
        ),
        finding(
            "class_never_predicted",
            "yak",
            step=0,
            strategy="predictions",
            severity="warning",
            cause="class_imbalance",
            message="yak is never predicted in valid",
            value=0.0,
        ),
    )


def example_diagnosis() -> Diagnosis:
    found = example_findings()
    first = Cause(
        "saturated_activation", "error", 0.93, ONSET, "fc1", ("saturated_units",), ("vanishing_gradient",), ("loss_became_nan",), (found[0], found[1], found[3])
    )
    second = Cause("learning_rate_too_high", "warning", 0.55, 125, "fc1.weight", ("large_updates",), (), (), (found[2],))
    third = Cause("dead_units", "info", 0.3, 145, "conv1", ("dead_units",), (), (), (found[4],))
    return Diagnosis(
        healthy=False,
        entries=(first, second, third),
        findings=found,
        not_checked=(NotChecked("loss_formula", "no samples of training in the log; call rec.samples(...)"),),
        summary="From step 120 on fc1 (tanh) is driven into its flat part, and the loss turns to NaN at step 180.",
        record_next=(),
    )


def healthy_diagnosis() -> Diagnosis:
    return Diagnosis(
        True, (), (), (NotChecked("loss_formula", "no samples of training in the log; call rec.samples(...)"),), "Nothing speaks for a mistake in this run.", ()
    )


def example_checks() -> tuple[Check, ...]:
    """A check for each finding, one that stayed silent, one that could not be asked."""
    rows = {(found.check, found.strategy, found.cause, found.severity) for found in example_findings() if found.subject != "fc2"}
    rows |= {("vanishing_gradient", "gradients", "vanishing_gradient", "warning"), ("loss_formula", "mistakes", "loss_formula", "error")}
    return tuple(_check(*row) for row in sorted(rows))


def _check(name: str, strategy: str, cause: str, severity: str) -> Check:
    from pathlib import Path

    title = name.replace("_", " ").capitalize()
    params = (Param("share", 0.5, "share of a layer's values", "SageMaker Debugger, <threshold>"),)
    return Check(
        name=name,
        strategy=strategy,
        path=Path(f"{name}.sql"),
        title=title,
        cause=cause,
        strength="strong",
        severity=severity,
        explains=(),
        reads={},
        params=params,
        finds=f"Where {title.lower()} can be seen.",
        matters="The layer passes no gradient.",
        do="Lower the learning rate.",
        ignore="Gates that are meant to saturate.",
        sql="select 1",
        text="",
    )
