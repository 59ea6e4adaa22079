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


@pytest.mark.parametrize(
    ("second", "squash", "count"),
    [
        pytest.param(1.0, sigmoid, 1, id="two outputs behind a sigmoid, of which the second has standardized targets"),
        pytest.param(0.0, sigmoid, 0, id="the second has shares for targets"),
        pytest.param(1.0, float, 0, id="the second is not squashed"),
    ],
)
def test_looks_at_all_outputs(second: float, squash: Callable[[float], float], count: int) -> None:
    generator = random.Random(7)

    def add_output(row: Row) -> Row:
        target = generator.gauss(0, 1.5) if second else generator.random()
        first = (row["target_value"], row["predicted_value"])
        return {**row, "target_values": [first[0], target], "predicted_values": [first[1], squash(2 * target)]}

    log = regression(lambda generator: generator.random(), sigmoid)
    assert len(findings("bounded_predictions", log.change("samples", add_output))) == count


def test_silent_on_predictions_that_have_not_gone_far_yet() -> None:
    """A model that tells little more than the mean stays within any bounds, and presses against none."""
    assert findings("bounded_predictions", regression(standard, lambda value: 0.94 * math.tanh(value))) == []
