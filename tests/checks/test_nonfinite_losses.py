from math import inf, nan

from .builder import Log, Row, findings, healthy_log


def broken(*steps: int, norm: float | None = 1.0, loss: float = nan) -> Log:
    """The loss is not finite at these steps; the gradient has this norm there, or none was recorded at all."""
    log = healthy_log().metric("loss", [loss if step in steps else 1.0 for step in range(100)])
    if norm is None:
        return log.change("metrics", lambda row: None if row["name"] == "gradient_norm" else row)
    return log.metric("gradient_norm", [norm if step in steps else 1.0 for step in range(100)])


def broken_evaluation(loss: float, step: int = 49) -> Log:
    def change(row: Row) -> Row:
        return {**row, "loss_sum": loss} if (row["split"], row["step"], row["sample_id"]) == ("valid", step, "valid:3") else row

    return healthy_log().change("samples", change)


def test_silent_on_a_healthy_log() -> None:
    assert findings("nonfinite_losses", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("nonfinite_losses", healthy_log(steps=0)) == []


def test_finds_a_single_nan_whose_gradient_is_finite() -> None:
    [found] = findings("nonfinite_losses", broken(12))
    assert (found.subject, found.step, found.last_step, found.value) == ("loss", 12, 12, 1)
    assert "NaN at step 12 though the gradient is finite" in found.message


def test_names_the_first_and_the_last_step() -> None:
    [found] = findings("nonfinite_losses", broken(12, 30, 52, loss=inf))
    assert (found.step, found.last_step, found.value) == (12, 52, 3)
    assert "infinite at step 12" in found.message


def test_silent_on_a_step_that_a_loss_scaler_skips() -> None:
    assert findings("nonfinite_losses", broken(12, 30, norm=inf)) == []


def test_needs_two_where_no_gradient_is_known() -> None:
    assert findings("nonfinite_losses", broken(12, norm=None)) == []
    assert len(findings("nonfinite_losses", broken(12, 30, norm=None))) == 1


def test_silent_where_the_loss_had_run_away_before() -> None:
    log = healthy_log().metric("loss", [1.0] * 60 + [10.0**n for n in range(36)] + [inf] * 4)
    assert findings("nonfinite_losses", log) == []


def test_finds_an_evaluation_alone() -> None:
    [found] = findings("nonfinite_losses", broken_evaluation(nan))
    assert (found.subject, found.step, found.value) == ("valid", 49, 1)


def test_silent_on_an_evaluation_with_a_large_loss() -> None:
    assert findings("nonfinite_losses", broken_evaluation(1e30)) == []


def test_silent_on_an_evaluation_of_which_no_sample_is_known() -> None:
    log = healthy_log().metric("loss", [nan], split="test", steps=[99])
    assert findings("nonfinite_losses", log) == []
