from __future__ import annotations

import gc
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from penstock.data import mapping, on_private_map, private_mapped_bytes

N = 100_000
COLUMN = 8 * N


@pytest.fixture
def frame() -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "i": random.integers(0, 100, N),
            "f": np.where(random.random(N) < 0.1, np.nan, random.random(N)),
            "t": pd.date_range("2020", periods=N, freq="s"),
            "z": pd.date_range("2020", periods=N, freq="s", tz="UTC"),
            "b": random.random(N) < 0.5,
            "s": [f"text {number}" for number in range(N)],
            "c": pd.Categorical(random.choice(["a", "b"], N)),
        }
    )


def stored_on_disk(manifest, shelf) -> int:
    return sum(shelf.store.backend.size(entry.key) for entry in manifest.files if entry.own)


def test_only_the_changed_column_is_written(shelf, frame):
    first = shelf.put(frame)
    loaded = shelf.store.load(first.ref)
    loaded["f"] = loaded["f"] * 2
    second = shelf.put(loaded)
    assert second.summaries()[0].bytes > 4 * COLUMN
    assert stored_on_disk(second, shelf) == second.summaries()[0].stored_bytes
    # The values, their bitmap of NULLs and the frame of the file.
    assert COLUMN < stored_on_disk(second, shelf) < COLUMN + N // 8 + 10_000
    pd.testing.assert_frame_equal(shelf.store.load(second.ref), loaded, check_exact=True)
    unchanged = shelf.put(shelf.store.load(second.ref))
    assert stored_on_disk(unchanged, shelf) == 0
    assert [entry.own for entry in unchanged.files] == [False, False]
    assert unchanged.summaries()[0].columns == second.summaries()[0].columns


@pytest.mark.skipif(pd.__version__ < "3", reason="pandas 2 copies the columns that it selects")
def test_renamed_reordered_dropped_and_repeated_columns_are_not_written(shelf, frame):
    loaded = shelf.store.load(shelf.put(frame).ref)
    turned = loaded[["s", "i", "f"]].rename(columns={"i": "n"})
    turned["again"] = loaded["i"]
    manifest = shelf.put(turned)
    assert stored_on_disk(manifest, shelf) == 0
    found = shelf.store.load(manifest.ref)
    pd.testing.assert_frame_equal(found, turned)
    found.loc[0, "n"] = -5
    assert found.loc[0, "again"] == turned.loc[0, "n"]


def test_a_copy_is_recognised_by_its_bytes(shelf, frame):
    loaded = shelf.store.load(shelf.put(frame).ref).copy()
    assert stored_on_disk(shelf.put(loaded), shelf) == 0


