"""The same column of two versions side by side: one histogram's edges for both, or the same values counted in both."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from penstock.data.statistics import json_safe
from penstock.server.outputs.reader.conditions import queryable
from penstock.server.outputs.reader.histogram import bins_for, counts, edge_labels, numeric
from penstock.server.outputs.reader.rows import opened
from penstock.server.outputs.reader.shelf import Shelf
from penstock.server.outputs.reader.view import View, ViewColumn
from penstock.server.outputs.reader.work import Work

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MOST_COLUMNS = 60
TOP = 8
_MANY = 1_000_000


def distributions(
    work: Work, shelf: Shelf, before: View, after: View, pairs: list[tuple[int, int]]
) -> tuple[list[dict[str, Any]], int]:
    """What the common columns hold in both versions; and how many columns were left out.

    Args:
        work: the question.
        shelf: has the numbers of rows.
        before: the earlier version.
        after: the later one.
        pairs: positions of each common column in both.
    """
    found = []
    for one, other in pairs[:MOST_COLUMNS]:
        work.check()
        found.append(_column(work, shelf, (before, before.columns[one]), (after, after.columns[other])))
    return found, max(0, len(pairs) - MOST_COLUMNS)


def _column(work: Work, shelf: Shelf, was: tuple[View, ViewColumn], now: tuple[View, ViewColumn]) -> dict[str, Any]:
    sides = (was, now)
    told: dict[str, Any] = {
        "column": now[1].name,
        "type": now[1].type,
        "nulls": {"before": was[1].data.null_count, "after": now[1].data.null_count},
        "unchanged": same_memory(was[1].data, now[1].data) or was[1].data.equals(now[1].data),
        "histogram": None,
        "values": None,
    }
    numbers = [numeric(column) for _, column in sides]
    comparable = was[1].data.type == now[1].data.type or not _is_time(was[1], now[1])
    if numbers[0] is not None and numbers[1] is not None and comparable:
        told["histogram"] = _histogram(work, shelf, sides, [data for data in numbers if data is not None])
    elif _countable(was[1]) and _countable(now[1]):
        told["values"] = _values(work, shelf, sides)
    return told


def same_memory(one: pa.ChunkedArray, other: pa.ChunkedArray) -> bool:
    """Whether both are the very same stored bytes, as a column that passed through unchanged is."""
    from penstock.data.mapping import identity_of

    return len(one) == len(other) and one.type == other.type and identity_of(one) == identity_of(other)


def _is_time(*columns: ViewColumn) -> bool:
    import pyarrow as pa

    return any(pa.types.is_temporal(column.data.type) or column.form for column in columns)


def _countable(column: ViewColumn) -> bool:
    import pyarrow as pa

    kind = column.data.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or "view" in str(kind)
    return not column.form and bool(text or pa.types.is_boolean(kind))


def _histogram(
    work: Work, shelf: Shelf, sides: tuple[tuple[View, ViewColumn], ...], numbers: list[pa.ChunkedArray]
) -> dict[str, Any] | None:
    import pyarrow as pa

    with ExitStack() as stack:
        ducks = [
            stack.enter_context(opened(work, shelf.orders, view, (), {"n": data}))
            for (view, _), data in zip(sides, numbers, strict=True)
        ]
        query = "select min(n), max(n) from stored where n is not null and isfinite(n::double)"
        ends = [duck.sql(query).fetchall()[0] for duck in ducks]
        known = [end for end in ends if end[0] is not None]
        if not known:
            return None
        low, high = min(end[0] for end in known), max(end[1] for end in known)
        whole = not any(pa.types.is_floating(data.type) for data in numbers)
        bins = bins_for(low, high, whole=whole)
        return {
            "edges": edge_labels(sides[1][1], bins.edges()),
            "before": counts(ducks[0], "n", bins, "", []),
            "after": counts(ducks[1], "n", bins, "", []),
        }


def _values(work: Work, shelf: Shelf, sides: tuple[tuple[View, ViewColumn], ...]) -> dict[str, Any] | None:
    """The most frequent values of both together, and how often each occurs in both."""
    counted: list[dict[str, int]] = []
    for view, column in sides:
        with opened(work, shelf.orders, view, (), {"v": queryable(column)}) as duck:
            if duck.sql("select approx_count_distinct(v) from stored").fetchall()[0][0] > _MANY:
                return None
            counted.append(_top(duck, "", []))
    known_values = set(counted[0]) | set(counted[1])
    both = sorted(known_values, key=lambda one: (-max(side.get(one, 0) for side in counted), one))[:TOP]
    exact = []
    for (view, column), known in zip(sides, counted, strict=True):
        missing = [value for value in both if value not in known]
        if missing:
            with opened(work, shelf.orders, view, (), {"v": queryable(column)}) as duck:
                known.update(_top(duck, f"and v::varchar in ({', '.join('?' * len(missing))})", missing))
        exact.append([known.get(value, 0) for value in both])
    return {"labels": [json_safe(value, 200) for value in both], "before": exact[0], "after": exact[1]}


def _top(duck: duckdb.DuckDBPyConnection, clause: str, parameters: list[Any]) -> dict[str, int]:
    query = (
        f"select v::varchar as t, count(*) as k from stored where v is not null {clause}"  # noqa: S608 - ours
        f" group by 1 order by k desc, t limit {TOP}"
    )
    return dict(duck.sql(query, params=parameters).fetchall())
