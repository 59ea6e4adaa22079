import json

import pytest

from .builder import Log, Row, findings, healthy_log


def level(right: float, *, learned: bool | None = True, valid: float | None = None, losses: list[float] | None = None) -> Log:
    """This share of the samples is predicted right; the loss falls and then stays."""
    shares = {"train": right, "valid": right if valid is None else valid}
    seen = {"train": 0, "valid": 0}

    def change(row: Row) -> Row:
        split = row["split"]
        seen[split] += 1
        return {**row, "correct": int(seen[split] * shares[split]) > int((seen[split] - 1) * shares[split])}

    log = healthy_log().change("samples", change).metric("loss", losses or [max(1.4, 2.3 - 0.03 * step) for step in range(100)])
    row = {"step": 0, "probe": "overfit", "subject": "", "value": 0.01, "reference": 2.3, "tolerance": 0.05, "passed": learned, "details": json.dumps({})}
    return log.add("probes", row)


def test_silent_on_a_healthy_log() -> None:
    assert findings("too_small_for_the_data", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("too_small_for_the_data", healthy_log(steps=0)) == []


def test_finds_a_model_that_levels_off_far_from_good() -> None:
    [found] = findings("too_small_for_the_data", level(0.6))
    assert found.value == pytest.approx(0.6, abs=0.03)


def test_silent_where_the_tiny_set_was_not_learned_either() -> None:
    assert findings("too_small_for_the_data", level(0.6, learned=False)) == []


def test_silent_while_the_loss_still_falls() -> None:
    assert findings("too_small_for_the_data", level(0.6, losses=[2.3 - 0.015 * step for step in range(100)])) == []


def test_silent_where_validation_is_far_worse() -> None:
    assert findings("too_small_for_the_data", level(0.7, valid=0.4)) == []


@pytest.mark.parametrize(("right", "count"), [(0.95, 0), (0.85, 1)])
def test_needs_an_accuracy_below_nine_in_ten(right: float, count: int) -> None:
    assert len(findings("too_small_for_the_data", level(right))) == count
