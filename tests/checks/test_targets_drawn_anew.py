import random

import pytest

from .builder import Log, Row, findings, healthy_log
from .sample_rows import quantity, sample_log

CHECK = "targets_drawn_anew"


def run(*, kept: float = 0.0, learned: float = 0.0, drawn_together: float = 0.2, passes: int = 8, samples: int = 1000, outputs: int = 1) -> Log:
    """Targets of which a share stays from pass to pass; predictions hold a share of the target, and the spread of the rest falls to `drawn_together`."""
    chance = random.Random(2)
    own = [chance.gauss(0, 1) for _ in range(samples)]

    def row(i: int, number: int) -> Row:
        spread = 0.3 * (1 + (drawn_together - 1) * number / max(passes - 1, 1))
        target = kept * own[i] + (1 - kept**2) ** 0.5 * chance.gauss(0, 1)
        made = quantity(i, target, learned * target + chance.gauss(0, spread))
        if outputs == 1:
            return made
        # The second output is another draw, and is predicted.
        other = chance.gauss(0, 1)
        return made | {"target_values": [target, other], "predicted_values": [made["predicted_value"], 0.9 * other]}

    epochs = [[[row(i, number) for i in range(start, start + 50)] for start in range(0, samples, 50)] for number in range(passes)]
    log = sample_log("regression", epochs, loss="mse_loss")
    return log.metric("loss", 1.0)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_targets_that_are_drawn_a_second_time() -> None:
    [found] = findings(CHECK, run())
    assert (found.subject, found.step, found.last_step) == ("train", 0, 159)
    assert found.value is not None and found.value < 0.05


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"learned": 0.1}, id="noise that is predicted, a little"),
        pytest.param({"kept": 0.9}, id="targets that belong to their samples"),
        pytest.param({"kept": 0.5}, id="noisy targets"),
        pytest.param({"drawn_together": 1.0}, id="a model that is not trained"),
        pytest.param({"passes": 4}, id="few passes"),
        pytest.param({"samples": 250}, id="few samples"),
        pytest.param({"outputs": 2}, id="another output is predicted"),
    ],
)
def test_silent_on_other_courses(changes: dict[str, float]) -> None:
    assert findings(CHECK, run(**changes)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("drawn_together, count", [(0.6, 0), (0.4, 1)])
def test_needs_predictions_that_draw_together(drawn_together: float, count: int) -> None:
    assert len(findings(CHECK, run(drawn_together=drawn_together))) == count
