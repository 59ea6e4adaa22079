"""Messages made without Arrow objects against those that Arrow makes of the same rows: the same bytes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder import messages
from recorder.format import TASKS, schema
from recorder.messages import Rows, Template, few_texts, lists, nulls, of_array, of_records, same_number, same_text, texts, truths
from recorder.tails import decode_tail, encode_batch

SCHEMAS = {table: schema(table) for table in ("metrics", "stats", "inputs", "events")} | {task: schema("samples", task) for task in TASKS}

WORDS = st.text(alphabet=st.characters(codec="utf-8"), max_size=6)


def values_of(kind: pa.DataType, draw: st.DrawFn) -> object:
    """A random value, or None, of an Arrow type."""
    if draw(st.integers(0, 3)) == 0:
        return None
    if pa.types.is_map(kind):
        return [(draw(st.integers(0, 9)), draw(st.integers(0, 9))) if pa.types.is_integer(kind.item_type) else (draw(WORDS), draw(WORDS))]
    if pa.types.is_list(kind):
        return [values_of(kind.value_type, draw) for _ in range(draw(st.integers(0, 3)))]
    if pa.types.is_struct(kind):
        return {field.name: values_of(field.type, draw) for field in kind}
    if pa.types.is_string(kind):
        return draw(WORDS)
    if pa.types.is_boolean(kind):
        return draw(st.booleans())
    return draw(st.integers(0, 1000)) if pa.types.is_integer(kind) else draw(st.floats(width=32, allow_nan=False))


@pytest.mark.parametrize("name", SCHEMAS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_rows_become_the_message_that_arrow_makes(name: str, data: st.DataObject) -> None:
    columns = SCHEMAS[name]
    head = columns.serialize().to_pybytes()
    size = data.draw(st.integers(1, 20))
    values = {field.name: [values_of(field.type, data.draw) for _ in range(size)] for field in columns}
    arrays = [pa.array(values[field.name], field.type) for field in columns]
    batch = pa.RecordBatch.from_arrays(arrays, schema=columns)
    rows = Rows(columns, size, [of_array(array) for array in arrays], None)
    assert rows.to_arrow().equals(batch)
    if not any(pa.types.is_struct(getattr(field.type, "value_type", pa.null())) for field in columns):
        assert of_records(columns, values).to_arrow().equals(batch)
    message = Template(columns, head).encode(rows, 12)
    content = decode_tail(head + bytes(Template(columns, head).encode(rows, 0)))
    assert content.batches[0].equals(batch) and not content.torn and content.rows_lost == 0
    assert message == encode_batch(rows.to_arrow(), head, 12)


def test_each_kind_of_column_holds_what_it_was_given() -> None:
    unknown = np.array([False, True, False])
    kinds = {
        "f": (messages.numbers(np.array([1.5, 2, -0.0], np.float32), unknown), pa.float32(), [1.5, None, -0.0]),
        "i": (messages.numbers(np.array([1, 2, 3], np.int64)), pa.int64(), [1, 2, 3]),
        "b": (truths(np.array([True, False, True]), unknown), pa.bool_(), [True, None, True]),
        "l": (lists(np.arange(6, dtype=np.int32).reshape(3, 2)), pa.list_(pa.int32()), [[0, 1], [2, 3], [4, 5]]),
        "e": (lists(np.zeros((3, 0), np.float32)), pa.list_(pa.float32()), [[], [], []]),
        "t": (texts(["a", "", "ü€"]), pa.string(), ["a", "", "ü€"]),
        "u": (texts(["a\ud800", "b", "c"]), pa.string(), ["a?", "b", "c"]),
        "s": (same_text("train", 3), pa.string(), ["train"] * 3),
        "w": (few_texts(("x", "y", "z")), pa.string(), ["x", "y", "z"]),
        "c": (same_number(7, np.int32, 3), pa.int32(), [7, 7, 7]),
        "n": (same_number(None, np.int64, 3), pa.int64(), [None] * 3),
        "m": (nulls(4, 3), pa.float32(), [None] * 3),
    }
    columns = pa.schema([(name, kind) for name, (_, kind, _) in kinds.items()])
    rows = Rows(columns, 3, [column for column, _, _ in kinds.values()], None)
    batch = rows.to_arrow()
    batch.validate(full=True)
    assert batch.to_pydict() == {name: wanted for name, (_, _, wanted) in kinds.items()}
    head = columns.serialize().to_pybytes()
    assert Template(columns, head).encode(rows, 0) == encode_batch(batch, head, 0)
    assert rows.nbytes == sum(len(buffer) for column in rows.columns for buffer in column.buffers) > 0


def test_a_recording_does_not_import_pandas(tmp_path: Path) -> None:
    """Which costs 40 MB; pyarrow does it at the first `pa.array`."""
    script = """if True:
        import sys, torch
        from recorder import Recorder
        model = torch.nn.Linear(4, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with Recorder(sys.argv[1], model, optimizer, every=1) as rec:
            for rec.epoch in range(2):
                x, y = torch.randn(8, 4), torch.randint(0, 2, (8,))
                losses = torch.nn.functional.cross_entropy(model(x), y, reduction="none")
                losses.mean().backward()
                optimizer.step()
                rec.log(loss=losses.mean())
                rec.samples(range(8), loss=losses, prediction=model(x), target=y, inputs=x, meta={"hour": 3})
        print("pandas" in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "run")], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_a_slice_is_written_without_its_surroundings() -> None:
    array = pa.array(["one", None, "three", "four"]).slice(1, 2)
    assert Rows(pa.schema([("t", pa.string())]), 2, [of_array(array)], None).to_arrow()["t"].to_pylist() == [None, "three"]


def test_where_arrow_builds_its_headers_otherwise_the_rows_go_through_arrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "encode_batch", lambda *_: bytearray(b"another layout"))
    messages.template.cache_clear()
    columns = pa.schema([("n", pa.int64())])
    assert messages.template(columns, columns.serialize().to_pybytes()) is None
    messages.template.cache_clear()
