import pytest

from .builder import Log, Row, findings, healthy_log

CHECK = "negative_cross_entropy"


def run(loss: float, steps: int = 100, name: str | None = "cross_entropy") -> Log:
    """From step 50 on the training samples have this loss."""

    def change(row: Row) -> Row:
        return {**row, "loss_sum": loss} if row["split"] == "train" and row["step"] >= 50 else row

    log = healthy_log(steps).change("samples", change)
    log.info["loss"]["name"] = name
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy_with_logits"])
def test_finds_the_first_step_below_zero(name: str) -> None:
    [found] = findings(CHECK, run(-3.0, name=name))
    assert (found.subject, found.step, found.last_step, found.value) == ("train", 50, 99, -3.0)


@pytest.mark.parametrize("name", ["nll_loss", "mse_loss", None])
def test_silent_on_losses_that_may_be_negative(name: str | None) -> None:
    assert findings(CHECK, run(-3.0, name=name)) == []


@pytest.mark.parametrize("loss, steps, count", [(-0.0005, 100, 0), (-0.002, 100, 1), (-3.0, 52, 0), (-3.0, 53, 1)])
def test_needs_more_than_rounding_and_three_passes(loss: float, steps: int, count: int) -> None:
    assert len(findings(CHECK, run(loss, steps))) == count
