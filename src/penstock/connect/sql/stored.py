"""Stored outputs of queries, as Python code expects them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from penstock.data import ProductStore
    from penstock.model.product import ProductRef


def value_of(store: ProductStore, ref: ProductRef, output: str | None = None) -> Any:
    """What a downstream Python block gets of a version: as `store.load`, and rows of a query `as_expected`."""
    value = store.load(ref, output)
    if type(value).__name__ != "DataFrame":
        return value
    entries = store.manifest(ref).outputs
    entry = next(each for each in entries if output in {None, each.summary.name})
    if entry.stored.codec != "arrow.table":  # a frame that Python has returned: it comes back as it was
        return value
    return as_expected(cast("pd.DataFrame", value), store.table(ref, output))


def as_expected(frame: pd.DataFrame, table: pa.Table) -> pd.DataFrame:
    """The rows of a query in the types that a Python block expects.

    The stored version keeps the types of the query, which a later SQL block reads. Columns that need no change stay
    the mapped memory that they are.
    """
    from penstock.connect.sql.frames import expected_columns

    changed = expected_columns(table)
    if not changed:
        return frame
    names = frame.columns
    frame = frame.set_axis(range(len(names)), axis=1)
    for at, column in changed.items():
        frame[at] = column
    frame.columns = names
    return frame
