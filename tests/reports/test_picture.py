"""The report's top as a PNG."""

from __future__ import annotations

import dataclasses
import io

import pytest
from PIL import Image

from analyzer.run import Run
from analyzer.story import collect
from reports.picture import render_png, spread

from .example import example_checks, example_diagnosis, example_run, healthy_diagnosis


def test_a_picture_of_a_failed_run_is_large_and_the_same_every_time() -> None:
    with example_run() as run:
        story = collect(run, example_diagnosis(), example_checks())
    picture = render_png(story, example_diagnosis())
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    assert image.size == (1400, 1000)
    assert image.getpixel((45, 150)) == (0xB3, 0x26, 0x1E)  # the bar beside the verdict tells an error
    assert picture == render_png(story, example_diagnosis())


def test_a_picture_of_nothing_and_one_with_any_name() -> None:
    with Run.from_tables({}, {}) as run:
        story = collect(run, healthy_diagnosis())
    assert Image.open(io.BytesIO(render_png(story, healthy_diagnosis()))).size == (1400, 1000)
    named = dataclasses.replace(story, run="$x^$ 名前\n" * 400)
    assert Image.open(io.BytesIO(render_png(named, healthy_diagnosis()))).size == (1400, 1000)


def test_numbers_of_onsets_move_apart() -> None:
    assert spread([0.5, 0.5, 0.9], 0.1) == pytest.approx([0.5, 0.6, 0.9])
    assert spread([0.99, 1.0, 1.0], 0.1) == pytest.approx([0.8, 0.9, 1.0])
    assert spread([], 0.1) == []
