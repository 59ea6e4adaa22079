import errno
import os
import shutil
import signal
import sys
import threading

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder import writer as writer_module
from recorder.format import TASKS, schema, tail_name
from recorder.sealing import sealed_file_is_whole, sorted_by_step
from recorder.tails import decode_tail
from recorder.writer import Writer
from tests.recorder.log_rows import files, metrics, read, steps


def test_a_row_is_in_the_tail_when_append_returns(tmp_path):
    writer = Writer(tmp_path)
    writer.append("metrics", metrics(0))
    assert files(tmp_path) == ["_00000000.arrows"]
    assert steps(tmp_path) == [0, 0]
    writer.close()
    assert files(tmp_path) == ["00000000.parquet"]
    assert steps(tmp_path) == [0, 0]


def test_a_tail_is_a_plain_arrow_stream(tmp_path):
    writer = Writer(tmp_path)
    for step in range(3):
        writer.append("metrics", metrics(step))
    with pa.OSFile(str(tmp_path / "metrics/rank=00000" / tail_name(0)), "rb") as source:
        assert pa.ipc.open_stream(source).read_all().column("step").to_pylist() == [0, 0, 1, 1, 2, 2]


def test_a_tail_that_has_grown_is_sealed_and_no_row_is_lost_or_doubled(tmp_path):
    writer = Writer(tmp_path, seal_bytes=4000)
    for step in range(100):
        writer.append("metrics", metrics(step))
    assert steps(tmp_path) == sorted([*range(100)] * 2)
    writer.close()
    assert writer.failures == []
    assert steps(tmp_path) == sorted([*range(100)] * 2)
    assert all(name.endswith(".parquet") for name in files(tmp_path)) and len(files(tmp_path)) > 5


def test_sealed_files_are_sorted_checksummed_zstd(tmp_path):
    writer = Writer(tmp_path)
    for step in (3, None, 1, 2):
        writer.append("metrics", metrics(step))
    writer.close()
    path = tmp_path / "metrics/rank=00000/00000000.parquet"
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        assert file.read().column("step").to_pylist() == [None, None, 1, 1, 2, 2, 3, 3]
        group = file.metadata.row_group(0)
        assert {group.column(index).compression for index in range(group.num_columns)} == {"ZSTD"}
        assert [column.column_index for column in group.sorting_columns] == [0]
    assert sealed_file_is_whole(path) is True


@pytest.mark.parametrize("place", [10, 200, -300, -20])
def test_a_flipped_bit_of_a_sealed_file_shows(tmp_path, place):
    writer = Writer(tmp_path)
    writer.append("metrics", metrics(1, 50))
    writer.close()
    path = tmp_path / "metrics/rank=00000/00000000.parquet"
    content = bytearray(path.read_bytes())
    content[place] ^= 4
    path.write_bytes(content)
    assert sealed_file_is_whole(path) is False


def test_pandas_arrow_and_duckdb_read_a_table_s_folder_without_us(tmp_path):
    for rank in (0, 1):
        writer = Writer(tmp_path, rank)
        writer.append("metrics", metrics(rank, 3))
        writer.seal()
        writer.append("metrics", metrics(7, 1))  # this one stays a live tail, which Parquet readers skip
    folder = tmp_path / "metrics"
    assert len(pd.read_parquet(folder)) == 6
    assert pa.dataset.dataset(folder, partitioning="hive").count_rows() == 6
    query = f"select count(*), count(distinct rank) from read_parquet('{folder}/*/[0-9]*.parquet', hive_types = {{'rank': INTEGER}})"
    assert duckdb.sql(query).fetchall() == [(6, 2)]


def test_another_task_s_columns_begin_another_file(tmp_path):
    writer = Writer(tmp_path)
    for task in ("classification", "regression", "classification"):
        columns = schema("samples", task)
        writer.append("samples", pa.RecordBatch.from_pylist([{"step": 1, "sample_id": task}], schema=columns))
    writer.close()
    assert files(tmp_path, "samples") == ["00000000.parquet", "00000001.parquet", "00000002.parquet"]
    assert read(tmp_path, "samples").num_rows == 3


