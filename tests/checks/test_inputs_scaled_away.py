import pytest

from .builder import Log, findings, healthy_log

CHECK = "inputs_scaled_away"


def scaled(size: float, dtype: str = "float32", first: str = "Linear") -> Log:
    log = healthy_log().change("inputs", lambda row: {**row, "max": size, "min": 0.0, "dtype": dtype})
    return log.change("tensors", lambda row: {**row, "module_type": first} if row["module"] == "fc1" and row["kind"] == "weight" else row)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("size, count", [(0.021, 0), (0.019, 1), (1 / 255, 1), (0.0, 0)])
def test_finds_inputs_that_are_hardly_there(size: float, count: int) -> None:
    found = findings(CHECK, scaled(size))
    assert [(row.subject, row.step, row.value) for row in found] == [("train", 0, pytest.approx(size))] * count


@pytest.mark.parametrize("log", [scaled(0.004, first="BatchNorm2d"), scaled(0.004, dtype="int64")])
def test_silent_where_the_scale_does_not_matter(log: Log) -> None:
    assert findings(CHECK, log) == []
