"""Inputs -> small pictures, sounds and texts for the report, kept only for the samples that are worth a look and bounded in all."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from .format import schema
from .messages import Rows, of_records

LONGEST_SIDE = 128
MOST_BYTES = {"image": 16 * 1024, "mask": 32 * 1024, "audio": 64 * 1024, "text": 4 * 1024, "curve": 8 * 1024}
"""Largest content of a preview, by kind."""

_CURVE_POINTS = 512
_SHORTEST_SOUND = 2000
"""Values below which a one-dimensional signal is drawn as a curve and not played."""

_SAMPLE_RATE = 16000
_COLOURS = np.array(
    [(0, 0, 0), (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167), (153, 153, 153)], np.uint8
)
"""Okabe and Ito's colours, which colour-blind readers tell apart: class 0 is black."""

_NOT_FINITE = np.array((255, 0, 255), np.uint8)

Pixels = npt.NDArray[np.uint8]


def preview(
    sample: Tensor | str, *, target: Tensor | None = None, prediction: Tensor | None = None, meta: Mapping[str, str] | None = None
) -> tuple[str, bytes] | None:
    """Kind and content for one sample's input (no batch dimension); None where there is no way to show it.

    `target` and `prediction` are maps of class numbers [H, W] of a segmentation: they are set beside the picture.
    """
    if isinstance(sample, str):
        return "text", _cut_text(sample)
    values = np.atleast_1d(_values(sample))
    if values.size == 0:
        return None
    picture = _pixels(values)
    if picture is not None:
        maps = [_coloured(_values(one)) for one in (target, prediction) if one is not None and one.dim() == 2]
        kind = "mask" if maps else "image"
        content = _png([picture, *maps], MOST_BYTES[kind])
        return None if content is None else (kind, content)
    signal = values.reshape(values.shape[0], -1) if values.ndim > 1 else values
    if np.issubdtype(values.dtype, np.integer) and signal.ndim == 1:
        return "text", _cut_text(" ".join(map(str, signal[: MOST_BYTES["text"]].tolist())))
    if _sounds(signal):
        return "audio", _wav(signal, meta)
    return "curve", _curve(signal)


def _values(sample: Tensor) -> npt.NDArray[Any]:
    detached = sample.detach().cpu()
    if detached.is_complex():
        detached = detached.abs()
    return np.asarray((detached.float() if detached.dtype.is_floating_point else detached).numpy())


def _cut_text(text: str) -> bytes:
    content = text.encode("utf-8", "replace")
    if len(content) <= MOST_BYTES["text"]:
        return content
    return content[: MOST_BYTES["text"] - 3].decode("utf-8", "ignore").encode() + "…".encode()


def _pixels(values: npt.NDArray[Any]) -> Pixels | None:
    """A picture [H, W, 3] of [H, W], [C, H, W] or [H, W, C]; of more dimensions the middle of each leading one. None where it is none."""
    while values.ndim > 3:
        values = values[values.shape[0] // 2]
    if values.ndim == 2 and min(values.shape) >= 8:
        values = values[..., None]
    if values.ndim != 3:
        return None
    if values.shape[-1] not in (1, 3, 4) or (values.shape[0] in (1, 3, 4) and values.shape[0] <= values.shape[-1]):
        values = np.moveaxis(values, 0, -1)
    if min(values.shape[:2]) < 3:
        return None
    channels = values.shape[-1]
    values = values[..., :3] if channels in (3, 4) else values[..., [channels // 2 if channels > 4 else 0] * 3]
    return _to_bytes(values)


def _to_bytes(values: npt.NDArray[Any]) -> Pixels:
    """0..1 and 0..255 as they are, anything else from its smallest to its largest value; what is not finite in magenta."""
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    numbers = values.astype(np.float32)
    finite = np.isfinite(numbers)
    low, high = (float(numbers[finite].min()), float(numbers[finite].max())) if finite.any() else (0.0, 1.0)
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and 2 < high <= 255:
        low, high = 0.0, 255.0
    shades = np.clip(np.where(finite, numbers - low, 0) / max(high - low, 1e-12) * 255, 0, 255).astype(np.uint8)
    shades[~finite.all(-1)] = _NOT_FINITE
    return shades


def _coloured(classes: npt.NDArray[Any]) -> Pixels:
    whole = np.nan_to_num(classes).round().astype(np.int64)
    return np.asarray(_COLOURS[np.where(whole < 0, len(_COLOURS) - 1, whole % len(_COLOURS))])


def _png(pictures: Sequence[Pixels], most_bytes: int) -> bytes | None:
    """The pictures side by side, made smaller until they fit. None without Pillow."""
    try:
        from PIL import Image
    except ImportError:
        return None
    side = LONGEST_SIDE
    while True:
        small = [_shrunk(Image.fromarray(picture), side) for picture in pictures]
        sheet = Image.new("RGB", (sum(one.width for one in small) + 2 * (len(small) - 1), max(one.height for one in small)), (255, 255, 255))
        left = 0
        for one in small:
            sheet.paste(one, (left, 0))
            left += one.width + 2
        buffer = io.BytesIO()
        sheet.save(buffer, "PNG", optimize=False)
        if buffer.tell() <= most_bytes or side <= 16:
            return buffer.getvalue()
        side = side * 3 // 4


def _shrunk(image: Any, side: int) -> Any:
    scale = side / max(image.width, image.height)
    return image if scale >= 1 else image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))), 4)  # 4: box


def _sounds(signal: npt.NDArray[Any]) -> bool:
    """A long signal of one or two channels around zero."""
    length = signal.size if signal.ndim == 1 else max(signal.shape)
    channels = 1 if signal.ndim == 1 else min(signal.shape)
    return channels <= 2 and length >= _SHORTEST_SOUND and bool(np.nanmin(signal) < 0 < np.nanmax(signal))


def _wav(signal: npt.NDArray[Any], meta: Mapping[str, str] | None) -> bytes:
    """16-bit mono; every few values are averaged where it would be too long, and the rest is cut off."""
    rate = int(float((meta or {}).get("sample_rate", _SAMPLE_RATE)))
    mono = np.nan_to_num(signal if signal.ndim == 1 else signal.mean(int(np.argmin(signal.shape)))).astype(np.float32)
    step = max(1, rate // 8000) if mono.size * 2 > MOST_BYTES["audio"] else 1
    mono = mono[: mono.size // step * step].reshape(-1, step).mean(1)[: (MOST_BYTES["audio"] - 44) // 2]
    peak = float(np.abs(mono).max()) or 1.0
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate // step)
        file.writeframes((mono / max(peak, 1e-12) * 32767 * min(peak, 1.0)).astype("<i2").tobytes())
    return buffer.getvalue()


def _curve(signal: npt.NDArray[Any]) -> bytes:
    """Every few values of the first row or column; what is not finite is null."""
    line = signal if signal.ndim == 1 else signal[:, 0] if signal.shape[0] >= signal.shape[1] else signal[0]
    line = line[:: max(1, -(-line.size // _CURVE_POINTS))]
    return json.dumps([float(f"{value:.5g}") if np.isfinite(value) else None for value in line.astype(float)]).encode()


def to_batch(rows: Sequence[tuple[str, str, bytes]], *, split: str, step: int | None) -> Rows:
    """Rows of `previews` from sample id, kind and content."""
    columns: dict[str, Any] = {
        "sample_id": [key for key, _, _ in rows],
        "split": [split] * len(rows),
        "step": [step] * len(rows),
        "kind": [kind for _, kind, _ in rows],
        "content": [content for _, _, content in rows],
    }
    return of_records(schema("previews"), columns)