@pytest.mark.parametrize("column", ["i", "f", "t", "b"])
def test_writing_in_place_is_seen_and_never_reaches_the_file(shelf, frame, column):
    first = shelf.put(frame)
    loaded = shelf.store.load(first.ref)
    new = {"i": -5, "f": -5.5, "t": pd.Timestamp("1999-01-01"), "b": not loaded.loc[N // 2, "b"]}
    loaded.loc[N // 2, column] = new[column]
    second = shelf.put(loaded)
    assert stored_on_disk(second, shelf) > N
    pd.testing.assert_frame_equal(shelf.store.load(second.ref), loaded)
    pd.testing.assert_frame_equal(shelf.store.load(first.ref), frame)


def test_writing_through_numpy_is_seen(shelf):
    value = np.arange(N)
    first = shelf.put(value)
    loaded = shelf.store.load(first.ref)
    assert stored_on_disk(shelf.put(loaded), shelf) == 0
    loaded[N - 1] = -1
    second = shelf.put(loaded)
    assert stored_on_disk(second, shelf) == COLUMN
    assert (shelf.store.load(first.ref) == value).all()
    assert shelf.store.load(second.ref)[-1] == -1


def test_nullable_and_object_columns_are_recognised_by_their_values(shelf, frame):
    frame = pd.DataFrame(
        {
            "n": frame["i"].astype("Int64").mask(frame["b"]),
            "o": frame["s"].astype(object),
            "m": pd.Series([1, "x"] * (N // 2), dtype=object),
            "z": pd.Series([0.0, None] * (N // 2), dtype="Float64"),
        }
    )
    loaded = shelf.store.load(shelf.put(frame).ref)
    manifest = shelf.put(loaded)
    assert stored_on_disk(manifest, shelf) < COLUMN + N // 8 + 10_000
    pd.testing.assert_frame_equal(shelf.store.load(manifest.ref), frame)
    loaded["z"] = -loaded["z"]
    loaded.loc[3, "n"] = -7
    found = shelf.store.load(shelf.put(loaded).ref)
    assert np.signbit(found["z"][0])
    assert found["n"][3] == -7


def test_writing_the_same_value_back_is_no_change(shelf, frame):
    loaded = shelf.store.load(shelf.put(frame).ref)
    loaded.loc[5, "i"] = loaded.loc[5, "i"] + 0
    assert stored_on_disk(shelf.put(loaded), shelf) == 0


def test_without_the_kernels_word_the_bytes_are_compared(shelf, frame, monkeypatch):
    monkeypatch.setattr(mapping, "untouched", lambda address, size: False)
    first = shelf.put(frame)
    loaded = shelf.store.load(first.ref)
    assert stored_on_disk(shelf.put(loaded), shelf) == 0
    loaded.loc[7, "i"] = -1
    assert stored_on_disk(shelf.put(loaded), shelf) > COLUMN


def test_the_same_memory_as_another_type_is_another_column(shelf, frame):
    loaded = shelf.store.load(shelf.put(frame[["t"]]).ref)
    loaded["t"] = loaded["t"].to_numpy().view("i8")
    second = shelf.put(loaded)
    assert stored_on_disk(second, shelf) > COLUMN
    assert shelf.store.load(second.ref)["t"].dtype == "int64"


def test_parts_of_a_column_are_written(shelf, frame):
    loaded = shelf.store.load(shelf.put(frame).ref)
    head = loaded.iloc[: N // 2]
    pd.testing.assert_frame_equal(shelf.store.load(shelf.put(head).ref), head)
    tail = loaded.iloc[1:]
    pd.testing.assert_frame_equal(shelf.store.load(shelf.put(tail).ref), tail)


def test_polars_and_arrow_pass_columns_through(shelf, frame):
    table = pa.Table.from_pandas(frame.drop(columns=["c"]), preserve_index=False)
    for made in (pl.DataFrame(pl.from_arrow(table)), table):
        manifest = shelf.put(made)
        loaded = shelf.store.load(manifest.ref)
        # The bits of the booleans are too few for a reference.
        assert stored_on_disk(shelf.put(loaded), shelf) < 20_000
        if isinstance(loaded, pl.DataFrame):
            changed = loaded.with_columns(pl.col("i") + 1)
        else:
            changed = loaded.set_column(0, "i", pa.compute.add(loaded["i"], 2))
        second = shelf.put(changed)
        assert COLUMN <= stored_on_disk(second, shelf) < COLUMN + 25_000
        assert shelf.store.load(second.ref).equals(changed)
        assert not shelf.store.load(second.ref).equals(loaded)
        sliced = loaded.slice(10, N // 2)
        assert shelf.store.load(shelf.put(sliced).ref).equals(sliced)


def test_small_columns_are_written_again(shelf):
    loaded = shelf.store.load(shelf.put(pd.DataFrame({"a": range(100)})).ref)
    manifest = shelf.put(loaded)
    assert [entry.own for entry in manifest.files] == [True]


def test_private_mappings_are_counted_and_announced(shelf, frame):
    told: list[int] = []
    on_private_map(told.append)
    gc.collect()
    before = private_mapped_bytes()
    loaded = shelf.store.load(shelf.put(frame[["i", "t"]]).ref)
    assert private_mapped_bytes() - before >= 2 * COLUMN
    assert sum(told) == private_mapped_bytes() - before
    del loaded
    gc.collect()
    assert private_mapped_bytes() == before
    mapping._hooks.remove(told.append)


def test_another_store_does_not_share_files(shelf, make_shelf, tmp_path, frame):
    from tests.data.conftest import Shelf

    other = Shelf(tmp_path / "other")
    loaded = shelf.store.load(shelf.put(frame).ref)
    manifest = other.put(loaded)
    assert all(entry.own for entry in manifest.files)
    pd.testing.assert_frame_equal(other.store.load(manifest.ref), frame)


def arrow_of(shelf, manifest) -> pa.Table:
    """What somebody reads who goes by the bitmaps: SQL, an export, a page of the studio."""
    return shelf.store.table(manifest.ref)


@pytest.mark.parametrize("kind", ["int64", "float64", "timestamp[us]"])
def test_values_that_were_filled_in_are_there_for_all(shelf, kind):
    column = pa.array([None if at % 2 else at for at in range(N)], pa.int64()).cast(kind)
    source = shelf.put(pa.table({"x": column}), load_as="pandas")
    loaded = shelf.store.load(source.ref)
    start = pd.Timestamp(0) if kind.startswith("t") else 0
    filled = loaded.assign(x=loaded["x"].fillna(start).astype({"timestamp[us]": "M8[us]"}.get(kind, kind)))
    assert arrow_of(shelf, shelf.put(filled)).column("x").null_count == 0
    assert arrow_of(shelf, shelf.put(loaded)).column("x").null_count == N // 2


def test_missing_values_of_another_library_are_those_of_the_new_one(shelf):
    numbers = np.where(np.arange(N) % 2, np.nan, 1.0)
    loaded = shelf.store.load(shelf.put(pl.DataFrame({"x": numbers})).ref)
    assert arrow_of(shelf, shelf.put(loaded.to_pandas())).column("x").null_count == N // 2
    back = shelf.store.load(shelf.put(pl.DataFrame({"y": pl.Series(numbers).fill_nan(None)})).ref)
    assert arrow_of(shelf, shelf.put(back.fill_null(0.0).to_pandas())).column("y").null_count == 0


def test_codes_of_categories_and_numbers_that_are_alike_differ(shelf):
    codes = (np.arange(N) % 3 - 1).astype("int8")
    loaded = shelf.store.load(shelf.put(pd.DataFrame({"c": codes})).ref)
    loaded["c"] = pd.Categorical.from_codes(loaded["c"].to_numpy(), ["u", "v"])
    made = shelf.put(loaded)
    assert arrow_of(shelf, made).column("c").null_count == int((codes == -1).sum())
    again = shelf.store.load(made.ref)
    pd.testing.assert_frame_equal(again, loaded)
    again["c"] = again["c"].cat.codes
    assert arrow_of(shelf, shelf.put(again)).column("c").null_count == 0


def test_new_words_for_old_codes_inside_of_a_struct_are_kept(shelf):
    def structs(words: list[str], indices: pa.Array) -> pa.Table:
        return pa.table({"s": pa.StructArray.from_arrays([pa.DictionaryArray.from_arrays(indices, words)], ["k"])})

    old = structs(["old0", "old1"], pa.array(np.arange(N) % 2, pa.int32()))
    loaded = shelf.store.load(shelf.put(old).ref)
    indices = loaded.column("s").chunk(0).field(0).indices
    new = shelf.store.load(shelf.put(structs(["new0", "new1"], indices)).ref)
    assert new.column("s")[:2].to_pylist() == [{"k": "new0"}, {"k": "new1"}]


def test_the_values_of_a_column_by_themselves_are_an_array(shelf, frame):
    loaded = shelf.store.load(shelf.put(frame).ref)
    for name in ("i", "f", "t"):
        values = loaded[name].to_numpy()
        np.testing.assert_array_equal(shelf.back(values), values)
    array = shelf.store.load(shelf.put(np.arange(N)).ref)
    assert stored_on_disk(shelf.put(array), shelf) == 0
    pd.testing.assert_frame_equal(shelf.back(pd.DataFrame({"x": array})), pd.DataFrame({"x": np.arange(N)}))


@pytest.mark.skipif(sys.platform != "linux", reason="it counts the files that it has open by /proc")
def test_more_parts_than_files_may_be_open_are_read(shelf):
    import resource

    manifest = shelf.put({"frames": [pd.DataFrame({"x": np.arange(5000) + at}) for at in range(200)]})
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) + 50, hard))
    try:
        found = shelf.store.load(manifest.ref)["frames"]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [int(frame["x"][0]) for frame in found] == list(range(200))


@pytest.mark.parametrize(("most", "dtype"), [(2**53, "float64"), (2**53 + 1, "Int64"), (2**64 - 1, "UInt64")])
def test_whole_numbers_beside_a_missing_one_are_exact(shelf, most, dtype):
    column = pa.array([most, None], pa.uint64() if most > 2**63 else pa.int64())
    found = shelf.store.load(shelf.put(pa.table({"x": column}), load_as="pandas").ref)
    assert (str(found["x"].dtype), int(found["x"][0])) == (dtype, most)
    assert bool(found["x"].isna()[1])
    assert shelf.store.table(shelf.put(found).ref).column("x").null_count == 1
