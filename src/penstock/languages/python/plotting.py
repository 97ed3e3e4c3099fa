"""From the values of a chart's axes to what is drawn: counts, bins, buckets of time, tables. Never more than a page."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from penstock.data.statistics import json_safe
from penstock.model.errors import BlockFailedError

POINTS = 2000
GROUPS = 50
BUCKETS = 10
_CELL = 300
_PERIODS = {
    "second": "s", "minute": "min", "hour": "h", "day": "D", "week": "W", "month": "M", "quarter": "Q", "year": "Y",
}  # fmt: skip

Drawn = dict[str, Any]


@dataclass(slots=True)
class Points:
    """Values of both axes as the chart's code gave them; `index` names the rows of a table."""

    x: Any = None
    y: Any = None
    index: Any = None


def values_of(given: Any) -> list[Any]:
    """A list of what an axis holds: of a series, an array, a list, a single value."""
    if given is None:
        return []
    if hasattr(given, "tolist"):
        found = given.tolist()
        return found if isinstance(found, list) else [found]
    if isinstance(given, str | bytes | Mapping) or not hasattr(given, "__iter__"):
        return [given]
    return list(given)


def missing(value: Any) -> bool:
    """Whether a value stands for none."""
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or type(value).__name__ in {"NaTType", "NAType"}
    )


def shown(value: Any) -> Any:
    """A value as JSON can hold it."""
    return None if missing(value) else json_safe(value, _CELL)


def _column(name: str, role: str, kind: str = "number") -> dict[str, str]:
    return {"name": name, "role": role, "type": kind}


def _kind(values: list[Any]) -> str:
    known = [value for value in values if not missing(value)]
    if known and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return "number"
    return "time" if known and all(hasattr(value, "isoformat") for value in known) else "text"


def _need(points: Points, uuid: str, chart: str) -> list[Any]:
    if points.x is None:
        raise BlockFailedError(
            f"drawing chart {uuid}: a {chart} needs values for x",
            hint="Assign the variable that the chart's setting x names, or decorate a function with @x.",
        )
    return values_of(points.x)


def _series(points: Points, count: int, settings: Mapping[str, Any], uuid: str) -> tuple[list[str], list[list[Any]]]:
    """The names and values of what is drawn over x: one list, or one for each series."""
    given = values_of(points.y)
    nested = bool(given) and all(
        isinstance(item, list | tuple) or (hasattr(item, "tolist") and hasattr(item, "__len__")) for item in given
    )
    lists = [values_of(item) for item in given] if nested else [given]
    if any(len(one) != count for one in lists):
        raise BlockFailedError(
            f"drawing chart {uuid}: x has {count:,} values and y {', '.join(f'{len(one):,}' for one in lists)}",
            hint="Give both axes as many values.",
        )
    labels = [str(label) for label in values_of(settings.get("legend_labels"))]
    names = [labels[at] if at < len(labels) else ("y" if len(lists) == 1 else f"y{at + 1}") for at in range(len(lists))]
    return names, lists


def _bars(points: Points, settings: Mapping[str, Any], uuid: str) -> Drawn:
    """Bars, lines, areas: y over x, or how often each x occurs."""
    x = _need(points, uuid, "chart")
    if points.y is None:
        return _counted(x, _limit(settings, GROUPS))
    names, lists = _series(points, len(x), settings, uuid)
    rows = [[shown(key), *(shown(one[at]) for one in lists)] for at, key in enumerate(x[:POINTS])]
    direction = str(settings.get("y_sort_order") or "").lower()
    if direction:
        rows.sort(
            key=lambda row: (row[1] is None, row[1] if isinstance(row[1], int | float) else 0),
            reverse=direction.startswith("desc"),
        )
    note = f"The first {POINTS:,} of {len(x):,} points." if len(x) > POINTS else ""
    columns = [_column("x", "x", _kind(x)), *(_column(name, "y") for name in names)]
    return {"columns": columns, "rows": rows, "series": names, "total": len(x), "note": note}


def _counted(values: list[Any], limit: int) -> Drawn:
    counts = Counter(shown(value) if not isinstance(shown(value), dict | list) else str(value) for value in values)
    top = counts.most_common(limit)
    rows: list[list[Any]] = [[value, count] for value, count in top]
    note = ""
    if len(counts) > limit:
        rows.append(["Other", len(values) - sum(count for _, count in top)])
        note = f"{limit:,} of {len(counts):,} groups; the others together are 'Other'."
    columns = [_column("x", "x", _kind(values)), _column("count", "y")]
    return {"columns": columns, "rows": rows, "series": ["count"], "total": len(counts), "note": note}


def _limit(settings: Mapping[str, Any], default: int, key: str = "limit") -> int:
    try:
        return max(1, min(int(settings.get(key) or default), POINTS))
    except (TypeError, ValueError):
        return default


def _pie(points: Points, settings: Mapping[str, Any], uuid: str) -> Drawn:
    """Shares of values; of many different numbers the shares of ranges."""
    x = _need(points, uuid, "pie chart")
    if points.y is not None:
        return _bars(points, settings, uuid)
    buckets = _limit(settings, BUCKETS, "buckets")
    if _kind(x) == "number" and len(set(x)) > buckets:
        drawn = _histogram(points, settings, uuid)
        rows = [[f"{low:g} to {high:g}", count] for low, high, count in drawn["rows"]]
        columns = [_column("x", "x", "text"), _column("count", "y")]
        return {**drawn, "columns": columns, "rows": rows}
    return _counted(x, buckets)


