"""What this process has mapped, so that a column that comes back unchanged is recognised and not written again.

Arrow data is handed out over a read-only mapping: nobody can change it, so the same addresses mean the same column.
numpy data is handed out over a private mapping, which users may write to; only the pages that they touch are copied,
by the kernel. Whether any was is asked of the kernel, else the bytes are compared with the file.

The register holds no mapping alive: an entry goes when the last array over its mapping does.
"""

from __future__ import annotations

import mmap
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.data.backend import Backend
from penstock.data.pages import untouched
from penstock.data.shared_text import SharedText, TextBuffer, is_view, shared_text, text_buffers, with_text
from penstock.model.product import Column

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

Missing = Callable[[], "np.ndarray | None"]
"""Gives which of a column's values are to be NULL; None for none of them."""
PrivateMapHook = Callable[[int], None]
"""Told the bytes of a new private mapping before it is made; they count as data of the process."""


@dataclass(slots=True)
class MappedColumn:
    """A column of a data file that this process has seen.

    `identity` are the addresses of its buffers in the read-only mapping; `offset` and `size` say where its values lie
    in the file when they are of fixed width, without a break and as numpy has them (else `offset` is -1). `nulls` are
    those that its bitmap tells; `whole` is a file that is one array. `text` says where its text lies when that is in
    another file.
    """

    backend: Backend
    key: str
    position: int
    name: str
    type: pa.DataType
    length: int
    nbytes: int
    identity: tuple[Any, ...]
    offset: int = -1
    size: int = 0
    summary: Column | None = None
    text: SharedText | None = None
    nulls: int = 0
    whole: bool = False


@dataclass(slots=True)
class _Private:
    mapping: weakref.ref[mmap.mmap]
    address: int
    offset: int
    length: int
    columns: dict[int, MappedColumn]


@dataclass(slots=True)
class _Shared:
    mapping: weakref.ref[mmap.mmap]
    columns: dict[int, MappedColumn] = field(default_factory=dict)
    text: dict[int, TextBuffer] = field(default_factory=dict)


_guard = threading.RLock()
_shared: dict[tuple[int, str], _Shared] = {}
_by_identity: dict[tuple[Any, ...], MappedColumn] = {}
_text: dict[int, tuple[Backend, TextBuffer]] = {}
_private: dict[int, _Private] = {}
_hooks: list[PrivateMapHook] = []
_by_name: dict[tuple[str, int], list[MappedColumn]] = {}
_REMEMBERED = 4096


def private_mapped_bytes() -> int:
    """The bytes of private mappings that are alive in this process; a limit on its data must allow for them."""
    with _guard:
        return sum(entry.length for entry in _private.values())


def on_private_map(hook: PrivateMapHook) -> None:
    """Have `hook` told the size of each private mapping just before it is made, for example to raise a limit."""
    _hooks.append(hook)


def map_shared(backend: Backend, key: str) -> mmap.mmap:
    """The read-only mapping of a data file, the existing one where there is one.

    Raises:
        FileNotFoundError: there is no such file.
        StorageError: it cannot be mapped.
    """
    where = (id(backend), key)
    with _guard:
        known = _shared.get(where)
        mapped = known.mapping() if known is not None else None
        if mapped is not None:
            return mapped
        mapped = backend.open_mapped(key)
        _shared[where] = _Shared(weakref.ref(mapped, lambda dead: _forget_shared(where, dead)))
        return mapped


def _forget_shared(where: tuple[int, str], dead: weakref.ref[mmap.mmap]) -> None:
    with _guard:
        entry = _shared.get(where)
        if entry is not None and entry.mapping is dead:
            del _shared[where]
            for column in entry.columns.values():
                if _by_identity.get(column.identity) is column:
                    del _by_identity[column.identity]
            for address in entry.text:
                _text.pop(address, None)


def register(column: MappedColumn) -> MappedColumn:
    """Remember a column that was read through the shared mapping of its file; gives the entry that stands."""
    with _guard:
        entry = _shared.get((id(column.backend), column.key))
        if entry is None:
            return column
        known = entry.columns.setdefault(column.position, column)
        if known.summary is None:
            known.summary = column.summary
        _by_identity.setdefault(known.identity, known)
        _remember(known)
        return known