PLAIN_TABLES = ("tensors", "stats", "events", "probes", "inputs", "previews")


@pytest.mark.parametrize("table, task", [*((table, None) for table in PLAIN_TABLES), *(("samples", task) for task in TASKS)])
def test_every_table_goes_through_tail_and_seal(tmp_path, table, task):
    columns = schema(table, task)
    batch = pa.RecordBatch.from_pylist([{columns.names[0]: None}, {}], schema=columns)
    writer = Writer(tmp_path)
    writer.append(table, batch)
    writer.close()
    assert read(tmp_path, table).schema.equals(columns)
    assert read(tmp_path, table).num_rows == 2


def test_empty_batches_leave_no_file(tmp_path):
    writer = Writer(tmp_path)
    writer.append("metrics", metrics(1, 0))
    writer.close()
    assert files(tmp_path) == []


FULL = OSError(errno.ENOSPC, "No space left on device")


def failing(monkeypatch, times, error: BaseException = FULL, written=40):
    """Lets the next writes stop after some bytes and then fail, as a full disk does."""
    real, left = os.write, [times]

    def write(descriptor, content):
        if left[0] <= 0:
            return real(descriptor, content)
        left[0] -= 1
        real(descriptor, bytes(content)[:written])
        raise error

    monkeypatch.setattr(writer_module.os, "write", write)


def test_a_half_written_batch_is_cut_back_and_tried_again(tmp_path, monkeypatch):
    writer = Writer(tmp_path)
    writer.append("metrics", metrics(0))
    failing(monkeypatch, 2)
    writer.append("metrics", metrics(1))
    writer.append("metrics", metrics(2))
    assert steps(tmp_path) == [0, 0]
    writer.append("metrics", metrics(3))
    assert steps(tmp_path) == [0, 0, 1, 1, 2, 2, 3, 3]
    [failure] = writer.failures
    assert (failure.table, failure.reason, failure.times, failure.rows_lost) == ("metrics", "No space left on device", 2, 0)
    [event] = read(tmp_path, "events").to_pylist()
    assert event["kind"] == "recorder_error" and "failed 2 times (No space left on device); no row was lost" in event["message"]
    writer.close()
    assert steps(tmp_path) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_rows_beyond_what_memory_may_hold_are_dropped_oldest_first_and_told(tmp_path, monkeypatch):
    size = metrics(0).nbytes
    writer = Writer(tmp_path, waiting_bytes=3 * size)
    failing(monkeypatch, 10)
    for step in range(10):
        writer.append("metrics", metrics(step))
    writer.append("metrics", metrics(10))
    assert steps(tmp_path) == [7, 7, 8, 8, 9, 9, 10, 10]
    assert sum(failure.rows_lost for failure in writer.failures) == 14
    assert "14 rows were lost" in read(tmp_path, "events").to_pylist()[0]["message"]


def test_a_tail_that_cannot_be_cut_back_is_left_and_the_next_begins(tmp_path, monkeypatch):
    writer = Writer(tmp_path)
    writer.append("metrics", metrics(0))
    with monkeypatch.context() as patch:
        failing(patch, 1)

        def refuse(*_):
            raise OSError(errno.EIO, "Input/output error")

        patch.setattr(writer_module.os, "ftruncate", refuse)
        writer.append("metrics", metrics(1))
    writer.append("metrics", metrics(2))
    assert steps(tmp_path) == [0, 0, 1, 1, 2, 2]
    writer.close()
    assert steps(tmp_path) == [0, 0, 1, 1, 2, 2]
    assert files(tmp_path) == ["00000000.parquet", "00000001.parquet"]


def test_a_disk_that_refuses_to_the_end_loses_what_waits_and_says_how_much(tmp_path, monkeypatch):
    writer = Writer(tmp_path)
    writer.append("metrics", metrics(0))
    failing(monkeypatch, 100)
    writer.append("metrics", metrics(1, 5))
    writer.close()
    assert steps(tmp_path) == [0, 0]
    assert sum(failure.rows_lost for failure in writer.failures) == 5


