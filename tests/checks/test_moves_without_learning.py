import math

import pytest

from .builder import CLASSES, LAYERS, Log, Row, findings, healthy_log

CHECK = "moves_without_learning"


def run(*, update: float = 5e-4, loss: float = 1.0, right: bool = False, first: float = 1.0, best: float = 1.0, steps: int = 150) -> Log:
    """Training samples with this share of the loss of a guess, while the weights (of size 0.1) move by `update` a step."""
    log = healthy_log(steps=steps)

    def change(row: Row) -> Row:
        # Two outputs differ in how sure they are, and the class predicted goes by turns.
        prediction = row["position"] % 2
        return {**row, "loss_sum": loss * math.log(CLASSES), "prediction": prediction, "correct": right or row["target"] == prediction}

    for module in LAYERS:
        log.tensor("update", f"{module}.weight", rms=update)
    level = loss * math.log(CLASSES)
    return log.change("samples", change).metric("loss", [first * level] * 10 + [best * level] * 10 + [level] * (steps - 20))


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_weights_that_go_a_long_way_for_nothing() -> None:
    [found] = findings(CHECK, run())
    assert (found.subject, found.step) == ("train", 0)


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(run(update=3e-5), id="small steps are another cause"),
        pytest.param(run(update=5e-3), id="large steps are another cause"),
        pytest.param(run(loss=0.9), id="a loss below that of a guess"),
        pytest.param(run(right=True), id="right answers"),
        pytest.param(run(best=0.7), id="a loss that was low once"),
        pytest.param(run(first=0.7), id="a loss that rose"),
        pytest.param(run(steps=90), id="a short run"),
    ],
)
def test_silent(log: Log) -> None:
    assert findings(CHECK, log) == []


def test_silent_where_a_layer_saturates() -> None:
    log = run().change("tensors", lambda row: {**row, "activation": "tanh"} if row.get("activation") else row)
    for module, (activation, units) in LAYERS.items():
        if activation:
            log.tensor("preactivation", module, saturated=units * 5)
    assert findings(CHECK, log) == []


def test_silent_where_a_parameter_stands_still() -> None:
    assert findings(CHECK, run().tensor("update", "fc1.weight", rms=0.0)) == []
