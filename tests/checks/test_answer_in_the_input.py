import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import sample_log, sequence

CHECK = "answer_in_the_input"


def copying(lags: list[int], loss: float = 0.1) -> Log:
    """Sequences of ten tokens whose targets equal the input this many times at -2, -1, 0, 1 and 2 positions."""
    return sample_log("language_model", [[[sequence(i, [loss] * 10, input_at_lag=lags) for i in range(4)]]] * 3, loss="cross_entropy")


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize(
    "lags, phrase", [([1, 1, 10, 1, 1], "at their own position"), ([1, 9, 1, 1, 1], "one position earlier"), ([8, 1, 1, 1, 1], "two positions earlier")]
)
def test_finds_targets_that_the_model_has_seen(lags: list[int], phrase: str) -> None:
    [found] = findings(CHECK, copying(lags))
    assert (found.subject, found.step, found.value, phrase in found.message) == ("train", 0, 1.0, True)


@pytest.mark.parametrize("lags", [[1, 1, 1, 9, 1], [1, 1, 1, 1, 8], [1, 1, 9, 1, 1]])
def test_silent_on_the_next_token_and_on_frequent_ones(lags: list[int]) -> None:
    assert findings(CHECK, copying(lags)) == []


@pytest.mark.parametrize("loss, count", [(1.0, 1), (1.1, 0)])
def test_silent_where_the_model_does_not_copy(loss: float, count: int) -> None:
    assert len(findings(CHECK, copying([1, 1, 10, 1, 1], loss))) == count
