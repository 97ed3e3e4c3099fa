"""Rows of two versions by key: which were added, which removed, which changed and in what.

DuckDB joins the keys alone, to pairs of row numbers; the other columns are compared by those, a batch at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.model.errors import SettingInvalidError
from penstock.server.outputs.reader.conditions import find_column, queryable
from penstock.server.outputs.reader.distributions import same_memory
from penstock.server.outputs.reader.page import take_rows
from penstock.server.outputs.reader.rows import fetch_columns, opened
from penstock.server.outputs.reader.shelf import Shelf
from penstock.server.outputs.reader.text import FULL, texts
from penstock.server.outputs.reader.view import View, ViewColumn
from penstock.server.outputs.reader.work import Work

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

BATCH = 500_000
SAMPLE = 20
SHOWN_COLUMNS = 50
_CELL = 200


@dataclass(slots=True)
class _Join:
    """Pairs of rows with the same key, and the rows that have no partner."""

    before: np.ndarray
    after: np.ndarray
    removed: np.ndarray
    added: np.ndarray
    changed: dict[str, np.ndarray] = field(default_factory=dict)


def compare_by_key(
    work: Work, shelf: Shelf, before: View, after: View, keys: tuple[str, ...], pairs: list[tuple[int, int]]
) -> dict[str, Any]:
    """Counts and samples of the rows that differ.

    Args:
        work: the question.
        shelf: has the numbers of rows.
        before: the earlier version.
        after: the later one.
        keys: names of columns that identify a row in both.
        pairs: positions of the common columns in both.

    Raises:
        SettingInvalidError: a key is missing, or does not identify rows.
    """
    places = [(find_column(before, key), find_column(after, key)) for key in keys]
    for view, positions in ((before, [one for one, _ in places]), (after, [other for _, other in places])):
        _check_unique(work, shelf, view, positions, keys)
    join = _join(work, shelf, before, after, places)
    others = [pair for pair in pairs if pair not in places]
    for one, other in others:
        work.check()
        rows = _changed(work, before.columns[one], after.columns[other], join)
        if len(rows):
            join.changed[after.columns[other].name] = rows
    import numpy as np

    touched = np.unique(np.concatenate([*join.changed.values()])) if join.changed else join.before[:0]
    return {
        "keys": list(keys),
        "added": len(join.added),
        "removed": len(join.removed),
        "changed": len(touched),
        "changed_columns": {name: len(rows) for name, rows in join.changed.items()},
        "sample": _samples(before, after, keys, join, touched),
    }


def _check_unique(work: Work, shelf: Shelf, view: View, positions: list[int], keys: tuple[str, ...]) -> None:
    names = ", ".join(f"c{at}" for at in positions)
    query = f"select 1 from stored group by {names} having count(*) > 1 limit 1"  # noqa: S608 - codes
    with opened(work, shelf.orders, view, positions) as duck:
        if duck.sql(query).fetchall():
            raise SettingInvalidError(
                f"comparing {view.manifest.ref.address} by {', '.join(keys)}: several rows of version"
                f" {view.manifest.ref.version} have the same key",
                hint="Choose columns that identify a row.",
            )


def _join(work: Work, shelf: Shelf, before: View, after: View, places: list[tuple[int, int]]) -> _Join:
    import numpy as np
    import pyarrow as pa

    numbers = shelf.orders.numbers(after.rows)
    kind = pa.int32() if numbers.itemsize == 4 else pa.int64()  # noqa: PLR2004 - bytes
    rows = pa.Array.from_buffers(kind, after.rows, [None, pa.py_buffer(numbers)])
    columns = {f"k{at}": queryable(after.columns[other]) for at, (_, other) in enumerate(places)}
    on = " and ".join(f"b.c{one} is not distinct from a.k{at}" for at, (one, _) in enumerate(places))
    query = f"select b.__row__, a.__row__ from stored b join later a on {on}"  # noqa: S608 - codes
    with opened(work, shelf.orders, before, dict.fromkeys(one for one, _ in places)) as duck:
        duck.register("later", pa.table({**columns, "__row__": pa.chunked_array([rows])}))
        first, second = fetch_columns(duck, query, [])
    order = np.argsort(second, kind="stable")
    first, second = first[order], second[order]
    return _Join(first, second, _rest(before.rows, first), _rest(after.rows, second))


def _rest(rows: int, taken: np.ndarray) -> np.ndarray:
    """The numbers of the rows that are not taken."""
    import numpy as np

    free = np.ones(rows, dtype=bool)
    free[taken] = False
    return np.flatnonzero(free)


def _changed(work: Work, was: ViewColumn, now: ViewColumn, join: _Join) -> np.ndarray:
    """The positions among the pairs whose values differ in a column."""
    import numpy as np

    if same_memory(was.data, now.data) and np.array_equal(join.before, join.after):
        return join.before[:0]
    found = []
    for start in range(0, len(join.after), BATCH):
        work.check()
        rows = [side[start : start + BATCH] for side in (join.before, join.after)]
        differs = _differs(take_rows(was.data, rows[0]), was.form, take_rows(now.data, rows[1]), now.form)
        found.append(np.flatnonzero(differs) + start)
    return np.concatenate(found) if found else join.before[:0]


def _differs(was: pa.ChunkedArray, was_form: str, now: pa.ChunkedArray, now_form: str) -> np.ndarray:
    """Cell by cell whether two parts of a column differ; NaN is equal to NaN, NULL to NULL."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(was.type) or pa.types.is_dictionary(now.type):
        was, now = (
            side.cast(side.type.value_type) if pa.types.is_dictionary(side.type) else side for side in (was, now)
        )
    try:
        unequal = pc.fill_null(pc.not_equal(was, now), fill_value=False) if was_form == now_form else None
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid, pa.ArrowTypeError):
        unequal = None
    if unequal is None:
        pairs = zip(texts(was, was_form, FULL), texts(now, now_form, FULL), strict=True)
        return np.fromiter((one != other for one, other in pairs), dtype=bool, count=len(was))
    if pa.types.is_floating(was.type) and pa.types.is_floating(now.type):
        both = pc.fill_null(pc.and_(pc.is_nan(was), pc.is_nan(now)), fill_value=False)
        unequal = pc.and_not(unequal, both)
    gaps = pc.xor(pc.is_null(was), pc.is_null(now))
    found: np.ndarray = np.asarray(pc.or_(unequal, gaps).combine_chunks().to_numpy(zero_copy_only=False), dtype=bool)
    return found


