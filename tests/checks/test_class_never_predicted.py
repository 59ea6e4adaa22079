import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import answer, areas, sample_log

CHECK = "class_never_predicted"


def run(rare: int, others: int = 97, found_in: tuple[int, ...] = (), passes: int = 4) -> Log:
    """Evaluations of two classes, the rare one predicted only in these passes."""
    epochs = [[[answer(i, int(i < rare), int(i < rare and number in found_in)) for i in range(rare + others)]] for number in range(passes)]
    return sample_log("classification", valid=epochs)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_the_class_and_since_when_it_is_given_up() -> None:
    [found] = findings(CHECK, run(5, found_in=(0,)))
    assert (found.subject, found.step, found.last_step, found.value) == ("class 1", 1, 3, 5 / 102)


def test_names_the_class() -> None:
    log = run(5)
    log.info["classes"] = ["well", "ill"]
    assert [row.subject for row in findings(CHECK, log)] == ["ill"]


@pytest.mark.parametrize("rare, count", [(2, 0), (3, 1), (30, 1), (40, 0)])
def test_needs_three_samples_of_a_class_that_is_rare(rare: int, count: int) -> None:
    assert len(findings(CHECK, run(rare))) == count


def test_silent_where_the_last_pass_finds_it() -> None:
    assert findings(CHECK, run(5, found_in=(3,))) == []


def test_finds_a_rare_class_of_pixels() -> None:
    rows = [areas(i, {0: 900, 1: 95, 2: 5}, {0: 905, 1: 95}, {0: 900, 1: 95}) for i in range(4)]
    [found] = findings(CHECK, sample_log("segmentation", valid=[[rows]] * 3))
    assert (found.subject, found.value) == ("class 2", 0.005)


@pytest.mark.parametrize("in_training, count", [(0, 1), (2, 1), (60, 0)])
def test_finds_a_class_that_is_rare_in_training_alone(in_training: int, count: int) -> None:
    train = [[[answer(f"t{i}", int(i < in_training), 0) for i in range(100)]]] * 3
    valid = [[[answer(f"v{i}", i % 2, 0) for i in range(40)]]] * 3
    assert len(findings(CHECK, sample_log("classification", train, valid))) == count
