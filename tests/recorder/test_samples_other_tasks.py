"""Multilabel, regression, segmentation and language model: every column against loops over one sample at a time."""

import math
from collections import Counter

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.criterion import read_criterion
from recorder.format import LM_CLASSES_COUNTED, LM_INPUT_LAGS, LM_LAGS
from recorder.samples import summarize
from recorder.tasks.class_counts import class_counts
from tests.recorder.test_samples_classification import rows


def close(value):
    return pytest.approx(value, rel=1e-4, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.booleans())
def test_multilabel(seed, masked, probabilities):
    draw = torch.Generator().manual_seed(seed)
    z, y = torch.randn(5, 4, generator=draw), (torch.rand(5, 4, generator=draw) > 0.5).float()
    mask = torch.rand(5, 4, generator=draw) > 0.3 if masked else None
    p = z.sigmoid()
    loss = F.binary_cross_entropy(p, y, reduction="none")
    criterion = read_criterion("bce" if probabilities else "bce_with_logits")
    found = rows("multilabel", 5, prediction=p if probabilities else z, target=y, mask=mask, criterion=criterion)
    for i, row in enumerate(found):
        counts = [k for k in range(4) if mask is None or mask[i, k]]
        on, wanted = [k for k in counts if z[i, k] > 0], [k for k in counts if y[i, k] == 1]
        assert (row["predictions"], row["targets"]) == (on, wanted)
        assert (row["missed"], row["invented"]) == (len(set(wanted) - set(on)), len(set(on) - set(wanted)))
        assert row["p_worst"] == close(min([(p[i, k] if y[i, k] else 1 - p[i, k]).item() for k in counts], default=1.0))
        assert (row["elements"], row["elements_total"], row["outputs"]) == (len(counts), 4, 4)
        assert row["loss_sum"] == close(sum(loss[i, k].item() for k in counts))
        assert row["loss_sum_total"] == close(loss[i].sum().item())


def test_a_cross_entropy_of_several_labels_is_recomputed_for_each_sample():
    torch.manual_seed(0)
    z, y = torch.randn(5, 4), torch.tensor([[1.0, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 1, 0], [0, 1, 0, 1]])
    wanted = F.cross_entropy(z, y, reduction="none")
    found = rows("multilabel", 5, prediction=z, target=y, criterion=read_criterion("cross_entropy"))
    assert [row["loss_sum"] / row["elements"] for row in found] == close(wanted.tolist())
    assert [row["targets"] for row in found] == [[0, 1], [], [0], [0, 1, 2], [1, 3]]


@pytest.mark.parametrize("name", ["mse", "l1", "smooth_l1", "huber", "poisson_nll"])
def test_regression_losses(name):
    torch.manual_seed(0)
    z, y = torch.randn(5, 3) * 3, torch.randn(5, 3).abs()
    criterion = read_criterion(name)
    wanted = getattr(F, criterion.name)(z, y, reduction="none").sum(1)
    assert [row["loss_sum"] for row in rows("regression", 5, prediction=z, target=y, criterion=criterion)] == close(wanted.tolist())


def test_regression_of_one_output():
    z, y = torch.tensor([[1.0], [2.5]]), torch.tensor([0.5, float("inf")])
    first, second = rows("regression", 2, prediction=z, target=y, loss=torch.tensor([0.25, 9.0]))
    assert (first["target_value"], first["predicted_value"], first["error"], first["loss_sum"]) == (0.5, 1.0, 0.5, 0.25)
    assert first["target_values"] is None and first["predicted_values"] is None
    assert second["target_value"] == math.inf and second["error"] == -math.inf


def test_regression_of_many_outputs_keeps_sixteen_and_counts_what_the_mask_leaves():
    z, y = torch.randn(2, 4, 5), torch.randn(2, 4, 5)
    mask = torch.rand(2, 4, 5) > 0.5
    loss = (z - y).square()
    for i, row in enumerate(rows("regression", 2, prediction=z, target=y, loss=loss, mask=mask)):
        assert row["predicted_values"] == close(z[i].flatten()[:16].tolist())
        assert row["target_values"] == close(y[i].flatten()[:16].tolist())
        assert (row["elements"], row["elements_total"]) == (int(mask[i].sum()), 20)
        assert row["loss_sum"] == close(loss[i][mask[i]].sum().item())


