"""A page of a table: some rows and columns, ready to be shown, as an Arrow stream or as JSON."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, Any

from penstock.data.codecs.arrow_table import without_views
from penstock.model.errors import SettingInvalidError
from penstock.server.outputs.reader.cells import Shown, cell_limit, show
from penstock.server.outputs.reader.conditions import find_column
from penstock.server.outputs.reader.questions import CellQuestion, ColumnsQuestion, PageQuestion
from penstock.server.outputs.reader.rows import Chosen, choose
from penstock.server.outputs.reader.shelf import Shelf
from penstock.server.outputs.reader.text import FULL, texts
from penstock.server.outputs.reader.view import View, ViewColumn
from penstock.server.outputs.reader.work import Work

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

MOST_ROWS = 1000
MOST_COLUMNS = 500
ROW = "__row__"
"""The name of the page's last column: the number of each row in the stored order."""


def answer_page(work: Work, shelf: Shelf, question: PageQuestion) -> None:
    """Answer with the head {total, filtered, version, output, columns_total} and the page's bytes."""
    view = shelf.view(question.target)
    positions = _positions(view, question.columns)
    offset = max(0, question.offset)
    limit = max(0, min(question.limit, MOST_ROWS))
    chosen = choose(work, shelf.orders, view, question.rows, offset, limit)
    numbers = _numbers(view, chosen, offset, limit)
    work.check()
    cells = cell_limit(len(numbers) * max(1, len(positions)))
    shown = [show(take(view.columns[at], numbers, chosen), view.columns[at].form, cells) for at in positions]
    work.head(
        {
            "total": view.rows,
            "filtered": chosen.total,
            "version": view.manifest.ref.version,
            "output": view.entry.summary.name,
            "columns_total": len(view.columns),
        }
    )
    make = _as_json if question.format == "json" else _as_arrow
    work.chunk(make(view, positions, shown, numbers))


def _positions(view: View, columns: tuple[str | int, ...] | None) -> list[int]:
    if columns is None:
        return list(range(min(len(view.columns), MOST_COLUMNS)))
    if len(columns) > MOST_COLUMNS:
        raise SettingInvalidError(
            f"reading a page: {len(columns)} columns, {MOST_COLUMNS} at most", hint="Ask for the columns in view."
        )
    return [find_column(view, column) for column in columns]


def _numbers(view: View, chosen: Chosen, offset: int, limit: int) -> np.ndarray:
    import numpy as np

    if chosen.numbers is not None:
        return chosen.numbers
    start = min(offset, view.rows)
    return np.arange(start, min(start + limit, view.rows), dtype=np.int32 if view.rows < 2**31 else np.int64)


def take(column: ViewColumn, numbers: np.ndarray, chosen: Chosen) -> pa.ChunkedArray:
    """The values of those rows."""
    if chosen.numbers is None:
        return column.data.slice(int(numbers[0]) if len(numbers) else 0, len(numbers))
    return take_rows(column.data, numbers)


def without_take(kind: pa.DataType) -> bool:
    """Whether Arrow has no function that takes rows of such a column."""
    return str(kind).endswith("_view")


def take_rows(data: pa.ChunkedArray, numbers: np.ndarray) -> pa.ChunkedArray:
    """Some rows of a column, without putting its pieces together first."""
    import numpy as np
    import pyarrow as pa

    if not len(numbers):
        return data.slice(0, 0)
    few = len(numbers) <= MOST_ROWS
    if not few:
        data = without_views(data)
    if data.num_chunks == 1 and not (few and without_take(data.type)):
        return pa.chunked_array([_taken(data.chunk(0), numbers)], type=data.type)
    ends = np.cumsum([len(chunk) for chunk in data.chunks])
    if few:
        pieces = []
        for number in numbers.tolist():
            at = bisect.bisect_right(ends, number)
            pieces.append(data.chunk(at).slice(number - (int(ends[at - 1]) if at else 0), 1))
        return pa.chunked_array(pieces, type=data.type)
    return _scattered(data, numbers, ends)


