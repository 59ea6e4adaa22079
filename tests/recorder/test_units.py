"""Silent and saturated units, against loops over all passes."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import nn

from recorder import Recorder
from recorder.units import Units, saw_outputs, unit_dimension
from tests.recorder.recorded import events, stats


def test_a_unit_is_silent_after_twenty_passes_without_a_value() -> None:
    units = Units(dimension=1, never_negative=True)
    alive = torch.rand(60, 3, generator=torch.Generator().manual_seed(0)) < 0.1
    alive[:, 0] = False
    history = []
    for number in range(60):
        history.append(alive[number].tolist())
        output = alive[number].float().repeat(4, 1)
        output[:2] = 0.0
        units.saw_output(output)
        wanted = sum(len(history) >= 20 and not any(past[unit] for past in history[-20:]) for unit in range(3))
        assert int(units.silent()) == wanted


@pytest.mark.parametrize(
    ("shape", "passes"),
    [((16, 2), 20), ((128, 2), 8), ((4000, 2), 4), ((64, 2, 8, 8), 16), ((8, 128, 2), 4)],
    ids=["small batches", "batches of 128", "large batches", "pictures count once", "positions of a sequence count"],
)
def test_so_many_samples_are_enough_that_fewer_passes_are(shape: tuple[int, ...], passes: int) -> None:
    units = Units(dimension=1 if len(shape) == 4 else len(shape) - 1, never_negative=True)
    counts = []
    for _ in range(passes):
        units.saw_output(torch.zeros(shape))
        counts.append(int(units.silent()))
    assert counts == [0] * (passes - 1) + [2]


def test_of_a_large_output_every_sample_and_every_unit_is_looked_at() -> None:
    pictures = Units(dimension=1, never_negative=True)
    sequences = Units(dimension=2, never_negative=True)
    for _ in range(20):
        live = torch.zeros(32, 4, 64, 64)
        live[31, 3] = 1.0
        pictures.saw_output(live)
        live = torch.zeros(16, 300, 128)
        live[15, :, 7] = 1.0
        sequences.saw_output(live)
    assert (int(pictures.silent()), int(sequences.silent())) == (3, 127)


def test_negative_values_are_alive_too() -> None:
    units = Units(dimension=1)
    for _ in range(25):
        units.saw_output(torch.tensor([[0.0, -1.0]]))
    assert int(units.silent()) == 1


def test_channels_are_the_units_of_a_convolution() -> None:
    units = Units(dimension=1, never_negative=True)
    output = torch.zeros(2, 3, 4, 4)
    output[1, 2, 3, 3] = 1.0
    for _ in range(20):
        units.saw_output(output)
    assert int(units.silent()) == 2


def test_a_unit_is_saturated_when_every_value_of_all_calls_of_the_step_is() -> None:
    units = Units()
    units.saw_preactivation(torch.tensor([[4.0, -5.0, 1.0], [9.0, 3.5, 4.0]]), 1, -3.0, 3.0)
    units.saw_preactivation(torch.tensor([[4.0, 0.0, 4.0]]), 1, -3.0, 3.0)
    assert int(units.take_saturated()) == 1
    assert units.take_saturated() is None


def test_one_sided_limits() -> None:
    units = Units()
    units.saw_preactivation(torch.tensor([[-1.0, -1.0], [-2.0, 0.0]]), 1, 0.0, math.inf)
    assert int(units.take_saturated()) == 1
    units.saw_preactivation(torch.tensor([[5.0, 5.0], [6.0, 0.0]]), 1, -math.inf, 4.6)
    assert int(units.take_saturated()) == 1


def test_which_dimension_counts_units() -> None:
    image, sequence = torch.zeros(2, 3, 4, 5), torch.zeros(2, 3, 4)
    assert unit_dimension(image, nn.Conv2d(1, 1, 1)) == 1
    assert unit_dimension(image, nn.BatchNorm2d(3)) == 1
    assert unit_dimension(image, nn.Linear(5, 5)) == 3
    assert unit_dimension(image, None) == 1
    assert unit_dimension(sequence, nn.Conv1d(1, 1, 1)) == 1
    assert unit_dimension(sequence, nn.LayerNorm(4)) == 2
    assert unit_dimension(torch.zeros(2, 3), nn.Conv2d(1, 1, 1)) == 1


def test_layers_followed_together_are_followed_as_alone() -> None:
    """Also after one of them has been looked at alone, and when another group comes."""
    draw = torch.Generator().manual_seed(3)
    alone, together = ([Units(dimension=1, never_negative=True) for _ in range(4)] for _ in range(2))
    for number in range(40):
        outputs = [torch.randn(6, 5, generator=draw).relu() * (torch.rand(5, generator=draw) < 0.05) for _ in range(4)]
        for units, output in zip(alone, outputs, strict=True):
            units.saw_output(output)
        if number % 7 == 0:
            for units, output in zip(together, outputs, strict=True):
                units.saw_output(output)
        elif number % 7 == 3:
            saw_outputs(together[:3], outputs[:3])
            together[3].saw_output(outputs[3])
        else:
            saw_outputs(together, outputs)
        assert [int(units.silent()) for units in together] == [int(units.silent()) for units in alone]
    assert sum(int(units.silent()) for units in together) > 0


def test_a_module_that_is_called_on_two_shapes_a_step_is_followed_without_error(tmp_path: Path) -> None:
    class Set(nn.Module):
        """One ReLU for the members [N, 16, 48], whose channels are counted first, and for their sum [N, 48]."""

        def __init__(self) -> None:
            super().__init__()
            self.each, self.act, self.all = nn.Conv1d(16, 16, 1), nn.ReLU(), nn.Linear(48, 48)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.act(self.all(self.act(self.each(x)).sum(1)))

    model = Set()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with Recorder(tmp_path / "run", model, optimizer, every=4) as rec:
        for _ in range(12):
            optimizer.zero_grad()
            loss = model(torch.randn(8, 16, 48)).square().mean()
            loss.backward()
            optimizer.step()
            rec.log(loss=loss)
    assert events(tmp_path / "run", "recorder_error") == []
    assert sorted(stats(tmp_path / "run", "activation", "act")) == [0, 4, 8]
