"""Every column of a classification's rows against a slow oracle: Python loops over one sample at a time."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.criterion import read_criterion
from recorder.samples import infer_task, odd_loss_shape, summarize, texts_of_ids, to_batch
from recorder.tasks import small_batches
from recorder.tasks.columns import unpack


def rows(task, n, **given):
    summary = summarize(task, rows=n, **given)
    return to_batch(task, summary, ids=[f"s{i}" for i in range(n)], step=7, epoch=1, split="train", pass_number=2, batch=3).to_arrow().to_pylist()


def softmax(z):
    top = max(z)
    e = [math.exp(v - top) for v in z]
    return [v / sum(e) for v in e]


def oracle(z, target, loss=None):
    p = softmax(z)
    order = sorted(range(len(z)), key=lambda c: -z[c])
    other = next(c for c in order if c != target)
    inside = 0 <= target < len(z)
    return {
        "target": target,
        "prediction": order[0],
        "correct": order[0] == target,
        "p_target": p[target] if inside else None,
        "p_max": max(p),
        "other": other,
        "p_other": p[other] if inside else None,
        "z_target": z[target] if inside else None,
        "z_other": z[other] if inside else None,
        "z_min": min(z),
        "z_max": max(z),
        "z_sum": sum(z),
        "p_square_sum": sum(v * v for v in p),
        "p_exp_sum": sum(math.exp(v) for v in p),
        "entropy": -sum(v * math.log(v) for v in p if v > 0),
        "target_rank": sum(v > z[target] for v in z) if inside else None,
        "outputs": len(z),
    }


def assert_row(row, wanted):
    for name, value in wanted.items():
        assert row[name] == (pytest.approx(value, rel=2e-4, abs=2e-5) if isinstance(value, float) else value), name


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_column_agrees_with_the_loops(data):
    n, classes = data.draw(st.integers(1, 6)), data.draw(st.integers(2, 7))
    numbers = st.integers(-900, 900).map(lambda value: value / 100)
    values = [data.draw(st.lists(numbers, min_size=classes, max_size=classes, unique=True)) for _ in range(n)]
    targets = [data.draw(st.integers(-1, classes + 1)) for _ in range(n)]
    z, y = torch.tensor(values), torch.tensor(targets)
    found = rows("classification", n, prediction=z, target=y)
    for place, row in enumerate(found):
        assert_row(row, oracle(z[place].tolist(), targets[place]))
        assert_row(row, {"step": 7, "epoch": 1, "split": "train", "pass": 2, "batch": 3, "position": place, "sample_id": f"s{place}"})
        assert row["loss_sum"] is None
        winner = max(range(n), key=lambda other: values[other][place]) if place < classes else None
        if winner is None or sum(values[other][place] == values[winner][place] for other in range(n)) == 1:
            assert row["batch_winner"] == winner


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss", None])
def test_a_missing_loss_is_the_declared_one(name):
    torch.manual_seed(0)
    z, y = torch.randn(8, 5).log_softmax(1), torch.randint(0, 5, (8,))
    found = rows("classification", 8, prediction=z, target=y, criterion=read_criterion(name))
    wanted = [None] * 8 if name is None else F.nll_loss(z, y, reduction="none").tolist()
    assert [row["loss_sum"] for row in found] == (wanted if name is None else pytest.approx(wanted, rel=1e-5))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_recomputes_label_smoothing_and_class_weights(smoothing, weighted):
    torch.manual_seed(0)
    z, y = torch.randn(8, 5), torch.randint(0, 5, (8,))
    y[3] = -100
    module = torch.nn.CrossEntropyLoss(weight=torch.rand(5) if weighted else None, label_smoothing=smoothing)
    found = rows("classification", 8, prediction=z, target=y, criterion=read_criterion(module))
    wanted = F.cross_entropy(z, y, weight=module.weight, label_smoothing=smoothing, reduction="none")
    assert [row["loss_sum"] for row in found] == pytest.approx(wanted.tolist(), rel=1e-5)
    assert [row["elements"] for row in found] == [0 if place == 3 else 1 for place in range(8)]


def test_log_probabilities_and_probabilities_are_read_as_such():
    z, y = torch.tensor([[2.0, -1.0, 0.5], [0.1, 0.2, 3.0]]), torch.tensor([0, 1])
    p = z.softmax(1)
    for given_as in (z, z.log_softmax(1), p):
        found = rows("classification", 2, prediction=given_as, target=y)
        assert [row["p_target"] for row in found] == pytest.approx(p[[0, 1], y].tolist(), rel=1e-5)
        assert [row["z_target"] for row in found] == pytest.approx(given_as[[0, 1], y].tolist(), rel=1e-5)
    p_exp = [sum(math.exp(v) for v in row) for row in p.tolist()]
    assert [row["p_exp_sum"] for row in rows("classification", 2, prediction=p, target=y)] == pytest.approx(p_exp, rel=1e-5)


def test_one_row_that_sums_to_one_does_not_make_logits_probabilities():
    z = torch.tensor([[0.25, 0.75], [3.0, -1.0]])
    [first, _] = rows("classification", 2, prediction=z, target=torch.tensor([0, 0]))
    assert first["p_target"] == pytest.approx(softmax([0.25, 0.75])[0], rel=1e-5)


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.bool])
def test_one_logit_stands_for_two_classes(shape, dtype):
    z, y = torch.tensor([1.5, -0.5, 0.2, -2.0]), torch.tensor([1, 1, 0, 0])
    found = rows("classification", 4, prediction=z.reshape(shape), target=y.to(dtype).reshape(shape), criterion=read_criterion("bce_with_logits"))
    losses = F.binary_cross_entropy_with_logits(z, y.float(), reduction="none").tolist()
    for place, row in enumerate(found):
        logit, target = z[place].item(), y[place].item()
        wanted = oracle([0.0, logit], target)
        assert_row(row, {name: wanted[name] for name in ("target", "prediction", "correct", "p_target", "p_other", "p_max", "entropy", "target_rank", "other")})
        assert_row(row, {"z_target": logit if target else 0.0, "z_other": 0.0 if target else logit, "z_sum": logit, "outputs": 1, "loss_sum": losses[place]})


def test_labels_one_and_two_for_one_logit_are_kept_as_evidence():
    found = rows("classification", 2, prediction=torch.tensor([1.5, -0.5]), target=torch.tensor([2, 1]))
    assert [(row["target"], row["correct"], row["prediction"]) for row in found] == [(2, False, 1), (1, False, 0)]
    assert [row["p_target"] for row in found] == [None, pytest.approx(0.37754, rel=1e-4)]


def test_one_probability_is_told_from_one_logit_by_the_losses():
    p, y = torch.tensor([0.9, 0.3, 0.2]), torch.tensor([1.0, 1.0, 0.0])
    as_given = F.binary_cross_entropy(p, y, reduction="none")
    as_logit = F.binary_cross_entropy_with_logits(p, y, reduction="none")
    assert [row["prediction"] for row in rows("classification", 3, prediction=p, target=y, loss=as_given)] == [1, 0, 0]
    assert [row["prediction"] for row in rows("classification", 3, prediction=p, target=y, loss=as_logit)] == [1, 1, 1]
    assert [row["prediction"] for row in rows("classification", 3, prediction=p, target=y, criterion=read_criterion("bce"))] == [1, 0, 0]


@pytest.mark.parametrize("kind", ["one_hot", "soft"])
def test_targets_given_as_shares_are_their_largest_class(kind):
    z = torch.tensor([[2.0, 0.0, 1.0], [0.0, 1.0, 3.0]])
    target = torch.tensor([[1, 0, 0], [0, 1, 0]]) if kind == "one_hot" else torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]])
    found = rows("classification", 2, prediction=z, target=target, criterion=read_criterion("cross_entropy"))
    assert [row["target"] for row in found] == [0, 1]
    assert [row["loss_sum"] for row in found] == pytest.approx(F.cross_entropy(z, target.float(), reduction="none").tolist(), rel=1e-5)


def test_nan_in_a_prediction_survives():
    [row] = rows("classification", 1, prediction=torch.tensor([[float("nan"), 1.0]]), target=torch.tensor([1]))
    assert math.isnan(row["p_max"]) and math.isnan(row["z_sum"])


def test_what_the_mask_takes_out_does_not_count():
    z, y = torch.randn(3, 4), torch.tensor([0, 1, 2])
    loss = torch.tensor([1.0, 2.0, 3.0])
    found = rows("classification", 3, prediction=z, target=y, loss=loss, mask=torch.tensor([True, False, True]))
    assert [(row["elements"], row["loss_sum"], row["loss_sum_total"]) for row in found] == [(1, 1.0, 1.0), (0, 0.0, 2.0), (1, 3.0, 3.0)]


def test_losses_of_every_pair_are_averaged_and_reported():
    z, y = torch.randn(4, 1), torch.randn(4)
    pairs = (z - y).square()
    assert odd_loss_shape(pairs, 4, z, y) == {"loss": [4, 4], "ids": 4, "prediction": [4, 1], "target": [4]}
    found = rows("regression", 4, prediction=z, target=y, loss=pairs)
    assert [row["loss_sum"] for row in found] == pytest.approx(pairs.mean(1).tolist(), rel=1e-5)


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 3), (12,)])
def test_usual_shapes_of_losses_are_not_reported(shape):
    assert odd_loss_shape(torch.zeros(shape), 4, torch.zeros(4, 3), torch.zeros(4, 3)) is None


def test_a_mean_loss_is_reported_and_not_spread_over_the_samples():
    z, y = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])
    assert odd_loss_shape(torch.tensor(1.0), 4, z, y) is not None
    assert [row["loss_sum"] for row in rows("classification", 4, prediction=z, target=y, loss=torch.tensor(1.0))] == [None] * 4


@pytest.mark.parametrize("prediction, target", [((4, 3), (5,)), ((4, 3), (4, 7)), ((3, 3), (4,)), ((0, 3), (0,)), ((4, 0), (4,))])
def test_shapes_that_do_not_fit_raise_nothing(prediction, target):
    found = rows("classification", 4, prediction=torch.zeros(prediction), target=torch.zeros(target, dtype=torch.int64), loss=torch.ones(4))
    assert [row["loss_sum"] for row in found] == [1.0] * 4


def test_no_task_means_the_loss_alone():
    summary = summarize(None, rows=2, loss=torch.tensor([1.0, 2.0]))
    batch = to_batch(None, summary, ids=["a", "b"], step=None, epoch=None, split="train", pass_number=0, batch=0).to_arrow()
    assert batch.num_columns == 11
    assert [row["loss_sum"] for row in batch.to_pylist()] == [1.0, 2.0]


@pytest.mark.parametrize(
    "prediction, target, loss, task",
    [
        (torch.zeros(4, 3), torch.tensor([0, 1, 2, 0]), None, "classification"),
        (torch.zeros(4, 1), torch.tensor([0.0, 1, 1, 0]), None, "classification"),
        (torch.zeros(4), torch.tensor([1, 2, 1, 2]), None, "classification"),
        (torch.zeros(4), torch.tensor([0.0, 1, 1, 0]), "mse", "regression"),
        (torch.zeros(4), torch.tensor([0.3, 1, 1, 0]), None, "regression"),
        (torch.zeros(4, 1), torch.tensor([0.3, 1, 1, 0]), None, "regression"),
        (torch.zeros(4, 3), torch.eye(4)[:, :3], None, "multilabel"),
        (torch.zeros(3, 3), torch.eye(3), None, "classification"),
        (torch.zeros(3, 3), torch.eye(3), "bce_with_logits", "multilabel"),
        (torch.zeros(4, 3), torch.tensor([[1.0, 1, 0]] * 4), None, "multilabel"),
        (torch.zeros(4, 3), torch.tensor([[1.0, 1, 0], [0, 0, 0], [1, 0, 0], [1, 1, 1]]), "cross_entropy", "multilabel"),
        (torch.zeros(4, 3), torch.tensor([[0.9, 0.05, 0.05], [0.5, 0.5, 0], [0, 0, 0], [0, 2, 0]]), "cross_entropy", "classification"),
        (torch.zeros(4, 3), torch.randn(4, 3), None, "regression"),
        (torch.zeros(4, 6, 9), torch.zeros(4, 6, dtype=torch.int64), None, "language_model"),
        (torch.zeros(4, 3, 8, 8), torch.zeros(4, 8, 8, dtype=torch.int64), None, "segmentation"),
        (torch.zeros(4, 1, 8, 8), torch.zeros(4, 1, 8, 8), None, "segmentation"),
        (torch.zeros(4, 1, 8, 8), torch.rand(4, 1, 8, 8), None, "regression"),
        (None, torch.zeros(3), None, None),
    ],
)
def test_infers_the_task(prediction, target, loss, task):
    assert infer_task(prediction, target, read_criterion(loss)) == task


def test_ids_of_any_kind_become_text():
    assert texts_of_ids(torch.tensor([3, 4])) == texts_of_ids(np.array([3, 4])) == texts_of_ids([3, 4]) == texts_of_ids(("3", b"4")) == ["3", "4"]
    assert texts_of_ids([torch.tensor(5), "x"]) == ["5", "x"]


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(2, 9), st.sampled_from(["logits", "shares", "holes", "infinite"]), st.booleans())
def test_small_batches_take_another_way_to_the_same_numbers(seed, n, outputs, kind, labelled):
    draw = torch.Generator().manual_seed(seed)
    z = torch.randn(n, outputs, generator=draw) * 4
    if kind == "shares":
        z = z.softmax(1)
    if kind in ("holes", "infinite"):
        z[torch.rand(n, outputs, generator=draw) > 0.7] = float("nan" if kind == "holes" else "-inf")
    labels = torch.randint(-1, outputs + 1, (n,), generator=draw) if labelled else None
    losses = torch.rand(n, generator=draw) if labelled else None
    fast = small_batches.summarize(z.numpy(), None if labels is None else labels.numpy(), None if losses is None else losses.numpy())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(small_batches, "MOST_VALUES", 0)
        slow = summarize("classification", rows=n, prediction=z, target=labels, loss=losses)
    here, there = unpacked(fast), unpacked(slow)
    assert set(here) == set(there)
    for name, values in there.items():
        if kind in ("logits", "shares") or name in ("z_min", "z_max", "z_sum", "entropy", "p_max", "target", "target_known"):  # else there are ties
            assert np.allclose(values, here[name], rtol=1e-4, atol=1e-5, equal_nan=True), name


def unpacked(summary):
    return unpack(summary, {name: np.asarray(summary[name]) for name in ("floats", "ints")})
