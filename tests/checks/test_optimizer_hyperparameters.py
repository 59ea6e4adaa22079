from typing import Any

import pytest

from .builder import Log, findings, healthy_log


def told(optimizer: str, *, level: float = 2.3, **settings: Any) -> Log:
    """A run whose loss stays at `level`, with these settings."""
    log = healthy_log().metric("loss", level)
    log.info["optimizers"] = [{"type": optimizer, "groups": [{"lr": 1e-3, "parameters": 6, **settings}]}]
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings("optimizer_hyperparameters", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("optimizer_hyperparameters", healthy_log(steps=0)) == []


@pytest.mark.parametrize(
    ("optimizer", "settings", "subject"),
    [
        ("SGD", {"momentum": 0.999}, "momentum"),
        ("Adam", {"betas": [0.999, 0.9]}, "betas swapped"),
        ("Adam", {"betas": [0.5, 0.6]}, "beta2"),
        ("AdamW", {"betas": [0.9, 0.999], "eps": 0.1}, "epsilon"),
    ],
)
def test_finds_the_setting(optimizer: str, settings: dict[str, Any], subject: str) -> None:
    found = findings("optimizer_hyperparameters", told(optimizer, **settings))
    assert subject in [finding.subject for finding in found]
    assert {finding.step for finding in found} == {0}


@pytest.mark.parametrize(
    ("optimizer", "settings"),
    [
        ("SGD", {"momentum": 0.98}),
        ("Adam", {"betas": [0.9, 0.95], "eps": 1e-8}),
        ("RMSprop", {"eps": 1.0, "momentum": 0.9}),
        ("Lion", {"betas": [0.9, 0.99]}),
    ],
)
def test_silent_on_settings_that_are_in_use(optimizer: str, settings: dict[str, Any]) -> None:
    assert findings("optimizer_hyperparameters", told(optimizer, **settings)) == []


def test_silent_in_a_run_that_learns() -> None:
    log = healthy_log()
    log.info["optimizers"] = [{"type": "SGD", "groups": [{"lr": 1e-3, "momentum": 0.99, "parameters": 6}]}]
    assert findings("optimizer_hyperparameters", log) == []
