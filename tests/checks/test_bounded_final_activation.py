import math

from .builder import Log, Row, findings, healthy_log


def language_model(activation: str | None, lowest: float, highest: float) -> Log:
    """Ten outputs; only the losses of the samples are known, not their logits."""
    places = 0

    def change(row: Row) -> Row:
        nonlocal places
        places += 1
        keep = {name: row[name] for name in ("step", "epoch", "split", "pass", "batch", "position", "sample_id", "elements", "elements_total")}
        return {**keep, "outputs": 10, "loss_sum": lowest + (highest - lowest) * (places % 10) / 9}

    log = healthy_log().change("samples", change)
    log.info["task"] = "language_model"
    return log if activation is None else log.tensor("activation", "last", facts={"activation": activation, "depth": 9}, rms=0.2)


FLOOR, CEILING = math.log(1 + 9 / math.e), math.log(math.e + 9)


def test_silent_on_a_healthy_log() -> None:
    assert findings("bounded_final_activation", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("bounded_final_activation", healthy_log(steps=0)) == []


def test_finds_losses_within_the_bounds_of_a_second_softmax() -> None:
    [found] = findings("bounded_final_activation", language_model("softmax", FLOOR + 0.1, CEILING - 0.1))
    assert (found.subject, found.step, found.last_step) == ("last", 0, 99)


def test_silent_where_a_loss_is_below_the_floor() -> None:
    assert findings("bounded_final_activation", language_model("softmax", FLOOR - 0.1, CEILING - 0.1)) == []


def test_silent_on_an_activation_that_does_not_squash() -> None:
    assert findings("bounded_final_activation", language_model("gelu", FLOOR + 0.1, CEILING - 0.1)) == []


def test_silent_without_a_last_activation() -> None:
    assert findings("bounded_final_activation", language_model(None, FLOOR + 0.1, CEILING - 0.1)) == []


def test_silent_under_label_smoothing_whose_bounds_are_others() -> None:
    log = language_model("softmax", FLOOR + 0.1, CEILING - 0.1)
    log.info["loss"]["label_smoothing"] = 0.1
    assert findings("bounded_final_activation", log) == []
