import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import answer, log_numbers, sample_log

CHECK = "contradicted_accuracy"


def logged(values: list[float], samples: int = 200) -> Log:
    """Evaluations in which eight of ten samples are predicted right."""
    rows = [answer(i, i % 4, (i + (i % 10 >= 8)) % 4, outputs=4) for i in range(samples)]
    return log_numbers(sample_log("classification", valid=[[rows]] * len(values)), "accuracy", values, split="valid")


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("values", [[0.26, 0.3, 0.25, 0.28], [26.0, 30.0, 25.0, 28.0]])
def test_finds_an_accuracy_far_from_that_of_the_predictions(values: list[float]) -> None:
    [found] = findings(CHECK, logged(values))
    assert (found.subject, found.step, found.last_step, found.value) == ("accuracy", 0, 3, pytest.approx(0.52))


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([0.8, 0.8, 0.8, 0.8], id="the same"),
        pytest.param([0.62, 0.65, 0.61, 0.63], id="a smoothed or partial accuracy"),
        pytest.param([0.3, 0.3, 0.3, 0.8], id="right at the end"),
        pytest.param([0.3, 0.3], id="two evaluations"),
    ],
)
def test_silent_on_smaller_or_shorter_differences(values: list[float]) -> None:
    assert findings(CHECK, logged(values)) == []


def test_silent_where_a_formula_names_the_number() -> None:
    assert findings(CHECK, logged([0.2, 0.2, 0.2, 0.2])) == []


@pytest.mark.parametrize("samples, count", [(10, 0), (200, 1)])
def test_silent_where_few_samples_were_recorded(samples: int, count: int) -> None:
    assert len(findings(CHECK, logged([0.3] * 4, samples))) == count
