"""Columns as numbers for binning, edges of bins, and edges back as what they stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.server.outputs.reader.text import texts
from penstock.server.outputs.reader.view import ViewColumn

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

BINS = 20


@dataclass(frozen=True, slots=True)
class Bins:
    """Equal bins from `low` on; `whole` when edges are whole numbers."""

    low: float
    width: float
    count: int
    whole: bool = False

    def edges(self) -> list[float]:
        """One more than there are bins."""
        found = [self.low + at * self.width for at in range(self.count + 1)]
        return [float(round(edge)) for edge in found] if self.whole else found

    def sql(self, number: str) -> str:
        """The number of the bin of a value, as SQL over constants of ours."""
        place = f"floor(({number} - {self.low!r}::double) / {self.width!r}::double)"
        return f"least({self.count - 1}, greatest(0, {place}))::int"


def numeric(column: ViewColumn) -> pa.ChunkedArray | None:
    """The column as numbers that keep its order: moments and durations as counts of their unit; None if it has none."""
    import pyarrow as pa

    types = pa.types
    data = column.data
    kind = data.type
    if (column.form and not column.form.startswith("period")) or types.is_interval(kind):
        return None  # a month is as long as no number of days: such spans have no order
    if types.is_integer(kind) or types.is_float32(kind) or types.is_float64(kind):
        return data
    for fits, target in _AS_NUMBERS:
        if getattr(types, fits)(kind):
            return data.cast(getattr(pa, target)())
    return None


_AS_NUMBERS = (
    ("is_float16", "float32"),
    ("is_decimal", "float64"),
    ("is_date32", "int32"),
    ("is_time32", "int32"),
    ("is_temporal", "int64"),
)
"""What Arrow type, told by the name of its test, is cast to what."""


def bins_for(low: float, high: float, *, whole: bool, count: int = BINS) -> Bins:
    """Bins that cover both ends; whole numbers in a small range have one each."""
    if whole:
        span = int(high) - int(low) + 1
        step = 1 if span <= count else math.ceil(span / count)
        exact = max(abs(low), abs(high)) < 2**53  # beyond that neighbours are one number
        return Bins(float(low), float(step), math.ceil(span / step), whole=exact)
    if high <= low or not math.isfinite(high - low):
        return Bins(float(low), 1.0, 1)
    width = (high - low) / count
    return Bins(float(low), width, count) if width > 0 and low + width > low else Bins(float(low), high - low or 1.0, 1)


def counts(duck: duckdb.DuckDBPyConnection, name: str, bins: Bins, where: str, parameters: list[Any]) -> list[int]:
    """How many values of a column are in each bin; what is missing or not finite is in none."""
    clause = f"{name} is not null and isfinite({name}::double)" + (f" and ({where})" if where else "")
    query = f"select {bins.sql(f'{name}::double')} as bin, count(*) from stored where {clause} group by 1"  # noqa: S608
    found = [0] * bins.count
    for number, count in duck.sql(query, params=parameters).fetchall():
        found[number] += count
    return found


def edge_labels(column: ViewColumn, edges: list[float]) -> list[Any]:
    """Edges as what they stand for: numbers stay numbers, times become text."""
    import pyarrow as pa

    kind = column.data.type
    if column.form.startswith("period"):
        whole = pa.array([round(edge) for edge in edges], type=pa.int64())
        return texts(pa.chunked_array([whole]), column.form)
    if not pa.types.is_temporal(kind):
        return [int(edge) if pa.types.is_integer(kind) and edge == int(edge) else edge for edge in edges]
    small = pa.types.is_date32(kind) or pa.types.is_time32(kind)
    limit = 2**31 if small else 2**63
    whole = pa.array(
        [max(-limit, min(limit - 1, round(edge))) for edge in edges], type=pa.int32() if small else pa.int64()
    )
    return texts(pa.chunked_array([whole.cast(kind)]), "")
