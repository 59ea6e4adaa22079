import pytest

from .builder import Log, findings, healthy_log


def frozen(log: Log, *modules: str) -> Log:
    return log.change("tensors", lambda row: {**row, "trainable": row["module"] not in modules} if row["kind"] == "weight" else row)


def test_silent_on_a_healthy_log() -> None:
    assert findings("frozen_parameters", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("frozen_parameters", healthy_log(steps=0)) == []


def test_finds_a_frozen_body_as_worth_knowing() -> None:
    [found] = findings("frozen_parameters", frozen(healthy_log(), "fc1", "fc2"))
    assert (found.subject, found.severity, found.step, found.last_step) == ("fc1.weight", "info", 0, 90)


@pytest.mark.parametrize(("modules", "count"), [(("fc2",), 0), (("fc1",), 1)])
def test_needs_half_of_the_weights(modules: tuple[str, ...], count: int) -> None:
    assert len(findings("frozen_parameters", frozen(healthy_log(), *modules))) == count
