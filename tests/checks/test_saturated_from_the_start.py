import pytest

from .builder import Log, findings, healthy_log

CHECK = "saturated_from_the_start"


def shut(flat: float | list[float] = 1.0, before: float = 1e-8, loss: float = 2.2) -> Log:
    """The tanh of fc2 in its flat part by these shares; the gradient of fc1 and fc2 that is left; the loss at the end."""
    values = 32 * 8
    log = healthy_log().metric("loss", [2.3 + (loss - 2.3) * step / 99 for step in range(100)])
    for name in ("fc1.weight", "fc2.weight"):
        log.tensor("gradient", name, rms=before)
    log.tensor("weight", "fc2.weight", facts={"depth": 1}).tensor("weight", "out.weight", facts={"depth": 4}).tensor("weight", "out.bias", facts={"depth": 4})
    return log.tensor(
        "preactivation", "fc2", facts={"depth": 2}, saturated=[round(values * share) for share in flat] if isinstance(flat, list) else round(values * flat)
    )


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_a_gate_that_never_opens() -> None:
    [found] = findings(CHECK, shut())
    assert (found.subject, found.step, found.last_step, found.value) == ("fc2", 0, 90, 1.0)


def test_silent_where_the_run_learns_all_the_same() -> None:
    log = shut().metric("loss", [max(2.3 - 0.05 * step, 0.4) for step in range(100)])
    assert findings(CHECK, log) == []


def test_finds_one_that_opens_at_the_very_end() -> None:
    log = shut().metric("loss", [2.3 if step < 80 else 0.5 for step in range(100)])
    assert len(findings(CHECK, log)) == 1


def test_silent_where_the_gradient_gets_past_it() -> None:
    assert findings(CHECK, shut(before=0.01)) == []


def test_silent_where_one_layer_before_it_is_fed_by_another_way() -> None:
    assert findings(CHECK, shut().tensor("gradient", "fc1.weight", rms=0.01)) == []


@pytest.mark.parametrize(("late", "count"), [(0.91, 1), (0.89, 0)])
def test_silent_where_it_opens(late: float, count: int) -> None:
    assert len(findings(CHECK, shut([1.0] * 9 + [late]))) == count


def test_silent_where_it_saturates_later() -> None:
    assert findings(CHECK, shut([0.1] + [1.0] * 9)) == []
