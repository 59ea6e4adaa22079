import math
import random
from collections.abc import Callable

import pytest

from .builder import findings, healthy_log


def losses(shape: Callable[[float], float], noise: float = 0.02) -> list[float]:
    generator = random.Random(1)
    return [shape(step / 200) + generator.gauss(0, noise) for step in range(200)]


def found_in(values: list[float]) -> list[tuple[int | None, int | None]]:
    return [(found.step, found.last_step) for found in findings("loss_diverges", healthy_log(steps=200).metric("loss", values))]


def test_silent_on_a_healthy_log() -> None:
    assert findings("loss_diverges", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("loss_diverges", healthy_log(steps=0)) == []


def test_finds_where_the_loss_begins_to_rise() -> None:
    [(step, last_step)] = found_in(losses(lambda t: 2 - 1.5 * t / 0.6 if t < 0.6 else 0.5 + 8 * (t - 0.6)))
    assert step is not None and 120 < step <= 148
    assert last_step == 199


def test_the_scatter_of_an_explosion_does_not_hide_where_it_began() -> None:
    [(step, _)] = found_in([1.0 if step < 10 else 1.2 ** (step - 10) * (1 + 0.5 * (step % 3)) for step in range(200)])
    assert step is not None and 8 <= step <= 16


def test_a_spike_before_the_rise_is_not_its_onset() -> None:
    [(step, _)] = found_in(losses(lambda t: 1.9 if 0.3 < t < 0.34 else 2 - 3 * t if t < 0.25 else 1.25 if t < 0.8 else 1.25 + 10 * (t - 0.8)))
    assert step is not None and step > 160


def test_finds_a_loss_that_rises_from_the_start() -> None:
    assert len(found_in(losses(lambda t: 2 + 20 * t))) == 1


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(lambda t: 2 * math.exp(-3 * t), id="falls"),
        pytest.param(lambda t: 2.0 if 0.5 < t < 0.6 else 2 * math.exp(-3 * t), id="spike that it recovers from"),
        pytest.param(lambda t: 2 * math.exp(-3 * t) + (0.3 if t > 0.97 else 0), id="rises only at the very end"),
        pytest.param(lambda t: 2.3, id="does not move"),
        pytest.param(lambda t: 2 * math.exp(-6 * t) + 0.3 * t, id="rises by less than half of what it fell"),
        pytest.param(lambda t: 2 * math.exp(-8 * t) + 0.1 + 0.05 * math.sin(40 * t), id="oscillates at a low level"),
        pytest.param(lambda t: -1.0 + 5 * t, id="negative by nature"),
    ],
)
def test_silent_on_look_alikes(shape: Callable[[float], float]) -> None:
    assert found_in(losses(shape)) == []


def test_silent_on_a_run_of_ten_steps() -> None:
    assert findings("loss_diverges", healthy_log(steps=10, every=1).metric("loss", [1.0 + step for step in range(10)])) == []


def test_silent_on_a_noisy_loss_of_batch_size_one() -> None:
    generator = random.Random(3)
    assert found_in([generator.expovariate(1.0) * (1.5 - step / 250) for step in range(200)]) == []
