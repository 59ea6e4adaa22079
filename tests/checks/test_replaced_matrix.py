import pytest

from .builder import Log, findings, healthy_log


def leaps(update: float = 1.0, *, before: float = 2.0, thrown: float = 300.0, last: float = 4.0, weight: float = 0.1) -> Log:
    """A first step that moves the head by this much, the loss right after it, and the loss of the end."""
    log = healthy_log().tensor("weight", "out.weight", rms=[weight] + [5.0] * 9).tensor("update", "out.weight", rms=[update] + [0.01] * 9)
    return log.metric("loss", [before] + [thrown] * 4 + [last] * 95)


def test_silent_on_a_healthy_log() -> None:
    assert findings("replaced_matrix", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("replaced_matrix", healthy_log(steps=0)) == []


def test_finds_the_matrix_and_the_step() -> None:
    [found] = findings("replaced_matrix", leaps())
    assert (found.subject, found.step, found.last_step, round(found.value, 3)) == ("out.weight", 0, 0, 10.0)
    assert "from 2 to 300" in found.message


@pytest.mark.parametrize(("update", "count"), [(0.19, 0), (0.21, 1)])
def test_needs_twice_the_size_of_the_weight(update: float, count: int) -> None:
    assert len(findings("replaced_matrix", leaps(update))) == count


@pytest.mark.parametrize(("thrown", "count"), [(3.9, 0), (4.1, 1)])
def test_needs_a_loss_that_doubles(thrown: float, count: int) -> None:
    assert len(findings("replaced_matrix", leaps(thrown=thrown))) == count


@pytest.mark.parametrize(("last", "count"), [(0.9, 0), (1.1, 1)])
def test_silent_on_a_run_that_survives_it(last: float, count: int) -> None:
    assert len(findings("replaced_matrix", leaps(last=last))) == count


def test_silent_on_a_last_layer_that_starts_at_zero() -> None:
    assert findings("replaced_matrix", leaps(0.01, weight=0.0)) == []
