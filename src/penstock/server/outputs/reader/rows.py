"""Which rows a question means, and in which order: row numbers from DuckDB, kept while there is room.

A page without sorting and conditions needs none of this. The first page of a sorted table is found without sorting
all of it; the whole order is made meanwhile, so that the next pages are a slice of it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from penstock.model.errors import PenstockError, SettingInvalidError, StorageError
from penstock.server.outputs.reader.conditions import condition_sql, find_column, queryable
from penstock.server.outputs.reader.questions import Rows
from penstock.server.outputs.reader.shelf import Orders
from penstock.server.outputs.reader.view import View
from penstock.server.outputs.reader.work import CancelledError, Work

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pyarrow as pa

FIRST = 2000
"""Up to this row a sorted page is looked for by itself."""
SMALL = 20_000
"""A table of so many rows is sorted at once."""
SEARCHED = 200
"""Columns that a search looks into at most."""


@dataclass(slots=True)
class Chosen:
    """The rows of a page: their numbers (None: those from `offset` on), and how many there are in all."""

    numbers: np.ndarray | None
    total: int


@dataclass(slots=True)
class Plan:
    """Rows as SQL: the positions of columns that are needed, conditions, parameters, order.

    `ranks` are the columns that are sorted by something else than their values, called `o<position>`.
    """

    columns: dict[int, None]
    where: str
    parameters: list[Any]
    order: str
    ranks: dict[str, pa.ChunkedArray] = field(default_factory=dict)


def _key(view: View, rows: Rows) -> tuple[tuple[str, str], bytes]:
    return view.key, msgspec.msgpack.encode(rows)


def plan_of(view: View, rows: Rows) -> Plan:
    """The rows as SQL over codes and parameters. Raises SettingInvalidError when something does not fit."""
    parameters: list[Any] = []
    columns: dict[int, None] = {}
    clauses = []
    for one in rows.filters:
        at, clause = condition_sql(view, one, parameters)
        columns[at] = None
        clauses.append(clause)
    if rows.search:
        looked = range(min(len(view.columns), SEARCHED))
        columns.update(dict.fromkeys(looked))
        clauses.append("(" + " or ".join(f"contains(lower(c{at}::varchar), lower(?))" for at in looked) + ")")
        parameters += [rows.search] * len(looked)
    orders = []
    ranks = {}
    for by in rows.sort:
        at = find_column(view, by.column)
        rank = view.columns[at].rank
        if rank is not None:
            ranks[f"o{at}"] = rank()
        else:
            columns[at] = None
        orders.append(f"{'c' if rank is None else 'o'}{at} {'desc' if by.descending else 'asc'} nulls last")
    # By position as well, so that equal rows keep their order from page to page.
    return Plan(columns, " and ".join(clauses), parameters, ", ".join([*orders, "__row__"]), ranks)


def conditions_of(view: View, rows: Rows) -> Plan:
    """The conditions alone. Raises SettingInvalidError when one does not fit."""
    return plan_of(view, Rows(filters=rows.filters, search=rows.search))


@contextmanager
def opened(
    work: Work, orders: Orders, view: View, columns: Iterable[int], more: Mapping[str, pa.ChunkedArray] | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with a view `stored`: those columns as `c<position>`, `more`, and the row's number as `__row__`.

    Raises:
        SettingInvalidError: DuckDB refuses a statement over them.
        StorageError: the disk has no room for what does not fit into memory.
    """
    import duckdb
    import pyarrow as pa

    numbers = orders.numbers(view.rows)
    kind = pa.int32() if numbers.itemsize == 4 else pa.int64()  # noqa: PLR2004 - bytes
    row = pa.Array.from_buffers(kind, view.rows, [None, pa.py_buffer(numbers)])
    data = {f"c{at}": queryable(view.columns[at]) for at in columns}
    table = pa.table({**data, **(more or {}), "__row__": pa.chunked_array([row])})
    with work.duck() as duck:
        try:
            duck.register("stored", table)
            yield duck
        except (duckdb.OutOfMemoryException, duckdb.InterruptException):
            raise
        except duckdb.IOException as error:
            raise StorageError(
                f"putting aside what does not fit into memory: {str(error).splitlines()[0]}",
                hint="Free space on the disk of the data folder, or raise PENSTOCK_READER_MEMORY.",
            ) from error
        except duckdb.Error as error:
            work.check()
            raise SettingInvalidError(
                f"reading {view.entry.summary.name} of {view.manifest.ref}: {str(error).splitlines()[0]}",
                hint="Sort, filter and count by columns of numbers, times or text.",
            ) from error


