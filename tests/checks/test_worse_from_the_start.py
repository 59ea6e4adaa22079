import pytest

from .builder import Log, Row, findings
from .builder import healthy_log as healthy
from .sample_rows import answer, sample_log

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
