"""Reading stored values: columns over mapped files, parts inside of parts."""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from penstock.data.backend import Backend
from penstock.data.codecs.registry import codec_named
from penstock.data.manifest import ColumnPlace, FileEntry, Manifest, Stored, TextPlace
from penstock.data.mapping import MappedColumn, identity_of, map_blob, map_columns, map_shared, register, remember_text
from penstock.data.plain import decode_plain
from penstock.data.shared_text import SharedText, with_text
from penstock.model.errors import ProductCorruptError, ProductMissingError
from penstock.model.product import Column

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


class Reader:
    """Reads the values of one manifest.

    Args:
        backend: where its files are.
        manifest: the version.
        in_worker: whether this process runs users' code anyway, so that models may be unpickled.
        allow_pickle: whether other objects may be.
        remember: whether a column that was read is to be recognised when it is stored again; that takes a look at each
            of its pieces.
    """

    def __init__(
        self,
        backend: Backend,
        manifest: Manifest,
        *,
        in_worker: bool = False,
        allow_pickle: bool = False,
        remember: bool = True,
    ) -> None:
        self.backend = backend
        self.manifest = manifest
        self.in_worker = in_worker
        self.allow_pickle = allow_pickle
        self._remember = remember
        self._tables: dict[str, tuple[int, pa.Table]] = {}

    def value(self, stored: Stored, columns: tuple[Column, ...] = ()) -> Any:
        """The value that is stored so.

        Raises:
            ProductCorruptError: a file is not what the manifest says.
            ProductMissingError: a file is gone.
            ValueRefusedError: it may not be read here.
        """
        return codec_named(stored.codec).decode(ValueSource(self, stored, columns))

    def map_file(self, number: int) -> tuple[FileEntry, mmap.mmap]:
        """A file of the manifest, mapped read-only."""
        try:
            entry = self.manifest.files[number]
            mapped = map_shared(self.backend, entry.key)
        except FileNotFoundError as error:
            raise ProductMissingError(
                f"reading {self.manifest.ref}: its data file {entry.key} has been removed",
                hint="Read the latest version, or run the block again.",
            ) from error
        except (ValueError, IndexError) as error:
            raise self._corrupt(f"file {number}", error) from error
        if len(mapped) != entry.size:
            raise self._corrupt(entry.key, f"it has {len(mapped)} bytes instead of {entry.size}")
        return entry, mapped

    def _corrupt(self, what: str, reason: object) -> ProductCorruptError:
        return ProductCorruptError(
            f"reading {what} of {self.manifest.ref}: {reason}", hint="Run the block again to publish a new version."
        )

    def column(self, place: ColumnPlace, summary: Column | None) -> tuple[MappedColumn, pa.ChunkedArray]:
        """A column of a data file, remembered, where that is wanted, so that it is recognised when it comes back."""
        entry = self.manifest.files[place.file]
        base, table = self._table(place.file)
        if place.position >= table.num_columns:
            raise self._corrupt(entry.key, f"it has no column {place.position}")
        data = table.column(place.position)
        text = None
        if place.text is not None:
            text = SharedText(self.manifest.files[place.text.file].key, place.text.position, place.text.batches)
            data = self._with_text(data, place.text)
        seen = MappedColumn(
            self.backend,
            entry.key,
            place.position,
            table.field(place.position).name,
            data.type,
            len(data),
            data.get_total_buffer_size() if self._remember else 0,
            identity_of(data) if self._remember else (),
            summary=summary,
            text=text,
            nulls=data.null_count if self._remember else 0,
        )
        _locate_values(seen, data, base)
        if not self._remember:
            return seen, data
        known = register(seen)
        remember_text(known, data)
        return known, data

    def _with_text(self, views: pa.ChunkedArray, place: TextPlace) -> pa.ChunkedArray:
        """The column of bare views with its text."""
        _, source = self.column(ColumnPlace(place.file, place.position), None)
        try:
            return with_text(views, source, place.batches)
        except ValueError as error:
            raise self._corrupt(self.manifest.files[place.file].key, error) from error

    def _table(self, number: int) -> tuple[int, pa.Table]:
        import pyarrow as pa

        entry = self.manifest.files[number]
        known = self._tables.get(entry.key)
        if known is None:
            _, mapped = self.map_file(number)
            buffer = pa.py_buffer(mapped)
            try:
                known = (buffer.address, pa.ipc.open_file(pa.BufferReader(buffer)).read_all())
            except (pa.ArrowInvalid, OSError) as error:
                raise self._corrupt(entry.key, error) from error
            self._tables[entry.key] = known
        return known


