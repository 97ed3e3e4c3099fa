"""Writing a stored output to a file of the user's: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.data.codecs.arrow_table import without_views
from penstock.data.codecs.nested_view import nested
from penstock.data.codecs.object_view import json_texts, readable
from penstock.data.duck import connection, for_duck, identifier, literal
from penstock.data.local import refused
from penstock.data.manifest import OutputEntry
from penstock.data.reading import Reader
from penstock.data.store import ProductStore, entry_of
from penstock.data.tables import object_columns, output_table
from penstock.model.errors import SettingInvalidError, StorageError, ValueRefusedError
from penstock.model.product import Kind, ProductRef

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = ("csv", "parquet", "json", "arrow")
_IS_JSON = {b"penstock": b"json"}
"""Marks a column of JSON texts, which are no text where they are written as JSON."""


def export(
    store: ProductStore,
    ref: ProductRef,
    output: str | None,
    path: str | Path,
    format: str,  # noqa: A002 - the word for it
) -> None:
    """Write an output to a file, replacing one that is there.

    A table becomes any of the four formats, JSON an array of objects; an index of pandas that is more than row
    numbers becomes columns in front. Lists and dicts in a column of objects are arrays and objects in JSON; in Parquet
    and Arrow they have nested types where all of them are alike, else they are text. A plain value or text becomes JSON
    only.

    Args:
        store: where the output is.
        ref: its version.
        output: its name; the first when it is None.
        path: the file.
        format: csv, parquet, json or arrow.

    Raises:
        SettingInvalidError: there is no such format.
        ValueRefusedError: the output cannot be written in that format.
        StorageError: the disk refused; an earlier file is as it was.
    """
    if format not in FORMATS:
        raise SettingInvalidError(
            f"exporting {ref}: unknown format {format!r}", hint=f"Use one of: {', '.join(FORMATS)}."
        )
    path = Path(path)
    manifest = store.manifest(ref)
    entry = entry_of(manifest, output)
    if entry.summary.kind in {Kind.JSON, Kind.TEXT, Kind.NOTHING} and not entry.stored.meta:
        fill = _value_filler(store.reader(manifest), entry, format)
    else:
        _check_types(entry, f"{entry.summary.name} of {ref}")
        objects = {"csv": readable, "json": json_texts}.get(format, _nested_or_text)
        table = output_table(store.reader(manifest), entry, index=True, objects=objects)
        if format == "json":
            table = _for_json(table, object_columns(entry.stored, table))
        fill = _FILLERS[format](table, f"{entry.summary.name} of {ref}")
    _replace(path, fill)


def _check_types(entry: OutputEntry, what: str) -> None:
    """Refuse columns whose values are kept in a form that no other program reads. Raises ValueRefusedError."""
    for column in entry.summary.columns:
        if column.type.startswith("complex"):
            raise ValueRefusedError(
                f"exporting {what}: column {column.name} holds complex numbers, for which files have no type",
                hint="Return its real and its imaginary part as two columns.",
            )


@contextmanager
def _elsewhere(path: Path) -> Iterator[None]:
    """Turn an OSError into a StorageError that speaks of the file's own disk."""
    try:
        yield
    except OSError as error:
        reason = refused(error, f"writing {str(path)[:200]}").message
        raise StorageError(reason, hint="See that this place can be written and has room, or name another.") from error


def _replace(path: Path, fill: Callable[[Path], None]) -> None:
    """Put what `fill` writes in place of a file at once; a link stays, and the file that it leads to is replaced."""
    with _elsewhere(path):
        path = Path(os.path.realpath(path)) if path.is_symlink() else path
        if os.path.lexists(path) and not path.is_file():
            raise SettingInvalidError(
                f"writing {path}: it is no ordinary file, and it would be replaced by one",
                hint="Name a file; to send an output on, write it to a file first.",
            )
        if not path.parent.is_dir():
            raise SettingInvalidError(f"writing {path}: the folder does not exist", hint="Create the folder first.")
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:40]}-", dir=path.parent)
        os.close(descriptor)
        aside = Path(name)
        try:
            fill(aside)
            mask = os.umask(0)
            os.umask(mask)
            aside.chmod(0o666 & ~mask)
            aside.replace(path)
        finally:
            with suppress(OSError):
                aside.unlink()


