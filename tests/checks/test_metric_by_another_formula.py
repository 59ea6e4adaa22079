import math
import random
from collections.abc import Callable, Sequence

import pytest

from .builder import Log, Row, findings, healthy_log
from .sample_rows import answer, areas, log_numbers, quantity, sample_log, sequence

CHECK = "metric_by_another_formula"
Batches = list[list[Row]]
Formula = Callable[[Batches], float]
SIZES = (16, 16, 5)


def evaluated(name: str, formula: Formula, kind: str = "classes", evaluations: int = 4, sizes: Sequence[int] = SIZES) -> Log:
    """Evaluations in batches of 16, 16 and 5 samples, better from one to the next, with one logged metric."""
    chance = random.Random(1)
    passes = [[[MAKERS[kind](chance, number) for _ in range(size)] for size in sizes] for number in range(evaluations)]
    task = {"classes": "classification", "two": "classification", "values": "regression", "tokens": "language_model", "pixels": "segmentation"}[kind]
    log = sample_log(task, valid=passes)
    return log_numbers(log, name, [formula(batches) for batches in passes], split="valid")


def _answer(chance: random.Random, number: int, outputs: int) -> Row:
    target = min(outputs - 1, int(chance.random() ** 2 * outputs))
    wrong = (target + 1 + int(chance.random() ** 2 * (outputs - 1))) % outputs
    hit = chance.random() < 0.5 + 0.1 * number
    return answer(chance.random(), target, target if hit else wrong, outputs=outputs)


def _value(chance: random.Random, number: int) -> Row:
    target = chance.gauss(3, 2)
    return quantity(chance.random(), target, 0.3 * number * target + chance.gauss(0, 1))


def _tokens(chance: random.Random, number: int) -> Row:
    return sequence(chance.random(), [chance.uniform(1, 3) / (1 + number) for _ in range(chance.randint(3, 9))])


def _areas(chance: random.Random, number: int) -> Row:
    first, second = chance.randint(5, 20), chance.randint(1, 10)
    target = {0: 40 - first - second, 1: first, 2: second}
    missed = chance.randint(2, 12)
    shared = {0: target[0], 1: first - min(missed, first - 1), 2: second}
    return areas(chance.random(), target, {0: target[0] + min(missed, first - 1), 1: shared[1], 2: second}, shared)


MAKERS: dict[str, Callable[[random.Random, int], Row]] = {
    "classes": lambda chance, number: _answer(chance, number, 4),
    "two": lambda chance, number: _answer(chance, number, 2),
    "values": _value,
    "tokens": _tokens,
    "pixels": _areas,
}


def rows(batches: Batches) -> list[Row]:
    return [row for batch in batches for row in batch]


def share(some: Sequence[Row]) -> float:
    return sum(row["correct"] for row in some) / len(some)


def mean_over(batches: Batches, of: Callable[[list[Row]], float]) -> float:
    return sum(of(batch) for batch in batches) / len(batches)


def scores(some: Sequence[Row], positive: int) -> tuple[float, float, float]:
    hits = sum(row["correct"] for row in some if row["target"] == positive)
    called, real = sum(row["prediction"] == positive for row in some), sum(row["target"] == positive for row in some)
    return hits / max(called, 1), hits / max(real, 1), 2 * hits / max(called + real, 1)


def f1(some: Sequence[Row], positive: int) -> float:
    return scores(some, positive)[2]


def macro(some: Sequence[Row], place: int = 2) -> float:
    classes = {row["target"] for row in some} | {row["prediction"] for row in some}
    return sum(scores(some, c)[place] for c in classes) / len(classes)


def weighted(some: Sequence[Row]) -> float:
    return sum(f1(some, row["target"]) for row in some) / len(some)


def mse(some: Sequence[Row]) -> float:
    return sum(row["error"] ** 2 for row in some) / len(some)


def r2(some: Sequence[Row], spread_of: str) -> float:
    values = [row[spread_of] for row in some]
    mean = sum(values) / len(values)
    return 1 - mse(some) * len(some) / sum((value - mean) ** 2 for value in values)


def token_loss(some: Sequence[Row]) -> float:
    return sum(float(row["loss_sum"]) for row in some) / sum(int(row["elements"]) for row in some)


def overlap(some: Sequence[Row], score: Callable[[float, float], float]) -> float:
    """Mean over the three classes of a score of the shared area and the sum of the two areas."""
    sums = {c: [sum(dict(row[name])[c] for row in some) for name in ("intersection", "target_pixels", "predicted_pixels")] for c in range(3)}
    return sum(score(both, target + predicted) for both, target, predicted in sums.values()) / 3