def _locate_values(seen: MappedColumn, data: pa.ChunkedArray, base: int) -> None:
    """Note where the values lie when numpy can take them over as they are."""
    import pyarrow as pa

    kind = data.type
    if data.num_chunks != 1 or not len(data) or pa.types.is_dictionary(kind) or pa.types.is_nested(kind):
        return
    wide = pa.types.is_primitive(kind) or pa.types.is_fixed_size_binary(kind)
    chunk = data.chunk(0)
    buffers = chunk.buffers()
    if not wide or kind.bit_width % 8 or chunk.offset or len(buffers) != 2 or buffers[1] is None:  # noqa: PLR2004
        return
    seen.offset = buffers[1].address - base
    seen.size = len(data) * kind.bit_width // 8


class ValueSource:
    """What a codec reads one value from; see `codecs.base.Source`."""

    def __init__(self, reader: Reader, stored: Stored, columns: tuple[Column, ...] = ()) -> None:
        self.stored = stored
        self.in_worker = reader.in_worker
        self.allow_pickle = reader.allow_pickle
        self._reader = reader
        self._summaries = columns
        self._read: list[tuple[MappedColumn, pa.ChunkedArray]] | None = None

    def _columns(self) -> list[tuple[MappedColumn, pa.ChunkedArray]]:
        if self._read is None:
            summaries: list[Column | None] = [*self._summaries]
            summaries += [None] * (len(self.stored.columns) - len(summaries))
            self._read = [
                self._reader.column(place, summary)
                for place, summary in zip(self.stored.columns, summaries, strict=True)
            ]
        return self._read

    def columns(self) -> list[pa.ChunkedArray]:
        """The columns as Arrow over a read-only mapping."""
        return [data for _, data in self._columns()]

    def writable(self, positions: Iterable[int]) -> dict[int, np.ndarray]:
        """The values of fixed-width columns as bytes over a private mapping."""
        columns = self._columns()
        by_file: dict[str, dict[int, MappedColumn]] = {}
        for at in positions:
            column = columns[at][0]
            if column.offset >= 0:
                by_file.setdefault(column.key, {})[at] = column
        found: dict[int, np.ndarray] = {}
        for key, wanted in by_file.items():
            unique = {column.position: column for column in wanted.values()}
            values = {c.position: view for c, view in map_columns(self._reader.backend, key, list(unique.values()))}
            used = set()
            for at, column in wanted.items():
                # One column that stands in the table twice must not be one memory: writing to one would change both.
                found[at] = values[column.position] if column.position not in used else values[column.position].copy()
                used.add(column.position)
        return found

    def blob(self) -> memoryview:
        """The bytes of the file, mapped read-only."""
        return memoryview(self._file()[1])

    def writable_blob(self) -> np.ndarray:
        """The bytes of the file over a private mapping."""
        entry, _ = self._file()
        return map_blob(self._reader.backend, entry.key, entry.size)

    def _file(self) -> tuple[FileEntry, mmap.mmap]:
        if self.stored.blob is None:
            raise ProductCorruptError(
                f"reading {self._reader.manifest.ref}: a value of the codec {self.stored.codec} has no file",
                hint="Run the block again to publish a new version.",
            )
        return self._reader.map_file(self.stored.blob)

    def part(self, number: int) -> Any:
        """A value inside of this one."""
        return self._reader.value(self.stored.parts[number])

    def plain(self, form: Any) -> Any:
        """The value of a JSON form."""
        return decode_plain(form, self.part)
