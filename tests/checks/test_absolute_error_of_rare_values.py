import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import quantity, sample_log

CHECK = "absolute_error_of_rare_values"


def run(*, zeros: float = 0.7, predicted: float = 0.02, learned: float = 0.0, samples: int = 200, loss: str = "l1_loss") -> Log:
    """Counts of which a share is 0, the others 2; each is predicted as `predicted` plus the share `learned` of itself."""
    targets = [0.0 if i % 100 < 100 * zeros else 2.0 for i in range(samples)]
    rows = [quantity(i, target, predicted + learned * target) for i, target in enumerate(targets)]
    return sample_log("regression", [[rows[start : start + 20] for start in range(0, samples, 20)]] * 2, loss=loss)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_a_model_that_says_zero_of_every_sample() -> None:
    [found] = findings(CHECK, run())
    assert (found.subject, found.step, found.last_step, round(found.value or 0, 3)) == ("loss", 0, 19, 0.02)
    assert "70 % of the training targets are 0, their mean is 0.6" in found.message


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"learned": 0.9}, id="a model that has learned which are not zero"),
        pytest.param({"predicted": 0.3}, id="predictions on the way to the mean"),
        pytest.param({"loss": "mse_loss"}, id="a squared error"),
        pytest.param({"loss": "smooth_l1_loss"}, id="an error that is squared where it is small"),
        pytest.param({"samples": 80}, id="few samples"),
    ],
)
def test_silent_on_other_courses(changes: dict[str, float]) -> None:
    assert findings(CHECK, run(**changes)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("zeros, count", [(0.5, 0), (0.51, 1)])
def test_needs_more_than_half(zeros: float, count: int) -> None:
    assert len(findings(CHECK, run(zeros=zeros))) == count
