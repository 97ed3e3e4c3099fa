"""numpy values of fixed width as Arrow columns over the same memory, and back.

NaN and NaT become NULL for whoever reads the column as Arrow: a bitmap says so, and the values stay as they are, so
that numpy reads them back without a copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.model.errors import ValueRefusedError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

NOT_A_TIME = -(2**63)


def arrow_type(dtype: np.dtype) -> pa.DataType:
    """The Arrow type under which values of that dtype are stored.

    Booleans take a byte each, as in numpy; complex numbers are opaque to Arrow.

    Raises:
        ValueRefusedError: there is none.
    """
    import numpy as np
    import pyarrow as pa

    if dtype.kind in "iuf" and dtype.itemsize <= 8:  # noqa: PLR2004 - bytes: Arrow has no long double
        return pa.from_numpy_dtype(dtype.newbyteorder("="))
    if dtype.kind == "b":
        return pa.int8()
    if dtype.kind in "mM" and np.datetime_data(dtype)[0] in {"s", "ms", "us", "ns"} and np.datetime_data(dtype)[1] == 1:
        unit = np.datetime_data(dtype)[0]
        return pa.timestamp(unit) if dtype.kind == "M" else pa.duration(unit)
    if dtype.kind == "c":
        return pa.binary(dtype.itemsize)
    raise ValueRefusedError(
        f"storing a column of the numpy type {dtype}: no exact form for it is known",
        hint="Convert the column, for example with .astype('float64') or .astype(object).",
    )


def missing_of(values: np.ndarray, *, minus_one: bool = False) -> np.ndarray | None:
    """Which values are NaN or NaT, or -1 where that stands for none; None where there are no such."""
    import numpy as np

    if not len(values):
        return None
    if values.dtype.kind == "f":
        # The minimum is NaN when any value is; it costs no second array.
        return np.isnan(values) if np.isnan(values.min()) else None
    if values.dtype.kind in "mM":
        numbers = values.view(np.int64)
        return numbers == NOT_A_TIME if numbers.min() == NOT_A_TIME else None
    return values == -1 if minus_one and values.min() == -1 else None


def to_arrow(values: np.ndarray, kind: pa.DataType, missing: np.ndarray | None) -> pa.Array:
    """An Arrow array over the memory of contiguous values in the machine's byte order; those `missing` are NULL."""
    import numpy as np
    import pyarrow as pa

    validity = None
    nulls = 0
    if missing is not None:
        nulls = int(np.count_nonzero(missing))
        validity = pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [validity, pa.py_buffer(values)], nulls)


def values_of(column: pa.ChunkedArray, dtype: np.dtype) -> np.ndarray:
    """A fresh numpy array of what such a column holds, whatever its bitmap says."""
    import numpy as np

    pieces = []
    for chunk in column.chunks:
        buffer = chunk.buffers()[1]
        if len(chunk) and buffer is not None:
            pieces.append(np.frombuffer(buffer, dtype=dtype, count=len(chunk), offset=chunk.offset * dtype.itemsize))
    return np.concatenate(pieces) if pieces else np.empty(0, dtype=dtype)


def native(values: np.ndarray) -> np.ndarray:
    """The values contiguous and in the machine's byte order; the same memory where they are already."""
    import numpy as np

    return np.ascontiguousarray(values.astype(values.dtype.newbyteorder("="), copy=False))


def as_array(column: pa.ChunkedArray, mapped: np.ndarray | None, dtype_text: str) -> np.ndarray:
    """Such a column as numpy, over the private mapping where there is one."""
    import numpy as np

    dtype = np.dtype(dtype_text)
    plain = dtype.newbyteorder("=")
    values = mapped.view(plain) if mapped is not None else values_of(column, plain)
    return values if plain == dtype else values.astype(dtype)


def meta_of(dtype: np.dtype) -> dict[str, Any]:
    """What `as_array` needs to know."""
    return {"k": "np", "d": dtype.str}