def test_a_batch_that_arrow_cannot_encode_does_not_block_the_others(tmp_path, monkeypatch):
    writer = Writer(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(writer_module, "encode_batch", lambda *_: 1 / 0)
        writer.append("metrics", metrics(0))
    writer.append("metrics", metrics(1))
    assert steps(tmp_path) == [1, 1]
    assert [(failure.reason, failure.rows_lost) for failure in writer.failures] == [("ZeroDivisionError: division by zero", 2)]


def test_an_interrupt_in_mid_write_costs_nothing(tmp_path, monkeypatch):
    writer = Writer(tmp_path)
    writer.append("metrics", metrics(0))
    with monkeypatch.context() as patch:
        failing(patch, 1, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            writer.append("metrics", metrics(1))
    writer.append("metrics", metrics(2))
    writer.close()
    assert steps(tmp_path) == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("place", range(12))
def test_an_interrupt_between_any_two_steps_of_an_append_neither_loses_nor_doubles(tmp_path, place):
    """The handler raises at the n-th call that append makes, wherever that is."""
    writer = Writer(tmp_path)
    writer.append("metrics", metrics(0))
    calls, batch = 0, metrics(1)

    def trace(frame, event, _):
        nonlocal calls
        if event == "call" and frame.f_code.co_filename.endswith(("/writer.py", "/tails.py", "/format.py")):
            calls += 1
            if calls == place + 2:  # the first is append itself
                raise KeyboardInterrupt
        return None

    sys.settrace(trace)
    try:
        writer.append("metrics", batch)
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(None)
    writer.append("metrics", metrics(2))
    writer.close()
    assert steps(tmp_path) == [0, 0, 1, 1, 2, 2]


def test_a_signal_handler_may_append_in_the_middle_of_an_append(tmp_path, monkeypatch):
    writer = Writer(tmp_path)
    writer.append("metrics", metrics(0))
    real = os.write

    def write(descriptor, content):
        monkeypatch.setattr(writer_module.os, "write", real)
        os.kill(os.getpid(), signal.SIGUSR1)
        return real(descriptor, content)

    before = signal.signal(signal.SIGUSR1, lambda *_: writer.append("metrics", metrics(2)))
    try:
        monkeypatch.setattr(writer_module.os, "write", write)
        writer.append("metrics", metrics(1))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert steps(tmp_path) == [0, 0, 1, 1, 2, 2]


def test_threads_may_append_at_once(tmp_path):
    writer = Writer(tmp_path, seal_bytes=20000)
    threads = [threading.Thread(target=lambda first=first: [writer.append("metrics", metrics(first + step)) for step in range(50)]) for first in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    assert sorted(steps(tmp_path)) == sorted([first + step for first in (0, 100, 200) for step in range(50)] * 2)


def test_a_forked_child_writes_nothing_and_the_parent_goes_on(tmp_path):
    writer = Writer(tmp_path, seal_bytes=2000)
    for step in range(10):
        writer.append("metrics", metrics(step))
    child = os.fork()
    if child == 0:
        writer.append("metrics", metrics(99))
        writer.seal()
        writer.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    writer.append("metrics", metrics(10))
    writer.close()
    assert steps(tmp_path) == sorted([*range(11)] * 2)


def test_a_removed_directory_is_made_again_and_what_was_in_it_is_counted(tmp_path):
    run = tmp_path / "run"
    writer = Writer(run)
    writer.append("metrics", metrics(0))
    shutil.rmtree(run)
    writer.append("metrics", metrics(1))
    assert steps(run) == [1, 1]
    writer.close()
    assert [(failure.reason, failure.rows_lost) for failure in writer.failures] == [("the file was removed", 2)]


def test_a_directory_that_cannot_be_made_raises_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    writer = Writer(tmp_path / "file" / "run")
    writer.append("metrics", metrics(0))
    writer.close()
    assert sum(failure.rows_lost for failure in writer.failures) == 2


def test_after_close_nothing_is_written(tmp_path):
    writer = Writer(tmp_path)
    writer.append("metrics", metrics(0))
    writer.close()
    writer.close()
    writer.append("metrics", metrics(1))
    assert steps(tmp_path) == [0, 0]


def test_a_file_that_cannot_be_sealed_stays_a_tail_and_is_sealed_later(tmp_path, monkeypatch):
    writer = Writer(tmp_path)
    writer.append("metrics", metrics(0))
    with monkeypatch.context() as patch:
        patch.setattr("recorder.sealing.os.fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
        writer.seal()
    assert files(tmp_path) == ["_00000000.arrows"] and steps(tmp_path) == [0, 0]
    writer.append("metrics", metrics(1))
    writer.close()
    assert files(tmp_path) == ["00000000.parquet", "00000001.parquet"] and steps(tmp_path) == [0, 0, 1, 1]


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "step": st.none() | st.integers(0, 2**62),
            "name": st.text(max_size=20) | st.none(),
            "value": st.floats() | st.none(),
        }
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=40, deadline=None)
@given(batches=st.lists(ROWS, min_size=1, max_size=6), seal_bytes=st.sampled_from([1, 2000, 10**9]))
def test_rows_come_back_bit_for_bit(tmp_path_factory, batches, seal_bytes):
    run = tmp_path_factory.mktemp("run")
    writer = Writer(run, seal_bytes=seal_bytes)
    for rows in batches:
        writer.append("metrics", pa.RecordBatch.from_pylist(rows, schema=schema("metrics")))

    def found():
        return sorted(repr((row["step"], row["name"], row["value"])) for row in read(run).to_pylist())

    wanted = sorted(repr((row["step"], row["name"], row["value"])) for rows in batches for row in rows)
    assert found() == wanted
    writer.close()
    assert found() == wanted and writer.failures == []


def tail_of(tmp_path, count=10):
    writer = Writer(tmp_path)
    for step in range(count):
        writer.append("metrics", metrics(step, 3))
    return (tmp_path / "metrics/rank=00000" / tail_name(0)).read_bytes()


def test_a_torn_end_is_dropped_and_noticed(tmp_path):
    data = tail_of(tmp_path)
    whole = decode_tail(data)
    assert (len(whole.batches), whole.rows_lost, whole.torn) == (10, 0, False)
    for cut in (1, 8, 100, len(data) // 20):
        content = decode_tail(data[:-cut])
        assert (len(content.batches), content.torn) == (9, True)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damage_costs_the_batches_it_touches_and_shows(tmp_path_factory, data):
    tail = tail_of(tmp_path_factory.mktemp("run"))
    good = {batch.column(0)[0].as_py(): batch for batch in decode_tail(tail).batches}
    place = data.draw(st.integers(0, len(tail) - 1))
    kind = data.draw(st.sampled_from(["flip", "cut", "repeat", "zero"]))
    length = data.draw(st.integers(1, 2000))
    piece = tail[place : place + length]
    damaged = {
        "flip": tail[:place] + bytes([tail[place] ^ (1 << data.draw(st.integers(0, 7)))]) + tail[place + 1 :],
        "cut": tail[:place] + tail[place + length :],
        "repeat": tail[:place] + piece + tail[place:],
        "zero": tail[:place] + bytes(len(piece)) + tail[place + length :],
    }[kind]
    content = decode_tail(damaged)
    seen = [batch.column(0)[0].as_py() for batch in content.batches]
    assert len(set(seen)) == len(seen)
    assert all(batch.equals(good[step]) for step, batch in zip(seen, content.batches, strict=True))
    missing = 3 * (10 - len(seen))
    if content.schema is not None and seen and max(seen) == 9:
        assert content.rows_lost == missing
    elif missing and place + length < len(tail):
        assert content.torn or content.rows_lost


def test_rows_are_sorted_by_step_and_stay_in_order_within_one() -> None:
    steps = [3, None, 1, 3, 1, None, 2, 3, None, 0, 1]
    table = pa.table({"step": pa.array(steps, pa.int64()), "row": pa.array(range(len(steps)))})
    pieces = pa.concat_tables([table.slice(0, 3), table.slice(3, 0), table.slice(3, 5), table.slice(8)])
    wanted = sorted(range(len(steps)), key=lambda row: (-1 if steps[row] is None else steps[row], row))
    assert sorted_by_step(pieces)["row"].to_pylist() == wanted
    assert sorted_by_step(table.slice(9)) == table.slice(9)