def _histogram(points: Points, settings: Mapping[str, Any], uuid: str) -> Drawn:
    import numpy as np

    x = _need(points, uuid, "histogram")
    try:
        numbers = np.array([float(value) for value in x if not missing(value)])
    except (TypeError, ValueError) as error:
        raise BlockFailedError(
            f"drawing chart {uuid}: a histogram needs numbers for x: {error}", hint="Convert them, or draw a bar chart."
        ) from error
    numbers = numbers[np.isfinite(numbers)]
    columns = [_column("x", "x"), _column("to", "x_end"), _column("count", "y")]
    left = len(x) - len(numbers)
    note = f"{left:,} values that are missing or not finite are left out." if left else ""
    rows: list[list[Any]] = []
    if len(numbers):
        counts, edges = np.histogram(numbers, bins=_limit(settings, BUCKETS, "buckets"))
        rows = [[float(edges[at]), float(edges[at + 1]), int(count)] for at, count in enumerate(counts)]
    return {"columns": columns, "rows": rows, "series": ["count"], "total": len(numbers), "note": note}


def _times(points: Points, settings: Mapping[str, Any], uuid: str) -> Drawn:
    """Sums of y, or counts, by intervals of time."""
    import pandas as pd

    x = _need(points, uuid, "time series")
    try:
        moments = pd.Series(pd.to_datetime(pd.Series(x), utc=True)).dt.tz_localize(None)
    except (ValueError, TypeError) as error:
        raise BlockFailedError(
            f"drawing chart {uuid}: a time series needs times for x: {error}", hint="Convert them with to_datetime."
        ) from error
    interval = str(settings.get("time_interval") or "original").lower()
    if interval in _PERIODS:
        moments = moments.dt.to_period(_PERIODS[interval]).dt.start_time
    names, lists = (["count"], [[1] * len(x)]) if points.y is None else _series(points, len(x), settings, uuid)
    frame = pd.DataFrame({at: pd.to_numeric(pd.Series(one), errors="coerce") for at, one in enumerate(lists)})
    sums = frame.groupby(moments.to_numpy()).sum().sort_index()
    rows = [
        [str(key), *(shown(float(value)) for value in row)]
        for key, row in zip(sums.index[:POINTS], sums.to_numpy()[:POINTS], strict=False)
    ]
    note = f"The first {POINTS:,} of {len(sums):,} points." if len(sums) > POINTS else ""
    columns = [_column("x", "x", "time"), *(_column(name, "y") for name in names)]
    return {"columns": columns, "rows": rows, "series": names, "total": len(sums), "note": note}


def _table(points: Points, settings: Mapping[str, Any], uuid: str) -> Drawn:
    """X names the columns, y holds the rows; `index` names the rows."""
    if type(points.y).__name__ == "DataFrame" or type(points.x).__name__ == "DataFrame":
        frame = points.y if type(points.y).__name__ == "DataFrame" else points.x
        headers, rows = [str(name) for name in frame.columns], frame.head(POINTS).to_numpy(dtype=object).tolist()
        total = len(frame)
    else:
        headers = [str(name) for name in _need(points, uuid, "table")]
        rows = [values_of(row) for row in values_of(points.y)]
        total = len(rows)
    names = [str(name) for name in values_of(points.index)]
    columns = [_column(name, "x", "text") for name in headers]
    if names:
        columns.insert(0, _column(str(settings.get("index") or ""), "index", "text"))
        rows = [[names[at] if at < len(names) else "", *row] for at, row in enumerate(rows)]
    width = len(columns)
    shown_rows = [[shown(cell) for cell in [*row, *[None] * width][:width]] for row in rows[:POINTS]]
    note = f"The first {POINTS:,} of {total:,} rows." if total > POINTS else ""
    return {"columns": columns, "rows": shown_rows, "series": [], "total": total, "note": note}


def _scatter(points: Points, settings: Mapping[str, Any], uuid: str) -> Drawn:
    drawn = _bars(points, {**settings, "y_sort_order": ""}, uuid)
    return {
        **drawn,
        "columns": [*drawn["columns"][:1], *drawn["columns"][1:2]],
        "rows": [row[:2] for row in drawn["rows"]],
    }


def _number(points: Points, settings: Mapping[str, Any], uuid: str) -> Drawn:
    del settings
    given = values_of(points.y if points.y is not None else points.x)
    if not given:
        raise BlockFailedError(f"drawing chart {uuid}: there is no number to show", hint="Assign it to x or y.")
    return {
        "columns": [_column("value", "y")],
        "rows": [[shown(given[0])]],
        "series": ["value"],
        "total": 1,
        "note": "",
    }


PLOTS: dict[str, Callable[[Points, Mapping[str, Any], str], Drawn]] = {
    "bar chart": _bars,
    "line chart": _bars,
    "area chart": _bars,
    "pie chart": _pie,
    "histogram": _histogram,
    "time series bar chart": _times,
    "time series line chart": _times,
    "scatter plot": _scatter,
    "table": _table,
    "number": _number,
}
"""What draws which type of chart from variables."""
