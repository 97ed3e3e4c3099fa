"""From the stored columns of an output to the columns of a view."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from penstock.data import Manifest, OutputEntry
from penstock.data.codecs.fixed import NOT_A_TIME
from penstock.data.manifest import Stored
from penstock.data.reading import Reader
from penstock.data.shared_text import with_text
from penstock.model.errors import ProductCorruptError
from penstock.server.outputs.reader.arrays import array_view
from penstock.server.outputs.reader.labels import index_names, label_array
from penstock.server.outputs.reader.text import texts
from penstock.server.outputs.reader.view import View, ViewColumn, refuse_table

if TYPE_CHECKING:
    import pyarrow as pa

_PANDAS = frozenset(["pandas.frame", "pandas.series", "pandas.array", "geo.frame", "geo.series", "pandas.index"])
_ARROW = frozenset(["arrow.table", "arrow.batch", "arrow.array", "arrow.chunked", "polars.frame", "polars.series"])

Make = Callable[[], "pa.ChunkedArray"]


def open_view(reader: Reader, entry: OutputEntry, place: tuple[int, ...] = ()) -> View:
    """The table of an output; `place` is which part of an array with more than two axes.

    Raises:
        ValueRefusedError: it is no table.
        SettingInvalidError: the array has no such place.
        ProductCorruptError: what is stored cannot be read.
        ProductMissingError: a file is gone.
    """
    try:
        if entry.stored.codec == "numpy.array":
            return array_view(reader, entry, place)
        found = StoredTable(reader).columns(entry.stored)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise corrupt(reader.manifest, error) from error
    if found is None:
        raise refuse_table(reader.manifest, entry)
    statistics = entry.summary.columns
    shown = [column for column in found if not column.index]
    for column, told in zip(shown, statistics, strict=False):
        column.statistics = told
        column.type = told.type
    return View(reader.manifest, entry, found, entry.stored.rows or 0)


def corrupt(manifest: Manifest, error: object) -> ProductCorruptError:
    """What is stored is not what it should be."""
    return ProductCorruptError(
        f"reading {manifest.ref}: what is stored cannot be understood ({error})",
        hint="Run the block again to publish a new version.",
    )


class StoredTable:
    """Reads the columns of one version over mapped memory; a file is opened once.

    Args:
        reader: of the version.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._tables: dict[int, pa.Table] = {}

    def columns(self, stored: Stored) -> list[ViewColumn] | None:
        """The columns of a stored value; None when it is no table."""
        if stored.codec in _PANDAS:
            return self._pandas(stored)
        if stored.codec in _ARROW:
            return self._arrow(stored)
        if stored.codec == "parts" and stored.meta["joined"]:
            return self._parts(stored)
        return None

    def raw(self, stored: Stored, at: int) -> pa.ChunkedArray:
        """A stored column as it lies in its file."""
        place = stored.columns[at]
        data = self._table(place.file).column(place.position)
        if place.text is None:
            return data
        return with_text(data, self._table(place.text.file).column(place.text.position), place.text.batches)

    def _table(self, number: int) -> pa.Table:
        """The columns of a file."""
        table = self._tables.get(number)
        if table is None:
            table = self._tables[number] = self._open(number)
        return table

    def _open(self, number: int) -> pa.Table:
        import pyarrow as pa

        entry, mapped = self._reader.map_file(number)
        try:
            table = pa.ipc.open_file(pa.BufferReader(pa.py_buffer(mapped))).read_all()
            table.validate()
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            raise corrupt(self._reader.manifest, f"{entry.key}: {error}") from error
        return table

    def _arrow(self, stored: Stored) -> list[ViewColumn]:
        import pyarrow as pa

        schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(stored.meta["schema"])))
        names = stored.names or tuple(schema.names)
        single = stored.codec in {"arrow.array", "arrow.chunked"}
        return [
            ViewColumn(name or ("value" if single else ""), str(schema.field(at).type), partial(self.raw, stored, at))
            for at, name in enumerate(names[: len(stored.columns)])
        ]

    def _pandas(self, stored: Stored) -> list[ViewColumn]:
        metas = stored.meta["arrays"]
        index = self._index(stored, len(metas))
        if stored.codec == "pandas.index":
            for column in index:
                column.index = False
            return index
        single = stored.codec in {"pandas.series", "pandas.array", "geo.series"}
        shown = [
            ViewColumn(
                stored.names[at] or ("value" if single else ""),
                str(meta.get("d", meta["k"])),
                partial(self._array, stored, at, meta),
                form=form_of(meta),
                rank=partial(self._codes, stored, at) if meta["k"] == "cat" and meta["o"] else None,
            )
            for at, meta in enumerate(metas)
        ]
        return [*index, *shown]

    def _codes(self, stored: Stored, at: int) -> pa.ChunkedArray:
        """The codes of categories, NULL where there is none."""
        import pyarrow.compute as pc

        codes = self.raw(stored, at)
        return pc.if_else(pc.less(codes, 0), None, codes)

    def _index(self, stored: Stored, first: int) -> list[ViewColumn]:
        """The columns of the index; a numbering from 0 is none, unless it is all there is."""
        meta = stored.meta["index"]
        names = index_names(meta)
        if "labels" in meta:
            labels = meta["labels"]
            rows = stored.rows or 0
            plain = labels.get("range") == [0, rows, 1] and labels["name"] is None
            if plain and stored.codec != "pandas.index":
                return []
            return [ViewColumn(names[0], "int64", partial(label_array, labels), index=True)]
        columns = []
        for at, form in enumerate(meta["arrays"]):
            make: Make = partial(self._array, stored, first + at, form)
            if "levels" in meta:
                make = partial(self._level, make, meta["levels"][at], stored)
                columns.append(ViewColumn(names[at], "level", make, index=True))
            else:
                columns.append(ViewColumn(names[at], str(form.get("d", form["k"])), make, True, form_of(form)))
        return columns

    def _level(self, make: Make, axis: Any, stored: Stored) -> pa.ChunkedArray:
        values = label_array(axis["labels"]) if "labels" in axis else self._part(stored.parts[axis["part"]])
        return _coded(make(), values)

    def _part(self, stored: Stored) -> pa.ChunkedArray:
        """The values of a pandas index that is stored as a part: categories, levels."""
        columns = self._pandas(stored)
        data = columns[0].data
        if not columns[0].form:
            return data
        import pyarrow as pa

        return pa.chunked_array([pa.array(texts(data, columns[0].form), type=pa.large_string())])

    def _array(self, stored: Stored, at: int, meta: dict[str, Any]) -> pa.ChunkedArray:
        """A column of pandas as Arrow would have it."""
        import pyarrow as pa

        column = self.raw(stored, at)
        kind = meta["k"]
        if kind == "np" and meta["d"].endswith("b1"):
            return column.cast(pa.bool_())
        if kind == "tz":
            from penstock.data.codecs.pandas_arrays import zone_name

            zoned = pa.timestamp(meta["u"], zone_name(meta["z"]))
            return pa.chunked_array([chunk.view(zoned) for chunk in column.chunks], type=zoned)
        if kind == "period":
            return _without_gaps(column)
        if kind == "cat":
            values = label_array(meta["c"]) if "c" in meta else self._part(stored.parts[meta["p"]])
            return _coded(column, values)
        return column

    def _parts(self, stored: Stored) -> list[ViewColumn]:
        pieces = [found for part in stored.parts if (found := self.columns(part)) is not None]
        if stored.meta.get("renumber"):
            pieces = [[column for column in piece if not column.index] for piece in pieces]
        first = pieces[0]
        return [
            ViewColumn(
                column.name,
                column.type,
                partial(_joined, [piece[at] for piece in pieces]),
                index=column.index,
                form=column.form,
            )
            for at, column in enumerate(first)
        ]


