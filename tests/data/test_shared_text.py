"""Columns of views over text that was stored before: their text is not written again."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest

from penstock.data import CleanPolicy, Manifest, comparing
from penstock.data.manifest import FORMAT, SHARED_TEXT_FORMAT, Stored
from penstock.data.shared_text import SharedText, TextBuffer, bare_views, shared_text, text_buffers, with_text
from penstock.model.errors import ProductCorruptError
from penstock.model.product import Address, PartName, ProductRef
from penstock.server.outputs.reader.stored import StoredTable

N = 100_000


def written(manifest: Manifest, shelf) -> int:
    return sum(shelf.store.backend.size(entry.key) for entry in manifest.files if entry.own)


def places(stored: Stored):
    return [place.text for place in stored.columns]


@pytest.fixture
def frame() -> pl.DataFrame:
    text = [f"user-{number:07d}@example.org" for number in range(N)]
    gaps = [None if number % 7 == 0 else f"{number:030d}" if number % 3 else "ü" for number in range(N)]
    halves = [slice(0, N // 2), slice(N // 2, N)]
    return pl.concat(
        [pl.DataFrame({"n": range(N)[half], "mail": text[half], "gaps": gaps[half]}) for half in halves], rechunk=False
    )


def kept(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("n") % 10 != 3)


def test_rows_that_are_dropped_leave_the_text_where_it_is(shelf, frame):
    first = shelf.put(frame)
    second = shelf.put(kept(shelf.store.load(first.ref)))
    assert written(second, shelf) < 0.9 * N * (8 + 16 + 16) + 40_000
    assert places(second.outputs[0].stored)[0] is None
    assert all(places(second.outputs[0].stored)[1:])
    assert (first.format, second.format) == (FORMAT, SHARED_TEXT_FORMAT)
    found = shelf.store.load(second.ref)
    assert found.equals(kept(frame))
    assert found.schema == frame.schema
    told = {column.name: column for column in second.summaries()[0].columns}
    assert (told["gaps"].nulls, told["mail"].minimum) == (kept(frame)["gaps"].null_count(), kept(frame)["mail"].min())


def test_rows_in_another_order_and_in_one_piece_share_it_too(shelf, frame):
    loaded = shelf.store.load(shelf.put(frame).ref)
    for turned in (loaded.rechunk().slice(1), loaded.sort("mail", descending=True), loaded[5:]):
        manifest = shelf.put(turned)
        assert written(manifest, shelf) < N * (8 + 16 + 16) + 60_000
        assert all(places(manifest.outputs[0].stored)[1:])
        assert shelf.store.load(manifest.ref).equals(turned)


def test_bytes_are_as_text(shelf, frame):
    raw = frame.select(pl.col("mail").cast(pl.Binary), "n")
    second = shelf.put(kept(shelf.store.load(shelf.put(raw).ref)))
    assert places(second.outputs[0].stored)[0] is not None
    assert shelf.store.load(second.ref).equals(kept(raw))


def test_what_shares_text_can_be_passed_on_and_dropped_from_again(shelf, frame):
    first = shelf.put(frame)
    second = shelf.put(kept(shelf.store.load(first.ref)))
    third = shelf.put(shelf.store.load(second.ref).with_columns(twice=pl.col("n") * 2))
    assert written(third, shelf) < 9 * N
    assert places(third.outputs[0].stored)[1:3] == [
        place and type(place)(third.files.index(entry_of(third, first)), place.position, place.batches)
        for place in places(second.outputs[0].stored)[1:3]
    ]
    fourth = shelf.put(shelf.store.load(third.ref).filter(pl.col("n") % 10 != 4))
    assert written(fourth, shelf) < 0.8 * N * (8 + 8 + 16 + 16) + 40_000
    expected = kept(frame).with_columns(twice=pl.col("n") * 2).filter(pl.col("n") % 10 != 4)
    assert shelf.store.load(fourth.ref).equals(expected)


def entry_of(manifest: Manifest, other: Manifest):
    keys = {entry.key for entry in other.files}
    return next(entry for entry in manifest.files if entry.key in keys)


def test_the_version_with_the_text_may_go_its_file_stays(shelf, frame):
    first = shelf.put(frame, block="a")
    second = shelf.put(kept(shelf.store.load(first.ref)), block="b")
    shelf.put(frame.head(1), block="a")
    report = shelf.store.clean(CleanPolicy(keep_last=1, draft_grace=0))
    assert (report.versions, report.files) == (1, 0)
    assert shelf.store.load(second.ref).equals(kept(frame))


def test_few_rows_and_little_text_are_written(shelf, frame):
    loaded = shelf.store.load(shelf.put(frame).ref)
    few = shelf.put(loaded.filter(pl.col("n") % 3 == 0))
    assert not any(places(few.outputs[0].stored))
    little = pl.DataFrame({"s": [f"{number:020d}" for number in range(20_000)]})
    again = shelf.put(shelf.store.load(shelf.put(little).ref).slice(1))
    assert not any(places(again.outputs[0].stored))
    assert (few.format, again.format) == (FORMAT, FORMAT)


def test_text_of_two_frames_is_written(shelf, frame):
    one, other = (shelf.store.load(shelf.put(value).ref) for value in (frame, frame.reverse()))
    both = pl.concat([one, other])
    manifest = shelf.put(both)
    assert not any(places(manifest.outputs[0].stored))
    assert shelf.store.load(manifest.ref).equals(both)


def test_another_store_writes_it(shelf, make_shelf, tmp_path, frame):
    loaded = shelf.store.load(shelf.put(frame).ref)
    other = type(shelf)(tmp_path / "other")
    manifest = other.put(kept(loaded))
    assert all(entry.own for entry in manifest.files)
    assert other.store.load(manifest.ref).equals(kept(frame))


def test_tables_views_of_the_studio_and_comparisons_have_the_text(shelf, frame):
    first = shelf.put(frame)
    second = shelf.put(kept(shelf.store.load(first.ref)))
    table = shelf.store.table(second.ref)
    assert pl.from_arrow(table).equals(kept(frame))
    view = StoredTable(shelf.store.reader(second))
    assert view.raw(second.outputs[0].stored, 1).to_pylist() == kept(frame)["mail"].to_list()
    alone = shelf.put(kept(frame))
    assert comparing.diff(shelf.store, second.ref, alone.ref).content_differs is False


def test_parts_that_are_yielded_share_it(shelf, frame):
    loaded = shelf.store.load(shelf.put(frame).ref)
    manifest = shelf.put(part for part in (kept(loaded), loaded.filter(pl.col("n") % 10 != 5)))
    assert manifest.format == SHARED_TEXT_FORMAT
    assert written(manifest, shelf) < 2 * 0.9 * N * 40 + 80_000
    assert shelf.store.load(manifest.ref).height == 2 * 0.9 * N


def test_a_part_that_was_told_to_children_has_its_text(shelf, frame):
    loaded = shelf.store.load(shelf.put(frame).ref)
    fence = shelf.store.issue_fence("r", "b")
    with shelf.store.draft(Address("p", "b"), fence) as draft:
        draft.add({"first": "so that files have other numbers in the part's own document"} | {"x": b"1" * 20_000})
        draft.add_parts(iter([kept(loaded)]), heard=lambda _, part: draft.publish_part(0, part))
        told = ProductRef(Address("p", "b"), PartName("r", fence.token, 0).version())
        assert shelf.store.manifest(told).format == SHARED_TEXT_FORMAT
        assert shelf.store.load(told).equals(kept(frame))


@pytest.mark.parametrize("batches", [((0, 5, 1),), ((7, 0, 1),), ((0, -1, 1),), ((0, 0, 0),)])
def test_what_does_not_belong_together_is_refused(batches):
    text = pa.chunked_array([pa.array(["x" * 20, "y" * 30]).cast(pa.string_view())])
    assert with_text(bare_views(text), text, [((0, 0, 1),)]).equals(text)
    with pytest.raises(ValueError, match="do not belong"):
        with_text(bare_views(text), text, [batches])
    with pytest.raises(ValueError, match="do not belong"):
        with_text(bare_views(text), text, [])


def test_a_manifest_that_names_text_that_is_not_there_is_corrupt(shelf, frame):
    first = shelf.put(frame)
    second = shelf.put(kept(shelf.store.load(first.ref)))
    path = next(shelf.store.root.rglob("block_2/**/m/1.json"), None) or next(
        path for path in shelf.store.root.rglob("*.json") if b'"block_2"' in path.read_bytes()
    )
    content = path.read_text()
    assert '"batches":[[[0,' in content
    path.write_text(content.replace('"batches":[[[0,', '"batches":[[[9,'))
    with pytest.raises(ProductCorruptError, match="do not belong to each other"):
        shelf.store.load(second.ref)


def test_buffers_in_a_row_are_told_as_one():
    text = pa.chunked_array([pa.array(["x" * 600_000, "y" * 600_000]).cast(pa.string_view())])
    known = {
        buffer.address: TextBuffer("k", 3, 1, number, buffer.size, 2)
        for number, buffer in enumerate(text_buffers(text)[0])
    }
    assert shared_text(text, known.get) == SharedText("k", 3, (((1, 0, len(known)),),))
    assert shared_text(text, {}.get) is None
    assert shared_text(pa.chunked_array([[1, 2]]), known.get) is None
