import pytest

from .builder import LAYERS, Log, findings, healthy_log

CHECK = "weights_jump_at_resume"


def resumed(change: float, layers: int = 3, at: int = 50, drift: float = 0.001) -> Log:
    """Norms that drift, and change by a share at the resume."""
    log = healthy_log().event("resumed", at, step=at)
    for module in list(LAYERS)[:layers]:
        log.tensor("weight", f"{module}.weight", rms=[0.1 * (1 + drift * place) * (1 + change * (step >= at)) for place, step in enumerate(log.recorded)])
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_weights_of_another_norm() -> None:
    [found] = findings(CHECK, resumed(0.3))
    assert (found.step, found.last_step, found.value) == (50, 50, pytest.approx(0.3, abs=0.01))


@pytest.mark.parametrize("change, layers, drift, count", [(0.015, 3, 0.001, 0), (0.03, 3, 0.001, 1), (0.3, 1, 0.001, 0), (0.1, 3, 0.02, 0)])
def test_silent_on_small_changes_on_single_layers_and_on_what_is_usual(change: float, layers: int, drift: float, count: int) -> None:
    assert len(findings(CHECK, resumed(change, layers, drift=drift))) == count


def test_silent_on_a_jump_without_a_resume() -> None:
    assert findings(CHECK, resumed(0.3).change("events", lambda row: row if row["kind"] != "resumed" else None)) == []
