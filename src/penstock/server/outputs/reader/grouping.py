"""Charts of groups: metrics by one dimension or two, the largest groups and the others together, times in buckets."""

# ruff: noqa: S608 - statements are made of our own codes and constants; values are parameters

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.server.outputs.reader.dimensions import Dimension, dimension, label_values
from penstock.server.outputs.reader.drawing import Drawing, aggregate, metric_columns, metrics, needs, plain_columns

if TYPE_CHECKING:
    import duckdb

GROUPS = 50
SLICES = 10
SERIES = 12
POINTS = 2000
CELLS = 30
OTHER = "Other"


def groups(drawing: Drawing) -> None:
    """Bars, lines, areas and pies: metrics by one dimension, or by two."""
    settings = drawing.settings
    names = settings.dimensions()
    if len(names) > 1:
        _two(drawing, names)
        return
    if not names:
        raise needs(settings, "a column for x (or to group by)")
    line = settings.kind in {"line", "area"}
    one = dimension(drawing.view, names[0], POINTS if line else settings.limit or GROUPS, binned=line)
    limit = settings.limit or (SLICES if settings.kind == "pie" else POINTS if line else GROUPS)
    with drawing.open({**drawing.metric_data(), "g": one.data}) as duck:
        _rest_of_groups(drawing, duck, one, limit, by_value=not (line or one.ordered) or settings.kind == "pie")
    drawing.columns = [{"name": one.name, "role": "x", "type": one.type}, *metric_columns(drawing)]
    drawing.series = [metric.name for metric in settings.metrics]


def _rest_of_groups(
    drawing: Drawing, duck: duckdb.DuckDBPyConnection, one: Dimension, limit: int, *, by_value: bool
) -> None:
    """The groups in order; those beyond the limit together, computed from their own rows."""
    settings = drawing.settings
    key = one.sql("g")
    order = "1 nulls last" if not by_value else "2 desc nulls last, 1"
    if settings.descending is not None:
        order = f"2 {'desc' if settings.descending else 'asc'} nulls last, 1"
    inner = f"select {key} as k, {metrics(drawing)} from stored{drawing.where} group by 1"
    drawing.total = drawing.query(duck, f"select count(*) from ({inner})").column(0)[0].as_py()
    top = drawing.query(duck, f"{inner} order by {order} limit {limit}")
    columns = plain_columns(top)
    columns[0] = one.labels(top.column(0))
    drawing.rows = [list(row) for row in zip(*columns, strict=True)]
    if one.note:
        drawing.notes.append(one.note)
    if drawing.total > limit:
        duck.register("shown", top.select(["k"]))
        clause = drawing.also(f"not exists (select 1 from shown where shown.k is not distinct from {key})")
        rest = drawing.query(duck, f"select {metrics(drawing)} from stored{clause}")
        drawing.rows.append([OTHER, *(column[0] for column in plain_columns(rest))])
        drawing.notes.append(f"{limit:,} of {drawing.total:,} groups; the others together are {OTHER!r}.")


def _two(drawing: Drawing, names: list[str | int]) -> None:
    """A metric by two dimensions: the second makes the series."""
    settings = drawing.settings
    line = settings.kind in {"line", "area"}
    first = dimension(drawing.view, names[0], POINTS if line else settings.limit or GROUPS, binned=line)
    second = dimension(drawing.view, names[1], SERIES)
    _matrix(drawing, first, second, settings.limit or (POINTS if line else GROUPS), SERIES)