def fetch_columns(duck: duckdb.DuckDBPyConnection, query: str, parameters: list[Any]) -> list[np.ndarray]:
    """The columns of whole numbers that a statement gives."""
    found = duck.sql(query, params=parameters).to_arrow_table()
    return [_whole(column) for column in found.columns]


def _whole(column: pa.ChunkedArray) -> np.ndarray:
    import numpy as np

    wide = column.type.bit_width // 8
    pieces = [
        np.frombuffer(chunk.buffers()[1], f"i{wide}", len(chunk), chunk.offset * wide)
        for chunk in column.chunks
        if len(chunk)
    ]
    return np.concatenate(pieces) if pieces else np.empty(0, np.int32)


def choose(work: Work, orders: Orders, view: View, rows: Rows, offset: int, limit: int) -> Chosen:
    """The rows of a page.

    Raises:
        SettingInvalidError: a column, comparison or value does not fit.
    """
    if not rows.sort and not rows.filters and not rows.search:
        return Chosen(None, view.rows)
    plan = plan_of(view, rows)
    if plan.where:
        selection = selected(work, orders, view, rows)
        total = len(selection)
        if not rows.sort:
            return Chosen(selection[offset : offset + limit], total)
    else:
        total = view.rows
    key = _key(view, rows)
    order = orders.get(key)
    if order is None and total > SMALL and offset + limit <= FIRST:
        return Chosen(_first(work, orders, view, rows, plan)[offset : offset + limit], total)
    if order is None:
        order = ordered(work, orders, view, rows)
    return Chosen(order[offset : offset + limit], total)


def selected(work: Work, orders: Orders, view: View, rows: Rows) -> np.ndarray:
    """The numbers of the rows that the conditions leave, ascending."""
    bare = Rows(filters=rows.filters, search=rows.search)
    plan = conditions_of(view, bare)

    def build() -> np.ndarray:
        with opened(work, orders, view, plan.columns) as duck:
            query = f"select __row__ from stored where {plan.where}"  # noqa: S608 - codes and parameters
            found = fetch_columns(duck, query, plan.parameters)[0]
        found.sort()
        return found

    return orders.make(_key(view, bare), work, build)


def ordered(work: Work, orders: Orders, view: View, rows: Rows) -> np.ndarray:
    """The numbers of all rows that the conditions leave, in the order that is asked for."""
    plan = plan_of(view, rows)

    def build() -> np.ndarray:
        with opened(work, orders, view, plan.columns, plan.ranks) as duck:
            return fetch_columns(duck, _statement(plan), plan.parameters)[0]

    return orders.make(_key(view, rows), work, build)


def chosen_rows(work: Work, orders: Orders, view: View, rows: Rows) -> np.ndarray | None:
    """All rows that are meant, in order; None for all of them as they are stored."""
    if rows.sort:
        return ordered(work, orders, view, rows)
    return selected(work, orders, view, rows) if rows.filters or rows.search else None


def _first(work: Work, orders: Orders, view: View, rows: Rows, plan: Plan) -> np.ndarray:
    """The first rows of an order; the whole of it is made meanwhile."""
    key = (*_key(view, rows), "first")

    def build() -> np.ndarray:
        with opened(work, orders, view, plan.columns, plan.ranks) as duck:
            found = fetch_columns(duck, f"{_statement(plan)} limit {FIRST}", plan.parameters)[0]
        _build_meanwhile(work, orders, view, rows)
        return found

    return orders.make(key, work, build)


def _statement(plan: Plan) -> str:
    where = f" where {plan.where}" if plan.where else ""
    return f"select __row__ from stored{where} order by {plan.order}"  # noqa: S608 - codes and parameters


def _build_meanwhile(work: Work, orders: Orders, view: View, rows: Rows) -> None:
    """Make the whole order for the pages that follow; its failure is told when one of them asks."""
    import duckdb

    again = work.aside()

    def build() -> None:
        with suppress(PenstockError, CancelledError, duckdb.Error, MemoryError):
            ordered(again, orders, view, rows)

    threading.Thread(target=build, name="order", daemon=True).start()
