import pytest

from .builder import Log, findings, healthy_log


def decayed(decay: float, optimizer: str = "SGD", *, level: float = 2.0, steps: int = 100) -> Log:
    """Weights of rms 0.1, gradients of rms 0.01, updates of rms 1e-4 at a rate of 1e-3; the loss ends at `level`."""
    log = healthy_log(steps=steps).metric("loss", [2.3 + (level - 2.3) * step / steps for step in range(steps)])
    log.info["optimizers"] = [{"type": optimizer, "groups": [{"lr": 1e-3, "weight_decay": decay, "parameters": 6}]}]
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings("decay_outweighs_gradient", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("decay_outweighs_gradient", healthy_log(steps=0)) == []


def test_finds_a_decay_that_pulls_as_hard_as_the_loss() -> None:
    [found] = findings("decay_outweighs_gradient", decayed(0.1))
    assert (found.step, found.last_step) == (0, 90)
    assert found.value == pytest.approx(1.0)


def test_measures_decoupled_decay_against_the_update() -> None:
    assert findings("decay_outweighs_gradient", decayed(0.1, "AdamW")) == []
    [found] = findings("decay_outweighs_gradient", decayed(0.9, "AdamW"))
    assert found.value == pytest.approx(0.9)


def test_silent_on_a_model_that_has_learned_all_there_is() -> None:
    assert findings("decay_outweighs_gradient", decayed(0.1, level=0.1)) == []


@pytest.mark.parametrize(("decay", "count"), [(0.045, 0), (0.055, 1)])
def test_needs_half_of_the_gradient(decay: float, count: int) -> None:
    assert len(findings("decay_outweighs_gradient", decayed(decay))) == count
