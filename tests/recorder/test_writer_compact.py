import pyarrow.parquet as pq
import pytest

from recorder import compact as compact_module
from recorder.compact import compact
from recorder.format import sealed_name
from recorder.sealing import sealed_file_is_whole
from recorder.writer import Writer, claim
from tests.recorder.log_rows import files, metrics, read, steps
from tests.recorder.test_writer_claim import resumed_event


def many_files(run, count=6, first=0):
    writer = Writer(run)
    for step in range(first, first + count):
        writer.append("metrics", metrics(step))
        writer.seal()
    return writer


def test_small_files_become_one_with_the_same_rows(tmp_path):
    many_files(tmp_path)
    before = read(tmp_path)
    done = compact(tmp_path)
    assert files(tmp_path) == ["00000000-00000005.parquet"] and (done.files_before, done.files_after) == (6, 1)
    assert read(tmp_path).equals(before)
    assert sealed_file_is_whole(tmp_path / "metrics/rank=00000/00000000-00000005.parquet")
    assert (compact(tmp_path).files_before, files(tmp_path)) == (1, ["00000000-00000005.parquet"])


def test_merged_files_are_merged_again_and_numbers_go_on(tmp_path):
    many_files(tmp_path, 3)
    compact(tmp_path)
    many_files(tmp_path, 2, first=3)
    assert files(tmp_path) == ["00000000-00000002.parquet", "00000003.parquet", "00000004.parquet"]
    compact(tmp_path)
    assert files(tmp_path) == ["00000000-00000004.parquet"] and steps(tmp_path) == sorted([*range(5)] * 2)


def test_a_live_tail_is_left_alone(tmp_path):
    writer = many_files(tmp_path, 3)
    writer.append("metrics", metrics(3))
    compact(tmp_path)
    assert files(tmp_path) == ["00000000-00000002.parquet", "_00000003.arrows"]
    writer.close()
    assert steps(tmp_path) == sorted([*range(4)] * 2)


def test_a_tail_between_sealed_files_is_not_covered(tmp_path):
    """A disk that was full may have left one unsealed."""
    many_files(tmp_path, 5)
    folder = tmp_path / "metrics/rank=00000"
    table = pq.ParquetFile(folder / sealed_name(2)).read()
    (folder / sealed_name(2)).unlink()
    other = Writer(tmp_path / "other")
    other.append("metrics", table.to_batches()[0])
    (tmp_path / "other/metrics/rank=00000/_00000000.arrows").rename(folder / "_00000002.arrows")
    compact(tmp_path)
    assert sorted(steps(tmp_path)) == sorted([*range(5)] * 2)
    assert files(tmp_path) == ["00000000-00000001.parquet", "00000003-00000004.parquet", "_00000002.arrows"]


def test_files_before_and_after_a_resume_stay_apart(tmp_path):
    many_files(tmp_path, 3)
    taken = claim(tmp_path, resume=1)
    writer = Writer(tmp_path)
    writer.append("events", resumed_event(taken))  # in a live tail, where it counts as well
    writer.append("metrics", metrics(1))
    writer.append("metrics", metrics(2))
    writer.seal()
    writer.append("metrics", metrics(3))
    writer.seal()
    compact(tmp_path)
    assert files(tmp_path) == ["00000000-00000002.parquet", "00000003-00000004.parquet"]


def test_a_damaged_file_is_left_as_it_is(tmp_path):
    many_files(tmp_path, 5)
    damaged = tmp_path / "metrics/rank=00000" / sealed_name(2)
    content = bytearray(damaged.read_bytes())
    content[20] ^= 1
    damaged.write_bytes(content)
    compact(tmp_path)
    assert files(tmp_path) == ["00000000-00000001.parquet", "00000002.parquet", "00000003-00000004.parquet"]
    assert damaged.read_bytes() == content


def test_files_do_not_grow_beyond_the_target(tmp_path):
    many_files(tmp_path, 6)
    size = (tmp_path / "metrics/rank=00000" / sealed_name(0)).stat().st_size
    compact(tmp_path, target_bytes=int(2.5 * size))
    assert files(tmp_path) == ["00000000-00000001.parquet", "00000002-00000003.parquet", "00000004-00000005.parquet"]


@pytest.mark.parametrize("moment", ["before the rename", "after the rename", "between two deletions"])
def test_a_crash_at_any_moment_leaves_one_history(tmp_path, monkeypatch, moment):
    many_files(tmp_path, 4)
    before = read(tmp_path)

    class Crash(BaseException):
        pass

    def crash(*_, **__):
        raise Crash

    with monkeypatch.context() as patch:
        if moment == "before the rename":
            patch.setattr("recorder.sealing.os.fsync", crash)
        elif moment == "after the rename":
            patch.setattr(compact_module.pq, "ParquetFile", _after(lambda path: "-" in str(path), crash, compact_module.pq.ParquetFile))
        else:
            patch.setattr("pathlib.Path.unlink", _after(lambda path: path.name == sealed_name(1), crash, compact_module.Path.unlink))
        with pytest.raises(Crash):
            compact(tmp_path)
    assert read(tmp_path).sort_by([("step", "ascending"), ("value", "ascending")]).equals(before)
    compact(tmp_path)
    assert files(tmp_path) == ["00000000-00000003.parquet"] and read(tmp_path).equals(before)


def _after(wanted, crash, real):
    def call(first, *args, **kwargs):
        return crash() if wanted(first) else real(first, *args, **kwargs)

    return call


def test_two_compactions_at_once_are_refused(tmp_path, monkeypatch):
    many_files(tmp_path, 2)
    with monkeypatch.context() as patch:
        patch.setattr(compact_module, "_compact_folder", lambda *_: compact(tmp_path))
        with pytest.raises(FileExistsError):
            compact(tmp_path)
    compact(tmp_path)
    assert files(tmp_path) == ["00000000-00000001.parquet"]
