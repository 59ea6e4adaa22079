import random

import pytest

from .builder import Log, Row, findings, healthy_log
from .test_frozen_parameters import frozen
from .test_loss_not_moving import never_right


def stuck(log: Log, fall: float = 0.0) -> Log:
    generator = random.Random(3)
    return log.metric("loss", [2.3 * (1 - fall * step / 99) + generator.gauss(0, 0.02) for step in range(100)]).change("samples", never_right)


def test_silent_on_a_healthy_log() -> None:
    assert findings("frozen_without_learning", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("frozen_without_learning", healthy_log(steps=0)) == []


def test_finds_a_frozen_body_whose_head_learns_nothing() -> None:
    [found] = findings("frozen_without_learning", stuck(frozen(healthy_log(), "fc1", "fc2")))
    assert (found.subject, found.step, found.last_step) == ("fc1.weight", 0, 90)


def test_silent_where_all_may_learn_and_do_not() -> None:
    assert findings("frozen_without_learning", stuck(healthy_log())) == []


@pytest.mark.parametrize(("fall", "count"), [(0.0, 1), (0.08, 0), (0.5, 0)])
def test_silent_where_the_loss_falls_on_a_frozen_body(fall: float, count: int) -> None:
    assert len(findings("frozen_without_learning", stuck(frozen(healthy_log(), "fc1", "fc2"), fall))) == count


def test_silent_where_the_accuracy_shows_that_nothing_was_left_to_learn() -> None:
    def right(row: Row) -> Row:
        return {**row, "correct": True}

    assert findings("frozen_without_learning", stuck(frozen(healthy_log(), "fc1", "fc2")).change("samples", right)) == []


def test_silent_where_the_loss_climbs() -> None:
    log = stuck(frozen(healthy_log(), "fc1", "fc2")).metric("loss", [2.3 + 0.05 * step for step in range(100)])
    assert findings("frozen_without_learning", log) == []
