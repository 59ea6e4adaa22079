import pytest

from .builder import Log, findings, healthy_log

CHECK = "inputs_differ_between_splits"


def prepared(std: float = 1.0, mean: float = 0.0, **columns: object) -> Log:
    return healthy_log().change("inputs", lambda row: {**row, "std": std, "mean": row["mean"] + mean, **columns} if row["split"] == "valid" else row)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("std, count", [(1.6, 0), (1.8, 1), (16, 1), (0.65, 0), (0.5, 1)])
def test_finds_another_scale(std: float, count: int) -> None:
    found = findings(CHECK, prepared(std=std))
    assert [(row.subject, row.step, row.value) for row in found] == [("valid", 0, pytest.approx(std))] * count


@pytest.mark.parametrize("mean, count", [(0.5, 0), (0.9, 1), (-0.9, 1)])
def test_finds_another_level(mean: float, count: int) -> None:
    assert len(findings(CHECK, prepared(mean=mean))) == count


def test_silent_where_samples_differ_as_much_among_themselves() -> None:
    scattered = healthy_log().change("inputs", lambda row: {**row, "mean": 40 * row["mean"] + 0.9 * (row["split"] == "valid")})
    assert findings(CHECK, scattered) == []


def test_silent_on_tokens_and_on_few_samples() -> None:
    assert findings(CHECK, prepared(std=9).change("inputs", lambda row: {**row, "dtype": "int64"})) == []
    few = prepared(std=9).change("inputs", lambda row: row if row["split"] == "train" or int(row["sample_id"][6:]) < 9 else None)
    assert findings(CHECK, few) == []
