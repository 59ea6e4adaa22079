import pytest

from .builder import Log, findings, healthy_log

CHECK = "statistics_jump_at_resume"


def resumed(change: float, layers: int = 2, drift: float = 0.001, name: str = "running_var", resume: bool = True) -> Log:
    """Running statistics that go up and down by a share, and change by a share at step 50."""
    log = healthy_log()
    if resume:
        log.event("resumed", 50, step=50)
    for number in range(2):
        facts = {"module": f"norm{number}", "module_type": "BatchNorm1d", "numel": 32}
        sizes = [(1 + drift * (place % 2)) * (1 + change * (step >= 50 and number < layers)) for place, step in enumerate(log.recorded)]
        log.tensor("buffer", f"norm{number}.{name}", facts=facts, rms=sizes)
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("change", [-0.9, 3.0])
def test_finds_statistics_of_another_size(change: float) -> None:
    [found] = findings(CHECK, resumed(change))
    assert (found.step, found.last_step, found.value) == (50, 50, pytest.approx(abs(change), abs=0.02))


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(resumed(0.15), id="a change that a few steps make"),
        pytest.param(resumed(1.0, drift=1.0), id="statistics that change by as much all the time"),
        pytest.param(resumed(3.0, name="anchors"), id="another buffer"),
        pytest.param(resumed(3.0, resume=False), id="no resume"),
    ],
)
def test_silent(log: Log) -> None:
    assert findings(CHECK, log) == []
