import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import sample_log, sequence

CHECK = "targets_shifted_twice"


def shifted(lags: list[int]) -> Log:
    """Sequences of ten tokens whose targets equal the input this many times at -2, -1, 0, 1 and 2 positions."""
    return sample_log("language_model", [[[sequence(i, [2.0] * 10, input_at_lag=lags) for i in range(4)]]] * 3, loss="cross_entropy")


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_targets_two_tokens_ahead() -> None:
    [found] = findings(CHECK, shifted([1, 1, 1, 2, 8]))
    assert (found.subject, found.step, found.last_step, found.value) == ("train", 0, 2, 1.0)


@pytest.mark.parametrize("lags", [[1, 1, 1, 9, 1], [1, 1, 1, 9, 8], [1, 1, 10, 1, 1], [1, 1, 1, 1, 7]])
def test_silent_on_the_next_token_on_repetitions_and_on_chance(lags: list[int]) -> None:
    assert findings(CHECK, shifted(lags)) == []


def test_silent_where_the_inputs_are_unknown() -> None:
    log = sample_log("language_model", [[[sequence(i, [2.0] * 10) for i in range(4)]]], loss="cross_entropy")
    assert findings(CHECK, log) == []
