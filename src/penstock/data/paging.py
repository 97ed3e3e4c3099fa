"""A page of a stored table for showing: some rows and columns, sorted and filtered, without loading the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.data.duck import connection, for_duck
from penstock.data.store import ProductStore
from penstock.model.errors import SettingInvalidError
from penstock.model.product import ProductRef

if TYPE_CHECKING:
    import pyarrow as pa

_COMPARISONS = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on a column: `op` is one of = != < <= > >= contains, null, "not null"."""

    column: str
    op: str
    value: Any = None


def page(
    store: ProductStore,
    ref: ProductRef,
    output: str | None = None,
    *,
    offset: int = 0,
    limit: int = 100,
    columns: Sequence[str] | None = None,
    sort: Sequence[str] = (),
    filter: Sequence[Filter] = (),  # noqa: A002 - the word for it
) -> pa.Table:
    """Some rows of a tabular output.

    Args:
        store: where it is.
        ref: the version.
        output: its name; the first when it is None.
        offset: rows to pass over.
        limit: rows to give at most.
        columns: only these, in this order.
        sort: column names, each with `-` in front for the largest first; what is missing comes last.
        filter: conditions that all hold.

    Raises:
        SettingInvalidError: a column or comparison does not exist.
        ValueRefusedError: the output is no table.
    """
    table = store.table(ref, output)
    descending = [name.removeprefix("-") if name not in table.column_names else name for name in sort]
    known = set(table.column_names)
    for name in [*(columns or ()), *descending, *(one.column for one in filter)]:
        if name not in known:
            raise SettingInvalidError(
                f"reading a page of {ref}: there is no column {name!r}", hint="Look at the columns of the output."
            )
    if not sort and not filter:
        part = table.slice(offset, limit)
        return part.select(list(columns)) if columns is not None else part
    return _query(table, offset, limit, columns, list(zip(sort, descending, strict=True)), filter, ref)


def _query(
    table: pa.Table,
    offset: int,
    limit: int,
    columns: Sequence[str] | None,
    sort: list[tuple[str, str]],
    filters: Sequence[Filter],
    ref: ProductRef,
) -> pa.Table:
    import duckdb

    # DuckDB takes names that differ only in case for one, so it is given numbers.
    codes = {name: f"c{at}" for at, name in reversed(list(enumerate(table.column_names)))}
    parameters: list[Any] = []
    where = " and ".join(_condition(one, codes[one.column], parameters) for one in filters)
    # By position as well, so that equal rows keep their order from page to page.
    order = [f"{codes[name]} {'desc' if name != asked else 'asc'} nulls last" for asked, name in sort]
    wanted = [codes[name] for name in columns] if columns is not None else [f"c{at}" for at in range(table.num_columns)]
    names = list(columns) if columns is not None else table.column_names
    query = f"select {', '.join(wanted)} from numbered" + (f" where {where}" if where else "")  # noqa: S608 - codes
    query += f" order by {', '.join([*order, '__row__'])} limit {int(limit)} offset {int(offset)}"
    with connection() as duck:
        duck.register("stored", for_duck(table.rename_columns([f"c{at}" for at in range(table.num_columns)])))
        duck.execute("create view numbered as select *, row_number() over () as __row__ from stored")
        try:
            found: pa.Table = duck.sql(query, params=parameters).to_arrow_table()
        except duckdb.Error as error:
            raise SettingInvalidError(
                f"reading a page of {ref}: {str(error).splitlines()[0]}", hint="Check the filter against the types."
            ) from error
    return found.rename_columns(names)


def _condition(one: Filter, name: str, parameters: list[Any]) -> str:
    if one.op == "null":
        return f"{name} is null"
    if one.op == "not null":
        return f"{name} is not null"
    parameters.append(one.value)
    if one.op == "contains":
        return f"contains(lower({name}::varchar), lower(?::varchar))"
    if one.op not in _COMPARISONS:
        raise SettingInvalidError(
            f"filtering column {one.column}: unknown comparison {one.op!r}",
            hint="Use one of: " + ", ".join([*_COMPARISONS, "contains", "null", "not null"]) + ".",
        )
    return f"{name} {_COMPARISONS[one.op]} ?"