def _value_filler(reader: Reader, entry: OutputEntry, format: str) -> Callable[[Path], None]:  # noqa: A002
    import msgspec

    if format != "json":
        raise ValueRefusedError(
            f"exporting {entry.summary.name} of {reader.manifest.ref} as {format}: it is {entry.summary.kind.value}",
            hint="Export it as json.",
        )
    value = reader.value(entry.stored)
    try:
        content = msgspec.json.format(msgspec.json.encode(value), indent=2)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueRefusedError(
            f"exporting {entry.summary.name} of {reader.manifest.ref} as json: {error}",
            hint="JSON has no form for such a value; return a simpler one.",
        ) from error
    return lambda path: _write_bytes(path, content)


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _parquet(table: pa.Table, what: str) -> Callable[[Path], None]:
    def fill(path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            pq.write_table(_storable(table), path, compression="zstd")
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise ValueRefusedError(f"exporting {what} as parquet: {error}", hint="Export it as arrow.") from error

    return fill


def _storable(table: pa.Table) -> pa.Table:
    """Views of text as text, and no name twice: what every reader of Parquet knows."""
    for at, name in enumerate(table.column_names):
        table = table.set_column(at, name, without_views(table.column(at)))
    return _distinct_names(table)


def _arrow(table: pa.Table, what: str) -> Callable[[Path], None]:
    del what

    def fill(path: Path) -> None:
        import pyarrow as pa

        whole = table.unify_dictionaries()  # a file of Arrow has one for each column
        with path.open("wb") as file, pa.ipc.new_file(file, whole.schema) as out:
            out.write_table(whole)

    return fill


def _copied(options: str) -> Callable[[Any, str], Callable[[Path], None]]:
    def prepare(table: pa.Table, what: str) -> Callable[[Path], None]:
        def fill(path: Path) -> None:
            import duckdb

            if not table.num_columns:
                raise ValueRefusedError(f"exporting {what}: it has no columns", hint="Export it as arrow.")
            named = _distinct_names(_without_halves(table), folds=True)
            chosen = [
                f"{identifier(field.name)}::json as {identifier(field.name)}"
                if _IS_JSON.items() <= (field.metadata or {}).items()
                else identifier(field.name)
                for field in named.schema
            ]
            with connection(files=True) as duck:
                try:
                    duck.from_arrow(for_duck(named)).project(", ".join(chosen)).create_view("stored")
                    duck.execute(f"copy (from stored) to {literal(str(path))} ({options})")
                except duckdb.IOException as error:
                    raise OSError(str(error).splitlines()[0]) from error
                except duckdb.Error as error:
                    raise ValueRefusedError(
                        f"exporting {what}: {str(error).splitlines()[0]}", hint="Export it as arrow."
                    ) from error

        return fill

    return prepare


def _without_halves(table: pa.Table) -> pa.Table:
    """Numbers of 16 bits as those of 32, the smallest that DuckDB has."""
    import pyarrow as pa

    for at, field in enumerate(table.schema):
        if pa.types.is_float16(field.type):
            table = table.set_column(at, field.with_type(pa.float32()), table.column(at).cast(pa.float32()))
    return table


def _for_json(table: pa.Table, texts: list[int]) -> pa.Table:
    """Nothing in place of numbers that JSON has not, wherever they are: infinite ones, and those that are none.

    Args:
        table: what is to be written.
        texts: the columns that hold JSON texts.
    """
    import pyarrow as pa

    table = _without_halves(table)
    for at, field in enumerate(table.schema):
        column = table.column(at)
        if at in texts:
            table = table.set_column(at, field.with_metadata(_IS_JSON), column)
        else:
            chunks = [_finite_values(chunk) for chunk in column.chunks]
            table = table.set_column(at, field, pa.chunked_array(chunks, field.type))
    return table


def _finite_values(values: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if pa.types.is_floating(kind) and not pa.types.is_float16(kind):
        return pc.if_else(pc.is_finite(values), values, pa.scalar(None, kind))
    if pa.types.is_struct(kind) and kind.num_fields:
        parts = [_finite_values(values.field(at)) for at in range(kind.num_fields)]
        return pa.StructArray.from_arrays(parts, fields=list(kind), mask=values.is_null())
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(values.indices, _finite_values(values.dictionary), ordered=kind.ordered)
    own = 1 if pa.types.is_fixed_size_list(kind) else 2
    if own == 1 or pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        # what the lists hold is behind the bits that say which are there, and behind the offsets
        held = [_finite_values(values.values)]
        return pa.Array.from_buffers(kind, len(values), values.buffers()[:own], offset=values.offset, children=held)
    return values


def _nested_or_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    found = nested(column)
    return readable(column) if found is None else found


def _distinct_names(table: pa.Table, *, folds: bool = False) -> pa.Table:
    """The table with no name twice; with `folds` also none that differs from another only in case, as DuckDB wants."""
    seen: set[str] = set()
    names = []
    for name in table.column_names:
        free = name
        at = 1
        while (known := free.lower() if folds else free) in seen:
            free = f"{name}_{at}"
            at += 1
        seen.add(known)
        names.append(free)
    return table.rename_columns(names)


_FILLERS: dict[str, Callable[[Any, str], Callable[[Path], None]]] = {
    "csv": _copied("format csv, header true"),
    "json": _copied("format json, array true"),
    "parquet": _parquet,
    "arrow": _arrow,
}