def contents_differ(work: Work, before: View, after: View, pairs: list[tuple[int, int]]) -> bool:
    """Whether two tables of the same columns and number of rows differ anywhere."""
    for one, other in pairs:
        was, now = before.columns[one], after.columns[other]
        if same_memory(was.data, now.data):
            continue
        for start in range(0, before.rows, BATCH):
            work.check()
            sides = was.data.slice(start, BATCH), now.data.slice(start, BATCH)
            if _differs(sides[0], was.form, sides[1], now.form).any():
                return True
    return False


def _samples(
    before: View, after: View, keys: tuple[str, ...], join: _Join, touched: np.ndarray
) -> list[dict[str, Any]]:
    """The first rows of each kind of difference; of changed ones the changed columns first."""
    pairs = touched[:SAMPLE]
    olds = _rows(before, join.before[pairs], [*keys, *join.changed])
    news = _rows(after, join.after[pairs], [*keys, *join.changed])
    found: list[dict[str, Any]] = [
        {"change": "changed", "before": old, "after": new} for old, new in zip(olds, news, strict=True)
    ]
    found += [
        {"change": "added", "before": None, "after": row} for row in _rows(after, join.added[:SAMPLE], list(keys))
    ]
    found += [
        {"change": "removed", "before": row, "after": None} for row in _rows(before, join.removed[:SAMPLE], list(keys))
    ]
    return found


def _rows(view: View, numbers: np.ndarray, first: list[str]) -> list[dict[str, Any]]:
    """Rows as dicts of short texts, some columns first."""
    names = [column.name for column in view.columns]
    order = [name for name in first if name in names]
    order += [name for name in names if name not in order]
    shown = {}
    for name in order[:SHOWN_COLUMNS]:
        column = view.columns[names.index(name)]
        cells = texts(take_rows(column.data, numbers), column.form, _CELL)
        shown[name] = [None if cell is None else cell[:_CELL] for cell in cells]
    return [dict(zip(shown, row, strict=True)) for row in zip(*shown.values(), strict=True)] if shown else []