def test_a_loss_averaged_over_the_valid_elements_is_summed_up_again():
    z, y, mask = torch.randn(3, 4), torch.randn(3, 4), torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
    losses = (z - y).square()
    mean = (losses * mask).sum(1) / mask.sum(1)  # NaN where nothing counts
    found = rows("regression", 3, prediction=z, target=y, loss=mean, mask=mask)
    assert [row["loss_sum"] for row in found] == close((losses * mask).sum(1).tolist())
    assert [row["loss_sum_total"] for row in found] == [None] * 3


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["classes", "binary"]), st.booleans())
def test_segmentation(seed, kind, masked):
    draw = torch.Generator().manual_seed(seed)
    outputs = 3 if kind == "classes" else 1
    z = torch.randn(3, outputs, 4, 5, generator=draw)
    y = torch.randint(0, 3 if kind == "classes" else 2, (3, 4, 5), generator=draw)
    y[torch.rand(3, 4, 5, generator=draw) > 0.8] = 255
    mask = torch.rand(3, 4, 5, generator=draw) > 0.3 if masked else None
    criterion = read_criterion(torch.nn.CrossEntropyLoss(ignore_index=255) if kind == "classes" else "bce_with_logits")
    if kind == "classes":
        loss = F.cross_entropy(z, y, ignore_index=255, reduction="none")
    else:
        loss = F.binary_cross_entropy_with_logits(z[:, 0], y.float(), reduction="none")
    found = rows("segmentation", 3, prediction=z, target=y, mask=mask, ignore_index=255, criterion=criterion)
    for i, row in enumerate(found):
        pixels = [(h, w) for h in range(4) for w in range(5) if y[i, h, w] != 255 and (mask is None or mask[i, h, w])]
        predicted = {(h, w): int(z[i, :, h, w].argmax()) if outputs > 1 else int(z[i, 0, h, w] > 0) for h, w in pixels}
        target = {place: int(y[i][place]) for place in pixels}
        both: dict[str, dict[int, int]] = {"intersection": {}, "target_pixels": {}, "predicted_pixels": {}}
        for place in pixels:
            both["target_pixels"][target[place]] = both["target_pixels"].get(target[place], 0) + 1
            both["predicted_pixels"][predicted[place]] = both["predicted_pixels"].get(predicted[place], 0) + 1
            if target[place] == predicted[place]:
                both["intersection"][target[place]] = both["intersection"].get(target[place], 0) + 1
        for name, counts in both.items():
            assert dict(row[name]) == counts, name
        right, said = both["intersection"], both["predicted_pixels"]
        ious = [right.get(c, 0) / (n + said.get(c, 0) - right.get(c, 0)) for c, n in both["target_pixels"].items()]
        assert row["iou_worst_class"] == close(min(ious)) if ious else math.isnan(row["iou_worst_class"])
        assert (row["pixels_correct"], row["elements"], row["elements_total"]) == (sum(both["intersection"].values()), len(pixels), 20)
        assert row["loss_sum"] == close(sum(loss[i][place].item() for place in pixels))


def test_classes_beyond_the_outputs_are_counted_by_number():
    y = torch.tensor([[[255, 7], [-3, 0]]])
    [row] = rows("segmentation", 1, prediction=torch.zeros(1, 2, 2, 2), target=y)
    assert dict(row["target_pixels"]) == {255: 1, 7: 1, -1: 1, 0: 1}


