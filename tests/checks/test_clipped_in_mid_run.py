import pytest

from .builder import Log, findings, healthy_log

CHECK = "clipped_in_mid_run"
MATRICES = ("fc1.weight", "fc2.weight", "out.weight")


def clipped(before: list[float], level: float = 0.004, *, update: float = 1e-6, jitter: float = 0.0) -> Log:
    """A hundred steps whose norms are those of `before`, then `level`; updates shrink at the first recorded step after that; the loss stays high."""
    log = healthy_log().metric("gradient_norm", before + [level * (1 + jitter * (step % 7)) for step in range(100 - len(before))])
    log.metric("loss", [2.3 - 0.002 * step for step in range(100)])
    first = next((place for place, step in enumerate(log.recorded) if step >= len(before)), len(log.recorded))
    for name in MATRICES:
        log.tensor("update", name, rms=[1e-4] * first + [update] * (len(log.recorded) - first))
    return log


def usual(count: int) -> list[float]:
    return [0.5 + 0.01 * (step % 13) for step in range(count)]


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("onset", [30, 70])
def test_finds_the_step_at_which_the_clip_begins(onset: int) -> None:
    [found] = findings(CHECK, clipped(usual(onset)))
    assert (found.subject, found.step, found.last_step, found.value) == ("gradient_norm", onset, 99, pytest.approx(0.004))


def test_a_few_steps_below_the_limit_do_not_hide_it() -> None:
    log = clipped(usual(40))
    norms = [row["value"] for row in log.rows["metrics"] if row["name"] == "gradient_norm"]
    norms[60] = norms[75] = 0.003
    [found] = findings(CHECK, log.metric("gradient_norm", norms))
    assert found.step == 40


@pytest.mark.parametrize(("count", "expected"), [(80, 1), (81, 0)])
def test_needs_twenty_steps(count: int, expected: int) -> None:
    assert len(findings(CHECK, clipped(usual(count)))) == expected


def test_silent_on_a_limit_that_hardly_shortens() -> None:
    assert findings(CHECK, clipped(usual(40), 0.3)) == []


def test_silent_where_the_norm_falls_and_still_varies() -> None:
    assert findings(CHECK, clipped(usual(40), jitter=0.01)) == []


def test_silent_where_the_optimizer_takes_the_scale_out() -> None:
    assert findings(CHECK, clipped(usual(40), update=1e-4)) == []


def test_silent_where_most_was_learned() -> None:
    log = clipped(usual(40)).metric("loss", [2.3] * 40 + [0.4] * 60)
    assert findings(CHECK, log) == []


def test_silent_where_descent_comes_to_rest() -> None:
    """Full-batch descent whose gradient shrinks steadily to a level, and stays there to three digits."""
    norms = [0.01 + 0.5 * 0.8**step for step in range(100)]
    log = clipped([]).metric("gradient_norm", norms)
    for name in MATRICES:
        log.tensor("update", name, rms=[1e-4 * norms[step] for step in log.recorded])
    assert findings(CHECK, log) == []


def test_silent_on_clipping_from_the_start_with_a_rate_that_ends_at_zero() -> None:
    log = healthy_log().metric("gradient_norm", 1.0).metric("loss", 2.0)
    for name in MATRICES:
        log.tensor("update", name, rms=[1e-4 * (1 - step / 100) for step in log.recorded])
    assert findings(CHECK, log) == []
