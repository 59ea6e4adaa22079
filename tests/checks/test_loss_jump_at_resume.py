import random

import pytest

from .builder import Log, findings, healthy_log

CHECK = "loss_jump_at_resume"


def resumed(jump: float, at: int = 50, noise: float = 0.05) -> Log:
    """A loss that falls from 2.3 to about 0.5 and is higher by `jump` for 30 steps from the resume on."""
    chance = random.Random(0)
    losses = [0.3 + 2.0 * 0.96**step + chance.gauss(0, noise) + (jump if at <= step < at + 30 else 0) for step in range(100)]
    return healthy_log().metric("loss", losses).event("resumed", at, step=at)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_a_jump() -> None:
    [found] = findings(CHECK, resumed(1.0))
    assert (found.subject, found.step) == ("loss", 50) and found.value is not None and 0.7 < found.value < 1.1


@pytest.mark.parametrize("jump, count", [(0.0, 0), (0.3, 0), (0.8, 1)])
def test_needs_a_quarter_of_the_progress(jump: float, count: int) -> None:
    assert len(findings(CHECK, resumed(jump))) == count


def test_silent_on_noise_and_right_after_the_start() -> None:
    assert findings(CHECK, resumed(0.5, noise=0.8)) == []
    assert findings(CHECK, resumed(1.0, at=4)) == []


def test_silent_on_a_jump_without_a_resume() -> None:
    assert findings(CHECK, resumed(1.0).change("events", lambda row: row if row["kind"] != "resumed" else None)) == []
