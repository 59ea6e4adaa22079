import pytest

from .builder import Log, findings, healthy_log


def normalized(factors: list[float], *, buffer: bool = True) -> Log:
    """A batch norm whose output has rms 1 in training and these in the evaluations after steps 4, 9, 14, ..."""
    log = healthy_log(steps=5 * len(factors), every=5)
    log.tensor("activation", "norm", rms=1.0, facts={"depth": 1, "module": "norm"})
    if buffer:
        log.tensor("buffer", "norm.running_var", rms=1.0, mean=1.0, facts={"module": "norm", "depth": 1})
    [tensor_id] = [row["tensor_id"] for row in log.rows["tensors"] if row["kind"] == "activation" and row["name"] == "norm"]
    rows = [{"step": 5 * place + 4, "split": "valid", "tensor_id": tensor_id, "count": 100, "rms": factor, "mean": 0.0} for place, factor in enumerate(factors)]
    return log.add("stats", *rows)


def test_silent_on_a_healthy_log() -> None:
    assert findings("shifted_in_evaluation", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("shifted_in_evaluation", healthy_log(steps=0)) == []


@pytest.mark.parametrize("factor", [5.0, 0.1])
def test_finds_the_norm_and_the_first_evaluation(factor: float) -> None:
    [found] = findings("shifted_in_evaluation", normalized([1.0] + [factor] * 9))
    assert (found.subject, found.step, found.last_step) == ("norm", 9, 49)


def test_silent_while_the_statistics_settle() -> None:
    assert findings("shifted_in_evaluation", normalized([9.0, 5.0] + [1.1] * 8)) == []


def test_silent_where_the_last_evaluation_is_right() -> None:
    assert findings("shifted_in_evaluation", normalized([5.0] * 9 + [1.0])) == []


def test_silent_on_a_model_without_running_statistics() -> None:
    assert findings("shifted_in_evaluation", normalized([5.0] * 10, buffer=False)) == []


@pytest.mark.parametrize(("factor", "count"), [(2.9, 0), (3.1, 1)])
def test_needs_three_times(factor: float, count: int) -> None:
    assert len(findings("shifted_in_evaluation", normalized([factor] * 10))) == count
