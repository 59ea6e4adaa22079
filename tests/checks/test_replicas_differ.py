from pathlib import Path

import pyarrow as pa
import pytest

from analyzer.check import Finding, load_checks, run_check
from analyzer.contents import Chunk, Contents
from analyzer.run import Run
from recorder import format as log_format

from .builder import Log, findings, healthy_log

CHECK = "replicas_differ"


def two_ranks(apart: list[float], second: Log | None = None) -> list[Finding]:
    """What is found where the second process's fc2.weight is larger by these shares at the recorded steps."""
    first = healthy_log()
    second = second or healthy_log().tensor("weight", "fc2.weight", rms=[0.1 * (1 + share) for share in apart])
    chunks = []
    for rank, log in enumerate((first, second)):
        for table, rows in log.rows.items():
            if rows:
                chunks.append(Chunk(pa.Table.from_pylist(rows, schema=log_format.schema(table)), table, rank, 0))
    with Run(Path(), Contents(first.info, chunks=chunks)) as run:
        answer = run_check(run, next(check for check in load_checks() if check.name == CHECK))
    return answer if isinstance(answer, list) else []


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_the_weight_and_the_step_from_which_it_differs() -> None:
    [found] = two_ranks([0.0] * 4 + [0.01 * place for place in range(1, 7)])
    assert (found.subject, found.step, found.last_step, found.value) == ("fc2.weight", 40, 90, pytest.approx(0.06, rel=0.05))


@pytest.mark.parametrize(
    "apart",
    [
        pytest.param([0.0] * 10, id="equal"),
        pytest.param([1e-6] * 10, id="rounding"),
        pytest.param([0.01] * 8 + [0.0] * 2, id="equal at the end"),
        pytest.param([0.0] * 9 + [0.01], id="once"),
    ],
)
def test_silent_on_replicas_that_are_equal_at_the_end(apart: list[float]) -> None:
    assert two_ranks(apart) == []


def test_silent_on_shards() -> None:
    shards = healthy_log().tensor("weight", "fc2.weight", rms=0.2).change("stats", lambda row: {**row, "count": row["count"] // 2})
    assert two_ranks([], shards) == []
