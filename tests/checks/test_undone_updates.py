import pytest

from .builder import Log, findings, healthy_log

LAYERS = ("fc1", "fc2", "out")


def put_back(first: int, *modules: str, kinds: tuple[str, ...] = ("weight", "bias"), steps: int = 100) -> Log:
    """Weights that stay exactly as they are at the `first` recorded step, though updates go on."""
    log = healthy_log(steps=steps)
    for module in modules or LAYERS:
        for kind in kinds:
            log.tensor("weight", f"{module}.{kind}", mean=[1e-5 * min(place, first) for place in range(len(log.recorded))])
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings("undone_updates", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("undone_updates", healthy_log(steps=0)) == []


def test_finds_the_step_from_which_updates_are_undone() -> None:
    [found] = findings("undone_updates", put_back(4))
    assert (found.subject, found.step, found.last_step, found.value) == ("fc1.weight", 40, 90, 1.0)


def test_silent_where_the_rate_is_zero() -> None:
    log = put_back(4)
    for module in LAYERS:
        for kind in ("weight", "bias"):
            log.tensor("update", f"{module}.{kind}", rms=[1e-4] * 4 + [0.0] * 6)
    assert findings("undone_updates", log) == []


def test_silent_where_updates_are_lost_in_rounding() -> None:
    log = put_back(4)
    for module in LAYERS:
        for kind in ("weight", "bias"):
            log.tensor("update", f"{module}.{kind}", rms=1e-8)
    assert findings("undone_updates", log) == []


def test_silent_on_one_layer_that_is_put_back() -> None:
    assert findings("undone_updates", put_back(0, "fc1")) == []


def test_silent_on_weights_that_differ_in_their_extremes_only() -> None:
    log = put_back(4)
    for module in LAYERS:
        log.tensor("weight", f"{module}.weight", max=[0.3 + 1e-6 * place for place in range(10)])
    assert findings("undone_updates", log) == []


def test_silent_where_the_weights_move_again() -> None:
    log = put_back(4)
    for module in LAYERS:
        log.tensor("weight", f"{module}.weight", rms=[0.1] * 9 + [0.1001])
    assert findings("undone_updates", log) == []


@pytest.mark.parametrize(("first", "count"), [(7, 0), (6, 1)])
def test_needs_three_recorded_steps_in_a_row(first: int, count: int) -> None:
    assert len(findings("undone_updates", put_back(first))) == count
