import pytest

from .builder import Log, findings, healthy_log
from .test_shrinking_weights import shrinking

SLOWLY_FALLING = [2.3 - 0.013 * step for step in range(100)]


def vanishing(left: float, *modules: str, steps: int = 100) -> Log:
    return shrinking(left, *modules, steps=steps).metric("loss", SLOWLY_FALLING[:steps])


def test_silent_on_a_healthy_log() -> None:
    assert findings("vanished_weights", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("vanished_weights", healthy_log(steps=0)) == []


def test_finds_weights_that_vanish_while_the_loss_falls_a_little() -> None:
    [found] = findings("vanished_weights", vanishing(0.003, "fc1", "fc2"))
    assert (found.subject, found.step, found.last_step) == ("fc1.weight", 0, 90)
    assert found.value == pytest.approx(0.003, rel=1e-3)


def test_silent_where_the_model_learned_all_the_same() -> None:
    log = shrinking(0.003, "fc1", "fc2").metric("loss", [2.3 * 0.97**step for step in range(100)])
    assert findings("vanished_weights", log) == []


def test_silent_on_one_branch_of_three() -> None:
    assert findings("vanished_weights", vanishing(0.003, "fc1")) == []


def test_silent_on_nine_of_ten_weights_pruned() -> None:
    assert findings("vanished_weights", vanishing(0.32, "fc1", "fc2", "out")) == []


@pytest.mark.parametrize(("left", "count"), [(0.021, 0), (0.019, 1)])
def test_needs_to_lose_nearly_all(left: float, count: int) -> None:
    assert len(findings("vanished_weights", vanishing(left, "fc1", "fc2", "out"))) == count


@pytest.mark.parametrize(("steps", "count"), [(20, 0), (30, 1)])
def test_needs_three_recorded_steps(steps: int, count: int) -> None:
    assert len(findings("vanished_weights", vanishing(0.003, "fc1", "fc2", "out", steps=steps))) == count


def embedding(log: Log, module: str) -> Log:
    return log.change("tensors", lambda row: {**row, "module_type": "Embedding"} if row["module"] == module else row)


def test_finds_embeddings_that_vanish() -> None:
    log = vanishing(0.003, "fc1", "fc2")
    assert len(findings("vanished_weights", embedding(embedding(log, "fc1"), "fc2"))) == 1


def test_an_embedding_that_stays_speaks_against_nothing() -> None:
    assert len(findings("vanished_weights", embedding(vanishing(0.003, "fc1"), "fc2"))) == 1


def test_silent_where_one_embedding_of_three_matrices_vanishes() -> None:
    assert findings("vanished_weights", embedding(vanishing(0.003, "fc1"), "fc1")) == []
