"""The log format: every table and column once, with type, unit and meaning.

The only module that both halves of retrograd import. The writer, the views' comments, `analyze schema`, the documentation and the tests are
made from it. It imports neither torch nor duckdb.

A run directory holds `run.json` and, per table and rank, sealed Parquet files and one live tail (an Arrow IPC stream):

    <table>/rank=00000/00000042.parquet
    <table>/rank=00000/_00000043.arrows
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

FORMAT_VERSION = "1.0"
"""Major and minor version. A reader refuses a newer major and reads every older one."""

TASKS = ("classification", "multilabel", "regression", "segmentation", "language_model")
TENSOR_KINDS = ("input", "weight", "buffer", "gradient", "update", "preactivation", "activation", "activation_gradient")
EVENT_KINDS = (
    "started",
    "resumed",
    "finished",
    "checkpoint",
    "mode",
    "trainable",
    "gradients_kept",
    "skipped_step",
    "nonfinite",
    "loss_shape",
    "data_set",
    "exception",
    "signal",
    "interval",
    "optimizer_state",
    "not_recorded",
    "recorder_error",
)
PROBES = ("gradient_check", "overfit", "zero_input", "batch_independence")
PREVIEW_KINDS = ("image", "mask", "audio", "text", "curve")

SILENT_AFTER_PASSES = 20
SILENT_AFTER_SAMPLES = 1024
SILENT_AFTER_AT_LEAST = 4
"""A unit is silent when it was zero for every value of this many passes: one batch proves nothing about a sparse ReLU. So many samples are enough
(positions of a sequence count as samples), but never fewer than four passes."""

SATURATED_BEYOND = {"tanh": 3.0, "sigmoid": 6.0, "softmax": 0.99}
"""A value is saturated where the derivative of its activation is below 1 % of the largest: |z| for tanh and sigmoid, largest share for softmax."""

MAGNITUDE_BINS_PER_SIGN = 32
MAGNITUDE_LOWEST_EXPONENT = -48
MAGNITUDE_EXPONENTS_PER_BIN = 2
"""`magnitudes`: 32 bins a sign, two binary exponents each, 2^-48 to 2^16, ends open. Positive values first, then negative ones."""

REGRESSION_OUTPUTS_KEPT = 16
LM_WORST_POSITIONS = 8
LM_CLASSES_COUNTED = 24
LM_LAGS = (-2, -1, 1, 2)
LM_INPUT_LAGS = (-2, -1, 0, 1, 2)

DEFINITIONS = {
    "unit": "an index of dimension 1 of a convolution's output and of the last dimension elsewhere",
    "silent": f"a unit that was zero for every value of the last {SILENT_AFTER_PASSES} passes, or of the last {SILENT_AFTER_SAMPLES} samples in at least "
    f"{SILENT_AFTER_AT_LEAST} passes; of large outputs positions at a fixed stride are looked at",
    "saturated": "a value at which the derivative of its activation is below 1 % of the largest: "
    "tanh |z| > 3, sigmoid |z| > 6, softmax largest share > 0.99, ReLU-like the negative side",
    "magnitudes": "counts of finite nonzero values by sign (positive first) and binary exponent: 32 bins a sign, two exponents each, from 2^-48, ends open; "
    "of tensors above 8192 values over a fixed-stride subset, their sum says how many",
    "sampled": "of tensors above 8192 values whole rows at a fixed stride are read, all of them where a value is not finite; counts are of what was read",
    "step": "one optimizer.step(), counted from 0; rows hold the weights before it, the gradients as it sees them, and the update it made",
}
"""Copied into run.json, so that a log explains itself."""


@dataclass(frozen=True)
class Column:
    """One column: its Arrow type, its unit (empty where it has none) and what it means."""

    name: str
    type: pa.DataType
    meaning: str
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """One table of the log. `row` completes the sentence "one row per ..."."""

    name: str
    row: str
    columns: tuple[Column, ...]

    def schema(self) -> pa.Schema:
        return pa.schema([pa.field(column.name, column.type) for column in self.columns])


_STEP = Column("step", pa.int64(), "the training step, counted from 0; null before the first", "steps")
_SPLIT = Column("split", pa.string(), "train, or the name given to Recorder.split")
_EPOCH = Column("epoch", pa.int64(), "Recorder.epoch at that moment", "epochs")
_SECONDS = Column("seconds", pa.float64(), "since the start of the recording", "s")
_SAMPLE_ID = Column("sample_id", pa.string(), "the user's key for the sample, as text; survives shuffling")
_TENSOR_ID = Column("tensor_id", pa.int64(), "stable hash of the tensor's kind and name")
_DETAILS = Column("details", pa.string(), "what belongs to it, as a JSON object", "JSON")


def _count(name: str, meaning: str) -> Column:
    return Column(name, pa.int64(), meaning, "values")


def _measure(name: str, meaning: str, unit: str = "") -> Column:
    return Column(name, pa.float32(), meaning, unit)


TENSORS = Table(
    "tensors",
    "tensor that is watched",
    (
        _TENSOR_ID,
        Column("name", pa.string(), "qualified name, such as blocks.3.mlp.fc1.weight; wrappers' prefixes are stripped"),
        Column("kind", pa.string(), ", ".join(TENSOR_KINDS)),
        Column("module", pa.string(), "the module that owns or computes it"),
        Column("module_type", pa.string(), "class name of that module"),
        Column("activation", pa.string(), "for preactivation, activation and activation_gradient: tanh, sigmoid, relu, gelu, softmax, ..."),
        Column("shape", pa.list_(pa.int64()), "shape when first seen", "values"),
        _count("numel", "number of values when first seen"),
        Column("dtype", pa.string(), "torch dtype without the prefix"),
        Column("depth", pa.int32(), "order of first use in the forward pass"),
        Column("trainable", pa.bool_(), "weights: requires_grad at the start"),
        Column("optimizer_group", pa.int32(), "weights: index of the optimizer's parameter group (counted over all optimizers), null if in none"),
    ),
)

STATS = Table(
    "stats",
    "tensor and recorded step, all calls of the step merged",
    (
        _STEP,
        _SPLIT,
        _TENSOR_ID,
        _count("count", "values read"),
        _measure("mean", "mean of the finite values"),
        _measure("rms", "root mean square of the finite values"),
        _measure("abs_mean", "mean absolute value of the finite values"),
        _measure("min", "smallest finite value"),
        _measure("max", "largest finite value"),
        _count("zeros", "values that are exactly zero"),
        _count("negatives", "values below zero"),
        _count("nonfinite", "NaN and infinite values"),
        _count("saturated", "values in the flat part of their activation (preactivations; softmax: activations)"),
        Column("units", pa.int32(), "units of the layer (activations and preactivations)", "units"),
        Column("silent_units", pa.int32(), f"units that were zero for every value of the last passes, {SILENT_AFTER_PASSES} at most", "units"),
        Column("saturated_units", pa.int32(), "units of which every value of this step was saturated", "units"),
        Column("magnitudes", pa.list_(pa.int32()), DEFINITIONS["magnitudes"], "values"),
        _measure("sampled", "share of the elements that were read; 1 where all were", "share"),
    ),
)

METRICS = Table(
    "metrics",
    "logged number",
    (
        _STEP,
        _EPOCH,
        _SPLIT,
        Column(
            "name",
            pa.string(),
            "as logged; the recorder adds learning_rate (learning_rate/<group> from the second group on), gradient_norm, step_seconds, recorder_seconds",
        ),
        Column("value", pa.float64(), "the number; NaN and infinities are kept"),
        _SECONDS,
    ),
)

_SAMPLES_COMMON = (
    _STEP,
    _EPOCH,
    _SPLIT,
    Column("pass", pa.int32(), "which run through that split, counted from 0", "passes"),
    Column("batch", pa.int32(), "which batch of that pass, counted from 0", "batches"),
    Column("position", pa.int32(), "place of the sample within its batch"),
    _SAMPLE_ID,
    _measure("loss_sum", "loss summed over the elements that count", "loss"),
    Column("elements", pa.int32(), "elements that count (1 for one label; valid tokens, pixels, outputs)", "elements"),
    Column("elements_total", pa.int32(), "all elements, padding and ignored ones too", "elements"),
    _measure("loss_sum_total", "loss summed over all elements", "loss"),
)

_OUTPUTS = Column("outputs", pa.int32(), "number of outputs an element has: classes, or vocabulary", "outputs")

SAMPLE_COLUMNS: dict[str, tuple[Column, ...]] = {
    "classification": (
        Column("target", pa.int32(), "class of the target"),
        Column("prediction", pa.int32(), "class predicted: argmax, or logit above 0 for one output"),
        Column("correct", pa.bool_(), "prediction equals target"),
        _measure("p_target", "probability given to the target", "share"),
        _measure("p_max", "largest probability", "share"),
        Column("other", pa.int32(), "best class that is not the target"),
        _measure("p_other", "its probability", "share"),
        _measure("z_target", "prediction as passed (before any softmax of ours) at the target"),
        _measure("z_other", "as passed, at `other`"),
        _measure("z_min", "as passed, smallest"),
        _measure("z_max", "as passed, largest"),
        _measure("z_sum", "as passed, sum over the outputs"),
        _measure("p_square_sum", "sum of squared probabilities (Brier score, squared error on one-hot targets)", "share"),
        _measure("p_exp_sum", "sum of exp(probability): the normalizer of a second softmax"),
        _measure("entropy", "of the probabilities", "nats"),
        Column("target_rank", pa.int32(), "outputs that got more than the target: 0 is best"),
        Column(
            "batch_winner",
            pa.int32(),
            "row of the batch with the largest output number `position`: an argmax over the wrong axis; null where there is no such output",
        ),
        _OUTPUTS,
    ),
    "multilabel": (
        Column("targets", pa.list_(pa.int32()), "classes that are on"),
        Column("predictions", pa.list_(pa.int32()), "classes predicted on"),
        Column("missed", pa.int32(), "targets not predicted", "classes"),
        Column("invented", pa.int32(), "predictions that are no target", "classes"),
        _measure("p_worst", "smallest probability given to the right answer of a class", "share"),
        _measure("z_min", "prediction as passed, smallest"),
        _measure("z_max", "prediction as passed, largest"),
        _OUTPUTS,
    ),
    "regression": (
        _measure("target_value", "target, first output", "target"),
        _measure("predicted_value", "prediction, first output", "target"),
        _measure("error", "prediction minus target, first output", "target"),
        Column("target_values", pa.list_(pa.float32()), f"all outputs, up to {REGRESSION_OUTPUTS_KEPT}, where there are several", "target"),
        Column("predicted_values", pa.list_(pa.float32()), f"all outputs, up to {REGRESSION_OUTPUTS_KEPT}, where there are several", "target"),
    ),
    "segmentation": (
        Column("pixels_correct", pa.int32(), "pixels that count and were predicted right", "pixels"),
        Column("intersection", pa.map_(pa.int32(), pa.int32()), "per class: pixels where target and prediction agree", "pixels"),
        Column("target_pixels", pa.map_(pa.int32(), pa.int32()), "per class present in the target", "pixels"),
        Column("predicted_pixels", pa.map_(pa.int32(), pa.int32()), "per class predicted", "pixels"),
        _measure("iou_worst_class", "smallest intersection over union of the classes present", "share"),
        _OUTPUTS,
    ),
    "language_model": (
        _measure("perplexity", "exp of the mean loss over the tokens that count"),
        Column(
            "worst",
            pa.list_(pa.struct([("position", pa.int32()), ("target", pa.int32()), ("predicted", pa.int32()), ("loss", pa.float32())])),
            f"the up to {LM_WORST_POSITIONS} tokens with the largest loss, worst first",
        ),
        Column("tokens_correct", pa.int32(), "tokens that count and were predicted right", "tokens"),
        Column("right_tokens", pa.map_(pa.int32(), pa.int32()), f"per class, of {LM_CLASSES_COUNTED} at most: tokens predicted right", "tokens"),
        Column("target_tokens", pa.map_(pa.int32(), pa.int32()), "likewise: tokens of the target", "tokens"),
        Column("predicted_tokens", pa.map_(pa.int32(), pa.int32()), "likewise: tokens predicted", "tokens"),
        Column("correct_at_lag", pa.list_(pa.int32()), f"predictions that equal the target at {LM_LAGS} positions from their own", "tokens"),
        Column(
            "input_at_lag",
            pa.list_(pa.int32()),
            f"targets that equal the model's input at {LM_INPUT_LAGS} positions from their own; null where that is no such sequence",
            "tokens",
        ),
        _OUTPUTS,
    ),
}
"""Further columns of `samples`, by task: a file holds the columns of its task only, views unite them by name."""

SAMPLES = Table(
    "samples",
    "sample in one forward pass",
    _SAMPLES_COMMON + tuple({column.name: column for columns in SAMPLE_COLUMNS.values() for column in columns}.values()),
)

INPUTS = Table(
    "inputs",
    "input of a sample, when first seen and whenever its hash changes",
    (
        _STEP,
        _SAMPLE_ID,
        _SPLIT,
        Column("hash", pa.string(), "of what the model got; a sample with several hashes is augmented"),
        Column("shape", pa.list_(pa.int64()), "shape of one sample", "values"),
        Column("dtype", pa.string(), "torch dtype without the prefix"),
        _measure("min", "smallest finite value"),
        _measure("max", "largest finite value"),
        _measure("mean", "mean of the finite values"),
        _measure("std", "standard deviation of the finite values"),
        Column("meta", pa.map_(pa.string(), pa.string()), "what the user said of the sample"),
    ),
)

PREVIEWS = Table(
    "previews",
    "sample that is worth a look (the worst, and a small random share)",
    (
        _SAMPLE_ID,
        _SPLIT,
        _STEP,
        Column("kind", pa.string(), ", ".join(PREVIEW_KINDS)),
        Column("content", pa.binary(), "PNG, WAV, or UTF-8 text (curve: JSON list of numbers)", "bytes"),
    ),
)

PROBE_ROWS = Table(
    "probes",
    "outcome of an experiment",
    (
        _STEP,
        Column("probe", pa.string(), ", ".join(PROBES)),
        Column("subject", pa.string(), "parameter, sample or the empty string"),
        Column("value", pa.float64(), "what was measured"),
        Column("reference", pa.float64(), "what it is compared with"),
        Column("tolerance", pa.float64(), "how far apart the two may be"),
        Column("passed", pa.bool_(), "whether they are within it"),
        _DETAILS,
    ),
)

EVENTS = Table(
    "events",
    "thing that happened",
    (
        _STEP,
        _SECONDS,
        Column("kind", pa.string(), ", ".join(EVENT_KINDS)),
        Column("message", pa.string(), "one sentence"),
        _DETAILS,
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in (TENSORS, STATS, METRICS, SAMPLES, INPUTS, PREVIEWS, PROBE_ROWS, EVENTS)}


def schema(table: str, task: str | None = None) -> pa.Schema:
    """Arrow schema of a table's files; `samples` needs the task. Raises KeyError for an unknown table or task."""
    if table == "samples" and task is not None:
        return Table(table, SAMPLES.row, _SAMPLES_COMMON + SAMPLE_COLUMNS[task]).schema()
    return TABLES[table].schema()


