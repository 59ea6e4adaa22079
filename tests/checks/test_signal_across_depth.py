import pytest

from .builder import Log, findings, healthy_log


def signal(*sizes: float) -> Log:
    log = healthy_log()
    for depth, size in enumerate(sizes):
        log.tensor("preactivation", f"layer{depth}", facts={"activation": "tanh", "depth": 10 + depth}, rms=size)
    return log.change("tensors", lambda row: None if row["name"] in ("fc1", "fc2") else row)


def test_silent_on_a_healthy_log() -> None:
    assert findings("signal_across_depth", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("signal_across_depth", healthy_log(steps=0)) == []


def test_finds_a_signal_that_fades() -> None:
    [found] = findings("signal_across_depth", signal(1.0, 0.05, 2e-3, 1e-4))
    assert (found.subject, found.step) == ("layer3", 0)
    assert found.value == pytest.approx(1e-4)


def test_finds_a_signal_that_swells() -> None:
    [found] = findings("signal_across_depth", signal(1.0, 20.0, 300.0, 5000.0))
    assert found.value == pytest.approx(5000.0)


def test_silent_on_the_slow_fading_of_the_default_initialisation() -> None:
    assert findings("signal_across_depth", signal(1.0, 0.41, 0.17, 0.07, 0.03, 0.012)) == []


def test_silent_on_one_odd_layer() -> None:
    assert findings("signal_across_depth", signal(1.0, 1.1, 0.9, 1.0, 1e-4)) == []


@pytest.mark.parametrize(("sizes", "count"), [((1.0, 0.01, 1e-4), 0), ((1.0, 0.1, 0.01, 1e-4), 1)])
def test_needs_four_layers(sizes: tuple[float, ...], count: int) -> None:
    assert len(findings("signal_across_depth", signal(*sizes))) == count