def _matrix(drawing: Drawing, first: Dimension, second: Dimension, rows: int, series: int) -> None:
    """The first metric by two dimensions, the largest groups of each; what is left out is told."""
    with drawing.open({**drawing.metric_data(), "g": first.data, "h": second.data}) as duck:
        keys = first.sql("g"), second.sql("h")
        kept = []
        for name, one, key, limit in (("first", first, keys[0], rows), ("second", second, keys[1], series)):
            inner = f"select {key} as k, count(*) as n from stored{drawing.where} group by 1"
            order = "k nulls last" if one.ordered else "n desc, k"
            counted = drawing.query(duck, f"select count(*) from ({inner})").column(0)[0].as_py()
            duck.register(name, drawing.query(duck, f"{inner} order by {order} limit {limit}"))
            kept.append(counted)
            drawing.notes += [note for note in (one.note,) if note]
            if counted > limit:
                drawing.notes.append(f"{limit:,} of {counted:,} values of {one.name}.")
        known = " and ".join(
            f"exists (select 1 from {table} t where t.k is not distinct from {key})"
            for table, key in (("first", keys[0]), ("second", keys[1]))
        )
        found = drawing.query(
            duck,
            f"select {keys[0]} as k, {keys[1]} as s, {aggregate(drawing, 0)} as y from stored{drawing.also(known)}"
            " group by 1, 2 order by 1 nulls last, 2 nulls last",
        )
    drawing.total = kept[0] * kept[1]
    columns = [first.labels(found.column(0)), second.labels(found.column(1)), label_values(found.column(2))]
    drawing.rows = [list(row) for row in zip(*columns, strict=True)]
    drawing.series = list(dict.fromkeys(columns[1]))
    drawing.columns = [
        {"name": first.name, "role": "x", "type": first.type},
        {"name": second.name, "role": "series", "type": second.type},
        *metric_columns(drawing)[:1],
    ]


def time_series(drawing: Drawing) -> None:
    """Metrics by time, in buckets of an interval."""
    settings = drawing.settings
    names = settings.dimensions()
    if not names:
        raise needs(settings, "a column of times for x")
    one = dimension(drawing.view, names[0], POINTS, interval=settings.interval or "day")
    if len(names) > 1:
        _matrix(drawing, one, dimension(drawing.view, names[1], SERIES), POINTS, SERIES)
        return
    with drawing.open({**drawing.metric_data(), "g": one.data}) as duck:
        key = one.sql("g")
        inner = f"select {key} as k, {metrics(drawing)} from stored{drawing.also(f'{key} is not null')} group by 1"
        counted = f"select count(*) from ({inner})"
        while (total := drawing.query(duck, counted).column(0)[0].as_py()) > POINTS and one.coarsen():
            key = one.sql("g")
            inner = f"select {key} as k, {metrics(drawing)} from stored{drawing.also(f'{key} is not null')} group by 1"
            counted = f"select count(*) from ({inner})"
        drawing.total = total
        found = drawing.query(duck, f"{inner} order by 1 limit {POINTS}")
        missing = drawing.query(duck, f"select count(*) from stored{drawing.also(f'{key} is null')}")
    columns = plain_columns(found)
    columns[0] = one.labels(found.column(0))
    drawing.rows = [list(row) for row in zip(*columns, strict=True)]
    drawing.columns = [{"name": one.name, "role": "x", "type": one.type}, *metric_columns(drawing)]
    drawing.series = [metric.name for metric in settings.metrics]
    drawing.notes += [note for note in (one.note,) if note]
    if count := missing.column(0)[0].as_py():
        drawing.notes.append(f"{count:,} rows without a time are left out.")
    if total > POINTS:
        drawing.notes.append(f"The first {POINTS:,} of {total:,} points.")


def heat_map(drawing: Drawing) -> None:
    """The first metric by two dimensions, numbers in steps."""
    settings = drawing.settings
    names = settings.dimensions()
    if len(names) < 2:  # noqa: PLR2004 - x and y
        names = [*settings.x[:1], *settings.y[:1]]
    if len(names) < 2:  # noqa: PLR2004 - as above
        raise needs(settings, "a column for x and one for y")
    first, second = (dimension(drawing.view, name, CELLS, binned=True) for name in names[:2])
    _matrix(drawing, first, second, CELLS, CELLS)
