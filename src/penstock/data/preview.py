"""The first rows of an output as JSON, small enough to be sent along with every message about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from penstock.data.plain import decode_plain
from penstock.data.statistics import DECIMAL_BITS, json_safe, key_text
from penstock.data.zones import python_moment, zoned

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.data.manifest import Stored

ROWS = 10
COLUMNS = 500
LEVELS = 50
_BYTES = 64_000


def table_preview(names: list[str], columns: list[list[Any]]) -> dict[str, Any]:
    """The preview of a table: `columns` (names) and `rows` (lists of cells).

    Args:
        names: of all columns.
        columns: the first values of each.
    """
    shown = min(len(names), COLUMNS)
    cell = max(8, _BYTES // max(1, 4 * ROWS * shown))
    cells = [[json_safe(value, min(500, cell)) for value in column[:ROWS]] for column in columns[:shown]]
    preview: dict[str, Any] = {
        "columns": [json_safe(name, max(8, _BYTES // (4 * max(1, shown)))) for name in names[:shown]],
        "rows": [list(row) for row in zip(*cells, strict=True)],
    }
    if shown < len(names):
        preview["columns_left_out"] = len(names) - shown
    found: dict[str, Any] = bounded(preview) or {"columns": [], "rows": []}
    return found


def bounded(preview: Any) -> Any:
    """The preview, with fewer rows when it is too long."""
    import msgspec

    while len(msgspec.json.encode(preview)) > _BYTES:
        rows = preview.get("rows") if isinstance(preview, dict) else None
        if not rows:
            return None
        rows.pop()
    return preview


def head(column: pa.ChunkedArray) -> list[Any]:
    """The first values of an Arrow column as Python has them."""
    return shown_values(column.slice(0, ROWS))


def shown_values(column: pa.ChunkedArray) -> list[Any]:
    """The values of an Arrow column as Python has them; text where it has none, as beyond the year 9999."""
    import pyarrow as pa

    try:
        found: list[Any] = [python_moment(v) for v in column] if zoned(column.type) else column.to_pylist()
    except (ValueError, OverflowError, pa.ArrowInvalid):
        found = [_text(value) for value in column]
    return found


def _text(value: pa.Scalar) -> str:
    import pyarrow as pa

    try:
        return str(value)
    except (ValueError, OverflowError, pa.ArrowInvalid):
        pass
    try:
        return str(value.cast(pa.string()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # a list or a struct of such
        return "<value out of range>"


def value_preview(value: Any) -> Any:
    """The preview of a plain value."""
    return bounded(_flattened(json_safe(value, 8000), LEVELS))


def _flattened(shown: Any, levels: int) -> Any:
    """What is nested deeper is left out: a message about an output holds no more levels than it takes."""
    if not isinstance(shown, dict | list):
        return shown
    if not levels:
        return "…"
    if isinstance(shown, dict):
        return {key: _flattened(item, levels - 1) for key, item in shown.items()}
    return [_flattened(item, levels - 1) for item in shown]


def plain_text(stored: Stored) -> str:
    """A plain value that stands in the manifest as a line for people; empty for any other output.

    Numbers that JSON has not are NaN and Infinity there, apart from texts, which are quoted. A value that is neither a
    number nor a collection, such as a date, stands for itself without quotes.
    """
    if stored.codec != "plain" or stored.inline is None or stored.parts:
        return ""
    value = _for_people(decode_plain(stored.inline))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _for_people(value: Any) -> Any:
    if isinstance(value, dict):
        return {key_text(key, value): _for_people(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_for_people(item) for item in value]
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    exact = isinstance(value, float) or (isinstance(value, int) and value.bit_length() < DECIMAL_BITS)
    return value if exact else json_safe(value)
