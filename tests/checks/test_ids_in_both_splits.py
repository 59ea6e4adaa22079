import pytest

from .builder import CLASSES, Log, Row, findings, healthy_log

CHECK = "ids_in_both_splits"


def renamed(number: int, prefix: str, shift: int = 0) -> Log:
    """Give that many of the 20 validation samples the id of a training sample, whose class is `shift` classes away."""

    def change(row: Row) -> Row:
        split, _, key = row["sample_id"].partition(":")
        if split == "train" or int(key) < number:
            row["sample_id"] = f"{prefix}{int(key) + (shift if split == 'valid' else 0)}"
        return row

    return healthy_log().change("samples", change)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("prefix", ["", "digits:"])
@pytest.mark.parametrize("number, count", [(9, 0), (10, 1), (20, 1)])
def test_finds_ten_ids_with_equal_targets(prefix: str, number: int, count: int) -> None:
    found = findings(CHECK, renamed(number, prefix))
    assert [(row.subject, row.value) for row in found] == [("valid", number / 20)] * count


def test_silent_on_numbers_that_each_split_counts_anew() -> None:
    assert findings(CHECK, renamed(20, "", shift=1)) == []


def test_silent_where_equal_targets_prove_nothing() -> None:
    log = renamed(20, "").change("samples", lambda row: {**row, "target": int(row["target"] == CLASSES - 1)})
    assert findings(CHECK, log) == []
