import pytest

from .builder import Log, findings, healthy_log

CHECK = "conflicting_labels"


def twins(pairs: int, apart: int) -> Log:
    """Training samples i and i + `apart` get the same input, for that many i; classes go by the last digit."""

    def hash_of(key: str) -> str:
        split, _, number = key.partition(":")
        return f"train:{int(number) - apart}" if split == "train" and apart <= int(number) < apart + pairs else key

    return healthy_log().change("inputs", lambda row: {**row, "hash": hash_of(row["sample_id"])})


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("pairs", [1, 5])
def test_calls_twins_of_different_classes_info(pairs: int) -> None:
    found = findings(CHECK, twins(pairs, apart=15))
    assert len(found) == pairs and {(row.severity, row.value) for row in found} == {("info", 2.0)}


def test_silent_on_twins_of_one_class() -> None:
    assert findings(CHECK, twins(5, apart=10)) == []


def test_silent_on_empty_inputs() -> None:
    assert findings(CHECK, twins(5, apart=15).change("inputs", lambda row: {**row, "std": 0.0})) == []
