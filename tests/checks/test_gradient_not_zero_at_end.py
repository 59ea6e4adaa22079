import pytest

from .builder import Log, findings, healthy_log


def declared(last: float) -> Log:
    log = healthy_log().metric("gradient_norm", [1.0] * 50 + [last] * 50)
    log.info["guarantees"] = ["gradient_zero_at_end"]
    return log


def test_silent_where_nothing_is_declared() -> None:
    assert findings("gradient_not_zero_at_end", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("gradient_not_zero_at_end", healthy_log(steps=0)) == []


def test_finds_a_gradient_that_is_left() -> None:
    [found] = findings("gradient_not_zero_at_end", declared(0.5))
    assert (found.subject, found.step, found.value, found.threshold) == ("gradient_norm", 99, 0.5, 0.01)


@pytest.mark.parametrize(("last", "count"), [(0.0, 0), (0.01, 0), (0.011, 1)])
def test_a_hundredth_of_the_first_norm_is_the_limit(last: float, count: int) -> None:
    assert len(findings("gradient_not_zero_at_end", declared(last))) == count
