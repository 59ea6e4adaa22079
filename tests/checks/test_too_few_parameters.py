import pytest

from .builder import Log, Row, findings, healthy_log


def tiny(*, train: float = 0.5, valid: float = 0.5, probed: bool | None = True, parameters: int = 3, update: float = 1e-2, slope: float = 0.0) -> Log:
    """A few parameters in all, a loss that hardly falls, and this share of the samples predicted right."""
    shares, seen = {"train": train, "valid": valid}, {"train": 0, "valid": 0}

    def change(row: Row) -> Row:
        split = row["split"]
        seen[split] += 1
        return {**row, "correct": int(seen[split] * shares[split]) > int((seen[split] - 1) * shares[split])}

    def shrink(row: Row) -> Row | None:
        sizes = {"fc1.weight": parameters - 1, "out.weight": 1}
        return {**row, "numel": sizes[row["name"]]} if row["name"] in sizes else None if row["kind"] in ("weight", "gradient", "update") else row

    log = healthy_log().change("samples", change).change("tensors", shrink)
    for name in ("fc1.weight", "out.weight"):
        log.tensor("update", name, rms=0.1 * update)
    log.metric("loss", [2.2 - slope * step + 0.05 * (-1) ** step for step in range(100)])
    row = {"step": 0, "probe": "overfit", "subject": "", "value": 0.01, "reference": 2.3, "tolerance": 0.05, "passed": probed, "details": "{}"}
    return log.add("probes", row)


def test_silent_on_a_healthy_log() -> None:
    assert findings("too_few_parameters", healthy_log()) == []


def test_silent_on_an_empty_log() -> None:
    assert findings("too_few_parameters", healthy_log(steps=0)) == []


def test_finds_a_model_that_stays_just_beyond_guessing() -> None:
    [found] = findings("too_few_parameters", tiny())
    assert (found.subject, found.step, found.last_step, found.value, found.threshold) == ("", 0, 99, 3, 4)
    assert "3 parameters for 40 training samples" in found.message


@pytest.mark.parametrize(("parameters", "count"), [(4, 0), (3, 1)])
def test_needs_ten_samples_for_each_parameter(parameters: int, count: int) -> None:
    assert len(findings("too_few_parameters", tiny(parameters=parameters))) == count


@pytest.mark.parametrize("probed", [False, None])
def test_silent_where_the_probe_did_not_pass(probed: bool | None) -> None:
    assert findings("too_few_parameters", tiny(probed=probed)) == []


def test_silent_on_labels_that_have_nothing_to_do_with_the_inputs() -> None:
    assert findings("too_few_parameters", tiny(train=0.3, valid=0.1)) == []
    assert findings("too_few_parameters", tiny(train=0.12, valid=0.12)) == []


def test_silent_where_the_weights_hardly_move() -> None:
    assert findings("too_few_parameters", tiny(update=5e-4)) == []


def test_silent_where_validation_is_far_worse() -> None:
    assert findings("too_few_parameters", tiny(train=0.8, valid=0.6)) == []


def test_silent_where_the_loss_falls() -> None:
    assert findings("too_few_parameters", tiny(slope=0.015)) == []
