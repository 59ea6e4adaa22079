import pytest

from .builder import Log, findings, healthy_log


def rounded(log: Log, share: float, dtype: str = "bfloat16") -> Log:
    log.tensor("weight", "fc1.weight", facts={"dtype": dtype})
    return log.tensor("update", "fc1.weight", facts={"dtype": dtype}, zeros=round(share * 64 * 64))


def test_silent_on_a_healthy_log() -> None:
    assert findings("lost_updates", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("lost_updates", healthy_log(steps=0)) == []


def test_finds_a_matrix_of_which_most_values_stand_still() -> None:
    [found] = findings("lost_updates", rounded(healthy_log(), 0.95))
    assert (found.subject, found.step, found.last_step) == ("fc1.weight", 0, 90)


def test_silent_in_float32() -> None:
    assert findings("lost_updates", rounded(healthy_log(), 0.95, "float32")) == []


def test_silent_where_the_gradient_is_sparse_too() -> None:
    assert findings("lost_updates", rounded(healthy_log(), 0.95).tensor("gradient", "fc1.weight", zeros=4000)) == []


@pytest.mark.parametrize(("share", "count"), [(0.79, 0), (0.81, 1)])
def test_needs_four_fifths(share: float, count: int) -> None:
    assert len(findings("lost_updates", rounded(healthy_log(), share))) == count