@pytest.mark.parametrize("valid", [None, "some"])
def test_counting_without_waiting_gives_the_same_as_counting_on_the_cpu(valid):
    """On a GPU a scatter-add counts, since bincount waits for the device: here both by hand."""
    torch.manual_seed(0)
    classes = torch.randint(-2, 9, (3, 40))
    counts = None if valid is None else torch.rand(3, 40) > 0.5
    place = (classes.clamp(-1, 6) + 1 + torch.arange(3)[:, None] * 8).reshape(-1)
    ones = torch.ones_like(place) if counts is None else counts.reshape(-1).long()
    assert torch.equal(class_counts(classes, counts, 6), torch.zeros(24, dtype=torch.int64).scatter_add_(0, place, ones).reshape(3, 8).int())


def language_oracle(z, y, valid, inputs):
    length = len(y)
    predicted = [max(range(len(z[t])), key=lambda c: z[t][c]) for t in range(length)]
    losses = [math.log(sum(math.exp(v) for v in z[t])) - z[t][y[t]] if 0 <= y[t] < len(z[t]) else 0.0 for t in range(length)]
    counting = [t for t in range(length) if valid[t]]
    worst = sorted(counting, key=lambda t: -losses[t])[:8]
    return {
        "loss_sum": sum(losses[t] for t in counting),
        "loss_sum_total": sum(losses),
        "tokens_correct": sum(predicted[t] == y[t] for t in counting),
        "correct_at_lag": [sum(0 <= t + lag < length and valid[t + lag] and predicted[t] == y[t + lag] for t in counting) for lag in LM_LAGS],
        "input_at_lag": [sum(0 <= t + lag < length and y[t] == inputs[t + lag] for t in counting) for lag in LM_INPUT_LAGS],
        "worst": [(t, y[t], predicted[t], losses[t]) for t in worst],
        "elements": len(counting),
        "right_tokens": Counter(y[t] for t in counting if predicted[t] == y[t]),
        "target_tokens": Counter(y[t] for t in counting),
        "predicted_tokens": Counter(predicted[t] for t in counting),
    }


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["plain", "flat", "classes second", "time first"]), st.integers(1, 12))
def test_language_model(seed, layout, length):
    draw = torch.Generator().manual_seed(seed)
    n, vocabulary = 3, 5
    z, y = torch.randn(n, length, vocabulary, generator=draw), torch.randint(0, vocabulary, (n, length), generator=draw)
    y[:, length - length // 3 :] = -100
    tokens = torch.randint(0, vocabulary, (n, length), generator=draw)
    shown, wanted = {
        "plain": (z, y),
        "flat": (z.reshape(-1, vocabulary), y.reshape(-1)),
        "classes second": (z.transpose(1, 2), y) if length != vocabulary else (z, y),
        "time first": (z.transpose(0, 1), y.T) if length != n else (z, y),
    }[layout]
    found = rows("language_model", n, prediction=shown, target=wanted, inputs=tokens, criterion=read_criterion("cross_entropy"))
    for i, row in enumerate(found):
        oracle = language_oracle(z[i].tolist(), y[i].tolist(), (y[i] != -100).tolist(), tokens[i].tolist())
        for name in ("loss_sum", "loss_sum_total"):
            assert row[name] == close(oracle[name]), name
        assert row["perplexity"] == close(math.exp(oracle["loss_sum"] / oracle["elements"]))
        assert [(w["position"], w["target"], w["predicted"]) for w in row["worst"]] == [w[:3] for w in oracle["worst"]]
        assert [w["loss"] for w in row["worst"]] == close([w[3] for w in oracle["worst"]])
        for name in ("tokens_correct", "correct_at_lag", "elements"):
            assert row[name] == oracle[name], name
        for name in ("right_tokens", "target_tokens", "predicted_tokens"):
            assert dict(row[name]) == oracle[name], name
        if layout != "time first":
            assert row["input_at_lag"] == oracle["input_at_lag"]


def test_tokens_are_told_by_class_where_there_are_few_classes():
    for outputs, told in ((LM_CLASSES_COUNTED, True), (LM_CLASSES_COUNTED + 1, False)):
        [row] = rows("language_model", 1, prediction=torch.zeros(1, 3, outputs), target=torch.tensor([[1, 1, 0]]))
        assert (row["target_tokens"] is not None) == told


def test_padding_counts_in_the_total_alone():
    z, y = torch.randn(2, 4, 6), torch.randint(0, 6, (2, 4))
    mask = torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0]])
    losses = F.cross_entropy(z.transpose(1, 2), y, reduction="none")
    for given_loss in (losses, losses.reshape(-1)):
        found = rows("language_model", 2, prediction=z, target=y, mask=mask, loss=given_loss)
        assert [row["loss_sum"] for row in found] == close((losses * mask).sum(1).tolist())
        assert [row["loss_sum_total"] for row in found] == close(losses.sum(1).tolist())
        assert [(row["elements"], row["elements_total"]) for row in found] == [(3, 4), (1, 4)]