def remember_text(column: MappedColumn, data: pa.ChunkedArray) -> None:
    """Remember where the text of a column of views lies, so that new views of it are recognised."""
    if column.text is not None or not is_view(data.type):
        return
    found = {
        buffer.address: TextBuffer(column.key, column.position, batch, number, buffer.size, len(data))
        for batch, buffers in enumerate(text_buffers(data))
        for number, buffer in enumerate(buffers)
        if buffer.size
    }
    with _guard:
        entry = _shared.get((id(column.backend), column.key))
        if entry is not None:
            entry.text.update(found)
            _text.update({address: (column.backend, text) for address, text in found.items()})


def text_shared_with(array: pa.ChunkedArray, backend: Backend) -> SharedText | None:
    """Where the text of a column of views lies, if it is all that of one stored column."""

    def find(address: int) -> TextBuffer | None:
        owner, text = _text.get(address, (None, None))
        return text if owner is backend else None

    return shared_text(array, find)


def map_columns(backend: Backend, key: str, columns: list[MappedColumn]) -> Iterator[tuple[MappedColumn, np.ndarray]]:
    """Map the values of fixed-width columns of one file privately and give each as bytes that may be written to.

    Columns that lie near each other share a mapping.
    """
    import numpy as np

    for group in _neighbours(columns):
        start = group[0].offset
        length = max(column.offset + column.size for column in group) - start
        for hook in _hooks:
            hook(length)
        mapped, skip = backend.map_private(key, start, length)
        view = np.frombuffer(mapped, dtype=np.uint8)
        _remember_private(mapped, view.ctypes.data + skip, start, length, group)
        for column in group:
            at = skip + column.offset - start
            yield column, np.frombuffer(mapped, dtype=np.uint8, count=column.size, offset=at)


def map_blob(backend: Backend, key: str, size: int) -> np.ndarray:
    """A whole file, mapped privately, as bytes that may be written to."""
    import pyarrow as pa

    column = MappedColumn(backend, key, 0, "", pa.null(), 0, size, (), offset=0, size=size, whole=True)
    return next(iter(map_columns(backend, key, [column])))[1]


def _neighbours(columns: list[MappedColumn], gap: int = 1 << 20) -> Iterator[list[MappedColumn]]:
    group: list[MappedColumn] = []
    end = 0
    for column in sorted(columns, key=lambda column: column.offset):
        if group and column.offset - end > gap:
            yield group
            group = []
        group.append(column)
        end = column.offset + column.size
    if group:
        yield group


def _remember_private(mapped: mmap.mmap, address: int, offset: int, length: int, group: list[MappedColumn]) -> None:
    name = id(mapped)

    def forget(_: weakref.ref[mmap.mmap]) -> None:
        with _guard:
            _private.pop(name, None)

    columns = {column.offset: column for column in group}
    with _guard:
        _private[name] = _Private(weakref.ref(mapped, forget), address, offset, length, columns)


def unchanged_arrow(array: pa.ChunkedArray, backend: Backend) -> MappedColumn | None:
    """The stored column that this one is, judged by the addresses of its buffers."""
    with _guard:
        found = _by_identity.get(identity_of(array))
        same = found is not None and found.backend is backend and found.type.equals(array.type)
        return found if same else None


def unchanged_array(values: np.ndarray, backend: Backend) -> MappedColumn | None:
    """The stored array whose bytes these contiguous values are, found by their address."""
    return _found_at(values, backend, lambda found: found.whole)


def unchanged_values(
    values: np.ndarray, kind: pa.DataType, name: str, backend: Backend, missing: Missing
) -> MappedColumn | None:
    """The stored column that these contiguous values are: found by address, or by name and size (a copy).

    The bytes below a NULL say nothing about it: a column of the same bytes is another one where other rows are missing.

    Args:
        values: a contiguous numpy array.
        kind: the Arrow type that they would be stored as.
        name: the name that they would be stored under.
        backend: only columns that this store holds are of use.
        missing: gives which of the values are to be NULL, None for none of them.
    """
    found = _found_at(values, backend, lambda found: found.type.equals(kind))
    if found is None:
        twins = (twin for twin in _twins(name, len(values), kind, backend) if twin.size == values.nbytes)
        found = next((twin for twin in twins if _equal(values, twin)), None)
    return found if found is not None and _misses(found, missing()) else None


