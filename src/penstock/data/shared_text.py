"""Text that a column of views shares with a column that was stored before, and so is not written again.

In the layout of views (of polars, and of Arrow's string_view and binary_view) a column has 16 bytes for each value;
longer text lies in buffers aside, which the views point into. Whoever drops or reorders rows makes new views over the
same buffers. Such a column is stored as its bare views, and as where its buffers lie: in which file and column, and for
each of its batches which buffers of which batch there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

Runs = tuple[tuple[int, int, int], ...]
"""Buffers of text in a row: of which batch, the first of them, and how many; one such run after the other."""

VIEW = 16
"""Bytes of a view."""
WORTH_SHARING = 2**20
"""Bytes of text from which on it is not written again."""
_FIXED = 2
"""Buffers in front of those with text: which values are missing, and the views."""


@dataclass(frozen=True, slots=True)
class SharedText:
    """Where the text of a column lies: in which file, at which position in it, and for each batch in which buffers."""

    key: str
    position: int
    batches: tuple[Runs, ...]


@dataclass(frozen=True, slots=True)
class TextBuffer:
    """A buffer of text of a stored column: of which batch, and which of its buffers; its `size` in bytes.

    `rows` are those of the whole column.
    """

    key: str
    position: int
    batch: int
    number: int
    size: int
    rows: int


def is_view(kind: pa.DataType) -> bool:
    """Whether a column of that type is one of views."""
    import pyarrow as pa

    text = getattr(pa.types, "is_string_view", lambda _: False)(kind)
    return bool(text or getattr(pa.types, "is_binary_view", lambda _: False)(kind))


@cache
def _can_be_put_together() -> bool:
    """Whether this version of pyarrow makes a column of views from buffers."""
    import pyarrow as pa

    try:
        long = b"x" * 2 * VIEW
        view = len(long).to_bytes(4, "little") + long[:4] + bytes(8)
        made = pa.Array.from_buffers(pa.string_view(), 1, [None, pa.py_buffer(view), pa.py_buffer(long)])
    except (AttributeError, ValueError, pa.ArrowException):
        return False
    return bool(made.buffers()[_FIXED:])


def text_buffers(column: pa.ChunkedArray) -> list[list[pa.Buffer]]:
    """The buffers of text of each batch of a column of views."""
    return [chunk.buffers()[_FIXED:] for chunk in column.chunks]


def shared_text(column: pa.ChunkedArray, find: Callable[[int], TextBuffer | None]) -> SharedText | None:
    """Where the text of a column lies, when all of it is that of one stored column; None for any other column.

    Not of one that has fewer than half of that column's rows, or little text: it would keep the whole file for little.

    Args:
        column: of any type.
        find: the stored buffer that begins at an address.
    """
    if not is_view(column.type) or not _can_be_put_together():
        return None
    batches = []
    owners = set()
    rows = size = 0
    for chunk, buffers in zip(column.chunks, text_buffers(column), strict=True):
        if not len(chunk):
            continue
        found = [find(buffer.address) for buffer in buffers]
        known = [text for text in found if text is not None]
        if [text.size for text in known] != [buffer.size for buffer in buffers]:
            return None
        owners |= {(text.key, text.position) for text in known}
        rows = max([rows, *(text.rows for text in known)])
        size += sum(text.size for text in known)
        batches.append(_runs(known))
    if len(owners) != 1 or 2 * len(column) < rows or size < WORTH_SHARING:
        return None
    return SharedText(*owners.pop(), tuple(batches))


def _runs(buffers: Sequence[TextBuffer]) -> Runs:
    """The buffers, those that follow each other in a batch taken together."""
    places = [(text.batch, text.number) for text in buffers]
    breaks = [at for at, (last, next_) in enumerate(pairwise(places), 1) if next_ != (last[0], last[1] + 1)]
    starts = [0, *breaks, len(places)] if places else []
    return tuple((*places[start], end - start) for start, end in pairwise(starts))


def bare_views(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The views of a column without their text, 16 bytes each, a batch for each that is not empty."""
    import pyarrow as pa

    bare = [
        pa.Array.from_buffers(pa.binary(VIEW), len(chunk), chunk.buffers()[:_FIXED], offset=chunk.offset)
        for chunk in column.chunks
        if len(chunk)
    ]
    return pa.chunked_array(bare, type=pa.binary(VIEW))


def with_text(views: pa.ChunkedArray, source: pa.ChunkedArray, batches: Sequence[Runs]) -> pa.ChunkedArray:
    """The column of bare views and the column that has their text.

    Raises:
        ValueError: they do not belong to each other.
    """
    import pyarrow as pa

    stored = text_buffers(source)
    fits = all(
        0 <= batch < len(stored) and first >= 0 and 0 < count <= len(stored[batch]) - first
        for runs in batches
        for batch, first, count in runs
    )
    if not (fits and is_view(source.type) and views.type == pa.binary(VIEW) and len(batches) == views.num_chunks):
        raise ValueError("its views and its text do not belong to each other")
    chunks = []
    for chunk, runs in zip(views.chunks, batches, strict=True):
        text = [buffer for batch, first, count in runs for buffer in stored[batch][first : first + count]]
        buffers = [*chunk.buffers(), *text]
        chunks.append(pa.Array.from_buffers(source.type, len(chunk), buffers, offset=chunk.offset))
    return pa.chunked_array(chunks, type=source.type)
