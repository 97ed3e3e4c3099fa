"""A numpy array as a table: its last axis as columns, the one before as rows; of more axes, one place is shown."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from penstock.data import OutputEntry
from penstock.data.codecs.numpy_array import descr_of, shown_text
from penstock.data.manifest import Stored
from penstock.data.reading import Reader
from penstock.model.errors import SettingInvalidError
from penstock.server.outputs.reader.view import View, ViewColumn, refuse_table

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

AS_THEY_ARE = "biuf"
"""The kinds of dtypes whose values Arrow holds as they are."""
TIMES = frozenset(["datetime64[s]", "datetime64[ms]", "datetime64[us]", "datetime64[ns]", "datetime64[D]"])
TABLE_AXES = 2


def stored_array(reader: Reader, stored: Stored) -> np.ndarray:
    """A stored numpy array over the mapped file, read-only."""
    import numpy as np

    meta = stored.meta
    dtype = np.lib.format.descr_to_dtype(descr_of(meta["dtype"]))
    order: Any = "F" if meta["fortran"] else "C"
    if stored.blob is None:
        return np.empty(meta["shape"], dtype=dtype, order=order)
    content = memoryview(reader.map_file(stored.blob)[1])
    return np.frombuffer(content, dtype=dtype).reshape(meta["shape"], order=order)


def array_view(reader: Reader, entry: OutputEntry, place: tuple[int, ...]) -> View:
    """The table of an array.

    Args:
        reader: of the version.
        entry: the output.
        place: where on the axes before the last two; those that it does not name are at 0.

    Raises:
        ValueRefusedError: the array has no axis.
        SettingInvalidError: there is no such place.
    """
    array = stored_array(reader, entry.stored)
    if array.ndim == 0:
        raise refuse_table(reader.manifest, entry)
    flat = _at(array, place)
    if flat.dtype.names:
        parts = {name: flat[name] for name in flat.dtype.names}
        if flat.ndim > 1:
            parts = {f"{at}.{name}": part[:, at] for at in range(flat.shape[1]) for name, part in parts.items()}
    elif flat.ndim == 1:
        parts = {"value": flat}
    else:
        parts = {str(at): flat[:, at] for at in range(flat.shape[1])}
    columns = [
        ViewColumn(name, str(part.dtype), partial(_column, part), form=_form(part)) for name, part in parts.items()
    ]
    return View(reader.manifest, entry, columns, flat.shape[0])


def _at(array: np.ndarray, place: tuple[int, ...]) -> np.ndarray:
    """One place on the axes before the last two."""
    axes = max(0, array.ndim - TABLE_AXES)
    if len(place) > axes or any(not 0 <= at < size for at, size in zip(place, array.shape, strict=False)):
        shape = " x ".join(map(str, array.shape))
        raise SettingInvalidError(
            f"reading an array of {shape} at {', '.join(map(str, place))}: there is no such place",
            hint=f"Name up to {axes} places, each counted from 0." if axes else "The array is shown as a whole.",
        )
    if 0 in array.shape[:axes]:
        return array.reshape((0, array.shape[-1]))
    found: np.ndarray = array[place + (0,) * (axes - len(place))]
    return found


def _form(part: np.ndarray) -> str:
    return "complex" if part.dtype.kind == "c" and part.ndim == 1 else ""


def _column(part: np.ndarray) -> pa.ChunkedArray:
    """The values as Arrow; what it has no type for, as text."""
    import numpy as np
    import pyarrow as pa

    native = part if part.dtype.isnative else part.astype(part.dtype.newbyteorder("="))
    if native.ndim > 1:  # a field of a structured array that holds an array itself
        made = pa.array([shown_text(str(item.tolist())) for item in native], pa.string())
    elif native.dtype.kind == "c":
        made = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(native.dtype.itemsize), len(native), [None, pa.py_buffer(np.ascontiguousarray(native))]
        )
    elif native.dtype.kind in AS_THEY_ARE and native.dtype.itemsize <= np.dtype(np.float64).itemsize:
        made = pa.array(np.ascontiguousarray(native))
    elif str(native.dtype) in TIMES:
        made = pa.array(native)
    elif native.dtype.kind == "S":
        made = pa.array([bytes(item) for item in native], pa.binary())
    else:
        made = pa.array([shown_text(str(item)) for item in native], pa.string())
    return pa.chunked_array([made])