RIGHT: list[tuple[str, str, Formula]] = [
    ("accuracy", "classes", lambda b: share(rows(b))),
    ("val_acc", "classes", lambda b: 100 * share(rows(b))),
    ("top_3_accuracy", "classes", lambda b: sum(row["target_rank"] < 3 for row in rows(b)) / len(rows(b))),
    ("error_rate", "classes", lambda b: 1 - share(rows(b))),
    ("f1", "two", lambda b: f1(rows(b), 1)),
    ("f1", "classes", lambda b: macro(rows(b))),
    ("f1", "classes", lambda b: weighted(rows(b))),
    ("f1", "classes", lambda b: share(rows(b))),
    ("f1_macro", "classes", lambda b: macro(rows(b))),
    ("weighted_f1", "classes", lambda b: weighted(rows(b))),
    ("precision", "two", lambda b: scores(rows(b), 1)[0]),
    ("balanced_accuracy", "classes", lambda b: macro(rows(b), 1)),
    ("mse", "values", lambda b: mse(rows(b))),
    ("rmse", "values", lambda b: math.sqrt(mse(rows(b)))),
    ("r2", "values", lambda b: r2(rows(b), "target_value")),
    ("perplexity", "tokens", lambda b: math.exp(token_loss(rows(b)))),
    ("iou", "pixels", lambda b: overlap(rows(b), lambda both, summed: both / (summed - both))),
    ("dice", "pixels", lambda b: overlap(rows(b), lambda both, summed: 2 * both / summed)),
    ("accuracy_of_a_smoothed_model", "classes", lambda b: 0.1),
    ("accuracy", "classes", lambda b: 0.9 * share(rows(b))),
]

WRONG: list[tuple[str, str, Formula, str]] = [
    ("accuracy", "classes", lambda b: mean_over(b, share), "the mean of the batch values"),
    ("accuracy", "classes", lambda b: 100 * mean_over(b, share), "the mean of the batch values"),
    ("acc", "classes", lambda b: share(b[-1]), "the value of the last batch alone"),
    ("accuracy", "classes", lambda b: sum(row["correct"] for row in rows(b)), "the number of right predictions, not divided"),
    ("accuracy", "classes", lambda b: sum(row["correct"] for row in rows(b)) / 48, "divided by batches times batch size"),
    ("accuracy", "classes", lambda b: sum(map(share, b)), "the sum of the batch values, not divided"),
    ("accuracy", "classes", lambda b: 1 - share(rows(b)), "the share predicted wrong"),
    ("accuracy", "classes", lambda b: macro(rows(b), 1), "the mean recall over the classes"),
    ("f1", "two", lambda b: f1(rows(b), 0), "class 0 taken as the positive class"),
    ("f1", "two", lambda b: mean_over(b, lambda batch: f1(batch, 1)), "the mean of the values of the batches"),
    ("f1_macro", "classes", lambda b: share(rows(b)), "the micro average"),
    ("f1_macro", "classes", lambda b: weighted(rows(b)), "weighted by class"),
    ("micro_f1", "classes", lambda b: macro(rows(b)), "the macro average"),
    ("f1_macro", "classes", lambda b: mean_over(b, macro), "the mean of the macro averages of the batches"),
    ("precision", "two", lambda b: scores(rows(b), 1)[1], "prediction and target swapped"),
    ("balanced_accuracy", "classes", lambda b: share(rows(b)), "the plain accuracy"),
    ("rmse", "values", lambda b: mse(rows(b)), "without the root"),
    ("rmse", "values", lambda b: mean_over(b, lambda batch: math.sqrt(mse(batch))), "the mean of the roots of the batches"),
    ("mse", "values", lambda b: mse(rows(b)) * len(rows(b)), "the sum over the samples"),
    ("r2", "values", lambda b: r2(rows(b), "predicted_value"), "prediction and target swapped"),
    ("perplexity", "tokens", lambda b: mean_over(b, lambda batch: math.exp(token_loss(batch))), "the mean of the perplexities of the batches"),
    ("perplexity", "tokens", lambda b: 2 ** token_loss(rows(b)), "2 to the power of a loss in nats"),
    ("iou", "pixels", lambda b: overlap(rows(b), lambda both, summed: both / summed), "over the sum of the two areas"),
    ("iou", "pixels", lambda b: overlap(rows(b), lambda both, summed: 2 * both / summed), "the Dice coefficient"),
    ("dice", "pixels", lambda b: sum(row["pixels_correct"] for row in rows(b)) / sum(row["elements"] for row in rows(b)), "the share of pixels"),
]


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("name, kind, formula", RIGHT)
def test_silent_on_what_the_name_says(name: str, kind: str, formula: Formula) -> None:
    assert findings(CHECK, evaluated(name, formula, kind)) == []


