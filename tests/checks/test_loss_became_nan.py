from math import inf, nan

from .builder import findings, healthy_log


def test_silent_on_a_healthy_log() -> None:
    assert findings("loss_became_nan", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("loss_became_nan", healthy_log(steps=0)) == []


def test_finds_the_step_from_which_on_the_loss_is_nan() -> None:
    [found] = findings("loss_became_nan", healthy_log().metric("loss", [1.0] * 60 + [nan] * 40))
    assert (found.subject, found.step, found.last_step, found.value) == ("loss", 60, 99, 1.0)
    assert "NaN at step 60" in found.message


def test_finds_infinity_as_well() -> None:
    [found] = findings("loss_became_nan", healthy_log().metric("loss", [1.0] * 99 + [inf]))
    assert (found.step, found.value) == (99, 1.0)
    assert "infinite" in found.message


def test_silent_on_one_bad_loss_that_the_run_recovers_from() -> None:
    assert findings("loss_became_nan", healthy_log().metric("loss", [1.0] * 60 + [nan] + [1.0] * 39)) == []


def test_needs_half_of_the_losses_from_there_on() -> None:
    def log(bad: int) -> list[float]:
        return [1.0] * 60 + [nan] * bad + [1.0] * (40 - bad)

    assert findings("loss_became_nan", healthy_log().metric("loss", log(19))) == []
    assert len(findings("loss_became_nan", healthy_log().metric("loss", log(20)))) == 1
