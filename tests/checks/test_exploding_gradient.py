from itertools import pairwise

import pytest

from .builder import Log, findings, healthy_log


def deep(gradients: list[list[float]], steps: int = 100) -> Log:
    """Eight activations in a row; the rms of their gradients per recorded step, from the input to the output."""
    log = healthy_log(steps=steps).change("tensors", lambda row: None)
    log.rows["stats"].clear()
    for depth in range(8):
        facts = {"activation": "relu", "depth": depth, "shape": [8, 8], "numel": 64}
        log.tensor("activation_gradient", f"act{depth}", facts=facts, rms=[row[depth] for row in gradients])
    return log


GROWING = [10.0 ** (4 - depth) for depth in range(8)]
EVEN = [0.1] * 8


def test_silent_on_a_healthy_log() -> None:
    assert findings("exploding_gradient", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("exploding_gradient", healthy_log(steps=0)) == []


def test_finds_a_growth_that_is_there_from_the_start() -> None:
    [found] = findings("exploding_gradient", deep([GROWING] + [EVEN] * 9))
    assert (found.subject, found.step, found.last_step) == ("act0", 0, 0)


def test_finds_a_growth_that_sets_in() -> None:
    [found] = findings("exploding_gradient", deep([EVEN] * 4 + [GROWING] * 6))
    assert (found.step, found.last_step) == (40, 90)


def test_a_single_later_step_is_no_finding() -> None:
    assert findings("exploding_gradient", deep([EVEN] * 4 + [GROWING] + [EVEN] * 5)) == []


def test_silent_on_a_gradient_that_fades() -> None:
    assert findings("exploding_gradient", deep([GROWING[::-1]] * 10)) == []


def test_silent_on_one_loud_layer() -> None:
    assert findings("exploding_gradient", deep([[100.0, 100.0] + [0.1] * 6] * 10)) == []


@pytest.mark.parametrize(("factor", "count"), [(19.0, 0), (21.0, 1)])
def test_needs_a_growth_of_twenty_times(factor: float, count: int) -> None:
    layers = [factor, factor, 0.6 * factor, 0.5 * factor, 4.0, 3.0, 1.0, 1.0]
    steps = [layers] * 10
    falling = sum(a > b for a, b in pairwise(layers)) / 7
    assert falling >= 0.7
    assert len(findings("exploding_gradient", deep(steps))) == count
