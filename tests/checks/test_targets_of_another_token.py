import pytest

from .builder import Log, Row, findings, healthy_log
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


def course(passes: list[tuple[int, int]], lag: int = 2, split: str = "train", sequences: int = 600) -> Log:
    """Passes of sequences of 20 tokens, each with the predictions that equal their own target and those that equal one at a lag (by place: -2, -1, 1, 2)."""

    def one_pass(own: int, other: int) -> list[list[Row]]:
        return [[sequence(i, [2.0] * 20, correct=own, correct_at_lag=[other if lag == at else 1 for at in range(4)]) for i in range(sequences)]]

    batches = [one_pass(own, other) for own, other in passes]
    return sample_log("language_model", batches if split == "train" else (), batches if split == "valid" else ())


def test_finds_training_that_goes_away_from_its_own_target() -> None:
    [found] = findings(CHECK, course([(5, 5), (5, 6), (4, 5), (4, 5), (4, 6)]))
    assert (found.subject, found.value, found.threshold, "1 position later" in found.message) == ("train", 0.3, 0.2, True)


@pytest.mark.parametrize(
    "passes, lag",
    [
        pytest.param([(4, 5), (4, 5), (4, 6), (4, 6)], 2, id="own no worse"),
        pytest.param([(6, 6), (5, 6), (4, 5), (4, 5)], 2, id="both worse: a run that diverges"),
        pytest.param([(4, 3), (5, 4), (6, 5), (7, 6)], 2, id="both better"),
        pytest.param([(5, 5), (5, 6), (4, 5), (4, 5), (4, 6)], 1, id="the token that it is given"),
    ],
)
def test_silent_on_other_courses_of_training(passes: list[tuple[int, int]], lag: int) -> None:
    assert findings(CHECK, course(passes, lag)) == []


def tagged(own: int, other: int, *, trained: int = 19, lag: int = 2, inputs: list[int] | None = None) -> Log:
    """Tags of which most are alike: training fits its own targets, of 20 evaluated ones `own`, and `other` those at a lag."""
    log = course([(trained, 13)] * 3, lag)
    evaluated = course([(own, other)] * 3, lag, "valid")
    log.add("samples", *(row | ({"input_at_lag": inputs} if inputs else {}) for row in evaluated.rows["samples"]))
    return log


@pytest.mark.parametrize(
    "lag, inputs, phrase",
    [(2, None, "1 position later"), (3, None, "2 positions later"), (1, [0, 1, 0, 1, 1], "1 position earlier")],
)
def test_finds_tags_that_are_late_in_the_evaluation_only(lag: int, inputs: list[int] | None, phrase: str) -> None:
    [found] = findings(CHECK, tagged(13, 18, lag=lag, inputs=inputs))
    assert (found.subject, found.value, phrase in found.message) == ("valid", 0.9, True)


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(tagged(14, 14), id="alike"),
        pytest.param(tagged(14, 17), id="half of the mistakes"),
        pytest.param(tagged(19, 20), id="hardly better"),
        pytest.param(tagged(13, 18, trained=14), id="training does not fit its own either"),
        pytest.param(tagged(13, 18, lag=1), id="earlier, of unknown inputs"),
        pytest.param(tagged(13, 18, lag=1, inputs=[0, 1, 0, 19, 1]), id="the token that it is given, in a text of repetitions"),
    ],
)
def test_silent_on_other_evaluations_of_tags(log: Log) -> None:
    assert findings(CHECK, log) == []


@pytest.mark.parametrize("lag", [1, 2])
def test_finds_the_step_from_which_tags_are_late(lag: int) -> None:
    [found] = findings(CHECK, course([(16, 11), (19, 12), (13, 18), (13, 18), (13, 18)], lag))
    assert (found.subject, found.step, found.value) == ("train", 2, 0.9)


@pytest.mark.parametrize(
    "passes",
    [
        pytest.param([(14, 13), (14, 13), (13, 18), (13, 18), (13, 18)], id="was hardly in order before"),
        pytest.param([(16, 11), (19, 12), (13, 16), (13, 16), (13, 16)], id="half of the mistakes"),
        pytest.param([(16, 11), (19, 12), (19, 12), (13, 18), (13, 18)], id="two passes"),
        pytest.param([(16, 11), (19, 12), (13, 12), (12, 12), (12, 13)], id="worse, and no nearer to a neighbour"),
    ],
)
def test_silent_on_other_courses_of_tags(passes: list[tuple[int, int]]) -> None:
    assert findings(CHECK, course(passes, 1)) == []
