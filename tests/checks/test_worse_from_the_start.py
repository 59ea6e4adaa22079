import pytest

from .builder import Log, Row, findings
from .builder import healthy_log as healthy
from .sample_rows import answer, quantity, sample_log

CHECK = "worse_from_the_start"


def run(at_first: float, evaluated: list[float], samples: int = 200, again: int | None = None) -> Log:
    """Training samples of which a share is predicted right at first sight, and evaluations; the second half of an epoch starts at key `again`."""

    def answers(share: float, number: int, first: int = 0) -> list[Row]:
        return [answer(first + i, i % 4, i % 4 if i % 100 < 100 * share else (i + 1) % 4, outputs=4) for i in range(number)]

    epoch = [answers(0.25, 100), answers(at_first, 100, again if again is not None else 100)]
    log = sample_log("classification", [epoch] * len(evaluated), [[answers(share, samples)] for share in evaluated])
    return log.tensor("weight", "fc.weight")


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy(steps=0)) == []


def test_finds_an_evaluation_far_below_training_at_first_sight() -> None:
    [found] = findings(CHECK, run(0.8, [0.3, 0.3, 0.3]))
    assert (found.subject, found.step, found.last_step, found.value) == ("valid", 1, 5, 0.3)


@pytest.mark.parametrize(
    "at_first, evaluated",
    [
        pytest.param(0.8, [0.6, 0.6, 0.6], id="a little worse"),
        pytest.param(0.8, [0.3, 0.3, 0.75], id="good at the end"),
        pytest.param(0.8, [0.75, 0.3, 0.3], id="good at the start: overfitting"),
        pytest.param(0.3, [0.3, 0.3, 0.3], id="training at first sight is as bad"),
        pytest.param(0.8, [0.3, 0.3], id="two evaluations"),
    ],
)
def test_silent_on_other_courses(at_first: float, evaluated: list[float]) -> None:
    assert findings(CHECK, run(at_first, evaluated)) == []


def test_silent_on_few_samples() -> None:
    assert findings(CHECK, run(0.8, [0.5, 0.5, 0.5], samples=10)) == []


def test_silent_on_a_model_with_running_statistics() -> None:
    assert findings(CHECK, run(0.8, [0.3, 0.3, 0.3]).tensor("buffer", "norm.running_mean")) == []


@pytest.mark.parametrize("again, count", [(0, 0), (48, 0), (52, 1)])
def test_silent_on_samples_that_a_sampler_draws_again(again: int, count: int) -> None:
    assert len(findings(CHECK, run(1.0, [0.3, 0.3, 0.3], again=again))) == count


def errors(at_first: float, evaluated: list[float]) -> Log:
    """A regression whose squared error is 4 at first, then `at_first` in the rest of the first epoch, and these in the evaluations."""

    def rows(loss: float, first: int = 0) -> list[Row]:
        return [quantity(first + i, 0.0, loss**0.5) for i in range(100)]

    log = sample_log("regression", [[rows(4.0), rows(at_first, 100)]] * len(evaluated), [[rows(loss)] for loss in evaluated])
    return log.tensor("weight", "fc.weight")


def test_finds_a_loss_far_above_that_at_first_sight() -> None:
    [found] = findings(CHECK, errors(0.01, [0.9, 0.8, 0.85]))
    assert (found.subject, found.step, found.last_step) == ("valid", 1, 5)
    assert "a loss of 0.8 at best" in found.message


@pytest.mark.parametrize(
    "at_first, evaluated",
    [
        pytest.param(0.3, [0.89, 0.89, 0.89], id="less than three times"),
        pytest.param(0.01, [0.9, 0.9, 0.02], id="low at the end"),
        pytest.param(0.01, [0.02, 0.9, 0.9], id="low at the start: overfitting"),
        pytest.param(0.01, [0.9, 0.9], id="two evaluations"),
        pytest.param(2.0, [2.0, 1.9, 1.9], id="as high at first sight"),
    ],
)
def test_silent_on_other_courses_of_a_loss(at_first: float, evaluated: list[float]) -> None:
    assert findings(CHECK, errors(at_first, evaluated)) == []


def test_silent_on_a_loss_of_answers_that_are_right_all_the_same() -> None:
    """Where samples are right or wrong the loss does not count: overconfidence raises it."""
    log = run(0.8, [0.75, 0.75, 0.75])
    log.change("samples", lambda row: {**row, "loss_sum": row["loss_sum"] * (10 if row["split"] == "valid" else 1)})
    assert findings(CHECK, log) == []
