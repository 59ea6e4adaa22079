"""The report's top as a PNG."""

from __future__ import annotations

import dataclasses
import io

import pytest
from PIL import Image

from analyzer.errors import UsageError
from analyzer.run import Run
from analyzer.story import collect
from reports.picture import figure_names, render_figure, render_png, spread

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


def test_a_notebook_gets_one_figure() -> None:
    with example_run() as run:
        story = collect(run, example_diagnosis(), example_checks())
    names = figure_names(story)
    assert names[:5] == ["verdict", "loss", "gradient_norm", "learning_rate", "accuracy"]
    assert names[-4:] == ["gradient_rms", "update_ratio", "silent_share", "saturated_share"]
    for name in names[1:]:
        assert Image.open(io.BytesIO(render_figure(story, example_diagnosis(), name))).size == (1000, 360)
    with pytest.raises(KeyError):
        render_figure(story, example_diagnosis(), "nothing")


def test_a_run_gives_its_figures_by_name() -> None:
    with example_run() as run:
        assert run.figure("loss")._repr_png_().startswith(b"\x89PNG")
        with pytest.raises(UsageError, match=r"this run has no figure 'los'; did you mean 'loss'\? It has verdict, loss, "):
            run.figure("los")
