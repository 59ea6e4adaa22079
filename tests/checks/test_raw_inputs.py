import pytest

from .builder import Log, findings, healthy_log

CHECK = "raw_inputs"


def scaled(factor: float, signal: float | None = None, dtype: str = "float32", first: str = "Linear") -> Log:
    log = healthy_log().tensor("input", "x", facts={"dtype": dtype, "numel": 512}, rms=factor, mean=0.0, min=-3 * factor, max=3 * factor)
    log.change("tensors", lambda row: {**row, "module_type": first} if row["module"] == "fc1" and row["kind"] == "weight" else row)
    return log.tensor("preactivation", "fc1", rms=factor if signal is None else signal)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("factor, count", [(11.9, 0), (12.1, 1), (100, 1)])
def test_finds_inputs_on_a_raw_scale(factor: float, count: int) -> None:
    found = findings(CHECK, scaled(factor))
    assert [(row.subject, row.step, row.value) for row in found] == [("train", 0, pytest.approx(factor, rel=1e-3))] * count


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(scaled(100, signal=4.9), id="the first layer brings them back to scale"),
        pytest.param(scaled(100, first="BatchNorm1d"), id="a normalization comes first"),
        pytest.param(scaled(100, dtype="int64"), id="tokens"),
        pytest.param(scaled(100, first="Embedding"), id="numbers of categories"),
    ],
)
def test_silent_where_the_scale_does_no_harm(log: Log) -> None:
    assert findings(CHECK, log) == []


def test_judges_what_the_first_layer_gives_and_not_what_a_normalization_makes_of_it() -> None:
    large = {"module": "stem", "module_type": "Conv2d", "depth": -1, "numel": 512}
    log = scaled(100, signal=1.0).tensor("activation", "stem", facts=large, rms=60.0)
    assert findings(CHECK, log) == []
    log.tensor("weight", "stem.weight", facts=large, rms=0.1)
    assert len(findings(CHECK, log)) == 1


def test_a_recurrent_layer_says_nothing_of_the_scale_it_gets() -> None:
    assert len(findings(CHECK, scaled(100, signal=0.5, first="LSTM"))) == 1
