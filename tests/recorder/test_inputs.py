import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder import inputs as module
from recorder.input_log import Batch, InputLog
from recorder.inputs import InputsSeen, hash_rows, meta_of_samples, summarize

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.uint8, torch.bool, torch.complex64]


@pytest.mark.parametrize("dtype", DTYPES)
def test_equal_bytes_give_equal_hashes_and_any_change_another(dtype):
    torch.manual_seed(0)
    x = (torch.randn(4, 3, 5) * 50).to(dtype) if dtype != torch.bool else torch.rand(4, 3, 5) > 0.5
    twin = torch.cat([x[2:3], x[:1], x[2:3]])
    assert hash_rows(twin).tolist() == hash_rows(x)[[2, 0, 2]].tolist()
    assert len(set(hash_rows(x).tolist())) == 4
    assert hash_rows(x.transpose(1, 2)).tolist() != hash_rows(x).tolist()
    changed = x.clone()
    changed[1, 2, 4] = ~x[1, 2, 4] if dtype == torch.bool else x[1, 2, 4] + 1
    assert (hash_rows(changed) != hash_rows(x)).tolist() == [False, True, False, False]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 9000), st.integers(0, 63))
def test_every_single_bit_counts(seed, width, bit):
    x = torch.randint(0, 2**31, (1, width), generator=torch.Generator().manual_seed(seed))
    place = seed % width
    y = x.clone()
    y[0, place] ^= torch.tensor(1 << bit if bit < 63 else -(2**63))
    assert hash_rows(x).item() != hash_rows(y).item()


def test_inputs_that_differ_in_few_places_do_not_meet():
    """One-hot rows and sparse pictures: no two of 20,000 meet."""
    one_hot = torch.eye(5000)
    two_hot = torch.zeros(15000, 200)
    places = torch.combinations(torch.arange(200))[:15000]
    two_hot.scatter_(1, places, 1.0)
    assert len(set(hash_rows(one_hot).tolist())) == 5000 and len(set(hash_rows(two_hot).tolist())) == 15000


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8, torch.float16])
def test_where_in_memory_an_input_lies_is_all_the_same(dtype):
    x = (torch.rand(5, 8) * 100).to(dtype)
    for offset in range(1, 4):
        memory = torch.zeros(offset + x.numel(), dtype=dtype)
        memory[offset:] = x.reshape(-1)
        assert torch.equal(hash_rows(memory[offset:].reshape(x.shape)), hash_rows(x))


def test_hashes_are_the_same_in_every_run():
    hashes = hash_rows(torch.arange(12.0).reshape(2, 6)).tolist()
    assert [f"{value & (2**64 - 1):016x}" for value in hashes] == ["6e9b3bc45d4939c3", "18ff2362355bd8ff"]


@pytest.mark.parametrize("hole", [None, "nan", "inf", "all"])
def test_range_of_the_finite_values(hole):
    x = torch.randn(3, 40) * 5 + 100
    if hole is not None:
        x[1, 7 if hole != "all" else slice(None)] = float("inf" if hole == "inf" else "nan")
    floats = summarize(x, 3)["floats"]
    for place in range(3):
        values = x[place][torch.isfinite(x[place])].double()
        if not len(values):
            assert all(math.isnan(value) for value in floats[:, place].tolist())
            continue
        oracle = [values.min(), values.max(), values.mean(), values.std(correction=0)]
        assert floats[:, place].tolist() == pytest.approx([value.item() for value in oracle], rel=1e-4)


def test_mappings_and_sequences_are_hashed_whole_and_texts_too():
    tokens, mask = torch.arange(12).reshape(3, 4), torch.ones(3, 4)
    found = summarize({"input_ids": tokens, "attention_mask": mask, "labels": [1, 2]}, 3)
    other = summarize({"input_ids": tokens, "attention_mask": 2 * mask}, 3)
    assert found["shape"] == [4] and not set(found["hash"].tolist()) & set(other["hash"].tolist())
    assert summarize(["a", "b", "a"], 3)["hash"][0] == summarize(["a", "b", "a"], 3)["hash"][2]
    assert summarize(torch.zeros(5, 2), 3) == {} and summarize(None, 3) == {} and summarize([1, 2, 3], 3) == {}


def test_reads_no_value_back():
    found = summarize({"x": torch.empty(4, 3, 8, 8, device="meta"), "y": torch.empty(4, 9000, dtype=torch.int64, device="meta")}, 4)
    assert found["hash"].shape == (4,) and found["floats"].shape == (4, 4)


