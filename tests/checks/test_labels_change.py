import pytest

from .builder import CLASSES, Log, Row, findings, healthy_log

CHECK = "labels_change"


def changing(number: int) -> Log:
    """That many of the 40 training samples get another label in each epoch."""

    def change(row: Row) -> Row:
        split, _, key = row["sample_id"].partition(":")
        return {**row, "target": (row["target"] + row["pass"]) % CLASSES} if split == "train" and int(key) < number else row

    return healthy_log().change("samples", change)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("number, count", [(7, 0), (8, 1), (40, 1)])
def test_finds_a_fifth_of_the_samples(number: int, count: int) -> None:
    found = findings(CHECK, changing(number))
    assert [(row.subject, row.value) for row in found] == [("train", number / 40)] * count


def test_silent_where_the_key_is_used_for_several_inputs() -> None:
    log = changing(40)
    log.add("inputs", *({**row, "hash": row["hash"] + "again"} for row in log.rows["inputs"]))
    assert findings(CHECK, log) == []


def test_silent_where_no_inputs_were_recorded() -> None:
    assert findings(CHECK, changing(40).change("inputs", lambda row: None)) == []
