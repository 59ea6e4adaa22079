import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, DataLoader, Dataset, IterableDataset, Subset, TensorDataset, random_split

from recorder.data import name_of, samples_to_draw, with_ids


class Squares(Dataset):
    """Items of the kind asked for; `secret` is an attribute that shows nothing of itself."""

    def __init__(self, count=10, kind="tuple", secret=None):
        self.count, self.kind, self.secret, self.reads = count, kind, secret, 0

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if not -self.count <= index < self.count:
            raise IndexError(index)
        self.reads += 1
        item = (torch.tensor(float(index)), index**2)
        return {"tuple": item, "list": list(item), "dict": {"x": item[0], "y": item[1]}, "tensor": item[0]}[self.kind]


class Stream(IterableDataset):
    def __init__(self, count=6):
        self.count = count

    def __iter__(self):
        return iter([(torch.tensor(float(place)),) for place in range(self.count)])


def ids_of(dataset):
    return [dataset[place][0] for place in range(len(dataset))]


def indices(ids):
    return [int(key.rsplit(":", 1)[1]) for key in ids]


@pytest.mark.parametrize("kind, rest", [("tuple", 2), ("list", 2), ("dict", 1), ("tensor", 1)])
def test_the_id_comes_first_and_the_item_follows(kind, rest):
    item = with_ids(Squares(kind=kind), "squares")[3]
    assert item[0] == "squares:3" and len(item) == 1 + rest
    if kind == "dict":
        assert item[1] == {"x": torch.tensor(3.0), "y": 9}


def test_a_loader_yields_ids_and_batches():
    loader = DataLoader(with_ids(Squares(), "squares"), batch_size=4)
    for ids, x, y in loader:
        assert [f"squares:{int(value)}" for value in x] == list(ids)
        assert torch.equal(x.long() ** 2, y)


def test_a_subset_s_ids_are_those_of_the_underlying_data_set():
    data = Squares()
    train, valid = random_split(data, [7, 3], torch.Generator().manual_seed(0))
    ids = [ids_of(with_ids(part)) for part in (train, valid)]
    assert [indices(part) for part in ids] == [list(train.indices), list(valid.indices)]
    assert len({key.rsplit(":", 1)[0] for part in ids for key in part}) == 1
    assert set(ids[0] + ids[1]) == set(ids_of(with_ids(data)))


def test_subsets_nest():
    data = Squares()
    inner = Subset(Subset(data, [9, 7, 5, 3]), [3, 1])
    assert indices(ids_of(with_ids(inner))) == [3, 7]
    assert indices(ids_of(with_ids(Subset(with_ids(data), [4])))) == [4]


def test_the_parts_of_a_concatenation_keep_their_ids():
    first, second = Squares(4), Squares(6)
    both = with_ids(ConcatDataset([Subset(first, [3, 1]), second, first]))
    assert indices(ids_of(both)) == [3, 1, *range(6), *range(4)]
    names = [key.rsplit(":", 1)[0] for key in ids_of(both)]
    assert names[:2] == [name_of(first)] * 2 and names[2:8] == [name_of(second)] * 6 and names[8:] == [name_of(first)] * 4
    assert both[-1][0] == both[11][0]


def test_a_name_of_the_user_s_tells_the_parts_apart():
    both = with_ids(ConcatDataset([Squares(2), Squares(3)]), "mine")
    assert ids_of(both) == ["mine.0:0", "mine.0:1", "mine.1:0", "mine.1:1", "mine.1:2"]


def test_names_are_the_same_for_the_same_contents_and_differ_for_others():
    torch.manual_seed(0)
    x = torch.randn(20, 3)
    assert name_of(TensorDataset(x)) == name_of(TensorDataset(x.clone()))
    changed = x.clone()
    changed[17, 2] += 1
    assert len({name_of(data) for data in (TensorDataset(x), TensorDataset(changed), TensorDataset(x[:19]), Squares(20), Squares(19))}) == 5


def test_a_name_is_the_same_in_another_process():
    code = "import torch; from recorder.data import name_of; from torch.utils.data import TensorDataset; print(name_of(TensorDataset(torch.arange(12.0))))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == name_of(TensorDataset(torch.arange(12.0)))


def test_data_sets_that_look_alike_but_may_differ_get_two_names():
    train, valid = Squares(secret=lambda x: x), Squares(secret=lambda x: x + 1)
    assert name_of(train) != name_of(valid)
    assert name_of(train) == name_of(train)


