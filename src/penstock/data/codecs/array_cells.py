"""Columns whose cells are numpy arrays: embeddings, and what pandas makes of the lists of Parquet files and databases.

One-dimensional arrays of one dtype become an Arrow list column, which SQL and other readers understand; what is more
colourful is written as JSON each (see `plain_foreign`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.data.codecs.fixed import arrow_type, missing_of, to_arrow, values_of
from penstock.model.errors import ValueRefusedError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def encode_cells(values: np.ndarray) -> tuple[pa.Array, str] | None:
    """The list column of such cells and their dtype; None when they are not all alike. Other values are null."""
    import numpy as np
    import pyarrow as pa

    cells = [value for value in values if type(value) is np.ndarray]
    kinds = {(cell.dtype.str, cell.ndim) for cell in cells}
    if len(kinds) != 1 or kinds != {(cells[0].dtype.newbyteorder("=").str, 1)}:
        return None
    dtype = cells[0].dtype
    try:
        kind = arrow_type(dtype)
    except ValueRefusedError:
        return None
    if dtype.kind == "c":
        return None
    lengths = [len(value) if type(value) is np.ndarray else 0 for value in values]
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    missing = np.array([type(value) is not np.ndarray for value in values], dtype=bool)
    values = np.concatenate(cells)
    inner = to_arrow(values, kind, missing_of(values))
    lists = pa.LargeListArray.from_arrays(
        pa.array(offsets, pa.int64()), inner, mask=pa.array(missing) if missing.any() else None
    )
    return lists, dtype.str


def decode_cells(column: pa.ChunkedArray, dtype_text: str) -> list[Any]:
    """An array for each cell, with memory of its own; None for what is null."""
    import numpy as np
    import pyarrow as pa

    dtype = np.dtype(dtype_text)
    found: list[Any] = []
    for chunk in column.chunks:
        numbers = values_of(pa.chunked_array([chunk.values]), dtype)
        offsets = chunk.offsets.to_numpy()
        missing = chunk.is_null().to_numpy(zero_copy_only=False)
        found += [None if missing[at] else numbers[offsets[at] : offsets[at + 1]].copy() for at in range(len(chunk))]
    return found