def _scattered(data: pa.ChunkedArray, numbers: np.ndarray, ends: np.ndarray) -> pa.ChunkedArray:
    """Many rows of a column in pieces: taken piece by piece, then put into the order that is asked for."""
    import numpy as np
    import pyarrow as pa

    homes = np.searchsorted(ends, numbers, side="right")
    starts = np.concatenate([[0], ends[:-1]])
    by_home = np.argsort(homes, kind="stable")
    pieces = []
    for home in np.unique(homes):
        inside = by_home[np.searchsorted(homes[by_home], home) : np.searchsorted(homes[by_home], home, side="right")]
        pieces.append(_taken(data.chunk(int(home)), numbers[inside] - starts[home]))
    back = np.empty(len(numbers), np.int64)
    back[by_home] = np.arange(len(numbers))
    whole = pa.chunked_array(pieces, type=data.type)
    if pa.types.is_dictionary(data.type):
        whole = whole.unify_dictionaries()
    return pa.chunked_array([_taken(whole.combine_chunks(), back)], type=whole.type)


def _taken(chunk: Any, numbers: np.ndarray) -> pa.Array:
    import pyarrow as pa

    found = chunk.take(pa.array(numbers))
    return pa.concat_arrays(found.chunks) if isinstance(found, pa.ChunkedArray) else found


def _note(column: ViewColumn, at: int, shown: Shown) -> dict[str, str]:
    import msgspec

    note = {
        "penstock.index": str(at),
        "penstock.type": column.type,
        "penstock.role": "index" if column.index else "data",
    }
    zone = _zone(column)
    if zone is not None:
        note["penstock.zone"] = zone
    if shown.text:
        note["penstock.display"] = "text"
    if shown.cut:
        note["penstock.cut"] = msgspec.json.encode(shown.cut).decode()
    return note


def _zone(column: ViewColumn) -> str | None:
    """The zone of moments, empty for those that have none; None for what is no moment."""
    import pyarrow as pa

    kind = column.data.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return (kind.tz or "") if pa.types.is_timestamp(kind) else None


def _as_arrow(view: View, positions: list[int], shown: list[Shown], numbers: np.ndarray) -> memoryview:
    import numpy as np
    import pyarrow as pa

    rows = pa.array(numbers.astype(np.float64 if numbers.itemsize > 4 else np.int32))  # noqa: PLR2004 - bytes
    fields = [
        pa.field(view.columns[at].name, one.data.type, metadata=_note(view.columns[at], at, one))
        for at, one in zip(positions, shown, strict=True)
    ]
    fields.append(pa.field(ROW, rows.type, metadata={"penstock.role": "row"}))
    schema = pa.schema(fields)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as stream:
        stream.write_batch(pa.RecordBatch.from_arrays([*(one.data for one in shown), rows], schema=schema))
    return memoryview(sink.getvalue())


def _as_json(view: View, positions: list[int], shown: list[Shown], numbers: np.ndarray) -> bytes:
    import msgspec

    columns = []
    for at, one in zip(positions, shown, strict=True):
        column = view.columns[at]
        entry: dict[str, Any] = {"name": column.name, "index": at, "type": column.type}
        entry |= {"role": "index" if column.index else "data", "text": one.text, "cut": one.cut, "zone": _zone(column)}
        columns.append(entry)
    values = [[_finite(value) for value in one.data.to_pylist()] for one in shown]
    rows = [list(row) for row in zip(*values, strict=True)] if values else [[] for _ in numbers]
    return msgspec.json.encode({"columns": columns, "rows": rows, "row_numbers": numbers.tolist()})


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: text, so that they are told from null."""
    return value if not isinstance(value, float) or value - value == 0 else str(value)


def answer_columns(work: Work, shelf: Shelf, question: ColumnsQuestion) -> None:
    """Answer with {version, output, columns: [{name, index, type, role}]}; no value is read for it."""
    import msgspec

    view = shelf.view(question.target)
    columns = [
        {"name": column.name, "index": at, "type": column.type, "role": "index" if column.index else "data"}
        for at, column in enumerate(view.columns)
    ]
    work.head({})
    answer = {"version": view.manifest.ref.version, "output": view.entry.summary.name, "columns": columns}
    work.chunk(msgspec.json.encode(answer))


def answer_cell(work: Work, shelf: Shelf, question: CellQuestion) -> None:
    """Answer with one cell: the head {null, size, truncated}, and its text."""
    view = shelf.view(question.target)
    column = view.columns[find_column(view, question.column)]
    if not 0 <= question.row < view.rows:
        raise SettingInvalidError(
            f"reading a cell of {view.manifest.ref}: there is no row {question.row}", hint=f"It has {view.rows:,} rows."
        )
    text = texts(column.data.slice(question.row, 1), column.form, FULL)[0]
    content = (text or "").encode("utf-8", "backslashreplace")
    work.head({"null": text is None, "size": len(content), "truncated": len(content) > FULL})
    work.chunk(content[:FULL])
