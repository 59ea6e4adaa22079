import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import sample_log, sequence

CHECK = "targets_of_another_token"


def run(own: int, lags: list[int], passes: int = 3) -> Log:
    """Sequences of 20 tokens: how many predictions equal their own target and those at -2, -1, 1 and 2 positions."""
    rows = [sequence(i, [2.0] * 20, correct=own, correct_at_lag=lags) for i in range(5)]
    return sample_log("language_model", [[rows]] * passes)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("lags, phrase", [([1, 12, 1, 1], "1 position earlier"), ([1, 1, 1, 12], "2 positions later")])
def test_finds_the_shift(lags: list[int], phrase: str) -> None:
    [found] = findings(CHECK, run(2, lags))
    assert (found.subject, found.step, found.last_step, found.value, phrase in found.message) == ("train", 0, 2, 0.6, True)


@pytest.mark.parametrize(("sequences", "count"), [(10, 0), (200, 1)])
def test_finds_a_model_that_has_learned_a_little_of_the_token_after_the_next(sequences: int, count: int) -> None:
    rows = [sequence(i, [2.0] * 20, correct=1, correct_at_lag=[1, 1, 3 if i % 2 else 2, 1]) for i in range(sequences)]
    assert len(findings(CHECK, sample_log("language_model", [[rows]] * 3))) == count


@pytest.mark.parametrize(
    "own, lags, passes",
    [
        pytest.param(10, [1, 2, 2, 1], 3, id="own target"),
        pytest.param(10, [1, 14, 1, 1], 3, id="repetitive text"),
        pytest.param(1, [1, 3, 1, 1], 3, id="frequent tokens"),
        pytest.param(2, [1, 12, 1, 1], 2, id="two passes"),
        pytest.param(1, [1, 1, 3, 1], 3, id="a later token, by chance"),
        pytest.param(1, [1, 2, 1, 1], 40, id="the token that it is given, a little"),
        pytest.param(6, [1, 1, 8, 1], 40, id="a later token, hardly more often"),
    ],
)
def test_silent_on_other_courses(own: int, lags: list[int], passes: int) -> None:
    assert findings(CHECK, run(own, lags, passes)) == []
