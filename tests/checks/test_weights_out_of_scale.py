import pytest

from .builder import Log, findings, healthy_log


def scaled(log: Log, gain: float, *modules: str) -> Log:
    """Standard deviation times the root of the fan-in, 64 in all layers."""
    for module in modules:
        log.tensor("weight", f"{module}.weight", rms=gain / 8, mean=0.0)
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings("weights_out_of_scale", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("weights_out_of_scale", healthy_log(steps=0)) == []


@pytest.mark.parametrize(("gain", "word"), [(8.0, "large"), (0.008, "small")])
def test_finds_weights_of_a_wrong_scale(gain: float, word: str) -> None:
    [found] = findings("weights_out_of_scale", scaled(healthy_log(), gain, "fc1", "fc2", "out"))
    assert (found.subject, found.step, found.last_step) == ("fc1.weight", 0, 0)
    assert f"too {word}" in found.message


@pytest.mark.parametrize("gain", [0.16, 0.58, 1.41, 1.67])
def test_silent_on_usual_scales(gain: float) -> None:
    assert findings("weights_out_of_scale", scaled(healthy_log(), gain, "fc1", "fc2", "out")) == []


@pytest.mark.parametrize(("modules", "count"), [(("fc1",), 0), (("fc1", "fc2"), 1)])
def test_one_odd_layer_is_no_finding(modules: tuple[str, ...], count: int) -> None:
    assert len(findings("weights_out_of_scale", scaled(healthy_log(), 9.0, *modules))) == count


def test_silent_on_a_log_that_begins_later() -> None:
    log = scaled(healthy_log(), 9.0, "fc1", "fc2", "out").change("stats", lambda row: None if row["step"] == 0 else row)
    assert findings("weights_out_of_scale", log) == []
