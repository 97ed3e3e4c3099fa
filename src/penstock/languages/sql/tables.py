"""The output of an upstream block as a table, whatever it is; refused with a reason when it cannot be one."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from penstock.connect.sql.frames import arrow_of
from penstock.languages.job import Input
from penstock.model.block import BlockType
from penstock.model.errors import ValueRefusedError

if TYPE_CHECKING:
    import pyarrow as pa

_VALUE = "value"
_SCALARS = (str, int, float, bool, bytes, Decimal)


def table_of(upstream: Input, token: str) -> pa.Table:
    """The output as Arrow: a frame as it is, a list of dicts as rows, a dict as one row, a value as one cell.

    Args:
        upstream: the block.
        token: how the query calls it, for messages.

    Raises:
        ValueRefusedError: it has no output, several outputs, or one that is not tabular.
    """
    doing = f"reading {token} (block {upstream.block}) in a query"
    if upstream.type == BlockType.SENSOR:
        raise ValueRefusedError(f"{doing}: a sensor has no output", hint="Leave the sensor out of the query.")
    if upstream.empty():
        raise ValueRefusedError(
            f"{doing}: the block has no output", hint=f"Return a frame from {upstream.block}, or run it first."
        )
    try:
        table = upstream.table()
    except ValueRefusedError:
        table = _converted(upstream.value(), doing)
    table = _plain(table)
    if not table.num_columns:
        raise ValueRefusedError(f"{doing}: the frame has no columns", hint="Return a frame with at least one column.")
    return _distinct(table, doing)


def _converted(value: object, doing: str) -> pa.Table:
    import pyarrow as pa

    try:
        return _tabular(value, doing)
    except (ValueRefusedError, pa.ArrowException, AttributeError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, ValueRefusedError) and error.message.startswith(doing):
            raise
        raise ValueRefusedError(
            f"{doing}: a {type(value).__name__} is not a table", hint="Return a DataFrame, or a list of dicts."
        ) from None


def _tabular(value: Any, doing: str) -> pa.Table:
    import pyarrow as pa

    if isinstance(value, (list, tuple)):
        return _listed(list(value), doing)
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        value = value.item()
    if value is None or isinstance(value, _SCALARS) or hasattr(value, "isoformat"):
        return arrow_of({_VALUE: [value]})
    if getattr(value, "ndim", 0) == 1:
        return pa.table({_VALUE: pa.array(value.tolist(), from_pandas=True)})
    return arrow_of(value)


def _listed(values: list[Any], doing: str) -> pa.Table:
    if values and all(isinstance(value, Mapping) for value in values):
        return arrow_of(values)
    if all(value is None or isinstance(value, _SCALARS) for value in values):
        return arrow_of({_VALUE: values})
    raise ValueRefusedError(
        f"{doing}: the block has {len(values)} outputs, and a query can read one table",
        hint="Return one frame from the block, or a list of dicts.",
    )


def _plain(table: pa.Table) -> pa.Table:
    """The table without the row labels that pandas keeps in a column of its own, in types that databases know."""
    import pyarrow as pa

    for at, field in enumerate(table.schema):
        if field.type == pa.float16():  # not known to databases
            table = table.set_column(at, field.with_type(pa.float32()), table.column(at).cast(pa.float32()))
    hidden = [name for name in table.column_names if name.startswith("__index_level_")]
    return table.drop_columns(hidden) if hidden else table


def _distinct(table: pa.Table, doing: str) -> pa.Table:
    seen: dict[str, str] = {}
    for name in table.column_names:
        if name.lower() in seen:
            raise ValueRefusedError(
                f"{doing}: the columns {seen[name.lower()]} and {name} have one name to SQL",
                hint="Rename one of them upstream.",
            )
        seen[name.lower()] = name
    return table
