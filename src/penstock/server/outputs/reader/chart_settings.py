"""The settings of a chart as a pipeline's file has them, made sense of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from penstock.model.errors import SettingInvalidError
from penstock.server.outputs.reader.questions import Rows
from penstock.server.schema.selections import SortBy

KINDS = {
    "bar chart": "bar",
    "line chart": "line",
    "area chart": "area",
    "pie chart": "pie",
    "time series bar chart": "time bar",
    "time series line chart": "time line",
    "histogram": "histogram",
    "scatter plot": "scatter",
    "heat map": "heat map",
    "number": "number",
    "table": "table",
}
"""Chart types as they are written, and what draws them."""

AGGREGATIONS = ("average", "count", "count_distinct", "max", "median", "min", "mode", "sum")
INTERVALS = ("original", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
MOST = 2000


@dataclass(frozen=True, slots=True)
class Metric:
    """An aggregation of a column; of none, it counts rows."""

    aggregation: str
    column: str | int | None = None

    @property
    def name(self) -> str:
        """What it is called in a legend."""
        return f"{self.aggregation}({self.column})" if self.column is not None else "count"


@dataclass(frozen=True, slots=True)
class ChartSettings:
    """A chart's settings. `descending` is None for the chart's own order; `grouped` is set when metrics are given."""

    told: str
    kind: str
    x: tuple[str | int, ...]
    y: tuple[str | int, ...]
    group_by: tuple[str | int, ...]
    metrics: tuple[Metric, ...]
    limit: int
    buckets: int
    interval: str
    descending: bool | None
    order_by: tuple[SortBy, ...]
    grouped: bool

    def dimensions(self) -> list[str | int]:
        """The columns to group by: `group_by`, else `x`; both where they differ."""
        if self.x and self.group_by:
            return list(dict.fromkeys([*self.x[:1], *self.group_by]))[:2]
        return list(self.group_by or self.x)[:2]

    def rows(self) -> Rows:
        """The order of a table's rows."""
        return Rows(sort=self.order_by)


def read_settings(configuration: dict[str, Any]) -> ChartSettings:
    """The settings of a configuration; keys that are not known are passed over.

    Raises:
        SettingInvalidError: a value makes no sense.
    """
    told = str(configuration.get("chart_type") or "").strip().lower()
    if told not in KINDS:
        raise SettingInvalidError(
            f"drawing a chart: unknown type {told!r}", hint=f"Use one of: {', '.join(KINDS)}; or draw it by code."
        )
    x, y, group_by = (_columns(configuration.get(key), key) for key in ("x", "y", "group_by"))
    metrics = _metrics(configuration.get("metrics"))
    grouped = bool(metrics)
    if not metrics:
        plotted = KINDS[told] in {"bar", "line", "area", "pie", "time bar", "time line", "number"}
        metrics = tuple(Metric("sum", column) for column in y) if plotted else ()
    return ChartSettings(
        told=told,
        kind=KINDS[told],
        x=x,
        y=y,
        group_by=group_by,
        metrics=metrics or (Metric("count"),),
        limit=_whole(configuration.get("limit"), "limit", 0, MOST),
        buckets=_whole(configuration.get("buckets"), "buckets", 20, 500) or 20,
        interval=_interval(configuration.get("time_interval")),
        descending=_direction(configuration.get("y_sort_order")),
        order_by=tuple(_sort(item) for item in _columns(configuration.get("order_by"), "order_by")),
        grouped=grouped,
    )


def _columns(value: Any, key: str) -> tuple[str | int, ...]:
    if value is None or value == "":
        return ()
    items = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(item, str | int) and not isinstance(item, bool) for item in items):
        raise SettingInvalidError(f"drawing a chart: {key} is no column, and no list of columns", hint="Name columns.")
    return tuple(items)


def _metrics(value: Any) -> tuple[Metric, ...]:
    if value in (None, "", []):
        return ()
    found = []
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict):
            raise SettingInvalidError("drawing a chart: a metric is no map", hint="Give it aggregation and column.")
        aggregation = str(item.get("aggregation") or "count").lower()
        if aggregation not in AGGREGATIONS:
            raise SettingInvalidError(
                f"drawing a chart: unknown aggregation {aggregation!r}", hint=f"Use one of: {', '.join(AGGREGATIONS)}."
            )
        column = item.get("column")
        if column in (None, "") and aggregation != "count":
            raise SettingInvalidError(f"drawing a chart: {aggregation} of no column", hint="Choose the column.")
        found.append(Metric(aggregation, column if column not in (None, "") else None))
    return tuple(found[:10])


def _whole(value: Any, key: str, default: int, most: int) -> int:
    if value in (None, ""):
        return default
    try:
        found = int(value)
    except (TypeError, ValueError):
        raise SettingInvalidError(f"drawing a chart: {key} is no whole number", hint="Write a number.") from None
    return max(0, min(found, most))


def _interval(value: Any) -> str:
    told = str(value or "").lower()
    if told and told not in INTERVALS:
        raise SettingInvalidError(
            f"drawing a chart: unknown time_interval {told!r}", hint=f"Use one of: {', '.join(INTERVALS)}."
        )
    return told


def _direction(value: Any) -> bool | None:
    told = str(value or "").lower()
    return None if not told else told.startswith("desc")


def _sort(item: str | int) -> SortBy:
    if isinstance(item, str) and item.lower().endswith((" desc", " asc")):
        name, _, direction = item.rpartition(" ")
        return SortBy(name, direction.lower() == "desc")
    return SortBy(item)
