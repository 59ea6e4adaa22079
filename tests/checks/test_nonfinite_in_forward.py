import math

from .builder import Log, findings, healthy_log


def broken_at(step: int, kind: str, tensor: str = "fc1", losses: float = math.nan) -> Log:
    log = healthy_log().event("nonfinite", step, tensor=tensor, kind=kind, split="train", module="fc1", count=3)
    return log.metric("loss", [1.0] * step + [losses] * (100 - step))


def test_silent_on_a_healthy_log() -> None:
    assert findings("nonfinite_in_forward", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("nonfinite_in_forward", healthy_log(steps=0)) == []


def test_finds_the_activation_and_the_step() -> None:
    [found] = findings("nonfinite_in_forward", broken_at(53, "activation"))
    assert (found.subject, found.step, found.last_step) == ("fc1", 53, 53)


def test_finds_a_loss_that_is_the_first_to_break() -> None:
    [found] = findings("nonfinite_in_forward", broken_at(53, "loss", tensor="loss", losses=math.inf))
    assert (found.subject, found.step) == ("loss", 53)


def test_finds_it_without_an_event_in_the_statistics() -> None:
    log = healthy_log().layer("fc1", nonfinite=[0] * 5 + [8] * 5).metric("loss", [1.0] * 50 + [math.nan] * 50)
    [found] = findings("nonfinite_in_forward", log)
    assert (found.subject, found.step) == ("fc1", 50)


def test_silent_where_the_input_was_the_first() -> None:
    assert findings("nonfinite_in_forward", broken_at(53, "input")) == []


def test_silent_where_a_gradient_was_the_first_and_the_loss_still_finite() -> None:
    log = broken_at(53, "gradient").metric("loss", [1.0] * 54 + [math.nan] * 46)
    assert findings("nonfinite_in_forward", log) == []


def test_silent_where_the_loss_had_run_away_before() -> None:
    log = broken_at(53, "activation").metric("loss", [1.0] * 45 + [10.0**n for n in range(8)] + [math.nan] * 47)
    assert findings("nonfinite_in_forward", log) == []


def test_silent_on_infinities_that_do_no_harm() -> None:
    assert findings("nonfinite_in_forward", broken_at(53, "activation", losses=1.0)) == []


def test_silent_on_a_mask_before_a_softmax() -> None:
    facts = {"activation": "softmax", "depth": 1, "numel": 100}
    log = healthy_log().tensor("preactivation", "attention.softmax", facts=facts, rms=1.0, nonfinite=40).metric("loss", [1.0] * 50 + [math.nan] * 50)
    assert findings("nonfinite_in_forward", log) == []
