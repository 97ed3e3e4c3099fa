"""Outputs as files, written while they are sent: a table in the order and with the rows that are asked for.

Nothing is sent before the first rows could be written, so that what cannot be written at all is an error of its own.
What fails later breaks the transfer off: half a file is never ended as if it were whole.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from penstock.data.codecs.arrow_table import without_views
from penstock.data.codecs.nested_view import nested
from penstock.model.errors import SettingInvalidError, ValueRefusedError
from penstock.model.product import Kind
from penstock.server.outputs.reader.conditions import find_column
from penstock.server.outputs.reader.document import Documents, cells, distinct, encode, has_document, json_array
from penstock.server.outputs.reader.page import take_rows
from penstock.server.outputs.reader.questions import DownloadQuestion, RawQuestion
from penstock.server.outputs.reader.rows import chosen_rows
from penstock.server.outputs.reader.shelf import Shelf
from penstock.server.outputs.reader.text import FULL, one_array, texts, worded
from penstock.server.outputs.reader.value import Item, numpy_array, open_item, text_of
from penstock.server.outputs.reader.view import View, ViewColumn
from penstock.server.outputs.reader.work import Work

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

BATCH = 65_536
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "json": "application/json",
    "arrow": "application/vnd.apache.arrow.file",
}


class Sink(io.RawIOBase):
    """A file that goes to the asker; the head goes before the first byte that is flushed.

    Args:
        work: the question.
        head: how the answer begins.
    """

    def __init__(self, work: Work, head: dict[str, Any]) -> None:
        super().__init__()
        self._work = work
        self._head: dict[str, Any] | None = head
        self._waiting = bytearray()
        self._at = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """How many bytes were written."""
        return self._at

    def write(self, data: Any) -> int:
        """Take bytes; they are sent by `pass_on`."""
        view = memoryview(data).cast("B")
        self._waiting += view
        self._at += len(view)
        return len(view)

    def pass_on(self) -> None:
        """Send what has been written."""
        if self._head is not None:
            self._work.head(self._head)
            self._head = None
        content, self._waiting = self._waiting, bytearray()
        self._work.chunk(memoryview(content))


def answer_download(work: Work, shelf: Shelf, question: DownloadQuestion) -> None:
    """Answer with a table as a file: the head {media_type, ending, version, output, rows}."""
    if question.format not in MEDIA:
        raise SettingInvalidError(
            f"downloading a table: unknown format {question.format!r}", hint=f"Use one of: {', '.join(MEDIA)}."
        )
    view = shelf.view(question.target)
    wanted = question.columns if question.columns is not None else tuple(range(len(view.columns)))
    columns = [view.columns[find_column(view, column)] for column in wanted]
    numbers = chosen_rows(work, shelf.orders, view, question.rows)
    rows = view.rows if numbers is None else len(numbers)
    head = {"media_type": MEDIA[question.format], "ending": question.format, "version": view.manifest.ref.version}
    sink = Sink(work, {**head, "output": view.entry.summary.name, "rows": rows})
    _WRITERS[question.format](sink, _batches(work, view, columns, numbers, question.format), columns)


def _batches(
    work: Work,
    view: View,
    columns: list[ViewColumn],
    numbers: np.ndarray | None,
    format: str,  # noqa: A002
) -> Iterator[pa.RecordBatch]:
    """The rows in pieces; at least one, so that a file of no rows has its columns."""
    import pyarrow as pa

    names = distinct([column.name for column in columns])
    total = view.rows if numbers is None else len(numbers)
    schema: pa.Schema | None = None
    pieces = [_pieces(work, column, numbers, typed=_ARRAYS[format] is _typed) for column in columns]
    for start in range(0, max(total, 1), BATCH):
        work.check()
        arrays = []
        for piece, form in pieces:
            arrays.append(_ARRAYS[format](piece(start), form))
        if schema is None:
            schema = pa.schema([pa.field(name, array.type) for name, array in zip(names, arrays, strict=True)])
        cast = [
            array if array.type == field.type else array.cast(field.type)
            for array, field in zip(arrays, schema, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(cast, schema=schema) if cast else _no_columns(min(BATCH, total - start))


def _pieces(
    work: Work, column: ViewColumn, numbers: np.ndarray | None, *, typed: bool
) -> tuple[Callable[[int], pa.ChunkedArray], str]:
    """What gives the rows of a column from one on, and their form; with `typed`, alike lists and dicts have a type."""
    data, form = without_views(column.data), column.form
    if typed and form == "json":
        if numbers is not None:
            data, numbers = take_rows(data, numbers), None
        if (found := nested(data, work.check)) is not None:
            data, form = found, ""
    if numbers is None:
        return lambda start: data.slice(start, BATCH), form
    return lambda start: take_rows(data, numbers[start : start + BATCH]), form


def _no_columns(rows: int) -> pa.RecordBatch:
    import pyarrow as pa

    return pa.record_batch([pa.nulls(max(rows, 0))], names=["rows"]).select([])


def _typed(part: pa.ChunkedArray, form: str) -> pa.Array:
    """The values with their types; what Arrow has no type for as text."""
    import pyarrow as pa

    if form and not form.startswith("interval"):
        return pa.array(texts(part, form, FULL), type=pa.large_string())
    data = one_array(part)
    if pa.types.is_dictionary(data.type):
        # Every piece of a file must have the same dictionary, or none.
        data = data.dictionary_decode()
    view = getattr(pa.types, "is_string_view", lambda _: False)
    return data.cast(pa.large_string()) if view(data.type) else data


def _csv(sink: Sink, batches: Iterator[pa.RecordBatch], columns: list[ViewColumn]) -> None:
    import pyarrow as pa
    import pyarrow.csv as pc

    del columns
    writer = None
    for batch in batches:
        if not batch.num_columns:
            raise ValueRefusedError("downloading a table as csv: it has no columns", hint="Download it as arrow.")
        writer = writer or pc.CSVWriter(pa.PythonFile(sink, "w"), batch.schema)
        writer.write_batch(batch)
        sink.pass_on()
    if writer is not None:
        writer.close()
    sink.pass_on()


def _arrow(sink: Sink, batches: Iterator[pa.RecordBatch], columns: list[ViewColumn]) -> None:
    import pyarrow as pa

    del columns
    writer = None
    for batch in batches:
        writer = writer or pa.ipc.new_file(pa.PythonFile(sink, "w"), batch.schema)
        writer.write_batch(batch)
        sink.pass_on()
    if writer is not None:
        writer.close()
    sink.pass_on()


def _parquet(sink: Sink, batches: Iterator[pa.RecordBatch], columns: list[ViewColumn]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    del columns
    writer = None
    try:
        for batch in batches:
            writer = writer or pq.ParquetWriter(pa.PythonFile(sink, "w"), batch.schema, compression="zstd")
            writer.write_batch(batch)
            sink.pass_on()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ValueRefusedError(f"downloading a table as parquet: {error}", hint="Download it as arrow.") from error
    if writer is not None:
        writer.close()
    sink.pass_on()


def _json(sink: Sink, batches: Iterator[pa.RecordBatch], columns: list[ViewColumn]) -> None:
    mark = b"["
    for batch in batches:
        names = batch.schema.names
        values = [cells(data, column.form) for data, column in zip(batch.columns, columns, strict=True)]
        for row in zip(*values, strict=True):
            sink.write(mark + b"\n" + encode(dict(zip(names, row, strict=True))))
            mark = b","
        sink.pass_on()
    sink.write(b"[]\n" if mark == b"[" else b"\n]\n")
    sink.pass_on()


_WRITERS: dict[str, Callable[[Sink, Iterator[Any], list[ViewColumn]], None]] = {
    "csv": _csv,
    "parquet": _parquet,
    "json": _json,
    "arrow": _arrow,
}
_AS_THEY_ARE = ("is_integer", "is_floating", "is_boolean", "is_string", "is_large_string")
_ARRAYS: dict[str, Callable[[Any, str], Any]] = {
    "csv": partial(worded, kept=_AS_THEY_ARE),
    "json": json_array,
    "parquet": _typed,
    "arrow": _typed,
}


def answer_raw(work: Work, shelf: Shelf, question: RawQuestion) -> None:
    """Answer with what is no table as a file: the head {media_type, ending, version, output}.

    Raises:
        ValueRefusedError: it is a table, or too large, or has no JSON where that is asked for.
    """
    item = open_item(shelf, question.target)
    codec = item.stored.codec
    family = codec.partition(".")[0]
    summary = item.entry.summary
    table = summary.kind in {Kind.TABLE, Kind.SERIES}
    media, ending = "application/json", "json"
    make: Callable[[Item], bytes | memoryview] = partial(_document, work)
    if question.json and (has_document(codec) or family not in _FILES):
        make = partial(_document, work, strict=True)
    elif table or (family not in {"plain", "parts"} and family not in _FILES):
        raise ValueRefusedError(
            f"downloading {summary.name} of {item.manifest.ref} as it is: it is {summary.kind.value} ({summary.codec})",
            hint="Choose csv, parquet, json or arrow." if table else "Read it in a block.",
        )
    elif family in _FILES:
        media, ending, make = _FILES[family]
    content = make(item)
    work.head({"media_type": media, "ending": ending, "version": item.manifest.ref.version, "output": summary.name})
    work.chunk(content)


def _document(work: Work, item: Item, *, strict: bool = False) -> bytes:
    content = Documents(item.reader, item.manifest, work.check, strict=strict).whole(item.stored)
    return content if strict else msgspec.json.format(content, indent=2)


def _npy(item: Item) -> bytes:
    import numpy as np

    out = io.BytesIO()
    np.lib.format.write_array(out, numpy_array(item), allow_pickle=False)
    return out.getvalue()


def _pixels(item: Item) -> bytes | memoryview:
    meta = item.stored.meta or {}
    if meta.get("raw"):
        doing = f"downloading {item.entry.summary.name} of {item.manifest.ref}"
        if not all(meta["size"]):
            raise ValueRefusedError(f"{doing}: the picture has no pixels", hint="Return a picture that has some.")
        raise ValueRefusedError(
            f"{doing}: PNG has no pixels of mode {meta['mode']}",
            hint="Return image.convert('RGB') from the block.",
        )
    return item.blob()


_FILES: dict[str, tuple[str, str, Callable[[Item], bytes | memoryview]]] = {
    "text": ("text/plain; charset=utf-8", "txt", lambda item: text_of(item).encode()),
    "bytes": ("application/octet-stream", "bin", Item.blob),
    "image": ("image/png", "png", _pixels),
    "matplotlib": ("image/png", "png", Item.blob),
    "plotly": ("application/json", "json", Item.blob),
    "altair": ("application/json", "json", Item.blob),
    "numpy": ("application/octet-stream", "npy", _npy),
    "model": ("application/octet-stream", "pkl", Item.blob),
    "pickle": ("application/octet-stream", "pkl", Item.blob),
    "page": ("text/html; charset=utf-8", "html", Item.blob),
}