def test_naming_reads_no_item_and_draws_no_random_number():
    data, state = Squares(), torch.get_rng_state()
    with_ids(data)
    assert data.reads == 0 and torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("data", [list(range(5)), np.arange(5.0), [torch.tensor(1.0)] * 5, {0: "a", 1: "b"}, "texts"])
def test_anything_with_items_will_do(data):
    assert with_ids(data)[1][0].endswith(":1")


def test_large_tensors_are_looked_at_by_rows_spread_over_all():
    x = torch.zeros(300, 65536, dtype=torch.uint8)
    y = x.clone()
    y[::2] = 1
    assert name_of(TensorDataset(x)) != name_of(TensorDataset(y))


def test_sparse_tensors_and_arrays_of_objects_are_no_trouble():
    assert name_of(TensorDataset(torch.eye(3).to_sparse())) and with_ids([np.array(["a", None], dtype=object)])


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stream_s_numbers_never_meet(workers):
    loader = DataLoader(with_ids(Stream(), "stream"), batch_size=2, num_workers=workers)
    found = [key for ids, _ in loader for key in ids]
    assert len(set(found)) == len(found) == 6 * max(1, workers)
    if not workers:
        assert found == [f"stream:{place}" for place in range(6)]


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_works_in_workers_of_any_start_method(start):
    loader = DataLoader(with_ids(Squares(), "squares"), batch_size=5, num_workers=1, multiprocessing_context=start)
    assert [list(ids) for ids, _, _ in loader] == [[f"squares:{place}" for place in range(5)], [f"squares:{place}" for place in range(5, 10)]]


def test_pickles_and_keeps_its_name():
    wrapped = with_ids(Squares(secret=len))
    assert pickle.loads(pickle.dumps(wrapped))[2][0] == wrapped[2][0]


def test_batches_are_fetched_as_the_data_set_likes():
    class Batched(Squares):
        def __getitems__(self, indices):
            self.asked = list(indices)
            return [self[index] for index in indices]

    data = Batched()
    [(ids, *_)] = list(DataLoader(with_ids(data, "b"), batch_size=10))
    assert data.asked == list(range(10)) and list(ids) == [f"b:{place}" for place in range(10)]


def test_everything_else_is_the_wrapped_data_set_s_own():
    data = Squares()
    data.classes = ["even", "odd"]
    wrapped = with_ids(data)
    assert (wrapped.classes, len(wrapped)) == (["even", "odd"], 10)
    with pytest.raises(AttributeError):
        _ = wrapped.nothing


def test_the_number_of_samples_is_that_of_the_smallest_data_set_that_holds_them_all():
    whole = Squares(100, secret=object())
    train, valid = with_ids(Subset(whole, list(range(75)))), with_ids(Subset(whole, list(range(75, 100))))
    assert samples_to_draw(ids_of(train)[:8]) == 75
    assert samples_to_draw(ids_of(valid)[3:9]) == 25
    assert samples_to_draw([ids_of(train)[0], ids_of(valid)[0]]) is None
    everything = with_ids(whole)
    assert samples_to_draw([ids_of(train)[0], ids_of(valid)[0]]) == len(everything) == 100


def test_repetitions_and_parts_are_counted_once():
    one, other = Squares(10, secret=object()), Squares(6, secret=object())
    repeated = with_ids(Subset(one, [0, 1, 1, 1, 2, 0]))
    both = with_ids(ConcatDataset([Subset(one, [5, 6, 7]), other, one]))
    assert samples_to_draw(ids_of(repeated)[:3]) == 3
    assert samples_to_draw(ids_of(both)) == 16


@pytest.mark.parametrize("keys", [[], ["a", "b"], ["unheard of:3"], [3, 4], ["x:-1"]])
def test_the_number_of_samples_of_other_keys_is_unknown(keys):
    with_ids(Squares(10))
    assert samples_to_draw(keys) is None


def test_a_data_set_without_a_length_or_with_names_for_indices_is_passed_over():
    class Named(Dataset):
        def __getitem__(self, key):
            return (key,)

    wrapped = with_ids(Named(), name="named")
    assert samples_to_draw([wrapped["first"][0]]) is None
    assert samples_to_draw(["named:3"]) is None
