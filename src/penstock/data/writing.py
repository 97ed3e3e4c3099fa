"""Writing the outputs of one attempt: data files aside, and the description that the manifest will hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from penstock.data.backend import Backend
from penstock.data.codecs.base import Encoded, TableColumn
from penstock.data.codecs.registry import codec_name, codec_named
from penstock.data.files import AT_ONCE, FileSink, Fill
from penstock.data.manifest import ColumnPlace, OutputEntry, Stored, TextPlace
from penstock.data.mapping import (
    MappedColumn,
    equal_arrow,
    stored_column,
    text_shared_with,
    unchanged_array,
    unchanged_arrow,
    unchanged_values,
)
from penstock.data.plain import encode_plain, is_plain, unknown_type
from penstock.data.preview import head, table_preview, value_preview
from penstock.data.shared_text import SharedText, bare_views
from penstock.data.statistics import column_statistics
from penstock.model.errors import ValueRefusedError, headline
from penstock.model.product import Column, Kind, OutputSummary

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

INLINE = 16 * 1024
"""Plain values up to this many bytes of JSON stand in the manifest itself."""
WORTH_A_REFERENCE = 16 * 1024
"""Columns below this many bytes are written again: a reference would keep a whole file alive for little."""
_LARGE = 8 * 2**20
_SHARE = 32 * 2**20
"""Bytes of columns from which on it is worth writing them to two files at the same time."""
_PICKLES = frozenset({"pickle", "model"})
_FREED = frozenset({"polars.frame", "arrow.table"})
"""Codecs of values whose columns lie for themselves in memory."""

_Told = tuple[tuple[Column, ...], Any]


@dataclass(slots=True)
class Written:
    """A value that has been stored, and what is to be told about it."""

    stored: Stored
    kind: Kind
    rows: int | None = None
    nbytes: int = 0
    columns: tuple[Column, ...] = ()
    preview: Any = None

    def entry(self, name: str, stored_bytes: int) -> OutputEntry:
        """The output of that name."""
        summary = OutputSummary(
            name,
            self.kind,
            self.stored.codec,
            rows=self.rows,
            bytes=self.nbytes,
            stored_bytes=stored_bytes,
            columns=self.columns,
            preview=self.preview,
        )
        return OutputEntry(summary, self.stored)


@dataclass(slots=True)
class ValueScope:
    """What a codec may ask for while it encodes one value; see `codecs.base.Scope`."""

    writer: ValueWriter
    prefix: str
    parts: list[Stored] = field(default_factory=list)
    nbytes: int = 0

    @property
    def allow_pickle(self) -> bool:
        """Whether any object may be pickled."""
        return self.writer.allow_pickle

    def part(self, value: Any) -> int:
        """Store another value inside of this one."""
        written = self.writer.write(value, self.prefix, told=False)
        self.parts.append(written.stored)
        self.nbytes += written.nbytes
        return len(self.parts) - 1

    def plain(self, value: Any) -> Any:
        """The JSON form of a value."""
        return encode_plain(value, self._sink)

    def _sink(self, value: Any) -> int | None:
        return self.part(value) if self.allow_pickle or codec_name(value) is not None else None

    def unchanged(
        self, values: np.ndarray, kind: pa.DataType, name: str, missing: Callable[[], np.ndarray | None]
    ) -> MappedColumn | None:
        """The stored column that these values are."""
        if values.nbytes < WORTH_A_REFERENCE:
            return None
        return self._pinned(unchanged_values(values, kind, name, self.writer.backend, missing))

    def unchanged_array(self, values: np.ndarray) -> MappedColumn | None:
        """The stored array that these values are."""
        return (
            self._pinned(unchanged_array(values, self.writer.backend)) if values.nbytes >= WORTH_A_REFERENCE else None
        )

    def _pinned(self, found: MappedColumn | None) -> MappedColumn | None:
        return found if found is not None and self.writer.files.pin(found.key) else None


class ValueWriter:
    """Stores values for one attempt.

    Args:
        backend: where to.
        files: makes the files and counts them.
        allow_pickle: whether what has no exact form may be pickled.

    `held` are columns that were given and are not freed early: they go with the writer, or sooner with its process.
    """

    def __init__(self, backend: Backend, files: FileSink, *, allow_pickle: bool = False) -> None:
        self.backend = backend
        self.files = files
        self.allow_pickle = allow_pickle
        self.held: list[object] = []

    def write(self, value: Any, prefix: str, *, told: bool = True, load_as: str | None = None) -> Written:
        """Store one value.

        Args:
            value: what to store.
            prefix: how the names of its files start.
            told: whether statistics and a preview are wanted.
            load_as: `pandas` to have an Arrow table read back as a pandas frame.

        Raises:
            ValueRefusedError: it would not survive exactly.
            StorageError: the place refused.
        """
        codec = ""
        try:
            name = codec_name(value) or ("plain" if is_plain(value) else None)
            if name is None and not self.allow_pickle:
                raise unknown_type(value)
            codec = name or "pickle"
            return self._encode(codec, value, prefix, told=told, load_as=load_as)
        except ValueRefusedError as refusal:
            if not self.allow_pickle or codec in _PICKLES:
                raise
            return self._pickled(value, prefix, refusal, told=told)

    def _pickled(self, value: Any, prefix: str, refusal: ValueRefusedError, *, told: bool) -> Written:
        """Store by pickle what has no exact form; what pickle cannot take either is refused as it was."""
        try:
            return self._encode("pickle", value, prefix, told=told)
        except ValueRefusedError as error:
            cause = error.__cause__ or error
            why = headline(type(cause).__name__, str(cause))
            raise ValueRefusedError(f"{refusal.message}; nor can it be pickled: {why}", hint=refusal.hint) from error

    def write_given(self, given: list[Any], prefix: str, *, load_as: str | None = None) -> Written:
        """Store the one value of a list, which is emptied unless it was refused at once; as `write`.

        Where that is the last reference to a large table, each of its columns is freed as soon as it is stored: memory
        that is free again serves the next column, and the process has less to give back at its end.
        """
        name = None if self.allow_pickle else codec_name(given[0])
        if name not in _FREED:
            written = self.write(given[0], prefix, load_as=load_as)
            given.clear()
            return written
        scope = ValueScope(self, prefix)
        encoded = codec_named(name).encode(given[0], scope)
        given.clear()
        encoded.given = True
        return self._stored(encoded, scope, told=True, load_as=load_as)

    def _encode(self, codec: str, value: Any, prefix: str, *, told: bool, load_as: str | None = None) -> Written:
        scope = ValueScope(self, prefix)
        encoded = codec_named(codec).encode(value, scope)
        written = self._stored(encoded, scope, told=told, load_as=load_as)
        inline = encoded.columns is None and encoded.buffers is None
        if told and inline and encoded.preview is None and encoded.kind is Kind.JSON:
            written.preview = value_preview(value)
        return written

    def _stored(self, encoded: Encoded, scope: ValueScope, *, told: bool, load_as: str | None) -> Written:
        prefix = scope.prefix
        if load_as is not None and encoded.codec == "arrow.table":
            encoded.meta["as"] = load_as
        if encoded.columns is not None:
            written = self._table(encoded, prefix, told=told)
        elif encoded.buffers is not None:
            written = self._buffers(encoded, prefix)
        else:
            written = self._inline(encoded, prefix)
        if encoded.preview is not None:
            written.preview = encoded.preview
        written.nbytes += scope.nbytes
        written.stored = replace(written.stored, parts=tuple(scope.parts))
        return written

    def _inline(self, encoded: Encoded, prefix: str) -> Written:
        import msgspec

        content = msgspec.json.encode(encoded.inline)
        stored = Stored(encoded.codec, encoded.version, encoded.meta, rows=encoded.rows)
        if len(content) <= INLINE:
            stored = replace(stored, inline=encoded.inline)
        else:
            stored = replace(stored, blob=self.files.blob(f"{prefix}.json", [content]))
        return Written(stored, encoded.kind, rows=encoded.rows, nbytes=len(content))

    def _buffers(self, encoded: Encoded, prefix: str) -> Written:
        buffers = [memoryview(buffer) for buffer in encoded.buffers or ()]
        nbytes = sum(buffer.nbytes for buffer in buffers)
        blob = None
        if encoded.shared is not None:
            blob = self.files.reference(encoded.shared.key)
        elif nbytes:
            blob = self.files.blob(f"{prefix}.bin", buffers)
        stored = Stored(encoded.codec, encoded.version, encoded.meta, blob=blob, rows=encoded.rows)
        return Written(stored, encoded.kind, rows=encoded.rows, nbytes=nbytes)

    def _table(self, encoded: Encoded, prefix: str, *, told: bool) -> Written:
        columns = [self._recognised(column, one_batch=encoded.one_batch) for column in encoded.columns or ()]
        nbytes = sum(column.same.nbytes if column.same is not None else _size(column.data) for column in columns)
        shown = columns[: len(columns) - encoded.index_columns] if told else []
        if encoded.given:
            encoded.columns = None
            _claim(columns, shown)
            self.held += [column.data for column in columns if column.claims is None]
        with self._meanwhile(nbytes, lambda: self._tell(shown, encoded)) as tell:
            meanwhile = tell if nbytes < _LARGE else None
            places = self._places(columns, f"{prefix}.arrow", meanwhile, one_batch=encoded.one_batch)
        stored = Stored(
            encoded.codec,
            encoded.version,
            encoded.meta,
            rows=encoded.rows,
            columns=places,
            names=tuple(column.name for column in columns),
            index_columns=encoded.index_columns,
        )
        statistics, preview = tell()
        return Written(stored, encoded.kind, encoded.rows, nbytes, statistics, preview if told else None)

    @contextmanager
    def _meanwhile(self, nbytes: int, work: Callable[[], _Told]) -> Iterator[Callable[[], _Told]]:
        """Have the statistics of a large table made while it is written, those of a small one when they are asked for.

        The disk is what a writer waits for.
        """
        if nbytes < _LARGE:
            yield cache(work)
            return
        with ThreadPoolExecutor(1, "statistics") as pool:
            yield pool.submit(work).result

    def _places(
        self, columns: Sequence[TableColumn], name: str, meanwhile: Callable[[], object] | None, *, one_batch: bool
    ) -> tuple[ColumnPlace, ...]:
        """Write the columns that are new, refer to the others."""
        fresh = [column for column in columns if column.same is None]
        # Where its text lies is told batch by batch: next to other columns it might be cut into others.
        views = [column for column in fresh if column.text is not None]
        fresh = [column for column in fresh if column.text is None]
        # Columns that came in large pieces keep them, in a file of their own: joining them would copy them once more.
        pieces = [column for column in fresh if one_batch and _is_in_large_pieces(column.data)]
        alone = [column for column in fresh if column.claims is not None]
        kept = {id(column) for column in (*pieces, *alone)}
        whole = [column for column in fresh if id(column) not in kept]
        groups = [([column], one_batch) for column in alone]
        groups += [(group, one_batch) for group in _shares(whole)] + [(group, False) for group in _shares(pieces)]
        groups += [([column], False) for column in views]
        files = self._write_columns(groups, name, meanwhile) if groups else []
        own = {
            id(column): ColumnPlace(file, at, self._text_place(column.text))
            for file, (group, _) in zip(files, groups, strict=True)
            for at, column in enumerate(group)
        }
        return tuple(own[id(column)] if column.same is None else self._place_of(column.same) for column in columns)

    def _place_of(self, same: MappedColumn) -> ColumnPlace:
        return ColumnPlace(self.files.reference(same.key), same.position, self._text_place(same.text))

    def _text_place(self, text: SharedText | None) -> TextPlace | None:
        if text is None:
            return None
        return TextPlace(self.files.reference(text.key), text.position, text.batches)

    def _recognised(self, column: TableColumn, *, one_batch: bool) -> TableColumn:
        import pyarrow as pa

        if column.same is not None:
            return column
        data = column.data if isinstance(column.data, pa.ChunkedArray) else pa.chunked_array([column.data])
        column.data = data
        if _size(data) < WORTH_A_REFERENCE:
            return column
        same = unchanged_arrow(data, self.backend) or equal_arrow(data, column.name, self.backend)
        if same is not None and self._pinned(same.key, same.text):
            column.same = same
        elif not (one_batch and data.num_chunks > 1):
            text = text_shared_with(data, self.backend)
            column.text = text if text is not None and self._pinned(text.key, None) else None
        return column

    def _pinned(self, key: str, text: SharedText | None) -> bool:
        return self.files.pin(key) and (text is None or self.files.pin(text.key))

    def _write_columns(
        self,
        groups: Sequence[tuple[Sequence[TableColumn], bool]],
        name: str,
        meanwhile: Callable[[], object] | None,
    ) -> list[int]:
        """Write each group of columns to a file of its own, as one batch if asked to; the numbers of the files."""
        import pyarrow as pa

        def filler(columns: Sequence[TableColumn], one_batch: bool) -> Fill:  # noqa: FBT001 - of a pair
            def fill(file: Any) -> None:
                try:  # here, and not around all: what is done meanwhile has mistakes of its own
                    data = list(map(self._written, columns))
                    _fill(file, [column.name for column in columns], data, one_batch=one_batch)
                except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                    raise ValueRefusedError(
                        f"storing a table as Arrow: {error}", hint="Cast the column to a simpler type."
                    ) from error
                for column in columns:
                    column.release()

            return fill

        return self.files.write_all([(name, filler(columns, joined)) for columns, joined in groups], meanwhile)

    def _tell(self, columns: Sequence[TableColumn], encoded: Encoded) -> _Told:
        preview = encoded.preview
        if preview is None:
            heads = [head(self._data(column)) for column in columns]
            preview = table_preview([column.name for column in columns], heads)
        return tuple(self._statistics(column) for column in columns), preview

    def _statistics(self, column: TableColumn) -> Column:
        known = column.same.summary if column.same is not None else None
        if known is not None and known.type == column.type:
            return replace(known, name=column.name)
        found = column_statistics(column.name, column.type, self._data(column), comparable=column.comparable)
        column.release()
        return found

    def _written(self, column: TableColumn) -> pa.ChunkedArray:
        return bare_views(self._data(column)) if column.text is not None else self._data(column)

    def _data(self, column: TableColumn) -> pa.ChunkedArray:
        if column.data is not None:
            return column.data
        assert column.same is not None
        return stored_column(column.same)


def _size(data: Any) -> int:
    import pyarrow as pa

    if data is None:
        return 0
    try:
        return int(data.nbytes)
    except (pa.ArrowTypeError, pa.ArrowNotImplementedError):
        # Older versions cannot say it of views.
        return int(data.get_total_buffer_size())


def _claim(columns: Sequence[TableColumn], shown: Sequence[TableColumn]) -> None:
    """Have new columns freed when they are written and their statistics made, if they lie in large pieces.

    Giving back many small pieces while others are written takes longer than at the end of the process, all at once.
    """
    told = {id(column) for column in shown}
    for column in columns:
        pieces = getattr(column.data, "num_chunks", 1)
        if column.same is None and pieces and _size(column.data) >= _SHARE * pieces:
            column.claims = [None] * (2 if id(column) in told else 1)


def _shares(columns: Sequence[TableColumn]) -> list[list[TableColumn]]:
    """The columns divided among files that are written at the same time, about as many bytes to each."""
    sizes = {id(column): _size(column.data) for column in columns}
    count = min(AT_ONCE, len(columns), max(1, sum(sizes.values()) // _SHARE))
    shares: list[list[TableColumn]] = [[] for _ in range(count)]
    held = [0] * count
    for column in sorted(columns, key=lambda column: -sizes[id(column)]):
        least = held.index(min(held))
        shares[least].append(column)
        held[least] += sizes[id(column)]
    order = {id(column): at for at, column in enumerate(columns)}
    return [sorted(share, key=lambda column: order[id(column)]) for share in shares]


def _fill(file: Any, names: Sequence[str], whole: Sequence[pa.ChunkedArray], *, one_batch: bool) -> None:
    """Write columns to an open file."""
    import pyarrow as pa

    arrays = [_one_piece(data) for data in whole] if one_batch else whole
    schema = pa.schema([pa.field(name, array.type) for name, array in zip(names, arrays, strict=True)])
    with pa.ipc.new_file(file, schema) as out:
        if one_batch:
            out.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
        else:
            out.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _is_in_large_pieces(data: Any) -> bool:
    return getattr(data, "num_chunks", 1) > 1 and _size(data) >= _LARGE * data.num_chunks


def _one_piece(data: pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa

    if data.num_chunks == 1:
        return data.chunk(0)
    if not data.num_chunks:
        return pa.array([], type=data.type)
    return pa.concat_arrays(data.chunks)


def parts_entry(
    name: str, parts: list[Written], stored_bytes: int, joined: str | None, *, renumber: bool
) -> OutputEntry:
    """The output that a block yielded in parts.

    Args:
        name: of the output.
        parts: what was stored, in order.
        stored_bytes: what that added on disk.
        joined: the codec of the parts when they make up one table.
        renumber: whether the rows are numbered anew.
    """
    stored = Stored(
        "parts",
        meta={"joined": joined, "renumber": renumber},
        parts=tuple(part.stored for part in parts),
        rows=sum(part.rows or 0 for part in parts) if joined else len(parts),
    )
    columns = _merged([part.columns for part in parts]) if joined else ()
    preview = parts[0].preview if joined else {"parts": [part.stored.codec for part in parts[:100]]}
    whole = Written(stored, Kind.TABLE if joined else Kind.JSON, stored.rows, columns=columns, preview=preview)
    whole.nbytes = sum(part.nbytes for part in parts)
    return whole.entry(name, stored_bytes)


def _merged(groups: Iterable[tuple[Column, ...]]) -> tuple[Column, ...]:
    """The statistics of parts taken together; how many values differ is not known then."""
    return tuple(_merge(list(columns)) for columns in zip(*groups, strict=True))


def _merge(columns: list[Column]) -> Column:
    first = columns[0]
    if len(columns) == 1:
        return first
    lows = [column.minimum for column in columns if column.minimum is not None]
    highs = [column.maximum for column in columns if column.maximum is not None]
    try:
        low, high = (min(lows) if lows else None), (max(highs) if highs else None)
    except TypeError:
        low = high = None
    nulls = [column.nulls for column in columns]
    return replace(
        first,
        nulls=sum(count or 0 for count in nulls) if None not in nulls else None,
        minimum=low,
        maximum=high,
        distinct=None,
        exact=all(column.exact for column in columns),
    )
