import math

from .builder import Log, findings, healthy_log


def cosine(half_period: int) -> Log:
    """CosineAnnealingLR stepped beyond its end."""
    return healthy_log().metric("learning_rate", [0.05 * (1 + math.cos(math.pi * step / half_period)) for step in range(100)])


def test_silent_on_a_healthy_log() -> None:
    assert findings("learning_rate_swings", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("learning_rate_swings", healthy_log(steps=0)) == []


def test_finds_a_cosine_that_swings_through_the_run() -> None:
    [found] = findings("learning_rate_swings", cosine(10))
    assert (found.subject, found.value) == ("learning_rate", 5)
    assert 8 <= found.step <= 12


def test_silent_on_a_cosine_that_ends_with_the_run() -> None:
    assert findings("learning_rate_swings", cosine(99)) == []


def test_silent_on_a_single_climb() -> None:
    assert findings("learning_rate_swings", cosine(45)) == []


def test_silent_on_warm_restarts() -> None:
    log = healthy_log().metric("learning_rate", [0.05 * (1 + math.cos(math.pi * (step % 20) / 20)) for step in range(100)])
    assert findings("learning_rate_swings", log) == []


def test_silent_on_a_cyclical_schedule_between_a_tenth_and_all() -> None:
    log = healthy_log().metric("learning_rate", [0.01 + 0.09 * abs((step % 20) / 10 - 1) for step in range(100)])
    assert findings("learning_rate_swings", log) == []
