import builtins
import io
import json
import math
import wave
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from recorder.format import PREVIEW_KINDS
from recorder.previews import MOST_BYTES, preview
from recorder.worth_a_look import WorthALook


def picture(content):
    return np.asarray(Image.open(io.BytesIO(content)))


@pytest.mark.parametrize(
    "sample, kind",
    [
        (torch.rand(28, 28), "image"),
        (torch.rand(1, 28, 28), "image"),
        (torch.randn(3, 500, 300), "image"),
        (torch.randint(0, 256, (32, 32, 3), dtype=torch.uint8), "image"),
        (torch.rand(4, 64, 64), "image"),
        (torch.rand(16, 20, 20), "image"),
        (torch.rand(5, 3, 16, 16), "image"),
        (torch.rand(3, 40, 3), "image"),
        (torch.randn(10), "curve"),
        (torch.randn(100, 6), "curve"),
        (torch.tensor(3.0), "curve"),
        (torch.randn(5000, dtype=torch.complex64), "curve"),
        (torch.randn(16000) * 0.1, "audio"),
        (torch.randn(1, 16000) * 0.1, "audio"),
        (torch.randn(2, 400_000), "audio"),
        (torch.randint(0, 100, (50,)), "text"),
        (torch.randint(0, 100, (50_000,)), "text"),
        ("<b>a text</b>", "text"),
        ("é" * 9000, "text"),
    ],
)
def test_kind_and_bounds(sample, kind):
    found = preview(sample)
    assert found is not None and found[0] == kind and kind in PREVIEW_KINDS
    assert 0 < len(found[1]) <= MOST_BYTES[kind]
    if kind == "image":
        shown = picture(found[1])
        assert max(shown.shape[:2]) <= 128 and shown.shape[2] == 3
    if kind == "text":
        found[1].decode("utf-8")


def test_nothing_to_show_is_none():
    assert preview(torch.zeros(0)) is None


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64, torch.int64, torch.bool, torch.uint8])
def test_any_type_of_number_is_shown(dtype):
    found = preview((torch.rand(1, 12, 12) > 0.5).to(dtype))
    assert found is not None and found[0] == "image"


def test_the_picture_is_the_input():
    values = torch.arange(64, dtype=torch.uint8).reshape(1, 8, 8) * 4
    found = preview(values)
    assert found is not None and np.array_equal(picture(found[1])[..., 0], values[0].numpy())
    channels_last = torch.randint(0, 256, (9, 9, 3), dtype=torch.uint8)
    shown = preview(channels_last)
    assert shown is not None and np.array_equal(picture(shown[1]), channels_last.numpy())
    channels_first = preview(channels_last.permute(2, 0, 1))
    assert channels_first is not None and np.array_equal(picture(channels_first[1]), channels_last.numpy())


@pytest.mark.parametrize("low, high, darkest, brightest", [(0.0, 1.0, 0, 255), (0.0, 0.5, 0, 127), (0.0, 200.0, 0, 200), (-2.0, 2.0, 0, 255)])
def test_usual_ranges_keep_their_brightness(low, high, darkest, brightest):
    found = preview(torch.linspace(low, high, 100).reshape(1, 10, 10))
    assert found is not None
    shown = picture(found[1])
    assert (shown.min(), shown.max()) == (darkest, brightest)


def test_what_is_not_finite_is_magenta():
    values = torch.rand(3, 10, 10)
    values[1, 2, 3] = float("nan")
    found = preview(values)
    assert found is not None and picture(found[1])[2, 3].tolist() == [255, 0, 255]
    assert preview(torch.full((1, 9, 9), float("inf"))) is not None


def test_target_and_prediction_of_a_segmentation_stand_beside_the_picture():
    target, prediction = torch.zeros(20, 30, dtype=torch.int64), torch.ones(20, 30, dtype=torch.int64)
    found = preview(torch.rand(3, 20, 30), target=target, prediction=prediction)
    assert found is not None and found[0] == "mask"
    shown = picture(found[1])
    assert shown.shape == (20, 3 * 30 + 4, 3)
    assert shown[5, 40].tolist() == [0, 0, 0] and shown[5, 75].tolist() == [230, 159, 0]


def test_a_sound_can_be_played_and_keeps_its_loudness():
    signal = 0.5 * torch.sin(torch.arange(8000) * 0.1)
    found = preview(signal, meta={"sample_rate": "8000"})
    assert found is not None
    with wave.open(io.BytesIO(found[1])) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth(), file.getnframes()) == (8000, 1, 2, 8000)
        frames = np.frombuffer(file.readframes(8000), "<i2") / 32767
    assert np.allclose(frames, signal.numpy(), atol=1e-3)


def test_a_curve_is_a_list_of_numbers_with_null_for_what_is_none():
    found = preview(torch.tensor([1.0, float("nan"), -2.5]))
    assert found is not None and json.loads(found[1]) == [1.0, None, -2.5]


def test_without_pillow_pictures_are_left_out(monkeypatch):
    real = builtins.__import__

    def no_pillow(name, *rest):
        if name.startswith("PIL"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", no_pillow)
    assert preview(torch.rand(1, 28, 28)) is None


def keys(count, first=0):
    return [f"k{place}" for place in range(first, first + count)]


def test_the_worst_are_shown_by_the_second_pass_even_where_every_batch_is_worse_than_the_last():
    worth = WorthALook()
    losses = np.linspace(0, 1, 2000)
    losses[[1234, 1777]] = [9.0, math.nan]
    shown = set()
    for pass_number in range(2):
        for start in range(0, 2000, 50):
            places = worth.pick("train", pass_number, keys(50, start), losses[start : start + 50])
            shown |= {start + place for place in places if worth.spend("train", f"k{start + place}", 1000)}
    assert {1234, 1777} <= shown


def test_the_ordinary_are_the_same_in_every_order():
    def ordinary(order):
        worth, shown = WorthALook(), []
        for start in range(0, 600, 2):
            names = [f"k{place}" for place in order[start : start + 2]]
            shown += [names[place] for place in worth.pick("train", 0, names, [0.0, 0.0])]
        return shown

    first, second = ordinary(list(range(600))), ordinary(list(range(599, -1, -1)))
    hashes = sorted((zlib.crc32(key.encode()), key) for key in keys(600))
    smallest = {key for _, key in hashes[:6]}
    assert smallest <= set(first) and smallest <= set(second)


def test_a_sample_is_shown_once():
    worth = WorthALook()
    assert worth.pick("train", 0, ["a"], [1.0]) == [0] and worth.spend("train", "a", 10)
    assert worth.pick("train", 1, ["a"], [2.0]) == []
    assert not worth.spend("train", "a", 10)
    assert worth.pick("valid", 0, ["a"], [1.0]) == [0]


def test_the_budget_holds_and_is_not_gone_after_the_first_pass():
    worth = WorthALook(most_rows=100, most_bytes=50_000)
    kept = 0
    for pass_number in range(200):
        for batch in range(20):
            names = keys(10, 1000 * pass_number + 10 * batch)
            places = worth.pick("train", pass_number, names, list(range(batch, batch + 10)))
            assert len(places) <= 4
            kept += sum(worth.spend("train", names[place], 400) for place in places)
        if pass_number == 3:
            assert kept < 80
    assert kept == 100 and not worth.open


def test_no_random_number_is_drawn():
    state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].tolist()
    worth = WorthALook()
    worth.pick("train", 0, keys(50), list(range(50)))
    preview(torch.ones(3, 20, 20))
    assert torch.equal(torch.get_rng_state(), state) and np.random.get_state()[1].tolist() == numpy_state
