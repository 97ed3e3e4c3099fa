"""What the columns of a table hold: nulls, extremes, how many values differ, a histogram or the commonest values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from penstock.server.outputs.reader.conditions import find_column, queryable
from penstock.server.outputs.reader.histogram import bins_for, counts, edge_labels, numeric
from penstock.server.outputs.reader.questions import ProfileQuestion, Rows
from penstock.server.outputs.reader.rows import conditions_of, opened
from penstock.server.outputs.reader.shelf import Shelf
from penstock.server.outputs.reader.text import texts
from penstock.server.outputs.reader.view import View
from penstock.server.outputs.reader.work import Work

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MOST_COLUMNS = 100
TOP = 10
COUNTED = 1_000_000
"""Up to about so many different values they are counted, above it they are estimated."""
_SHOWN = 200


def answer_profile(work: Work, shelf: Shelf, question: ProfileQuestion) -> None:
    """Answer with a Profile as JSON."""
    view = shelf.view(question.target)
    wanted = question.columns if question.columns is not None else tuple(range(len(view.columns)))
    positions = [find_column(view, column) for column in wanted[:MOST_COLUMNS]]
    rows = Rows(filters=question.rows.filters, search=question.rows.search)
    found = []
    for at in positions:
        key = (view.key, at, msgspec.msgpack.encode(rows))
        known = shelf.answers.get(key)
        if known is None:
            known = _column(work, shelf, view, at, rows)
            shelf.answers.put(key, known)
        found.append(known)
    total = found[0]["rows"] if found else view.rows
    work.head({})
    work.chunk(msgspec.json.encode({"columns": found, "rows": total, "version": view.manifest.ref.version}))


def _column(work: Work, shelf: Shelf, view: View, at: int, rows: Rows) -> dict[str, Any]:
    """One column."""
    column = view.columns[at]
    plan = conditions_of(view, rows)
    number = numeric(column)
    told: dict[str, Any] = {"name": column.name, "index": at, "type": column.type, "exact": True}
    extra = {"n": number} if number is not None else {"n": column.data.is_null()}
    if number is None and _groupable(column.data.type, column.form):
        extra["v"] = queryable(column)
    with opened(work, shelf.orders, view, plan.columns, extra) as duck:
        told |= _basics(duck, plan.where, plan.parameters, null_flag=number is None)
        work.check()
        if number is not None:
            told |= _numbers(duck, view, at, number, plan.where, plan.parameters)
        elif "v" in extra:
            told |= _values(duck, view, at, extra["v"], plan.where, plan.parameters)
    told["null_share"] = told["nulls"] / told["rows"] if told["rows"] else None
    return {"distinct": None, "minimum": None, "maximum": None, **told}


def _groupable(kind: pa.DataType, form: str) -> bool:
    import pyarrow as pa

    if form:
        return form == "json"
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    # To DuckDB a month is thirty days and a nanosecond nothing: it would count different spans as one.
    return not (pa.types.is_nested(kind) or pa.types.is_null(kind) or pa.types.is_interval(kind))


def _basics(duck: duckdb.DuckDBPyConnection, where: str, parameters: list[Any], *, null_flag: bool) -> dict[str, Any]:
    clause = f" where {where}" if where else ""
    nulls = "count(*) filter (where n)" if null_flag else "count(*) - count(n)"
    row = duck.sql(f"select count(*), {nulls} from stored{clause}", params=parameters).fetchall()[0]  # noqa: S608
    return {"rows": row[0], "nulls": row[1]}


def _numbers(
    duck: duckdb.DuckDBPyConnection, view: View, at: int, number: pa.ChunkedArray, where: str, parameters: list[Any]
) -> dict[str, Any]:
    """Extremes, mean and histogram of a column of numbers or times."""
    import pyarrow as pa

    column = view.columns[at]
    floating = pa.types.is_floating(number.type)
    finite = "n is not null and isfinite(n::double)" if floating else "n is not null"
    clause = f" where {where}" if where else ""
    nan = "count(*) filter (where isnan(n))" if floating else "0"
    query = (
        f"select min(n) filter (where {finite}), max(n) filter (where {finite}),"  # noqa: S608 - codes and parameters
        f" avg(n::double) filter (where {finite}), approx_count_distinct(n), {nan},"
        f" bool_or(n::double = 'infinity'::double), bool_or(n::double = '-infinity'::double) from stored{clause}"
    )
    low, high, mean, distinct, nans, above, below = duck.sql(query, params=parameters).fetchall()[0]
    told: dict[str, Any] = {**_distinct(duck, "n", distinct, where, parameters), "nan": nans}
    if low is None:
        return told
    temporal = pa.types.is_temporal(column.data.type) or bool(column.form)
    labels = edge_labels(column, [low, high]) if temporal else _exact(column.data.type, [low, high])
    told["minimum"], told["maximum"] = "-inf" if below else labels[0], "inf" if above else labels[1]
    told["mean"] = edge_labels(column, [mean])[0] if temporal else mean
    bins = bins_for(low, high, whole=not floating)
    told["histogram"] = {
        "edges": edge_labels(column, bins.edges()),
        "counts": counts(duck, "n", bins, where, parameters),
    }
    return told


def _exact(kind: pa.DataType, values: list[Any]) -> list[Any]:
    """Whole numbers that JavaScript would round become text."""
    del kind
    return [str(value) if isinstance(value, int) and abs(value) >= 2**53 else value for value in values]


def _values(
    duck: duckdb.DuckDBPyConnection, view: View, at: int, values: pa.ChunkedArray, where: str, parameters: list[Any]
) -> dict[str, Any]:
    """Extremes and the most frequent values of a column of text, truth values or bytes."""
    column = view.columns[at]
    clause = f" where {where}" if where else ""
    query = f"select min(v), max(v), approx_count_distinct(v), count(v) from stored{clause}"  # noqa: S608 - codes
    low, high, distinct, present = duck.sql(query, params=parameters).fetchall()[0]
    told: dict[str, Any] = _distinct(duck, "v", distinct, where, parameters)
    if not column.form:
        told["minimum"], told["maximum"] = _told(low), _told(high)
    if present and not (told["distinct"] > COUNTED and told["distinct"] > present * 0.9):
        inner = f"v is not null and ({where})" if where else "v is not null"
        top = duck.sql(
            f"select v, count(*) as k from stored where {inner} group by v order by k desc, v limit {TOP}",  # noqa: S608
            params=parameters,
        ).to_arrow_table()
        labels = texts(top.column(0), column.form, _SHOWN)
        told["top"] = [
            {"value": _told(label), "count": count}
            for label, count in zip(labels, top.column(1).to_pylist(), strict=True)
        ]
    del values
    return told


def _told(value: Any) -> Any:
    from penstock.data.statistics import json_safe

    return json_safe(value, _SHOWN)


def _distinct(
    duck: duckdb.DuckDBPyConnection, name: str, estimate: int, where: str, parameters: list[Any]
) -> dict[str, Any]:
    """How many values differ: counted, unless they are very many."""
    if estimate > COUNTED:
        return {"distinct": estimate, "distinct_exact": False}
    clause = f" where {where}" if where else ""
    query = f"select count(distinct {name}) from stored{clause}"  # noqa: S608 - codes and parameters
    return {"distinct": duck.sql(query, params=parameters).fetchall()[0][0]}
