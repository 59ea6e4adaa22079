import pytest

from .builder import Log, Row, findings, healthy_log

CHECK = "samples_in_both_splits"


def shared(number: int, log: Log | None = None) -> Log:
    """Give that many of the 20 validation samples the input of a training sample."""

    def change(row: Row) -> Row:
        split, _, key = row["sample_id"].partition(":")
        return {**row, "hash": f"train:{key}"} if split == "valid" and int(key) < number else row

    return (log or healthy_log()).change("inputs", change)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("number, count", [(2, 0), (3, 1), (20, 1)])
def test_finds_three_samples_and_more(number: int, count: int) -> None:
    found = findings(CHECK, shared(number))
    assert [(row.subject, row.value) for row in found] == [("valid", number / 20)] * count


def test_silent_where_training_inputs_repeat_as_often() -> None:
    log = healthy_log().change("inputs", lambda row: {**row, "hash": str(int(row["sample_id"].partition(":")[2]) % 7)})
    assert findings(CHECK, log) == []


def test_finds_copies_although_training_holds_copies_too() -> None:
    log = healthy_log().change("inputs", lambda row: {**row, "hash": str(int(row["sample_id"].partition(":")[2]) % 20)})
    [found] = findings(CHECK, log)
    assert (found.subject, found.value) == ("valid", 1.0)


def test_silent_on_a_split_of_training_samples() -> None:
    rename = {"valid": "train_sample"}
    log = shared(20)
    for table in ("inputs", "samples"):
        log.change(table, lambda row: {**row, "split": rename.get(row["split"], row["split"])})
    assert findings(CHECK, log) == []


def test_silent_on_empty_inputs() -> None:
    assert findings(CHECK, shared(20).change("inputs", lambda row: {**row, "std": 0.0})) == []
