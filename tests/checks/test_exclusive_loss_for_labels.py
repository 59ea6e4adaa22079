import pytest

from .builder import Log, Row, findings, healthy_log
from .sample_rows import sample_log

CHECK = "exclusive_loss_for_labels"


def labelled(targets: list[list[int]], loss: str = "cross_entropy") -> Log:
    rows: list[Row] = [{"sample_id": str(i), "targets": on, "predictions": on, "missed": 0, "invented": 0, "outputs": 4} for i, on in enumerate(targets)]
    return sample_log("multilabel", [[rows]], loss=loss)


def several(share: float, samples: int = 100) -> list[list[int]]:
    return [[0, 2] if i < share * samples else [i % 4] for i in range(samples)]


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("loss", ["cross_entropy", "nll_loss"])
def test_finds_a_loss_of_exclusive_classes(loss: str) -> None:
    [found] = findings(CHECK, labelled(several(0.4), loss))
    assert (found.subject, found.step, found.value) == (loss, 0, 0.4)


@pytest.mark.parametrize("share, count", [(0.04, 0), (0.05, 1)])
def test_needs_a_twentieth_of_the_samples(share: float, count: int) -> None:
    assert len(findings(CHECK, labelled(several(share)))) == count


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(labelled(several(0.4), "binary_cross_entropy_with_logits"), id="independent labels"),
        pytest.param(labelled([[i % 4] for i in range(100)]), id="one each"),
        pytest.param(labelled([[i % 4] if i % 3 else [] for i in range(100)]), id="one each or none"),
        pytest.param(labelled(several(0.4, 19)), id="19 samples"),
    ],
)
def test_silent_on_other_targets(log: Log) -> None:
    assert findings(CHECK, log) == []
