import pytest

from .builder import Log, findings, healthy_log

CHECK = "values_clipped_in_mid_run"


def clipped(since: int, limit: float = 1e-4, *, update: float = 1e-6, layers: tuple[str, ...] = ("fc1", "fc2", "out"), loss: float = 2.0) -> Log:
    """From a recorded step on the values of these layers are cut at the limit, and the updates are shorter."""
    log = healthy_log().metric("loss", [2.3 + (loss - 2.3) * step / 99 for step in range(100)])
    for place, module in enumerate(("fc1", "fc2", "out")):
        free = [0.01 * (1 + 0.1 * place + 0.03 * step) for step in range(10)]
        cut = [limit if module in layers else limit * (1 + 0.1 * step) for step in range(10)]
        largest = free[:since] + cut[since:]
        log.tensor("gradient", f"{module}.weight", max=largest, min=[-value for value in largest])
        log.tensor("update", f"{module}.weight", rms=[1e-4] * since + [update] * (10 - since))
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("since", [3, 7])
def test_finds_the_step_at_which_the_values_are_cut(since: int) -> None:
    [found] = findings(CHECK, clipped(since))
    assert (found.step, found.last_step, found.value) == (10 * since, 90, pytest.approx(1e-4))


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(clipped(8), id="two recorded steps"),
        pytest.param(clipped(0), id="from the start"),
        pytest.param(clipped(5, 0.005), id="a limit that hardly cuts"),
        pytest.param(clipped(5, update=1e-4), id="steps as large as before"),
        pytest.param(clipped(5, layers=("fc1",)), id="one layer"),
        pytest.param(clipped(5, loss=0.5), id="a run that learns"),
    ],
)
def test_silent_on_look_alikes(log: Log) -> None:
    assert findings(CHECK, log) == []
