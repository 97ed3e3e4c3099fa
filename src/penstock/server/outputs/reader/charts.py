"""Charts of a table, aggregated in DuckDB: what comes out is as small as what can be drawn, and says what it left out.

A configuration is that of a pipeline's widget: `chart_type`, `x`, `y`, `group_by`, `metrics`, `limit`, `buckets`,
`time_interval`, `y_sort_order`, `order_by`. Names of columns become codes; nothing that a user wrote is put into SQL.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from penstock.model.errors import SettingInvalidError
from penstock.server.outputs.reader.cells import show
from penstock.server.outputs.reader.chart_settings import read_settings
from penstock.server.outputs.reader.conditions import find_meant
from penstock.server.outputs.reader.dimensions import dimension
from penstock.server.outputs.reader.drawing import Drawing, metric_columns, metrics, needs, plain_columns
from penstock.server.outputs.reader.grouping import SERIES, groups, heat_map, time_series
from penstock.server.outputs.reader.histogram import bins_for, counts, edge_labels, numeric
from penstock.server.outputs.reader.page import take_rows
from penstock.server.outputs.reader.questions import ChartQuestion
from penstock.server.outputs.reader.rows import choose, conditions_of
from penstock.server.outputs.reader.shelf import Shelf
from penstock.server.outputs.reader.work import Work

SCATTER = 5000
TABLE_ROWS = 1000


def answer_chart(work: Work, shelf: Shelf, question: ChartQuestion) -> None:
    """Answer with a Chart as JSON.

    Raises:
        SettingInvalidError: the configuration does not fit the table.
    """
    view = shelf.view(question.target)
    settings = read_settings(question.configuration)
    drawing = Drawing(work, shelf, view, settings, conditions_of(view, question.rows))
    _MAKERS[settings.kind](drawing)
    work.head({})
    work.chunk(
        msgspec.json.encode(
            {
                "chart_type": settings.told,
                "columns": drawing.columns,
                "rows": drawing.rows,
                "series": drawing.series,
                "total": drawing.total,
                "note": " ".join(drawing.notes),
                "version": view.manifest.ref.version,
            }
        )
    )


def _histogram(drawing: Drawing) -> None:
    settings = drawing.settings
    names = settings.dimensions()
    if not names:
        raise needs(settings, "a column of numbers for x")
    column = drawing.view.columns[find_meant(drawing.view, names[0])]
    data = numeric(column)
    if data is None:
        raise SettingInvalidError(
            f"charting a histogram of {column.name}: its type is {column.type}, not a number or time",
            hint="Draw a bar chart of it instead.",
        )
    import pyarrow as pa

    with drawing.open({"n": data}) as duck:
        clause = drawing.also("n is not null and isfinite(n::double)")
        ends = drawing.query(duck, f"select min(n), max(n), count(*) from stored{clause}")  # noqa: S608 - codes
        low, high, drawing.total = (column[0].as_py() for column in ends.columns)
        drawing.columns = [
            {"name": column.name, "role": "x", "type": column.type},
            {"name": "to", "role": "x_end", "type": column.type},
            {"name": "count", "role": "y", "type": "number"},
        ]
        drawing.series = ["count"]
        if low is None:
            return
        bins = bins_for(low, high, whole=not pa.types.is_floating(data.type), count=settings.buckets)
        edges = edge_labels(column, bins.edges())
        found = counts(duck, "n", bins, drawing.plan.where, drawing.plan.parameters)
    drawing.rows = [[edges[at], edges[at + 1], count] for at, count in enumerate(found)]
    left = drawing.view.rows - drawing.total
    if left and not drawing.plan.where:
        drawing.notes.append(f"{left:,} rows without a value are left out.")


def _scatter(drawing: Drawing) -> None:
    """Points, evenly chosen when there are too many."""
    settings = drawing.settings
    names = [*settings.x[:1], *settings.y[:1]] if settings.y else list(settings.dimensions())[:2]
    if len(names) < 2:  # noqa: PLR2004 - x and y
        raise needs(settings, "a column for x and one for y")
    axes = [dimension(drawing.view, name, 0) for name in names]
    more = {"g": axes[0].data, "h": axes[1].data}
    colour = dimension(drawing.view, settings.group_by[0], SERIES) if settings.group_by and settings.y else None
    if colour is not None:
        more["s"] = colour.data
    with drawing.open(more) as duck:
        clause = drawing.also("g is not null and h is not null")
        drawing.total = drawing.query(duck, f"select count(*) from stored{clause}").column(0)[0].as_py()  # noqa: S608
        step = max(1, -(-drawing.total // SCATTER))
        picked = "g, h" + (", s" if colour is not None else "")
        found = drawing.query(
            duck,
            f"select {picked} from (select {picked}, row_number() over (order by __row__) as r from stored{clause})"  # noqa: S608
            f" where (r - 1) % {step} = 0 limit {SCATTER}",
        )
    columns = [axes[0].labels(found.column(0)), axes[1].labels(found.column(1))]
    drawing.columns = [
        {"name": axes[0].name, "role": "x", "type": axes[0].type},
        {"name": axes[1].name, "role": "y", "type": axes[1].type},
    ]
    if colour is not None:
        columns.append(colour.labels(found.column(2)))
        drawing.columns.append({"name": colour.name, "role": "series", "type": colour.type})
        drawing.series = list(dict.fromkeys(columns[2]))
    drawing.rows = [list(row) for row in zip(*columns, strict=True)]
    if step > 1:
        drawing.notes.append(f"Every {step:,}th of {drawing.total:,} points.")


def _number(drawing: Drawing) -> None:
    with drawing.open(drawing.metric_data()) as duck:
        found = drawing.query(duck, f"select {metrics(drawing)} from stored{drawing.where}")  # noqa: S608 - codes
    drawing.columns = metric_columns(drawing)
    drawing.rows = [[column[0] for column in plain_columns(found)]]
    drawing.total = 1


def _table(drawing: Drawing) -> None:
    """Rows of some columns, or groups with their metrics when there are metrics to group by."""
    settings = drawing.settings
    if settings.group_by and settings.grouped:
        groups(drawing)
        return
    names = [*settings.x, *settings.y] or list(range(min(len(drawing.view.columns), 50)))
    columns = [drawing.view.columns[find_meant(drawing.view, name)] for name in names]
    limit = min(settings.limit or 100, TABLE_ROWS)
    rows = settings.rows()
    chosen = choose(drawing.work, drawing.shelf.orders, drawing.view, rows, 0, limit)
    numbers = chosen.numbers if chosen.numbers is not None else drawing.shelf.orders.numbers(drawing.view.rows)[:limit]
    cells = [show(take_rows(column.data, numbers), column.form, 200).data.to_pylist() for column in columns]
    drawing.columns = [{"name": column.name, "role": "x", "type": column.type} for column in columns]
    drawing.rows = [
        [msgspec.json.decode(msgspec.json.encode(cell)) for cell in row] for row in zip(*cells, strict=True)
    ]
    drawing.total = chosen.total
    if chosen.total > limit:
        drawing.notes.append(f"{limit:,} of {chosen.total:,} rows.")


_MAKERS: dict[str, Callable[[Drawing], None]] = {
    "bar": groups,
    "line": groups,
    "area": groups,
    "pie": groups,
    "time bar": time_series,
    "time line": time_series,
    "histogram": _histogram,
    "scatter": _scatter,
    "heat map": heat_map,
    "number": _number,
    "table": _table,
}
