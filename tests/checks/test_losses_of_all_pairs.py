import pytest

from .builder import findings, healthy_log

CHECK = "losses_of_all_pairs"


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_the_shape() -> None:
    log = healthy_log().event("loss_shape", 3, loss=[8, 8], ids=8, prediction=[8, 1], target=[8], split="train")
    [found] = findings(CHECK, log)
    assert (found.subject, found.step, found.last_step, found.value) == ("train", 3, 3, 8)


@pytest.mark.parametrize(
    "shapes",
    [
        pytest.param({"loss": [8, 8], "ids": 8, "prediction": [8, 128], "target": [8]}, id="a contrastive loss of embeddings"),
        pytest.param({"loss": [8, 3], "ids": 8, "prediction": [8, 3], "target": [8]}, id="a loss for each output"),
        pytest.param({"loss": [1], "ids": 8, "prediction": [8, 1], "target": [8]}, id="a reduced loss"),
        pytest.param({"loss": [1, 1], "ids": 1, "prediction": [1, 1], "target": [1]}, id="a single sample"),
    ],
)
def test_silent_on_other_shapes(shapes: dict[str, object]) -> None:
    assert findings(CHECK, healthy_log().event("loss_shape", 3, split="train", **shapes)) == []
