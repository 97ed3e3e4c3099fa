"""Stored values as JSON for other programs: numbers as numbers, tables as lists of objects, arrays and series as lists.

JSON has no word for what is missing, not a number or infinite: those are null. What else it has no type for is text.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from penstock.data import Manifest, ProductStore
from penstock.data.manifest import Stored
from penstock.data.plain import decode_plain, remade
from penstock.data.reading import Reader
from penstock.model.errors import ValueRefusedError
from penstock.server.outputs.reader.arrays import stored_array
from penstock.server.outputs.reader.labels import plain_text
from penstock.server.outputs.reader.stored import StoredTable, corrupt
from penstock.server.outputs.reader.text import FULL, json_leaf, one_array, plain, worded
from penstock.server.outputs.reader.tree import part_text
from penstock.server.outputs.reader.view import ViewColumn

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

MOST_CELLS = 4_000_000
"""Cells of all tables and arrays in one value: they are made in memory, unlike a table that is an output of its own."""
_BATCH = 65_536
_LISTS = frozenset(["pandas.series", "pandas.array", "pandas.index", "geo.series", "polars.series"])
_LISTS |= {"arrow.array", "arrow.chunked"}
_ENCODER = msgspec.json.Encoder(decimal_format="number")

Part = Callable[[int], Any]


def encode(value: Any) -> bytes:
    """The bytes of what this module has made."""
    return _ENCODER.encode(value)


def documents_of(store: ProductStore, manifest: Manifest) -> list[Any]:
    """What each output of a version is as JSON, decoded.

    Raises:
        ValueRefusedError: one has no JSON, or is too large.
        ProductCorruptError, ProductMissingError: what is stored cannot be read.
    """
    made = Documents(store.reader(manifest), manifest, lambda: None, strict=True)
    return [msgspec.json.decode(made.whole(output.stored)) for output in manifest.outputs]


def has_document(codec: str) -> bool:
    """Whether a value of that codec is a document of its own."""
    return codec in {"plain", "parts", "numpy.array"} or codec in _LISTS


class Documents:
    """Makes documents of the values of one version.

    Args:
        reader: of the version.
        manifest: the version.
        check: called between steps; raises when nobody waits any more.
        strict: refuse a value inside of which something has no form; else words stand in its place.
    """

    def __init__(self, reader: Reader, manifest: Manifest, check: Callable[[], None], *, strict: bool) -> None:
        self._reader = reader
        self._manifest = manifest
        self._check = check
        self._strict = strict
        self._tables = StoredTable(reader)
        self._left = MOST_CELLS

    def whole(self, stored: Stored) -> bytes:
        """The document of a stored value, encoded.

        Raises:
            ValueRefusedError: it is too large, or `strict` and it has none.
            ProductCorruptError: what is stored cannot be read.
        """
        try:
            return encode(self._of(stored))
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise corrupt(self._manifest, error) from error

    def _of(self, stored: Stored) -> Any:
        self._check()
        if stored.codec in {"plain", "text"}:
            return json_form(self._form(stored), lambda number: self._of(stored.parts[number]))
        if stored.codec in {"plotly", "altair"} and stored.blob is not None:
            return msgspec.json.decode(self._blob(stored))
        if stored.codec == "numpy.array":
            array = stored_array(self._reader, stored)
            self._count(array.size)
            return array_list(array)
        columns = self._tables.columns(stored)
        if columns is not None:
            return self._table(stored, columns)
        if stored.codec == "parts":
            return [self._of(part) for part in stored.parts]
        if not self._strict:
            return part_text(stored)
        raise ValueRefusedError(
            f"reading {self._manifest.ref} as JSON: it holds a value that has no JSON ({stored.codec})",
            hint="Let the block return tables, arrays, text, or a value of lists and dicts.",
        )

    def _form(self, stored: Stored) -> Any:
        return stored.inline if stored.blob is None else msgspec.json.decode(self._blob(stored))

    def _blob(self, stored: Stored) -> memoryview:
        assert stored.blob is not None
        return memoryview(self._reader.map_file(stored.blob)[1])

    def _count(self, cells: int) -> None:
        self._left -= cells
        if self._left < 0:
            raise ValueRefusedError(
                f"reading {self._manifest.ref} as JSON: the tables and arrays in it have more than"
                f" {MOST_CELLS:,} cells, the limit",
                hint="Return the table as an output of its own.",
            )

    def _table(self, stored: Stored, columns: list[ViewColumn]) -> list[Any]:
        rows = stored.rows or 0
        self._count(rows * len(columns))
        if stored.codec in _LISTS:
            levels = columns if stored.codec == "pandas.index" else columns[-1:]
            found = [row for batch in self._batches(levels, rows) for row in zip(*batch, strict=True)]
            return found if len(levels) > 1 else [value for (value,) in found]
        names = distinct([column.name for column in columns])
        return [
            dict(zip(names, row, strict=True))
            for batch in self._batches(columns, rows)
            for row in zip(*batch, strict=True)
        ]

    def _batches(self, columns: Sequence[ViewColumn], rows: int) -> Iterator[list[list[Any]]]:
        for start in range(0, rows, _BATCH):
            self._check()
            yield [cells(json_array(column.data.slice(start, _BATCH), column.form), column.form) for column in columns]


def json_form(form: Any, part: Part | None = None) -> Any:
    """A plain value, from the form in which it is stored, as JSON.

    Args:
        form: what is stored.
        part: gives what is stored for itself inside of the value.
    """

    def tagged(tag: str, body: Any) -> Any:
        make = _TAGGED.get(tag)
        return make({tag: body}, body, part) if make is not None else _text({tag: body})

    return remade(form, tagged)


def _text(form: Any) -> str:
    """As a person would write it, lone surrogates written out."""
    return plain_text(form).encode("utf-8", "backslashreplace").decode()


def _number(_: Any, body: Any, __: Part | None) -> Any:
    import numpy as np

    return array_list(np.frombuffer(base64.b64decode(body[1]), dtype=body[0]).reshape(()))


def _decimal(_: Any, body: Any, __: Part | None) -> Any:
    found = Decimal(body)
    return found if found.is_finite() else None


def _items(_: Any, body: Any, part: Part | None) -> Any:
    return [json_form(item, part) for item in body]


def _pairs(_: Any, body: Any, part: Part | None) -> Any:
    return {_text(key): json_form(item, part) for key, item in body}


_TAGGED: dict[str, Callable[[Any, Any, Part | None], Any]] = {
    **dict.fromkeys(["$tuple", "$set", "$frozenset"], _items),
    **dict.fromkeys(["$dict", "$ordereddict", "$counter"], _pairs),
    **dict.fromkeys(["$float", "$pdna", "$pdnat"], lambda *_: None),
    "$deque": lambda form, body, part: _items(form, body[1], part),
    "$defaultdict": lambda form, body, part: _pairs(form, body[1], part),
    "$int": lambda _, body, __: int(body, 16),
    "$decimal": _decimal,
    "$np": _number,
    "$nparray": lambda form, _, __: array_list(decode_plain(form)),
    "$npobjects": lambda form, body, part: nested(_items(form, body[1], part), body[0]),
    "$part": lambda form, body, part: part(body) if part is not None else _text(form),
}


def array_list(array: np.ndarray) -> Any:
    """An array as nested lists, one of no axis as its value."""
    if array.dtype.names:
        flat = array.reshape(-1)
        fields = {name: array_list(flat[name]) for name in array.dtype.names}
        items = [{name: values[at] for name, values in fields.items()} for at in range(array.size)]
        return nested(items, list(array.shape))
    if array.dtype.kind in "biu":
        return array.tolist()
    if array.dtype.kind == "f":
        return array.astype("f8", copy=False).tolist()
    return nested([_item(item) for item in array.reshape(-1)], list(array.shape))


def _item(item: Any) -> str | None:
    if isinstance(item, bytes):
        return item.decode("utf-8", "backslashreplace")
    if item != item:  # noqa: PLR0124 - NaT is not itself
        return None
    return str(item).encode("utf-8", "backslashreplace").decode()


def nested(items: list[Any], shape: list[int]) -> Any:
    """The items in lists of lists of that shape; the only one, when it has no axis."""
    if not shape:
        return items[0]
    step = math.prod(shape[1:])
    return [nested(items[at * step : (at + 1) * step], shape[1:]) for at in range(shape[0])]


def json_array(part: pa.ChunkedArray, form: str) -> pa.Array:
    """Values of a column in a type of Arrow from which `cells` makes JSON."""
    import pyarrow as pa

    return one_array(part).cast(pa.large_string()) if form == "json" else worded(part, form, _AS_THEY_ARE)


_AS_THEY_ARE = ("is_integer", "is_floating", "is_boolean", "is_string", "is_large_string", "is_decimal", "is_nested")


def cells(data: pa.Array, form: str) -> list[Any]:
    """The values of what `json_array` has made of a column of that form."""
    import pyarrow as pa

    if form == "json":
        return [None if text is None else json_form(msgspec.json.decode(text)) for text in data.to_pylist()]
    if pa.types.is_nested(data.type):
        return [plain(value, FULL, json_leaf) for value in data]
    found: list[Any] = data.to_pylist()
    return found


def distinct(names: list[str]) -> list[str]:
    """The names, made different where two are the same."""
    seen: set[str] = set()
    found = []
    for name in names:
        free = name
        at = 1
        while free in seen:
            free = f"{name}_{at}"
            at += 1
        seen.add(free)
        found.append(free)
    return found
