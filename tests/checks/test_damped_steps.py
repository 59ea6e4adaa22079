import pytest

from .builder import Log, findings, healthy_log


def damped(eps: float, share: float, optimizer: str = "Adam", gradient: float = 1e-2) -> Log:
    """Updates of this share of the learning rate, 1e-3."""
    log = healthy_log()
    log.info["optimizers"] = [{"type": optimizer, "groups": [{"lr": 1e-3, "eps": eps, "betas": [0.9, 0.999], "parameters": 6}]}]
    for module in ("fc1", "fc2", "out"):
        log.tensor("update", f"{module}.weight", rms=share * 1e-3).tensor("gradient", f"{module}.weight", rms=gradient)
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings("damped_steps", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("damped_steps", healthy_log(steps=0)) == []


def test_finds_an_epsilon_that_outweighs_the_gradient() -> None:
    [found] = findings("damped_steps", damped(1.0, 0.01))
    assert (found.subject, found.step, found.last_step) == ("epsilon", 0, 90)


def test_silent_on_an_epsilon_that_the_gradient_outweighs() -> None:
    assert findings("damped_steps", damped(1e-4, 0.01)) == []


def test_silent_where_the_gradient_is_the_fault() -> None:
    assert findings("damped_steps", damped(1e-8, 0.01, gradient=1e-10)) == []


def test_silent_on_another_optimizer() -> None:
    assert findings("damped_steps", damped(1.0, 0.01, "SGD")) == []


@pytest.mark.parametrize(("share", "count"), [(0.035, 0), (0.025, 1)])
def test_needs_steps_far_below_the_rate(share: float, count: int) -> None:
    assert len(findings("damped_steps", damped(1.0, share))) == count