def tensor_id(kind: str, name: str) -> int:
    """A stable signed 64-bit hash, equal on every rank and in every run."""
    return int.from_bytes(hashlib.blake2b(f"{kind}\0{name}".encode(), digest_size=8).digest(), "little", signed=True)


def rank_folder(rank: int) -> str:
    return f"rank={rank:05d}"


def sealed_name(first: int, last: int | None = None) -> str:
    """Name of the sealed file of a number, or of the one that a compaction made of the files `first` to `last`."""
    return f"{first:08d}.parquet" if last is None or last == first else f"{first:08d}-{last:08d}.parquet"


def tail_name(number: int) -> str:
    return f"_{number:08d}.arrows"


def lock_name(rank: int) -> str:
    """Held (flock) by the live recorder of a rank; JSON with its `pid`, `host` and `started`. Gone after an orderly end."""
    return f"_lock.{rank:05d}"


_SEALED_NAME = re.compile(r"(\d{8,})(?:-(\d{8,}))?\.parquet")
_TAIL_NAME = re.compile(r"_(\d{8,})\.arrows")


def sealed_numbers(name: str) -> tuple[int, int] | None:
    """First and last number that a sealed file stands for; None for any other name.

    A sealed file or a tail whose numbers lie within those of another sealed file is ignored: the other one holds its rows.
    """
    found = _SEALED_NAME.fullmatch(name)
    return None if found is None else (int(found[1]), int(found[2] or found[1]))


def tail_number(name: str) -> int | None:
    """Number of the sealed file that a tail will become; None for any other name."""
    found = _TAIL_NAME.fullmatch(name)
    return None if found is None else int(found[1])


CHECKSUM_KEY = b"crc32"
"""Key of a tail's checksum in the `custom_metadata` of each record batch."""


def checksum(body: pa.Buffer | bytes, rows: int, names: Sequence[str]) -> bytes:
    """Checksum of a record batch of a tail: its body as stored, its number of rows and its columns' names, which its header could lose.

    The body is that of the batch's IPC message, `pyarrow.ipc.read_message(batch.serialize()).body`.
    """
    head = "\0".join((str(rows), *names)).encode()
    return f"{zlib.crc32(body, zlib.crc32(head)):08x}".encode()
