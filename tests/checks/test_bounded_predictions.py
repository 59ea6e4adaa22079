import math
import random
from collections.abc import Callable

import pytest

from .builder import Log, Row, findings, healthy_log


def regression(target: Callable[[random.Random], float], squash: Callable[[float], float], samples: int | None = None) -> Log:
    """A regression whose predictions are the squashed targets, with some noise."""
    generator = random.Random(5)

    def change(row: Row) -> Row:
        value = target(generator)
        keep = {name: row[name] for name in ("step", "epoch", "split", "pass", "batch", "position", "sample_id", "elements", "elements_total")}
        return {**keep, "target_value": value, "predicted_value": squash(2 * value + generator.gauss(0, 0.5)), "loss_sum": 1.0}

    log = healthy_log().change("samples", change)
    log.rows["samples"] = log.rows["samples"][:samples]
    log.info |= {"task": "regression", "loss": {"name": "mse_loss", "reduction": "mean"}}
    return log


def standard(generator: random.Random) -> float:
    return generator.gauss(0, 1.5)


def relu(value: float) -> float:
    return max(0.0, value)


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def test_silent_on_a_healthy_log() -> None:
    assert findings("bounded_predictions", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("bounded_predictions", healthy_log(steps=0)) == []


@pytest.mark.parametrize(("squash", "name"), [(relu, "relu"), (sigmoid, "sigmoid"), (math.tanh, "tanh")])
def test_finds_the_squashing_function(squash: Callable[[float], float], name: str) -> None:
    [found] = findings("bounded_predictions", regression(standard, squash))
    assert (found.step, found.last_step) == (0, 99)
    assert f"as after a {name}," in found.message


def test_silent_on_a_relu_before_counts() -> None:
    assert findings("bounded_predictions", regression(lambda generator: abs(standard(generator)), relu)) == []


def test_silent_on_a_sigmoid_before_shares() -> None:
    assert findings("bounded_predictions", regression(lambda generator: generator.random(), sigmoid)) == []


def test_silent_on_timid_predictions_of_noisy_targets() -> None:
    assert findings("bounded_predictions", regression(standard, lambda value: 0.1 * value)) == []


@pytest.mark.parametrize(("samples", "count"), [(49, 0), (60, 1)])
def test_needs_fifty_samples(samples: int, count: int) -> None:
    assert len(findings("bounded_predictions", regression(standard, relu, samples))) == count
