"""Rankings: the sample that should come first does."""

from __future__ import annotations

import pytest

from analyzer.errors import LogError
from analyzer.worst import load_rankings, rank_samples
from tests.checks.builder import Log, Row, healthy_log

STEPS = 40


def bad_sample(log: Log, **columns: object) -> Log:
    """Change every visit of one training sample."""
    return log.change("samples", lambda row: {**row, **columns} if row["sample_id"] == "train:7" else row)


def forget(row: Row) -> Row:
    return {**row, "correct": row["pass"] % 2 == 0, "prediction": row["target"] if row["pass"] % 2 == 0 else 0} if row["sample_id"] == "train:7" else row


LOGS = {
    "loss": lambda log: bad_sample(log, loss_sum=50.0),
    "hardest": lambda log: bad_sample(log, loss_sum=50.0),
    "confidently_wrong": lambda log: bad_sample(log, correct=False, prediction=3, p_max=0.999),
    "suspicious_labels": lambda log: bad_sample(log, correct=False, prediction=3, other=3, p_target=0.001, p_other=0.99, p_max=0.99),
    "most_forgotten": lambda log: log.change("samples", forget),
    "input_outliers": lambda log: log.change("inputs", lambda row: {**row, "mean": 99.0} if row["sample_id"] == "train:7" else row),
}


def test_every_ranking_is_tested() -> None:
    assert sorted(LOGS) == [ranking.name for ranking in load_rankings()]


@pytest.mark.parametrize("name", sorted(LOGS))
def test_the_bad_sample_comes_first(name: str) -> None:
    with LOGS[name](healthy_log(STEPS, 10)).run() as run:
        ranking, rows = rank_samples(run, name, None, 5)
        assert list(rows[0])[:4] == ["sample_id", "split", "score", "step"]
        assert (rows[0]["sample_id"], rows[0]["split"]) == ("train:7", "train")
        assert rows[0]["score"] > 0
        assert ranking.grain.startswith("One row per sample")
        assert rank_samples(run, name, "valid", 100)[1] == [row for row in rank_samples(run, name, None, 100)[1] if row["split"] == "valid"]


@pytest.mark.parametrize("name", sorted(LOGS))
def test_a_log_without_what_it_ranks_by_says_what_to_record(name: str) -> None:
    with healthy_log(0).run() as run, pytest.raises(LogError, match=r"To have it: .*rec\.samples"):
        rank_samples(run, name)


def test_a_loss_that_is_not_a_number_is_the_worst() -> None:
    with bad_sample(healthy_log(STEPS, 10), loss_sum=float("nan")).run() as run:
        assert rank_samples(run, "loss")[1][0]["sample_id"] == "train:7"
        assert "train:7" not in {row["sample_id"] for row in rank_samples(run, "hardest", None, 100)[1]}