def form_of(meta: dict[str, Any]) -> str:
    """How values of a pandas array are written when their Arrow type does not say it."""
    kind = meta["k"]
    if kind == "obj" and meta["f"] == "json":
        return "json"
    if kind == "string" and meta.get("o", {}).get("f") == "json":
        return "json"
    if kind == "period":
        return f"period:{meta['f']}"
    if kind == "interval":
        return f"interval:{meta['c']}"
    if kind == "geometry":
        return "geometry"
    return "complex" if kind == "np" and meta["d"][1:2] == "c" else ""


def _coded(codes: pa.ChunkedArray, values: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray:
    """Codes and what they stand for, as a dictionary; a code of -1 is missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    dictionary = pa.concat_arrays(values.chunks) if isinstance(values, pa.ChunkedArray) else values
    if isinstance(dictionary, pa.DictionaryArray):
        dictionary = dictionary.dictionary_decode()
    if pa.types.is_unsigned_integer(codes.type):
        codes = codes.cast(pa.int64())
    kind = pa.dictionary(codes.type, dictionary.type)
    chunks = []
    for chunk in codes.chunks:
        known = chunk
        if len(chunk) and (pc.min(chunk).as_py() or 0) < 0:
            known = pc.if_else(pc.less(chunk, 0), None, chunk)
        chunks.append(pa.DictionaryArray.from_arrays(known, dictionary))
    return pa.chunked_array(chunks, type=kind)


def _without_gaps(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Periods with NULL where pandas has NaT, which it stores as a number."""
    import pyarrow.compute as pc

    lowest = pc.min(column).as_py()
    return column if lowest != NOT_A_TIME else pc.if_else(pc.equal(column, NOT_A_TIME), None, column)


def _joined(pieces: list[ViewColumn]) -> pa.ChunkedArray:
    """The parts of a column one after the other."""
    import pyarrow as pa

    data = [piece.data for piece in pieces]
    kind = data[0].type
    if any(one.type != kind for one in data) and any(pa.types.is_dictionary(one.type) for one in data):
        kind = data[0].type.value_type if pa.types.is_dictionary(kind) else kind
    chunks = [chunk for one in data for chunk in (one if one.type == kind else one.cast(kind)).chunks]
    return pa.chunked_array(chunks, type=kind)
