import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import answer, sample_log

CHECK = "probabilities_in_nll_loss"


def judged(loss: str = "nll_loss", *, minus: float = 1.0, logarithms: bool = False, offset: float = 0.0, batches: int = 4) -> Log:
    """Predictions that are probabilities (or their logarithms) and a loss of minus `minus` times the probability of the target."""
    rows = []
    for i in range(20):
        row = answer(i, i % 4, 0, outputs=4, confidence=0.7)
        shift = {} if logarithms else {"z_target": row["p_target"], "z_max": 0.7, "z_min": 0.1, "z_sum": 1.0}
        rows.append({**row, **shift, "loss_sum": offset - minus * row["p_target"]})
    return sample_log("classification", [[rows] * batches], loss=loss)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_minus_the_probability_of_the_target() -> None:
    [found] = findings(CHECK, judged())
    assert (found.subject, found.severity, found.step, found.last_step, found.value) == ("train", "error", 0, 3, pytest.approx(-0.25, abs=1e-6))


@pytest.mark.parametrize("batches, count", [(2, 0), (3, 1)])
def test_needs_three_forward_passes(batches: int, count: int) -> None:
    assert len(findings(CHECK, judged(batches=batches))) == count


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(judged("cross_entropy"), id="another loss"),
        pytest.param(judged("ExpectedErrors"), id="a loss of the user's own"),
        pytest.param(judged(minus=-1.0), id="above zero"),
        pytest.param(judged(offset=1.0), id="the probability of an error"),
        pytest.param(judged(minus=1.01), id="another number"),
        pytest.param(judged(logarithms=True), id="predictions that are logarithms"),
    ],
)
def test_silent_on_other_losses(log: Log) -> None:
    assert findings(CHECK, log) == []
