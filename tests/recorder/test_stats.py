"""Each statistic against a slow, obvious oracle."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from recorder import fetch
from recorder.stats import FIELDS, MAGNITUDES_READ, READ_AT_MOST, Magnitudes, Reading, fold, measure, measure_all, square_sum, subset

TENSORS = {
    "normal": torch.randn(40, 30, generator=torch.Generator().manual_seed(1)) * 3,
    "tiny and huge": torch.tensor([1e-12, -3e-7, 2.5, 6e4, -1e9, 0.0, -0.0]),
    "zeros": torch.zeros(17),
    "one value": torch.tensor(2.5),
    "half": torch.randn(50, generator=torch.Generator().manual_seed(2)).half(),
    "bfloat16": torch.randn(5, 7, generator=torch.Generator().manual_seed(3)).bfloat16(),
    "double": torch.randn(9, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(4)),
    "integers": torch.arange(-5, 20),
    "not finite": torch.tensor([math.nan, 1.0, -math.inf, 0.0, -2.0, math.inf]),
    "nothing finite": torch.full((3,), math.nan),
    "squares overflow": torch.full((10,), 1e30),
    "transposed": torch.randn(6, 11, generator=torch.Generator().manual_seed(5)).T,
    "channels last": torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(6)).to(memory_format=torch.channels_last),
    "strided": torch.arange(100.0)[::7],
}


def oracle(tensor: Tensor) -> dict[str, float]:
    """The same numbers, value by value."""
    values = [float(value) for value in tensor.double().reshape(-1)]
    finite = [value for value in values if math.isfinite(value)]
    return {
        "sum": math.fsum(finite),
        "square_sum": math.fsum(value * value for value in finite),
        "abs_sum": math.fsum(abs(value) for value in finite),
        "min": min(finite, default=math.inf),
        "max": max(finite, default=-math.inf),
        "zeros": sum(value == 0 for value in finite),
        "negatives": sum(value < 0 for value in finite),
        "nonfinite": len(values) - len(finite),
    }


def bins(tensor: Tensor) -> list[int]:
    counts = [0] * 64
    for value in tensor.double().reshape(-1).tolist():
        if math.isfinite(value) and value != 0:
            place = min(max((math.frexp(value)[1] - 1 + 48) // 2, 0), 31)
            counts[place + (32 if value < 0 else 0)] += 1
    return counts


def check(reading: Reading, counts: np.ndarray, tensor: Tensor) -> None:
    numbers = reading.numbers.tolist() if isinstance(reading.numbers, Tensor) else reading.numbers
    wanted = oracle(tensor)
    for name, number in zip(FIELDS, numbers, strict=True):
        if name in ("zeros", "negatives", "nonfinite"):
            assert number == wanted[name], name
        else:
            assert number == pytest.approx(wanted[name], rel=2e-6, abs=1e-5 * max(1.0, wanted["abs_sum"] if math.isfinite(wanted["abs_sum"]) else 1.0)), name
    assert reading.count == tensor.numel()
    pairs = counts[reading.pairs] if isinstance(reading.pairs, int) else reading.pairs.numpy()
    assert fold(pairs[None])[0].tolist() == bins(tensor)


@pytest.mark.parametrize("name", TENSORS)
def test_equals_the_oracle(name: str) -> None:
    magnitudes = Magnitudes()
    reading = measure(TENSORS[name], magnitudes)
    check(reading, magnitudes.counts(), TENSORS[name])


@pytest.mark.parametrize("name", TENSORS)
def test_equals_the_oracle_where_several_tensors_are_read_together(name: str) -> None:
    magnitudes = Magnitudes()
    tensors = [TENSORS["zeros"], TENSORS[name], TENSORS[name].clone(), TENSORS["normal"]]
    readings = measure_all(tensors, magnitudes)
    counts = magnitudes.counts()
    for reading, tensor in zip(readings, tensors, strict=True):
        check(reading, counts, tensor)


@pytest.mark.parametrize("name", TENSORS)
def test_equals_the_oracle_where_values_stay_on_a_device(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of a GPU, run on the CPU: every device works by the same torch calls."""
    monkeypatch.setattr(fetch, "at_once", lambda tensor: False)
    magnitudes = Magnitudes()
    for reading in (measure(TENSORS[name], magnitudes), *measure_all([TENSORS[name], TENSORS[name].clone()], magnitudes)):
        assert isinstance(reading.numbers, Tensor)
        check(reading, magnitudes.counts(), TENSORS[name])


def test_an_empty_tensor_has_a_count_of_zero() -> None:
    assert measure(torch.empty(0, 3), Magnitudes()).count == 0


def test_a_large_tensor_is_read_whole_when_asked() -> None:
    large = torch.randn(3 * READ_AT_MOST, generator=torch.Generator().manual_seed(7))
    large[5] = 0.0
    magnitudes = Magnitudes()
    [reading] = measure_all([large], magnitudes, whole=True)
    assert reading.count == large.numel() and reading.sampled == 1.0
    assert reading.numbers[:2] == pytest.approx([large.double().sum().item(), large.double().square().sum().item()], rel=1e-4, abs=1.0)
    assert reading.numbers[5:] == [1.0, float((large < 0).sum()), 0.0]
    assert MAGNITUDES_READ / 2 < magnitudes.counts().sum() < 2 * MAGNITUDES_READ


@pytest.mark.parametrize("shape", [(3000, 100), (4, 64, 32, 64), (300_000,), (20, 128, 256)])
def test_a_subset_is_made_of_whole_rows_and_says_its_share(shape: tuple[int, ...]) -> None:
    large = torch.arange(math.prod(shape), dtype=torch.float32).reshape(shape)
    part, share = subset(large)
    assert part.numel() / large.numel() == share
    assert READ_AT_MOST / 3 < part.numel() <= READ_AT_MOST * 1.1
    values = part.reshape(-1)
    assert len(set(values.tolist())) == part.numel()
    if len(shape) > 1:
        assert {int(value) % shape[-1] for value in values.tolist()[: 4 * shape[-1]]} == set(range(shape[-1]))


def test_the_subset_of_a_sequence_meets_every_position() -> None:
    """An even stride over rows of 128 positions would read the same few positions of each sample."""
    positions = torch.arange(128.0).view(1, 128, 1).expand(16, 128, 64).contiguous()
    part, _ = subset(positions)
    assert len(set(part.reshape(-1).tolist())) > 60


def test_the_rms_of_a_subset_is_near_that_of_the_whole() -> None:
    large = torch.randn(512, 784, generator=torch.Generator().manual_seed(8)) * 0.05
    [reading] = measure_all([large], Magnitudes())
    assert reading.sampled < 0.25
    assert math.sqrt(reading.numbers[1] / reading.count) == pytest.approx(large.pow(2).mean().sqrt().item(), rel=0.02)


def test_a_square_sum_shows_what_is_not_finite_and_overflows_in_float32() -> None:
    assert square_sum([torch.tensor([3.0]), torch.tensor([4.0]), torch.ones(2, 2)]) == 29.0
    assert not math.isfinite(square_sum([torch.ones(3), torch.tensor([math.nan, 1.0, 1.0])]))
    assert square_sum([]) == 0.0
    assert square_sum([torch.full((4,), 300.0, dtype=torch.float16)]) == 360_000.0
