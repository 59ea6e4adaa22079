"""What the model said: confusion, recall, calibration, and the samples worth a look."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from .question import Asked, ask
from .rows import CalibrationBin, ClassRow, Confusion, Preview, Sample

CLASSES_IN_MATRIX = 20
CLASSES_IN_TABLE = 100
WORST_A_SPLIT = 12
SPLITS = 3
TYPICAL = 8
HISTORY_POINTS = 60
PREVIEW_BYTES = 100_000
PREVIEWS_A_SAMPLE = 4


def class_name(number: int | None, classes: Sequence[str]) -> str:
    """The user's name of a class, else its number."""
    if number is None:
        return "none"
    return classes[number] if 0 <= number < len(classes) else str(number)


def classes_and_confusion(run: Asked, names: Sequence[str]) -> tuple[Confusion | None, tuple[ClassRow, ...], int]:
    """Confusion matrix and per-class table of the last whole pass, and how many classes the table leaves out."""
    passes = ask(run, "last_passes")
    if not passes:
        return None, (), 0
    split, step = passes[0]["split"], passes[0]["step"]
    pairs = {(row["target"], row["prediction"]): row["samples"] for row in ask(run, "confusion", split=split, **{"pass": passes[0]["pass"]})}
    if not pairs:
        return None, (), 0
    given, said, right = Counter[int](), Counter[int](), Counter[int]()
    for (target, prediction), count in pairs.items():
        given[target] += count
        said[prediction] += count
        right[target] += count if target == prediction else 0
    classes = sorted(set(given) | set(said))
    mistakes = {number: given[number] + said[number] - 2 * right[number] for number in classes}
    shown = sorted(sorted(classes, key=lambda number: -mistakes[number])[:CLASSES_IN_MATRIX])
    labels = {number: class_name(number, names) for number in classes}
    confusion = Confusion(
        split=split,
        step=step,
        classes=tuple(labels[number] for number in shown),
        counts=tuple(tuple(pairs.get((target, prediction), 0) for prediction in shown) for target in shown),
        samples=sum(pairs.values()),
        left_out=len(classes) - len(shown),
    )
    table = [
        ClassRow(
            name=labels[number],
            samples=given[number],
            predicted=said[number],
            recall=right[number] / given[number] if given[number] else None,
            precision=right[number] / said[number] if said[number] else None,
        )
        for number in classes
    ]
    table.sort(key=lambda row: (row.recall is None, row.recall))
    return confusion, tuple(table[:CLASSES_IN_TABLE]), max(0, len(table) - CLASSES_IN_TABLE)


def calibration(run: Asked) -> tuple[CalibrationBin, ...]:
    """Tenths of confidence in the last whole pass."""
    passes = ask(run, "last_passes")
    if not passes:
        return ()
    rows = ask(run, "calibration", split=passes[0]["split"], **{"pass": passes[0]["pass"]})
    return tuple(CalibrationBin(row["confidence"], row["accuracy"], row["samples"]) for row in rows)


def gallery(run: Asked, classes: Sequence[str]) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
    """The worst samples of each split, and a few that were kept without regard to their loss."""
    chosen = ask(run, "worst_samples", worst=WORST_A_SPLIT, splits=SPLITS, typical=TYPICAL)
    ids = [f"{row['split']}\0{row['sample_id']}" for row in chosen]
    details = {(row["split"], row["sample_id"]): row for row in ask(run, "sample_details", ids=ids)}
    histories: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
    for row in ask(run, "sample_histories", ids=ids, points=HISTORY_POINTS):
        if row["loss"] is not None:
            histories[row["split"], row["sample_id"]].append((row["step"], row["loss"]))
    previews: dict[tuple[str, str], list[Preview]] = defaultdict(list)
    for row in ask(run, "previews", ids=ids, bytes=PREVIEW_BYTES):
        previews[row["split"], row["sample_id"]].append(Preview(row["kind"], bytes(row["content"]), row["step"]))
    shelves: dict[str, list[Sample]] = {"worst": [], "typical": []}
    for row in chosen:
        key = (row["split"], row["sample_id"])
        shelves[row["shelf"]].append(_sample(row, details.get(key, {}), histories[key], previews[key], classes))
    return tuple(shelves["typical"]), tuple(shelves["worst"])


def _sample(
    row: Mapping[str, Any], detail: Mapping[str, Any], history: Sequence[tuple[int, float]], previews: Sequence[Preview], classes: Sequence[str]
) -> Sample:
    target, prediction, confidence, note = _answer(detail, classes)
    latest: dict[str, int] = {}
    for preview in previews:
        latest[preview.kind] = max(latest.get(preview.kind, preview.step), preview.step)
    shown = [preview for preview in previews if preview.step == latest[preview.kind]]
    return Sample(
        sample_id=row["sample_id"],
        split=row["split"],
        loss=row["loss"],
        target=target,
        prediction=prediction,
        confidence=confidence,
        note=note,
        visits=row["visits"],
        wrong=row["wrong"] if row["judged"] else None,
        history_steps=tuple(step for step, _ in history),
        history=tuple(loss for _, loss in history),
        previews=tuple(shown[:PREVIEWS_A_SAMPLE]),
    )


def _answer(detail: Mapping[str, Any], classes: Sequence[str]) -> tuple[str, str, float | None, str]:
    """Target, prediction, confidence and a remark, whatever the task."""
    get = detail.get
    if get("target") is not None:
        note = f"target ranks {get('target_rank', 0) + 1} of {get('outputs')}" if get("target_rank") else ""
        p_target = get("p_target")
        if p_target is not None and get("correct") is False:
            note = f"gives the target {100 * p_target:.2g} %" + (f"; {note}" if note else "")
        return class_name(get("target"), classes), class_name(get("prediction"), classes), get("p_max"), note
    if get("targets") is not None:
        on, said = ([class_name(number, classes) for number in get(column) or ()] for column in ("targets", "predictions"))
        return ", ".join(on) or "none", ", ".join(said) or "none", None, f"{get('missed')} missed, {get('invented')} invented"
    if get("target_value") is not None:
        return f"{get('target_value'):.4g}", f"{get('predicted_value'):.4g}", None, f"error {get('error'):+.3g}"
    if get("pixels_correct") is not None:
        share = get("pixels_correct", 0) / (get("elements") or 1)
        worst = get("iou_worst_class")
        return "", "", share, f"{100 * share:.1f} % of the pixels right" + (f", worst class IoU {worst:.2f}" if worst is not None else "")
    if get("perplexity") is not None:
        words = [f"position {token['position']}: wanted {token['target']}, said {token['predicted']}" for token in (get("worst") or [])[:3]]
        return "", "", None, f"perplexity {get('perplexity'):.3g}" + (f"; {'; '.join(words)}" if words else "")
    return "", "", None, ""