def test_silent_on_the_right_share_in_batches_of_a_hundred() -> None:
    """There the sum of the batch values over the number of samples is the right value a hundredth as large."""
    assert findings(CHECK, evaluated("accuracy", lambda b: share(rows(b)), sizes=(100, 100, 100))) == []


@pytest.mark.parametrize("name, kind, formula, phrase", WRONG)
def test_names_the_formula(name: str, kind: str, formula: Formula, phrase: str) -> None:
    [found] = findings(CHECK, evaluated(name, formula, kind))
    assert (found.subject, found.step, found.last_step, found.value) == (name, 0, 3, 1.0)
    assert phrase in found.message


def test_names_a_running_mean_that_is_never_reset() -> None:
    seen: list[Row] = []

    def running(batches: Batches) -> float:
        seen.extend(rows(batches))
        return share(seen)

    [found] = findings(CHECK, evaluated("accuracy", running))
    assert "never reset" in found.message and found.step == 1


def test_names_an_argmax_over_the_batch() -> None:
    chance = random.Random(0)
    passes = [[[answer(i, i % 4, i % 4, outputs=4, batch_winner=chance.randrange(4)) for i in range(4)] for _ in range(5)] for _ in range(4)]
    log = sample_log("classification", valid=passes)
    log_numbers(log, "accuracy", [sum(row["batch_winner"] == row["target"] for row in rows(batches)) / 20 for batches in passes], split="valid")
    [found] = findings(CHECK, log)
    assert "argmax over the batch" in found.message


@pytest.mark.parametrize("evaluations, count", [(2, 0), (3, 1)])
def test_needs_three_evaluations(evaluations: int, count: int) -> None:
    assert len(findings(CHECK, evaluated("accuracy", lambda b: share(b[-1]), evaluations=evaluations))) == count


@pytest.mark.parametrize("formula", [lambda b: share(rows(b)), lambda b: 100 * share(rows(b))])
def test_silent_on_a_share_of_a_hundred_samples(formula: Formula) -> None:
    """Divided by a hundred samples and in percent is the share again, and the count of right ones is the percentage."""
    chance = random.Random(1)
    passes = [[[_answer(chance, number, 4) for _ in range(100)] for _ in range(1)] for number in range(4)]
    log = log_numbers(sample_log("classification", valid=passes), "accuracy", [formula(batches) for batches in passes], split="valid")
    assert findings(CHECK, log) == []


def test_silent_on_the_mean_of_batches_of_a_hundred() -> None:
    chance = random.Random(1)
    passes = [[[_answer(chance, number, 4) for _ in range(100)] for _ in range(2)] for number in range(4)]
    log = log_numbers(sample_log("classification", valid=passes), "accuracy", [mean_over(batches, share) for batches in passes], split="valid")
    assert findings(CHECK, log) == []


def test_finds_a_threshold_of_one_half_on_the_logit() -> None:
    chance = random.Random(4)
    logits = [[chance.gauss(0.3, 1.0) for _ in range(40)] for _ in range(4)]
    passes = [[[one_output(i, i % 2, z) for i, z in enumerate(batch)]] for batch in logits]
    shares = [sum((z > 0.5) == (i % 2 == 1) for i, z in enumerate(batch)) / 40 for batch in logits]
    [found] = findings(CHECK, log_numbers(sample_log("classification", valid=passes), "accuracy", shares, split="valid"))
    assert "above 0.5" in found.message


def one_output(key: int, target: int, logit: float) -> Row:
    """A sample with a single logit, whose class 1 has z and class 0 has 0."""
    share = 1 / (1 + math.exp(-logit))
    at_target, other = (share, 1 - share) if target else (1 - share, share)
    z = {"z_target": logit, "z_other": 0.0} if target else {"z_target": 0.0, "z_other": logit}
    predicted = int(logit > 0)
    facts = {"outputs": 1, "correct": predicted == target, "p_target": at_target, "p_other": other, "z_min": logit, "z_max": logit, "z_sum": logit}
    losses = {"loss_sum": -math.log(at_target), "loss_sum_total": -math.log(at_target)}
    return {**answer(key, target, predicted, confidence=max(share, 1 - share)), **facts, **z, **losses}
