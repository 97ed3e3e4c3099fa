"""Values that nobody else holds: what is stored of a large table is freed while the rest is."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from penstock.data import ProductStore, files, writing
from penstock.data.draft import Draft
from penstock.model.errors import ValueRefusedError
from penstock.model.product import Address, Lineage


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProductStore:
    monkeypatch.setattr(writing, "_SHARE", 300_000)
    return ProductStore(tmp_path, worker=True)


def draft_of(store: ProductStore, block: str = "b") -> Draft:
    return store.draft(Address("p", block, "_"), store.issue_fence("r", block))


def large() -> pa.Table:
    random = np.random.default_rng(1)
    columns = {f"c{at}": pa.array(random.random(50_000)) for at in range(5)}
    return pa.table({**columns, "small": pa.array(np.arange(50_000, dtype="i1")), "text": ["a", None] * 25_000})


@pytest.mark.parametrize("kind", ["arrow", "polars"])
@pytest.mark.parametrize("chunks", [1, 3])
def test_what_was_given_is_stored_as_what_was_lent(store: ProductStore, kind: str, chunks: int) -> None:
    table = pa.concat_tables([large()] * chunks)
    value = table if kind == "arrow" else pl.from_arrow(table, rechunk=False)
    lent, given = draft_of(store, "lent"), draft_of(store, "given")
    lent.add(value)
    holder: list[object] = [value]
    given.add_given(holder)
    assert holder == []
    first, second = (draft.publish(Lineage(), fingerprint="f") for draft in (lent, given))
    one, two = (store.load(manifest.ref) for manifest in (first, second))
    assert two.equals(one)
    assert two.equals(value)
    summaries = [manifest.summaries()[0] for manifest in (first, second)]
    assert summaries[0].columns == summaries[1].columns
    assert (summaries[0].preview, summaries[0].bytes) == (summaries[1].preview, summaries[1].bytes)


def test_a_column_is_freed_when_it_is_stored_and_told(store: ProductStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "AT_ONCE", 1)
    monkeypatch.setattr(writing, "_LARGE", 1 << 40)  # what is told about the columns is made after they are written
    arrays = [np.random.default_rng(at).random(50_000) for at in range(4)]
    alive = [weakref.ref(array) for array in arrays]
    table = pa.table(
        {
            f"c{at}": pa.Array.from_buffers(pa.float64(), 50_000, [None, pa.py_buffer(array)])
            for at, array in enumerate(arrays)
        }
    )
    del arrays
    seen: list[int] = []
    statistics = writing.column_statistics

    def counted(*args: object, **kwargs: object) -> object:
        gc.collect()
        seen.append(sum(array() is not None for array in alive))
        return statistics(*args, **kwargs)

    monkeypatch.setattr(writing, "column_statistics", counted)
    holder: list[object] = [table]
    del table
    draft_of(store).add_given(holder)
    assert seen == [4, 3, 2, 1]
    gc.collect()
    assert not any(array() is not None for array in alive)


def test_a_large_column_has_a_file_of_its_own(store: ProductStore) -> None:
    draft = draft_of(store)
    draft.add_given([large()])
    manifest = draft.publish(Lineage(), fingerprint="f")
    assert len(manifest.files) == 6
    stored = manifest.outputs[0].stored
    assert len({place.file for place in stored.columns[:5]}) == 5
    assert stored.columns[5].file == stored.columns[6].file


def test_other_values_are_stored_as_ever(store: ProductStore) -> None:
    draft = draft_of(store)
    for value in ({"a": [1, 2]}, iter([1, 2]), pl.Series("x", [1, 2])):
        draft.add_given([value])
    manifest = draft.publish(Lineage(), fingerprint="f")
    assert store.load(manifest.ref, "output_0") == {"a": [1, 2]}
    assert store.load(manifest.ref, "output_1") == [1, 2]
    assert store.load(manifest.ref, "output_2").to_list() == [1, 2]
    assert manifest.summaries()[0].preview == {"a": [1, 2]}


def test_what_cannot_be_stored_is_refused_as_ever(store: ProductStore) -> None:
    for value in (pl.DataFrame({"x": pl.Series([object()], dtype=pl.Object)}), object()):
        holder: list[object] = [value]
        with pytest.raises(ValueRefusedError):
            draft_of(store).add_given(holder)
        assert holder[0] is value  # it may be stored otherwise


def test_columns_in_small_pieces_are_freed_after_the_version_is_published(store: ProductStore) -> None:
    arrays = [np.random.default_rng(at).random(50_000) for at in range(4)]
    alive = [weakref.ref(array) for array in arrays]
    pieces = [pa.Array.from_buffers(pa.float64(), 50_000, [None, pa.py_buffer(array)]) for array in arrays]
    table = pa.table({"pieces": pa.chunked_array([piece.slice(0, 30_000) for piece in pieces])})
    del arrays, pieces
    holder: list[object] = [table]
    del table
    draft = draft_of(store)
    draft.add_given(holder)
    assert holder == []
    draft.publish(Lineage(), fingerprint="f")
    gc.collect()
    assert all(array() is not None for array in alive)
    del draft
    gc.collect()
    assert not any(array() is not None for array in alive)
