from typing import Any

import pytest

from .builder import Log, findings, healthy_log


def told(optimizer: str, **settings: Any) -> Log:
    """A run that learns, with these settings."""
    log = healthy_log()
    log.info["optimizers"] = [{"type": optimizer, "groups": [{"lr": 1e-3, "parameters": 6, **settings}]}]
    return log


def test_silent_on_a_healthy_log() -> None:
    assert findings("impossible_optimizer_setting", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("impossible_optimizer_setting", healthy_log(steps=0)) == []


@pytest.mark.parametrize(
    ("optimizer", "settings", "subject", "value"),
    [
        ("Adam", {"betas": [0.999, 0.9]}, "betas", 1.052),
        ("AdamW", {"betas": [0.95, 0.8]}, "betas", 1.009),
        ("SGD", {"momentum": 1.0}, "momentum", 1.0),
        ("RMSprop", {"momentum": 9.0}, "momentum", 9.0),
        ("SGD", {"momentum": 0.9, "dampening": 0.999}, "dampening", 0.01),
        ("SGD", {"momentum": 0.9, "dampening": 0.9901}, "dampening", 0.099),
    ],
)
def test_finds_the_setting_even_where_the_run_learned(optimizer: str, settings: dict[str, Any], subject: str, value: float) -> None:
    [found] = findings("impossible_optimizer_setting", told(optimizer, **settings))
    assert (found.subject, found.step, found.last_step) == (subject, 0, 99)
    assert found.value == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize(
    ("optimizer", "settings"),
    [
        ("Adam", {"betas": [0.9, 0.999]}),
        ("Adam", {"betas": [0.0, 0.9]}),
        ("Adam", {"betas": [0.99, 0.99]}),
        ("AdamW", {"betas": [0.95, 0.9]}),
        ("Lion", {"betas": [0.99, 0.9]}),
        ("SGD", {"momentum": 0.999}),
        ("SGD", {"momentum": 0.9, "dampening": 0.0}),
        ("SGD", {"momentum": 0.9, "dampening": 0.9}),
        ("SGD", {"momentum": 0.9, "dampening": 0.989}),
        ("SGD", {"momentum": 0.0, "dampening": 0.999}),
        ("SGD", {}),
    ],
)
def test_silent_on_settings_that_are_in_use_or_only_odd(optimizer: str, settings: dict[str, Any]) -> None:
    assert findings("impossible_optimizer_setting", told(optimizer, **settings)) == []
