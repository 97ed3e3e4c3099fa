"""A chart that is being made: its table, settings and conditions, its metrics as SQL, and what has been found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.model.errors import SettingInvalidError
from penstock.server.outputs.reader.chart_settings import ChartSettings, Metric
from penstock.server.outputs.reader.conditions import find_meant, queryable
from penstock.server.outputs.reader.dimensions import label_values
from penstock.server.outputs.reader.histogram import numeric
from penstock.server.outputs.reader.rows import Plan, opened
from penstock.server.outputs.reader.shelf import Shelf
from penstock.server.outputs.reader.times import UNITS
from penstock.server.outputs.reader.view import View
from penstock.server.outputs.reader.work import Work

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@dataclass(slots=True)
class Drawing:
    """A chart being made: its question's table and settings, and what has been found."""

    work: Work
    shelf: Shelf
    view: View
    settings: ChartSettings
    plan: Plan
    columns: list[dict[str, Any]] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    total: int = 0
    notes: list[str] = field(default_factory=list)
    series: list[Any] = field(default_factory=list)

    @property
    def where(self) -> str:
        """The conditions as a clause."""
        return f" where {self.plan.where}" if self.plan.where else ""

    def also(self, clause: str) -> str:
        """The conditions and one more as a clause."""
        return f" where {clause}" + (f" and ({self.plan.where})" if self.plan.where else "")

    def open(self, more: dict[str, pa.ChunkedArray]) -> Any:
        """A connection over the columns of the conditions and those of the chart."""
        return opened(self.work, self.shelf.orders, self.view, self.plan.columns, more)

    def metric_data(self) -> dict[str, pa.ChunkedArray]:
        """The columns of the metrics, as m0, m1, ..."""
        found = {}
        for at, metric in enumerate(self.settings.metrics):
            if metric.column is not None:
                found[f"m{at}"] = metric_column(self.view, metric)
        return found

    def query(self, duck: duckdb.DuckDBPyConnection, statement: str, *parameters: Any) -> pa.Table:
        """The result of a statement over the conditions' parameters and more."""
        self.work.check()
        return duck.sql(statement, params=[*self.plan.parameters, *parameters]).to_arrow_table()


def metric_column(view: View, metric: Metric) -> pa.ChunkedArray:
    """The column of a metric: numbers where it computes with them, durations in seconds.

    Raises:
        SettingInvalidError: it has to be of numbers and is not.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    assert metric.column is not None
    column = view.columns[find_meant(view, metric.column)]
    kind = column.data.type
    if pa.types.is_duration(kind):
        return pc.divide(column.data.cast(pa.int64()).cast(pa.float64(), safe=False), float(UNITS[kind.unit]))
    if metric.aggregation not in {"average", "sum", "median"}:
        return queryable(column)
    if pa.types.is_boolean(kind):
        return column.data.cast(pa.int8())
    found = None if pa.types.is_temporal(kind) else numeric(column)
    if found is None:
        raise SettingInvalidError(
            f"charting {metric.aggregation} of {column.name}: its type is {column.type}, not a number",
            hint="Choose a column of numbers, or count.",
        )
    return found


def aggregate(drawing: Drawing, at: int) -> str:
    """The SQL of a metric; NaN counts as missing."""
    import pyarrow as pa

    metric = drawing.settings.metrics[at]
    if metric.column is None:
        return "count(*)"
    data = metric_column(drawing.view, metric)
    name = f"m{at}"
    value = f"(case when isnan({name}) then null else {name} end)" if pa.types.is_floating(data.type) else name
    return _AGGREGATES[metric.aggregation].format(value)


_AGGREGATES = {
    "average": "avg({}::double)",
    "count": "count({})",
    "count_distinct": "count(distinct {})",
    "max": "max({})",
    "median": "median({}::double)",
    "min": "min({})",
    "mode": "mode({})",
    "sum": "sum({})",
}


def metrics(drawing: Drawing) -> str:
    """The metrics as SQL, called y0, y1, ..."""
    return ", ".join(f"{aggregate(drawing, at)} as y{at}" for at in range(len(drawing.settings.metrics)))


def metric_columns(drawing: Drawing) -> list[dict[str, Any]]:
    """What is told of the metrics' columns."""
    return [{"name": metric.name, "role": "y", "type": "number"} for metric in drawing.settings.metrics]


def plain_columns(table: pa.Table) -> list[list[Any]]:
    """The columns of a small result as JSON can hold them."""
    return [label_values(column) for column in table.columns]


def needs(settings: ChartSettings, what: str) -> SettingInvalidError:
    """The configuration lacks something."""
    return SettingInvalidError(f"drawing a {settings.told}: it needs {what}", hint="Choose one in the chart's form.")
