"""A column to group a chart by: its values as they are, numbers in bins, times in intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.model.errors import SettingInvalidError
from penstock.server.outputs.reader.chart_settings import INTERVALS
from penstock.server.outputs.reader.conditions import find_meant, queryable
from penstock.server.outputs.reader.histogram import Bins, bins_for, edge_labels, numeric
from penstock.server.outputs.reader.text import texts
from penstock.server.outputs.reader.view import View, ViewColumn

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(slots=True)
class Dimension:
    """A column to group by.

    `ordered` when its values have an order of their own that an axis shows; `interval` for times; `note` says how
    values were put together.
    """

    column: ViewColumn
    data: pa.ChunkedArray
    ordered: bool
    interval: str = ""
    bins: Bins | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """Of the column."""
        return self.column.name

    @property
    def type(self) -> str:
        """What the labels are: time, number, or text."""
        import pyarrow as pa

        if self.interval or pa.types.is_temporal(self.column.data.type):
            return "time"
        kind = self.data.type
        return (
            "number" if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) else "text"
        )

    def sql(self, name: str) -> str:
        """The value to group by, of a column of that name."""
        if self.interval and self.interval != "original":
            return f"date_trunc('{self.interval}', {name})"
        if self.bins is not None:
            return f"(case when isfinite({name}::double) then {self.bins.sql(f'{name}::double')} end)"
        import pyarrow as pa

        return f"nullif({name}, 'nan')" if pa.types.is_floating(self.data.type) else name

    def coarsen(self) -> bool:
        """Take the next longer interval; False when there is none."""
        at = INTERVALS.index(self.interval) if self.interval in INTERVALS else -1
        if at < 0 or at + 1 >= len(INTERVALS):
            return False
        asked = self.note or f"Too many points for intervals of '{self.interval}'"
        self.interval = INTERVALS[at + 1]
        self.note = asked.partition(":")[0] + f": shown by {self.interval}."
        return True

    def labels(self, values: pa.ChunkedArray) -> list[Any]:
        """The values of groups as an axis shows them."""
        if self.bins is not None:
            edges = edge_labels(self.column, self.bins.edges())
            return [None if at is None else edges[at] for at in values.to_pylist()]
        if self.interval:
            return _times(values, self.interval)
        import pyarrow as pa

        if self.column.form or (pa.types.is_duration(self.column.data.type)):
            data = values if self.column.form else values.cast(self.column.data.type)
            return texts(data, self.column.form, 200)
        return label_values(values)


def dimension(view: View, name: str | int, most: int, *, interval: str = "", binned: bool = False) -> Dimension:
    """A column to group by.

    Args:
        view: the table.
        name: the column's name or position.
        most: values that can be shown; numbers with more are put into bins when `binned`.
        interval: for times; the column has to be one.
        binned: whether numbers may be put together.

    Raises:
        SettingInvalidError: there is no such column, or it is no time.
    """
    import pyarrow as pa

    column = view.columns[find_meant(view, name)]
    kind = column.data.type
    if interval:
        return Dimension(column, _moments(column), ordered=True, interval=interval)
    if pa.types.is_timestamp(kind):
        return Dimension(column, _moments(column), ordered=True, interval="original")
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    found = Dimension(column, queryable(column), ordered=bool(number or pa.types.is_temporal(kind)))
    if binned and number and not column.form:
        _bin(found, most)
    return found


def _bin(found: Dimension, most: int) -> None:
    """Put numbers into bins when there are more different ones than can be shown."""
    import pyarrow as pa
    import pyarrow.compute as pc

    data = numeric(found.column)
    if data is None or not len(data):
        return
    if pc.count_distinct(data.slice(0, 100_000)).as_py() <= most and len(data) <= 100_000:  # noqa: PLR2004 - rows
        return
    finite = data.filter(pc.is_finite(data)) if pa.types.is_floating(data.type) else data
    ends = pc.min_max(finite)
    low, high = ends["min"].as_py(), ends["max"].as_py()
    if low is None:
        return
    whole = not pa.types.is_floating(data.type)
    if whole and high - low < most:
        return
    if not whole and not math.isfinite(high - low):
        return
    found.data = data
    found.bins = bins_for(low, high, whole=whole, count=min(most, 500))
    found.note = f"{found.name} in {found.bins.count} steps."


def _moments(column: ViewColumn) -> pa.ChunkedArray:
    """The column as moments on the clock of its own zone.

    Raises:
        SettingInvalidError: it holds no times.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    data = column.data
    kind = data.type
    if pa.types.is_dictionary(kind):
        data, kind = data.cast(kind.value_type), kind.value_type
    if pa.types.is_timestamp(kind):
        return (pc.local_timestamp(data) if kind.tz is not None else data).cast(pa.timestamp("us"), safe=False)
    if pa.types.is_date(kind):
        return data.cast(pa.timestamp("us"))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        try:
            return data.cast(pa.timestamp("us"))
        except pa.ArrowInvalid:
            pass
    raise SettingInvalidError(
        f"charting {column.name} over time: its type is {column.type}, not a date or time",
        hint="Choose a column of dates or times, or convert it in the block.",
    )


_SHORT = {"year": 4, "quarter": 7, "month": 7, "week": 10, "day": 10, "hour": 16, "minute": 16}
"""Characters of an ISO time that say an interval's start."""


def _times(values: pa.ChunkedArray, interval: str) -> list[Any]:
    found = texts(values, "")
    length = _SHORT.get(interval)
    return [text if text is None or length is None else text[:length] for text in found]


def label_values(column: pa.ChunkedArray) -> list[Any]:
    """Values of a small result as JSON can hold them: numbers as numbers while they are exact."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_decimal(kind):
        return [_decimal(value) for value in column.to_pylist()]
    if pa.types.is_boolean(kind) or pa.types.is_null(kind):
        return list(column.to_pylist())
    if pa.types.is_integer(kind):
        return [value if value is None or abs(value) < 2**53 else str(value) for value in column.to_pylist()]
    if pa.types.is_floating(kind):
        return [value if value is None or math.isfinite(value) else str(value) for value in column.to_pylist()]
    return [None if text is None else text[:200] for text in texts(column, "", 200)]


def _decimal(value: Any) -> Any:
    if value is None:
        return None
    whole = value == value.to_integral_value()
    return int(value) if whole and abs(value) < 2**53 else float(value) if not whole else str(value)
