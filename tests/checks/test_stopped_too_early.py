import math
import random

from .builder import findings, healthy_log


def test_silent_on_a_healthy_log_that_has_flattened() -> None:
    assert findings("stopped_too_early", healthy_log().metric("loss", [0.3 + 2 * math.exp(-8 * step / 100) for step in range(100)])) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("stopped_too_early", healthy_log(steps=0)) == []


def test_finds_a_loss_that_still_falls_at_the_end() -> None:
    [found] = findings("stopped_too_early", healthy_log().metric("loss", [2.3 * (1 - 0.9 * step / 100) for step in range(100)]))
    assert (found.severity, found.subject, found.last_step) == ("info", "loss", 99)
    assert found.value is not None and found.value > 0.4


def test_silent_one_step_below_the_threshold() -> None:
    generator = random.Random(0)
    slow = [math.exp(-0.9 * step / 100) + generator.gauss(0, 1e-4) for step in range(100)]
    assert findings("stopped_too_early", healthy_log().metric("loss", slow)) == []


def test_finds_a_run_of_two_epochs_in_its_steepest_fall() -> None:
    """Loss of single batches, slow at first and steep at the end; no level of a fiftieth of so short a run is certain."""
    generator = random.Random(4)
    losses = [2.3 - 0.5 * (step / 58) ** 2 + generator.gauss(0, 0.03) for step in range(58)]
    [found] = findings("stopped_too_early", healthy_log(steps=58).metric("loss", losses))
    assert (found.step, found.last_step) == (53, 57)


def test_silent_on_a_slope_that_noise_can_give() -> None:
    generator = random.Random(4)
    losses = [2.3 - 0.5 * (step / 58) ** 2 + generator.gauss(0, 0.3) for step in range(58)]
    assert findings("stopped_too_early", healthy_log(steps=58).metric("loss", losses)) == []


def test_silent_where_the_fall_gets_slower_than_on_average() -> None:
    assert findings("stopped_too_early", healthy_log().metric("loss", [2.3 - 0.5 * (step / 100) ** 0.5 for step in range(100)])) == []


def test_silent_on_a_loss_that_hardly_moves() -> None:
    assert findings("stopped_too_early", healthy_log().metric("loss", [2.3 - 0.001 * step for step in range(100)])) == []


def test_silent_on_noise() -> None:
    generator = random.Random(0)
    assert findings("stopped_too_early", healthy_log().metric("loss", [generator.expovariate(1.0) for _ in range(100)])) == []


def test_silent_on_a_short_run() -> None:
    assert findings("stopped_too_early", healthy_log(steps=40).metric("loss", [2.3 - step / 20 for step in range(40)])) == []


def test_silent_where_the_loss_only_comes_back_from_a_rise() -> None:
    back = [math.exp(-step / 20) if step < 50 else 5 * math.exp(-(step - 50) / 40) for step in range(100)]
    assert findings("stopped_too_early", healthy_log().metric("loss", back)) == []
