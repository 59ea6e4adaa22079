import pytest

from .builder import Log, findings, healthy_log

CHECK = "shut_softmax"


def peaked(flat: float | list[float] = 1.0, before: float = 1e-8, loss: float = 2.2, depth: int = 2) -> Log:
    """A softmax before the last layer with these shares of one-hot rows; the gradient of fc1 and fc2 that is left; the loss at the end."""
    log = healthy_log().metric("loss", [2.3 + (loss - 2.3) * step / 99 for step in range(100)])
    for name in ("fc1.weight", "fc2.weight"):
        log.tensor("gradient", name, rms=before)
    for name in ("out.weight", "out.bias"):
        log.tensor("weight", name, facts={"depth": 4})
    shares = flat if isinstance(flat, list) else [flat] * 10
    facts = {"module": "attend", "activation": "softmax", "depth": depth, "numel": 100}
    log.tensor("weight", "fc2.weight", facts={"depth": 1})
    return log.tensor("activation", "attend", facts=facts, rms=0.3, saturated=[round(100 * share) for share in shares])


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_the_softmax_and_since_when() -> None:
    [found] = findings(CHECK, peaked([0.1] * 4 + [0.95] * 6))
    assert (found.subject, found.step, found.last_step, found.value) == ("attend", 40, 90, 0.95)


def test_silent_where_the_gradient_gets_past_it() -> None:
    assert findings(CHECK, peaked(before=0.01)) == []


def test_silent_where_one_layer_before_it_is_fed_by_another_way() -> None:
    assert findings(CHECK, peaked().tensor("gradient", "fc1.weight", rms=0.01)) == []


def test_silent_on_a_softmax_at_the_end_of_the_model() -> None:
    assert findings(CHECK, peaked(depth=5)) == []


def test_silent_where_the_run_learns_all_the_same() -> None:
    assert findings(CHECK, peaked(loss=0.4)) == []


def test_silent_where_it_softens_again() -> None:
    assert findings(CHECK, peaked([1.0] * 9 + [0.5])) == []


@pytest.mark.parametrize(("share", "count"), [(0.89, 0), (0.91, 1)])
def test_needs_nearly_all_rows(share: float, count: int) -> None:
    assert len(findings(CHECK, peaked(share))) == count


@pytest.mark.parametrize(("tail", "count"), [(2, 0), (3, 1)])
def test_needs_three_recorded_steps_in_a_row(tail: int, count: int) -> None:
    assert len(findings(CHECK, peaked([0.1] * (10 - tail) + [1.0] * tail))) == count
