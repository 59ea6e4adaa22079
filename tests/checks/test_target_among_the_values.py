import json
import random

import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import quantity, sample_log

CHECK = "target_among_the_values"


def shown(*, place: int | None = 2, share: float = 1.0, samples: int = 30, digits: int = 5, outputs: int = 1, targets: int | None = None) -> Log:
    """Samples of five values, shown as curves; the target is the one at a place for this share of them."""
    chance = random.Random(0)
    rows, curves = [], []
    for key in range(samples):
        target = float(f"{random.Random(key % targets).gauss(0, 1) if targets else chance.gauss(0, 1):.6g}")
        curve = [chance.gauss(0, 1) for _ in range(5)]
        if place is not None and key < share * samples:
            curve[place] = target
        row = quantity(key, target, 0.0)
        rows.append(row if outputs == 1 else {**row, "target_values": [target] * outputs, "predicted_values": [0.0] * outputs})
        content = json.dumps([float(f"{value:.{digits}g}") for value in curve]).encode()
        curves.append({"sample_id": str(key), "split": "train", "step": 0, "kind": "curve", "content": content})
    return sample_log("regression", [[rows]], loss="mse_loss").add("previews", *curves)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_the_place_of_the_target() -> None:
    [found] = findings(CHECK, shown())
    assert (found.subject, found.severity, found.step, found.value) == ("value 2 of the input", "error", 0, 1.0)


@pytest.mark.parametrize("samples, count", [(19, 0), (20, 1)])
def test_needs_twenty_samples(samples: int, count: int) -> None:
    assert len(findings(CHECK, shown(samples=samples))) == count


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(shown(place=None), id="nowhere"),
        pytest.param(shown(share=0.9), id="a value that often stays the same"),
        pytest.param(shown(digits=2), id="about the same"),
        pytest.param(shown(outputs=5), id="several outputs"),
        pytest.param(shown(targets=10), id="ten different targets"),
    ],
)
def test_silent_on_other_inputs(log: Log) -> None:
    assert findings(CHECK, log) == []


def test_silent_on_pictures() -> None:
    assert findings(CHECK, shown().change("previews", lambda row: {**row, "kind": "image", "content": b"\x89PNG\xff"})) == []
