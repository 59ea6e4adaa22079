import pytest

from .builder import Log, Row, findings, healthy_log
from .sample_rows import answer, quantity, sample_log

CHECK = "loss_unfit_for_classes"


def regression(targets: list[float], loss: str = "mse_loss") -> Log:
    rows = [quantity(i, target, target + 0.1) for i, target in enumerate(targets)]
    return sample_log("regression", [[rows]], loss=loss)


def multilabel(targets: list[list[int]]) -> Log:
    rows: list[Row] = [
        {"sample_id": str(i), "targets": target, "predictions": target, "missed": 0, "invented": 0, "outputs": 4} for i, target in enumerate(targets)
    ]
    return sample_log("multilabel", [[rows]], loss="binary_cross_entropy_with_logits")


def test_silent_on_a_healthy_log() -> None:
    assert findings(CHECK, healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings(CHECK, healthy_log(steps=0)) == []


@pytest.mark.parametrize("kinds", [2, 3, 10, 20])
def test_finds_a_squared_error_of_class_numbers(kinds: int) -> None:
    [found] = findings(CHECK, regression([float(i % kinds) for i in range(200)]))
    assert (found.subject, found.value) == ("mse_loss", kinds)


def test_finds_independent_labels_for_exclusive_classes() -> None:
    [found] = findings(CHECK, multilabel([[i % 4] for i in range(60)]))
    assert (found.subject, found.value) == ("binary_cross_entropy_with_logits", 4)


def test_finds_a_softmax_over_one_output() -> None:
    rows = [{**answer(i, 0, 0), "outputs": 1} for i in range(60)]
    [found] = findings(CHECK, sample_log("classification", [[rows]], loss="cross_entropy"))
    assert found.subject == "cross_entropy"


@pytest.mark.parametrize(
    "targets",
    [
        pytest.param([float(i % 21) for i in range(210)], id="21 values"),
        pytest.param([float(i % 5) + 0.5 for i in range(100)], id="fractions"),
        pytest.param([float(i % 5) + 3 for i in range(100)], id="ratings from 3"),
        pytest.param([float(len(str(i**4)) % 7) for i in range(100)], id="counts, some of them rare"),
        pytest.param([float(i % 3) for i in range(49)], id="49 samples"),
    ],
)
def test_silent_on_quantities(targets: list[float]) -> None:
    assert findings(CHECK, regression(targets)) == []


def classified(loss: str, of_sample: float, outputs: int = 10) -> Log:
    """Samples of exclusive classes whose outputs lie between -0.2 and 0.2 and whose loss grows with the number of the class, by `of_sample`."""
    columns = {"z_min": -0.2, "z_max": 0.2}
    rows = [{**answer(i, i % outputs, 0, outputs=outputs, **columns), "loss_sum": 0.1 + of_sample * (i % outputs) ** 2} for i in range(100)]
    return sample_log("classification", [[rows]], loss=loss)


def test_finds_outputs_compared_with_the_number_of_the_class() -> None:
    [found] = findings(CHECK, classified("mse_loss", 1.0))
    assert (found.subject, found.value) == ("mse_loss", 10)
    assert findings(CHECK, classified("mse_loss", 0.0)) == []


@pytest.mark.parametrize("outputs, count", [(2, 0), (3, 1)])
def test_finds_a_binary_loss_of_exclusive_classes(outputs: int, count: int) -> None:
    assert len(findings(CHECK, classified("binary_cross_entropy_with_logits", 0.0, outputs))) == count


def test_silent_on_several_labels_at_once() -> None:
    assert findings(CHECK, multilabel([[i % 4] if i else [0, 2] for i in range(60)])) == []


def test_silent_on_class_numbers_under_a_loss_of_classes() -> None:
    assert findings(CHECK, regression([float(i % 3) for i in range(90)], loss="cross_entropy")) == []


@pytest.mark.parametrize(("loss", "count"), [("l1_loss", 1), ("smooth_l1_loss", 1), ("binary_cross_entropy_with_logits", 0)])
def test_finds_an_absolute_error_of_two_classes(loss: str, count: int) -> None:
    rows = [{**answer(i, int(i % 4 == 0), 0), "outputs": 1} for i in range(80)]
    assert len(findings(CHECK, sample_log("classification", [[rows]], loss=loss))) == count