def _found_at(values: np.ndarray, backend: Backend, fits: Callable[[MappedColumn], bool]) -> MappedColumn | None:
    address = values.ctypes.data
    with _guard:
        found = _at(address, values.nbytes)
        if found is None or found.backend is not backend or not fits(found):
            return None
        return found if untouched(address, values.nbytes) or _equal(values, found) else None


def _misses(column: MappedColumn, missing: np.ndarray | None) -> bool:
    """Whether just these rows of a stored column are NULL."""
    import numpy as np

    if missing is None or not column.nulls:
        return missing is None and not column.nulls
    if int(np.count_nonzero(missing)) != column.nulls:
        return False
    try:
        bitmap = stored_column(column).chunk(0).buffers()[0]
    except FileNotFoundError:
        return False
    there = np.unpackbits(np.frombuffer(bitmap, dtype=np.uint8), count=len(missing), bitorder="little")
    return bool(np.array_equal(there == 0, missing))


def _at(address: int, size: int) -> MappedColumn | None:
    for entry in _private.values():
        if entry.address <= address < entry.address + entry.length:
            found = entry.columns.get(entry.offset + address - entry.address)
            return found if found is not None and found.size == size else None
    return None


def _remember(column: MappedColumn) -> None:
    key = (column.name, column.length)
    known = [other for other in _by_name.pop(key, []) if (other.key, other.position) != (column.key, column.position)]
    _by_name[key] = [*known[-3:], column]
    while len(_by_name) > _REMEMBERED:
        _by_name.pop(next(iter(_by_name)))


def _twins(name: str, length: int, kind: pa.DataType, backend: Backend) -> list[MappedColumn]:
    """Columns of that name, length and type that were read here, the last one first; their mappings may be gone."""
    with _guard:
        known = _by_name.get((name, length), [])
        return [column for column in reversed(known) if column.backend is backend and column.type.equals(kind)]


def equal_arrow(array: pa.ChunkedArray, name: str, backend: Backend) -> MappedColumn | None:
    """A stored column of that name with the same values, compared one by one: what a copy or a conversion gives back.

    Of numbers with a point there is none: zero and minus zero, and the ways to write NaN, compare wrongly.
    """
    import pyarrow as pa

    kind = array.type
    if pa.types.is_floating(kind) or pa.types.is_nested(kind) or pa.types.is_dictionary(kind):
        return None
    for column in _twins(name, len(array), kind, backend):
        try:
            if stored_column(column).equals(array):
                return column
        except (FileNotFoundError, pa.ArrowNotImplementedError):
            continue
    return None


def stored_column(column: MappedColumn) -> pa.ChunkedArray:
    """The data of a column that was seen before.

    Raises:
        FileNotFoundError: its file has been removed.
    """
    import pyarrow as pa

    def read(key: str, position: int) -> pa.ChunkedArray:
        mapped = map_shared(column.backend, key)
        return pa.ipc.open_file(pa.BufferReader(pa.py_buffer(mapped))).read_all().column(position)

    data = read(column.key, column.position)
    return data if (text := column.text) is None else with_text(data, read(text.key, text.position), text.batches)


def _equal(values: np.ndarray, column: MappedColumn) -> bool:
    import numpy as np
    import pyarrow as pa

    try:
        stored = pa.py_buffer(map_shared(column.backend, column.key))
    except FileNotFoundError:
        return False
    mine = pa.py_buffer(values.reshape(-1, order="A").view(np.uint8))
    return bool(mine.equals(stored.slice(column.offset, column.size)))


def identity_of(array: pa.ChunkedArray) -> tuple[Any, ...]:
    """The addresses, lengths and offsets that make up a column in memory."""
    return tuple(_identity(chunk) for chunk in array.chunks)


def _identity(array: pa.Array) -> tuple[Any, ...]:
    import pyarrow as pa

    if isinstance(array, pa.ExtensionArray):
        return ("extension", _identity(array.storage))
    addresses = tuple(buffer.address if buffer is not None else 0 for buffer in array.buffers())
    return (len(array), array.offset, addresses, *_children(array))


def _children(array: pa.Array) -> tuple[Any, ...]:
    import pyarrow as pa

    kind = array.type
    if pa.types.is_dictionary(kind):
        return (_identity(array.dictionary),)
    if pa.types.is_struct(kind):
        return tuple(_identity(array.field(at)) for at in range(kind.num_fields))
    if pa.types.is_nested(kind) and hasattr(array, "values"):
        return (_identity(array.values),)
    return ()
