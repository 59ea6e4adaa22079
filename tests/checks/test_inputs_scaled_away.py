import pytest

from .builder import Log, Row, findings, healthy_log

CHECK = "inputs_scaled_away"


def scaled(size: float, dtype: str = "float32", first: str = "Linear") -> Log:
    log = healthy_log().change("inputs", lambda row: {**row, "max": size, "min": 0.0, "mean": size / 2, "dtype": dtype})
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


def test_silent_on_single_numbers_around_zero() -> None:
    """The median of places between -1 and 1 is nearly zero, the places are not."""
    log = healthy_log()
    places = iter(range(-10_000, 10_000))

    def place(row: Row) -> Row:
        here = (next(places) % 201 - 100) / 100
        return {**row, "min": here, "max": here, "mean": here, "std": 0.0}

    assert findings(CHECK, log.change("inputs", place)) == []
