import math
import random
from collections.abc import Callable

import pytest

from .builder import CLASSES, Log, Row, findings, healthy_log


def passing(prediction: Callable[[random.Random], list[float]], loss: Callable[[list[float], int], float]) -> Log:
    """Every sample's outputs as passed, and its loss."""
    generator = random.Random(3)

    def change(row: Row) -> Row:
        z = prediction(generator)
        squashed = min(z) >= 0 and abs(sum(z) - 1) < 2e-3
        p = z if squashed else [math.exp(value) / sum(map(math.exp, z)) for value in z]
        target = row["target"]
        changed = {"z_min": min(z), "z_max": max(z), "z_sum": sum(z), "z_target": z[target], "p_target": p[target]}
        return {**row, **changed, "p_exp_sum": sum(map(math.exp, p)), "loss_sum": loss(z, target)}

    return healthy_log().change("samples", change)


def softmax(generator: random.Random) -> list[float]:
    shares = [math.exp(generator.gauss(0, 2)) for _ in range(CLASSES)]
    return [share / sum(shares) for share in shares]


def sigmoid(generator: random.Random) -> list[float]:
    return [1 / (1 + math.exp(generator.gauss(0, 3))) for _ in range(CLASSES)]


def relu(generator: random.Random) -> list[float]:
    return [max(0.0, generator.gauss(0, 3)) for _ in range(CLASSES)]


def cross_entropy(z: list[float], target: int) -> float:
    return math.log(sum(map(math.exp, z))) - z[target]


def likelihood(z: list[float], target: int) -> float:
    return -math.log(z[target])


def test_silent_on_a_healthy_log() -> None:
    assert findings("squashed_logits", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("squashed_logits", healthy_log(steps=0)) == []


@pytest.mark.parametrize("prediction", [softmax, sigmoid, relu])
def test_finds_outputs_that_are_squashed_before_a_cross_entropy(prediction: Callable[[random.Random], list[float]]) -> None:
    [found] = findings("squashed_logits", passing(prediction, cross_entropy))
    assert (found.subject, found.step, found.last_step) == ("", 0, 99)
    assert f"as after a {prediction.__name__}," in found.message


def test_silent_on_probabilities_that_are_used_as_such() -> None:
    assert findings("squashed_logits", passing(softmax, likelihood)) == []


def test_silent_on_small_logits() -> None:
    assert findings("squashed_logits", passing(lambda generator: [generator.gauss(0, 0.1) for _ in range(CLASSES)], cross_entropy)) == []


def binary(loss: str, given: Callable[[float, int], float]) -> Log:
    generator = random.Random(4)

    def change(row: Row) -> Row:
        z, target = generator.random(), row["target"] % 2
        outputs = {"outputs": 1, "target": target, "z_min": z, "z_max": z, "z_sum": z, "z_target": z if target else 0.0, "p_target": z if target else 1 - z}
        return {**row, **outputs, "loss_sum": given(z, target)}

    log = healthy_log().change("samples", change)
    log.info["loss"] = {"name": loss, "reduction": "mean"}
    return log


def test_finds_a_sigmoid_before_a_loss_on_logits() -> None:
    log = binary("binary_cross_entropy_with_logits", lambda z, target: math.log(1 + math.exp(-z)) + (0 if target else z))
    assert len(findings("squashed_logits", log)) == 1


def test_silent_on_a_sigmoid_before_a_loss_on_probabilities() -> None:
    log = binary("binary_cross_entropy", lambda z, target: -math.log(max(z if target else 1 - z, 1e-9)))
    assert findings("squashed_logits", log) == []


def test_finds_a_softmax_over_one_output() -> None:
    log = binary("binary_cross_entropy", lambda z, target: 1.0).change("samples", lambda row: {**row, "z_min": 1.0, "z_max": 1.0, "z_sum": 1.0})
    [found] = findings("squashed_logits", log)
    assert "softmax over a single output" in found.message


@pytest.mark.parametrize(("samples", "count"), [(49, 0), (51, 1)])
def test_needs_fifty_samples(samples: int, count: int) -> None:
    log = passing(softmax, cross_entropy)
    log.rows["samples"] = log.rows["samples"][:samples]
    assert len(findings("squashed_logits", log)) == count
