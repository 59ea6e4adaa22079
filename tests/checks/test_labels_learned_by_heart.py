import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import answer, sample_log

CHECK = "labels_learned_by_heart"


def run(trained: list[float], evaluated: list[float], samples: int = 200) -> Log:
    """Shares predicted right in each epoch of training and in each evaluation; four classes."""

    def epoch(share: float, number: int) -> list[list[dict[str, object]]]:
        rows = [answer(i, i % 4, i % 4 if i % 100 < 100 * share else (i + 1) % 4, outputs=4) for i in range(number)]
        return [rows[: number // 2], rows[number // 2 :]]

    return sample_log("classification", [epoch(share, 200) for share in trained], [epoch(share, samples) for share in evaluated])


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_training_that_learns_while_evaluation_stays_at_chance() -> None:
    [found] = findings(CHECK, run([0.25, 0.5, 0.9], [0.25, 0.26, 0.24]))
    assert (found.subject, found.step, found.last_step, found.value, found.threshold) == ("valid", 0, 5, 0.26, 0.25)


@pytest.mark.parametrize(
    "trained, evaluated, samples",
    [
        pytest.param([0.25, 0.5, 0.9], [0.25, 0.5, 0.4], 200, id="evaluation was better once: overfitting"),
        pytest.param([0.25, 0.26, 0.3], [0.25, 0.25, 0.25], 200, id="training does not learn either"),
        pytest.param([0.6, 0.8, 0.9], [0.25, 0.25, 0.25], 200, id="training samples are predicted at first sight: another split"),
        pytest.param([0.25, 0.9], [0.25, 0.25], 200, id="two evaluations"),
        pytest.param([0.25, 0.5, 0.9], [0.25, 0.25, 0.25], 40, id="few samples"),
    ],
)
def test_silent_on_other_courses(trained: list[float], evaluated: list[float], samples: int) -> None:
    assert findings(CHECK, run(trained, evaluated, samples)) == []