def batch_of(seen, x, pass_number=0, meta=None, keys=("a", "b", "c"), split="train"):
    rows = seen.to_batch(summarize(x, len(keys)), ids=keys, split=split, step=5, pass_number=pass_number, meta=meta)
    return [] if rows is None else rows.to_arrow().to_pylist()


def test_a_row_when_first_seen_and_when_changed():
    seen, x = InputsSeen(), torch.randn(3, 2, 4)
    first = batch_of(seen, x)
    assert [row["sample_id"] for row in first] == ["a", "b", "c"]
    assert (first[0]["shape"], first[0]["dtype"], first[0]["step"], len(first[0]["hash"])) == ([2, 4], "float32", 5, 16)
    assert batch_of(seen, x, 1) == []
    x[1] += 1
    assert [row["sample_id"] for row in batch_of(seen, x, 2)] == ["b"]
    assert [row["sample_id"] for row in batch_of(seen, x, split="valid")] == ["a", "b", "c"]


def test_looks_at_every_pass_whose_number_is_a_power_of_two():
    seen = InputsSeen()
    assert [number for number in range(20) if seen.due(number)] == [0, 1, 2, 4, 8, 16]


def test_memory_is_bounded_and_so_is_the_table(monkeypatch):
    monkeypatch.setattr(module, "_REMEMBERED", 2)
    seen, x = InputsSeen(), torch.randn(3, 2)
    assert len(batch_of(seen, x)) == 3
    assert batch_of(seen, x, 1) == []
    assert len(batch_of(seen, x + 1, 1)) == 2
    monkeypatch.setattr(module, "_MOST_ROWS", 5)
    assert seen.full and not seen.due(0)


def test_meta_of_any_form_becomes_texts():
    assert meta_of_samples({"site": ["x", "y"], "age": torch.tensor([3, 4]), "kind": "all"}, 2) == [
        {"site": "x", "age": "3", "kind": "all"},
        {"site": "y", "age": "4", "kind": "all"},
    ]
    assert meta_of_samples([{"site": 1}, {"site": None}], 2) == [{"site": "1"}, {"site": "None"}]
    assert meta_of_samples([{"site": 1}], 2) is None and meta_of_samples(np.zeros(2), 2) is None


def test_meta_is_kept_with_and_without_an_input():
    seen = InputsSeen()
    meta = [{"site": "x"}, {"site": "y"}, {"site": "z"}]
    assert [row["meta"] for row in batch_of(seen, torch.randn(3, 2), meta=meta)] == [[("site", "x")], [("site", "y")], [("site", "z")]]
    alone = batch_of(InputsSeen(), None, meta=meta)
    assert [(row["hash"], row["meta"]) for row in alone] == [(None, [("site", name)]) for name in "xyz"]


def test_a_batch_s_inputs_and_its_worst_samples_are_logged():
    written = []
    log = InputLog(lambda table, rows: written.append((table, rows)), lambda tensors, then: then(list(tensors)))
    keys = [f"k{place}" for place in range(6)]
    batch = Batch(6, "train", 3, 0, inputs=torch.rand(6, 1, 16, 16), meta={"site": list("abcdef")})
    log.add(batch, lambda: keys)
    log.show(batch, keys, np.array([0.1, 5.0, 0.2, np.nan, 0.3, 0.1]))
    tables = {table: rows.to_arrow().to_pylist() for table, rows in written}
    assert len(tables["inputs"]) == 6
    assert {"k1", "k3"} & {row["sample_id"] for row in tables["previews"]}
    assert {row["kind"] for row in tables["previews"]} == {"image"}


def test_masks_of_a_segmentation_are_shown_with_the_input():
    written = []
    log = InputLog(lambda table, rows: written.append((table, rows)), lambda tensors, then: then(list(tensors)))
    x, y = torch.rand(2, 3, 16, 16), torch.randint(0, 4, (2, 16, 16))
    for prediction in (torch.randn(2, 4, 16, 16), torch.randn(2, 1, 16, 16)):
        log.show(Batch(2, "valid", 3, 0, inputs=x, prediction=prediction, target=y), ["a", "b"], np.array([1.0, 2.0]))
        log = InputLog(log._append, log._submit)
    assert [row["kind"] for _, rows in written for row in rows.to_arrow().to_pylist()] == ["mask"] * 4
