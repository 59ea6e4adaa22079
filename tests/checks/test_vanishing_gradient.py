import pytest

from .builder import Log, findings, healthy_log


def deep(ratios: list[list[float]], steps: int = 100) -> Log:
    """Six weight matrices of rms 1 in a row; their gradients per recorded step, from the input to the output."""
    log = healthy_log(steps=steps).change("tensors", lambda row: None)
    log.rows["stats"].clear()
    for depth in range(6):
        facts = {"module_type": "Linear", "depth": depth, "shape": [8, 8], "numel": 64, "optimizer_group": 0}
        log.tensor("weight", f"fc{depth}.weight", facts=facts, rms=1.0)
        log.tensor("gradient", f"fc{depth}.weight", facts=facts, rms=[row[depth] for row in ratios])
        log.tensor("update", f"fc{depth}.weight", facts=facts, rms=1e-3)
    return log


FADING = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
EVEN = [0.1, 0.12, 0.1, 0.09, 0.11, 0.1]


def test_silent_on_a_healthy_log() -> None:
    assert findings("vanishing_gradient", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("vanishing_gradient", healthy_log(steps=0)) == []


def test_finds_the_step_from_which_the_gradient_fades() -> None:
    [found] = findings("vanishing_gradient", deep([EVEN] * 4 + [FADING] * 6))
    assert (found.subject, found.step, found.last_step) == ("fc0.weight", 40, 90)


def test_a_step_without_errors_at_the_output_does_not_move_the_onset() -> None:
    [found] = findings("vanishing_gradient", deep([FADING] * 6 + [EVEN] + [FADING] * 13, steps=200))
    assert (found.step, found.last_step) == (0, 190)


@pytest.mark.parametrize(("bad", "good"), [(8, 2), (36, 4)])
def test_silent_where_it_recovers(bad: int, good: int) -> None:
    assert findings("vanishing_gradient", deep([FADING] * bad + [EVEN] * good, steps=10 * (bad + good))) == []


def test_silent_on_one_small_layer() -> None:
    assert findings("vanishing_gradient", deep([[1e-7, 1e-7, 0.1, 0.09, 0.11, 0.1]] * 10)) == []


def test_silent_on_the_usual_shrinking_of_a_deep_network() -> None:
    assert findings("vanishing_gradient", deep([[0.002, 0.004, 0.01, 0.02, 0.05, 0.1]] * 10)) == []


@pytest.mark.parametrize(("tail", "count"), [(2, 0), (3, 1)])
def test_needs_three_recorded_steps_in_a_row(tail: int, count: int) -> None:
    assert len(findings("vanishing_gradient", deep([EVEN] * (10 - tail) + [FADING] * tail))) == count


def test_silent_on_a_last_layer_that_starts_at_zero() -> None:
    assert findings("vanishing_gradient", deep([[0.0] * 5 + [0.1]] + [EVEN] * 9)) == []
