"""Cells of a page as a browser can show them, of every Arrow type.

Numbers that JavaScript holds exactly, truth values and text stay what they are; everything else becomes text here, so
that nothing is rounded on its way: large whole numbers, decimals, moments finer than a millisecond, nested values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.server.outputs.reader.text import LONGEST, MARK, one_array, texts

if TYPE_CHECKING:
    import pyarrow as pa

SAFE = 2**53
PAGE_CHARACTERS = 8_000_000
"""Characters of all cells of a page together, about."""


@dataclass(slots=True)
class Shown:
    """A column of a page: `text` when values were made into text; `cut` are (row of the page, full length)."""

    data: pa.Array
    text: bool = False
    cut: list[tuple[int, int]] = field(default_factory=list)


def cell_limit(cells: int) -> int:
    """Characters of one cell in a page of so many."""
    return max(40, min(LONGEST, PAGE_CHARACTERS // max(1, cells)))


def show(column: pa.ChunkedArray, form: str, limit: int) -> Shown:
    """A part of a column for showing.

    Args:
        column: the rows of the page.
        form: how it is written, see `ViewColumn.form`.
        limit: characters of a cell.
    """
    import pyarrow as pa

    data = one_array(column)
    if not form:
        if pa.types.is_dictionary(data.type):
            data = data.dictionary_decode()
        native = _native(data)
        if native is not None:
            return Shown(native)
        if _is_text(data.type):
            return _cut(data, limit, text=False)
    return _cut(pa.array(texts(pa.chunked_array([data]), form, limit), type=pa.large_string()), limit, text=True)


def _native(data: pa.Array) -> pa.Array | None:
    """The values as they are when JavaScript can hold each exactly, else None."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = data.type
    if pa.types.is_boolean(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind) or pa.types.is_null(kind):
        return data
    if pa.types.is_float16(kind):
        return data.cast(pa.float32())
    if pa.types.is_integer(kind):
        if kind.bit_width <= 32:  # noqa: PLR2004 - bits
            return data
        bounds = pc.min_max(data)
        low, high = bounds["min"].as_py(), bounds["max"].as_py()
        return data if low is None or (low > -SAFE and high < SAFE) else None
    return None


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    view = getattr(pa.types, "is_string_view", lambda _: False)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or view(kind))


def _cut(data: pa.Array, limit: int, *, text: bool) -> Shown:
    """Text with long cells cut; text that is no UTF-8 with marks where it is not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not len(data):
        return Shown(data.cast(pa.large_string()), text)
    try:
        data = data.cast(pa.large_string())
        data.validate(full=True)
    except pa.ArrowInvalid:
        raw = data.cast(pa.large_binary()).to_pylist()
        decoded = [None if value is None else value.decode("utf-8", "replace") for value in raw]
        data = pa.array(decoded, type=pa.large_string())
    longest = pc.max(pc.binary_length(data)).as_py() or 0
    if longest <= limit:
        return Shown(data, text)
    lengths = pc.utf8_length(data).to_pylist()
    cut = [(at, length) for at, length in enumerate(lengths) if length is not None and length > limit]
    if cut:
        short = pc.utf8_slice_codeunits(data, 0, limit)
        marked = pc.binary_join_element_wise(
            short, pa.scalar(MARK, pa.large_string()), pa.scalar("", pa.large_string())
        )
        data = pc.if_else(pc.greater(pc.utf8_length(data), limit), marked, short)
    return Shown(data, text, cut)
