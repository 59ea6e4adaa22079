import pytest

from .builder import Log, Row, findings, healthy_log
from .sample_rows import answer, sample_log

CHECK = "outlying_inputs"


def run(outliers: int, std: float = 30.0, loss: float = 9.0, samples: int = 200) -> Log:
    """Samples of which the first have inputs of another scale, and a loss of their own."""
    rows: list[Row] = [{**answer(i, i % 2, i % 2), "loss_sum": loss if i < outliers else 0.1 + 0.001 * i} for i in range(samples)]
    log = sample_log("classification", [[rows]])
    scatter = [0.9 + 0.2 * (i * 37 % 100) / 100 for i in range(samples)]
    return log.add(
        "inputs",
        *(
            {"sample_id": str(i), "split": "train", "mean": 0.1 * scatter[i], "std": std if i < outliers else scatter[i], "hash": str(i)}
            for i in range(samples)
        ),
    )


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_the_outliers_among_the_worst() -> None:
    found = findings(CHECK, run(5))
    assert {row.subject for row in found} == {"0", "1", "2", "3", "4"}


@pytest.mark.parametrize("outliers, count", [(2, 0), (3, 3)])
def test_needs_three_and_a_hundredth(outliers: int, count: int) -> None:
    assert len(findings(CHECK, run(outliers))) == count


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(run(5, std=1.3), id="not far outside"),
        pytest.param(run(5, loss=0.1), id="predicted as well as others"),
        pytest.param(run(5, samples=49), id="few samples"),
        pytest.param(run(5, samples=600), id="a few odd files"),
    ],
)
def test_silent_where_the_outliers_do_no_harm(log: Log) -> None:
    assert findings(CHECK, log) == []