def test_token_numbers_beyond_the_vocabulary_are_evidence():
    z = torch.zeros(1, 3, 4)
    [row] = rows("language_model", 1, prediction=z, target=torch.tensor([[1, 9, 2]]))
    assert math.isnan(row["worst"][0]["loss"]) and row["worst"][0]["target"] == 9


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
@pytest.mark.parametrize("task", ["classification", "multilabel", "regression", "segmentation", "language_model"])
def test_every_floating_point_type_is_read(task, dtype):
    shapes = {"classification": ((2, 3), (2,)), "segmentation": ((2, 3, 8, 8), (2, 8, 8)), "language_model": ((2, 5, 3), (2, 5))}
    prediction, target = shapes.get(task, ((2, 3), (2, 3)))
    z = torch.randn(prediction).to(dtype)
    y = torch.randint(0, 2, target) if task != "regression" else torch.randn(target).to(dtype)
    assert len(rows(task, 2, prediction=z, target=y)) == 2


@pytest.mark.parametrize("task", ["classification", "multilabel", "regression", "segmentation", "language_model"])
def test_no_graph_is_kept_and_no_input_changed(task):
    shapes = {"classification": ((2, 3), (2,)), "segmentation": ((2, 3, 8, 8), (2, 8, 8)), "language_model": ((2, 5, 3), (2, 5))}
    prediction, target = shapes.get(task, ((2, 3), (2, 3)))
    z = torch.randn(prediction, requires_grad=True)
    y = torch.randint(0, 2, target)
    before, state = z.detach().clone(), torch.get_rng_state()
    summary = summarize(task, rows=2, prediction=z, target=y, loss=(z * 2).reshape(2, -1).sum(1))
    assert not any(value.requires_grad for value in summary.values() if isinstance(value, torch.Tensor))
    assert torch.equal(z, before) and torch.equal(torch.get_rng_state(), state)


SHAPES = {
    "classification": ((4, 3), (4,)),
    "two classes": ((4, 1), (4,)),
    "multilabel": ((4, 3), (4, 3)),
    "regression": ((4, 3), (4, 3)),
    "segmentation": ((4, 3, 8, 8), (4, 8, 8)),
    "binary segmentation": ((4, 1, 8, 8), (4, 8, 8)),
    "language_model": ((4, 5, 3), (4, 5)),
}


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("declared", [None, "cross_entropy", "bce_with_logits", "mse", torch.nn.CrossEntropyLoss(weight=torch.ones(3), label_smoothing=0.1)])
@pytest.mark.parametrize("losses", ["none", "a sample", "an element"])
def test_reads_no_value_back(kind, declared, losses):
    """Tensors of the meta device have no values: whatever would wait for a device to learn one raises there."""
    prediction, target = SHAPES[kind]
    z, y = torch.empty(prediction, device="meta"), torch.empty(target, dtype=torch.int64, device="meta")
    loss = {"none": None, "a sample": torch.empty(4, device="meta"), "an element": torch.empty(target, device="meta")}[losses]
    task = {"two classes": "classification", "binary segmentation": "segmentation"}.get(kind, kind)
    mask = torch.empty(target, dtype=torch.bool, device="meta")
    criterion = read_criterion(declared)
    summary = summarize(task, rows=4, prediction=z, target=y, loss=loss, mask=mask, ignore_index=2, criterion=criterion, inputs=y)
    assert "floats" in summary or losses == "none"
