"""What the model said: confusion, recall, calibration, and the samples worth a look."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from .question import Asked, ask
from .rows import Agreement, CalibrationBin, ClassRow, Confusion, Preview, Sample

CLASSES_IN_MATRIX = 20
CLASSES_IN_TABLE = 100
AGREEMENT_BINS = 40
WORST_A_SPLIT = 12
SPLITS = 3
TYPICAL = 8
NAMED = 24
HISTORY_POINTS = 60
PREVIEW_BYTES = 100_000
PREVIEWS_A_SAMPLE = 4


def class_name(number: int | None, classes: Sequence[str]) -> str:
    """The user's name of a class, else its number."""
    if number is None:
        return "none"
    return classes[number] if 0 <= number < len(classes) else str(number)


def last_pass(run: Asked) -> dict[str, Any] | None:
    """Split, number and step of the pass that figures of predictions show: the last whole one of the largest split that is not training."""
    return next(iter(ask(run, "last_passes")), None)


def confusion(run: Asked, names: Sequence[str]) -> Confusion | None:
    """Confusion matrix of the last whole pass; the classes most often confused where there are many."""
    shown_pass = last_pass(run)
    rows = ask(run, "confusion", split=shown_pass["split"], **{"pass": shown_pass["pass"]}) if shown_pass else []
    if not shown_pass or not rows:
        return None
    pairs = {(row["target"], row["prediction"]): row["samples"] for row in rows}
    mistakes = Counter[int]()
    for (target, prediction), count in pairs.items():
        mistakes[target] += count if target != prediction else 0
        mistakes[prediction] += count if target != prediction else 0
    shown = sorted(sorted(mistakes, key=lambda number: (-mistakes[number], number))[:CLASSES_IN_MATRIX])
    return Confusion(
        split=shown_pass["split"],
        step=shown_pass["step"],
        classes=tuple(class_name(number, names) for number in shown),
        counts=tuple(tuple(pairs.get((target, prediction), 0) for prediction in shown) for target in shown),
        samples=sum(pairs.values()),
        left_out=len(mistakes) - len(shown),
    )


def class_rows(run: Asked, names: Sequence[str], task: str | None) -> tuple[tuple[ClassRow, ...], int]:
    """The classes of the last whole pass, those found least first, and how many are left out."""
    shown_pass = last_pass(run)
    if not shown_pass:
        return (), 0
    rows = ask(run, "class_rows", split=shown_pass["split"])
    table = tuple(
        ClassRow(
            name=class_name(row["class"], names),
            samples=row["targets"],
            predicted=row["predictions"],
            recall=row["hits"] / row["targets"] if row["targets"] else None,
            precision=row["hits"] / row["predictions"] if row["predictions"] else None,
            overlap=row["hits"] / (row["targets"] + row["predictions"] - row["hits"]) if task == "segmentation" else None,
        )
        for row in rows[:CLASSES_IN_TABLE]
    )
    return table, len(rows) - len(table)


def agreement(run: Asked) -> Agreement | None:
    """Predicted against target values of a regression."""
    shown_pass = last_pass(run)
    rows = ask(run, "agreement", split=shown_pass["split"], bins=AGREEMENT_BINS, **{"pass": shown_pass["pass"]}) if shown_pass else []
    if not shown_pass or not rows:
        return None
    counts = [[0] * AGREEMENT_BINS for _ in range(AGREEMENT_BINS)]
    for row in rows:
        counts[row["row"]][row["column"]] = row["hits"]
    measured = {name: rows[0][name] for name in ("low", "high", "samples", "rms_error", "mean_error", "spread")}
    return Agreement(split=shown_pass["split"], step=shown_pass["step"], counts=tuple(map(tuple, counts)), **measured)


def calibration(run: Asked) -> tuple[CalibrationBin, ...]:
    """Tenths of confidence in the last whole pass."""
    shown_pass = last_pass(run)
    if not shown_pass:
        return ()
    rows = ask(run, "calibration", split=shown_pass["split"], **{"pass": shown_pass["pass"]})
    return tuple(CalibrationBin(row["confidence"], row["accuracy"], row["samples"]) for row in rows)


def gallery(run: Asked, classes: Sequence[str], named: Sequence[str]) -> dict[str, tuple[Sample, ...]]:
    """Samples by shelf: `named` are those that findings name, `worst` the ones of each split with the largest losses, `typical` some that were kept anyway."""
    amounts = {"worst": WORST_A_SPLIT, "splits": SPLITS, "typical": TYPICAL, "named_most": NAMED}
    chosen = ask(run, "worst_samples", named=list(named), **amounts)
    ids = sorted({f"{row['split']}\0{row['sample_id']}" for row in chosen})
    details = {(row["split"], row["sample_id"]): row for row in ask(run, "sample_details", ids=ids)}
    histories: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
    for row in ask(run, "sample_histories", ids=ids, points=HISTORY_POINTS):
        if row["loss"] is not None:
            histories[row["split"], row["sample_id"]].append((row["step"], row["loss"]))
    previews: dict[tuple[str, str], list[Preview]] = defaultdict(list)
    for row in ask(run, "previews", ids=ids, bytes=PREVIEW_BYTES):
        previews[row["split"], row["sample_id"]].append(Preview(row["kind"], bytes(row["content"]), row["step"]))
    shelves: dict[str, list[Sample]] = {"named": [], "worst": [], "typical": []}
    for row in chosen:
        key = (row["split"], row["sample_id"])
        shelves[row["shelf"]].append(_sample(row, details.get(key, {}), histories[key], previews[key], classes))
    return {shelf: tuple(samples) for shelf, samples in shelves.items()}


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
        median_loss=row["median_loss"],
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
        return class_name(get("target"), classes), class_name(get("prediction"), classes), get("p_max"), _rank(detail)
    if get("targets") is not None:
        on, said = ([class_name(number, classes) for number in get(column) or ()] for column in ("targets", "predictions"))
        return ", ".join(on) or "none", ", ".join(said) or "none", None, f"{get('missed') or 0} missed, {get('invented') or 0} invented"
    if get("target_value") is not None:
        return _written(get("target_value"), ".4g"), _written(get("predicted_value"), ".4g"), None, f"error {_written(get('error'), '+.3g')}"
    if get("pixels_correct") is not None:
        share = (get("pixels_correct") or 0) / (get("elements") or 1)
        return "", "", share, f"{100 * share:.1f} % of the pixels right, worst class IoU {_written(get('iou_worst_class'), '.2f')}"
    if get("perplexity") is not None:
        words = [
            f"position {token['position']}: wanted {class_name(token['target'], classes)}, said {class_name(token['predicted'], classes)}"
            for token in (get("worst") or [])[:3]
        ]
        return "", "", None, "; ".join([f"perplexity {_written(get('perplexity'), '.3g')}", *words])
    return "", "", None, ""


def _rank(detail: Mapping[str, Any]) -> str:
    """What a wrong answer left for the target."""
    parts = []
    if detail.get("p_target") is not None and detail.get("correct") is False:
        parts.append(f"gives the target {100 * detail['p_target']:.2g} %")
    if detail.get("target_rank"):
        parts.append(f"target ranks {detail['target_rank'] + 1} of {detail.get('outputs') or 'all'}")
    return "; ".join(parts)


def _written(value: float | None, form: str) -> str:
    return "unknown" if value is None else format(value, form)
