import pytest

from .builder import Log, findings, healthy_log
from .sample_rows import answer, sample_log

CHECK = "rare_class_missed"


def run(rare: int = 10, hits: int = 2, others: int = 190, wrong: int = 10) -> Log:
    """An evaluation of two classes: of the rare one `hits` are found, of the other all but `wrong`."""
    rows = [answer(f"r{i}", 1, int(i < hits)) for i in range(rare)] + [answer(f"c{i}", 0, int(i < wrong)) for i in range(others)]
    return sample_log("classification", valid=[[rows]] * 3)


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


def test_finds_a_rare_class_that_is_mostly_missed() -> None:
    [found] = findings(CHECK, run())
    assert (found.subject, found.last_step, found.value) == ("class 1", 2, 0.2)


@pytest.mark.parametrize("rare, hits, wrong, count", [(9, 2, 10, 0), (10, 3, 10, 0), (40, 4, 10, 0), (10, 0, 0, 0), (10, 2, 100, 0), (12, 3, 10, 1)])
def test_silent_one_step_below_and_where_another_check_speaks(rare: int, hits: int, wrong: int, count: int) -> None:
    assert len(findings(CHECK, run(rare, hits, wrong=wrong))) == count


def test_silent_where_an_equally_rare_class_is_found() -> None:
    rows = [{**row, "outputs": 3} for row in run().rows["samples"] if row["step"] == 0]
    more = [answer(f"m{i}", 2, 2, outputs=3) for i in range(12)]
    assert len(findings(CHECK, sample_log("classification", valid=[[rows]] * 3))) == 1
    assert findings(CHECK, sample_log("classification", valid=[[rows + more]] * 3)) == []
