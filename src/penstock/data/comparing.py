"""What differs between two versions of an output: schema, counts, statistics, and rows by key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.data.duck import connection, for_duck, identifier
from penstock.data.preview import head
from penstock.data.statistics import json_safe
from penstock.data.store import ProductStore, entry_of
from penstock.data.tables import output_table
from penstock.model.errors import SettingInvalidError, ValueRefusedError
from penstock.model.product import Column, Kind, ProductRef

if TYPE_CHECKING:
    import pyarrow as pa

_SHOWN = 10
_STATISTICS = ("type", "nulls", "minimum", "maximum", "distinct")


@dataclass(frozen=True, slots=True)
class RowsDiff:
    """Rows by key: how many were added, removed and changed, the first of each, and which columns changed how often."""

    key: tuple[str, ...]
    added: int = 0
    removed: int = 0
    changed: int = 0
    changed_columns: dict[str, int] = field(default_factory=dict)
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProductDiff:
    """How the later version differs from the earlier one.

    `statistics` maps the name of a column to `{statistic: [before, after]}`; `same_value` is set for what is no table.
    """

    before: str
    after: str
    output: str
    kinds: tuple[str, str]
    rows: tuple[int | None, int | None] = (None, None)
    added_columns: tuple[str, ...] = ()
    removed_columns: tuple[str, ...] = ()
    reordered: bool = False
    statistics: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    content_differs: bool = False
    row_changes: RowsDiff | None = None

    @property
    def differs(self) -> bool:
        """Whether anything does."""
        changes = self.row_changes
        rows = changes is not None and (changes.added or changes.removed or changes.changed)
        schema = self.added_columns or self.removed_columns or self.reordered or self.kinds[0] != self.kinds[1]
        return bool(rows or schema or self.statistics or self.content_differs or self.rows[0] != self.rows[1])

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {"differs": self.differs, **asdict(self)}

    def lines(self) -> list[str]:
        """The same for reading."""
        if not self.differs:
            return [f"{self.output}: no difference between {self.before} and {self.after}"]
        lines = [f"{self.output}: {self.before} -> {self.after}"]
        if self.kinds[0] != self.kinds[1]:
            lines.append(f"  kind: {self.kinds[0]} -> {self.kinds[1]}")
        if self.rows[0] != self.rows[1]:
            lines.append(f"  rows: {_count(self.rows[0])} -> {_count(self.rows[1])}")
        lines += [f"  + column {name}" for name in self.added_columns]
        lines += [f"  - column {name}" for name in self.removed_columns]
        if self.reordered:
            lines.append("  columns are in another order")
        for name, changes in self.statistics.items():
            told = ", ".join(f"{what} {_text(pair[0])} -> {_text(pair[1])}" for what, pair in changes.items())
            lines.append(f"  ~ column {name}: {told}")
        if self.content_differs:
            lines.append("  values differ")
        return lines + self._row_lines()

    def _row_lines(self) -> list[str]:
        changes = self.row_changes
        if changes is None:
            return []
        key = ", ".join(changes.key)
        lines = [f"  rows by {key}: {changes.added:,} added, {changes.removed:,} removed, {changes.changed:,} changed"]
        lines += [f"    {name}: {count:,} changed" for name, count in changes.changed_columns.items()]
        for what, rows in changes.samples.items():
            lines += [f"    {what}: {row}" for row in rows]
        return lines


def diff(
    store: ProductStore,
    before: ProductRef,
    after: ProductRef,
    key: str | Sequence[str] | None = None,
    output: str | None = None,
) -> ProductDiff:
    """Compare an output of two versions.

    Args:
        store: where both are.
        before: the earlier version.
        after: the later version.
        key: columns that identify a row, to compare row by row; without it contents are compared as a whole.
        output: the output's name; the first when it is None.

    Raises:
        SettingInvalidError: a key column is missing or does not identify rows.
        ProductMissingError: a version or the output is not there.
    """
    old, new = store.manifest(before), store.manifest(after)
    was, now = entry_of(old, output), entry_of(new, output or next(iter(e.summary.name for e in old.outputs), None))
    names = [[column.name for column in entry.summary.columns] for entry in (was, now)]
    common = [name for name in names[0] if name in names[1]]
    found: dict[str, Any] = {
        "before": before.version,
        "after": after.version,
        "output": now.summary.name,
        "kinds": (was.summary.kind.value, now.summary.kind.value),
        "rows": (was.summary.rows, now.summary.rows),
        "added_columns": tuple(name for name in names[1] if name not in names[0]),
        "removed_columns": tuple(name for name in names[0] if name not in names[1]),
        "reordered": common != [name for name in names[1] if name in names[0]],
        "statistics": _statistics(was.summary.columns, now.summary.columns),
    }
    tabular = {Kind.TABLE, Kind.SERIES}
    if was.stored == now.stored and old.files == new.files:
        # The very same files: nothing can differ.
        pass
    elif was.summary.kind in tabular and now.summary.kind in tabular:
        tables = [output_table(store.reader(m), e, index=True) for m, e in ((old, was), (new, now))]
        keys = [key] if isinstance(key, str) else list(key or ())
        if keys:
            found["row_changes"] = _rows(tables[0], tables[1], keys, str(after.address))
        else:
            found["content_differs"] = not _equal(tables[0], tables[1])
    else:
        found["content_differs"] = _raw(store, old, was) != _raw(store, new, now)
    return ProductDiff(**found)


def _statistics(before: Sequence[Column], after: Sequence[Column]) -> dict[str, dict[str, list[Any]]]:
    known = _numbered(before)
    found = {}
    for name, column in _numbered(after).items():
        other = known.get(name)
        if other is not None:
            pairs = {each: [getattr(other, each), getattr(column, each)] for each in _STATISTICS}
            changes = {each: pair for each, pair in pairs.items() if pair[0] != pair[1]}
            if changes:
                found[name] = changes
    return found


def _numbered(columns: Sequence[Column]) -> dict[str, Column]:
    """The columns by name; those of a name that was there before get a number, such as "x (2)"."""
    names = {column.name for column in columns}
    found: dict[str, Column] = {}
    for column in columns:
        name, number = column.name, 1
        while name in found or (number > 1 and name in names):
            number += 1
            name = f"{column.name} ({number})"
        found[name] = column
    return found


def _equal(before: pa.Table, after: pa.Table) -> bool:
    import pyarrow as pa

    if before.schema != after.schema or before.num_rows != after.num_rows:
        return False
    pairs = zip(before.columns, after.columns, strict=True)
    try:
        return all(_same(one, other) for one, other in pairs)
    except pa.ArrowNotImplementedError:
        return False


def _same(one: pa.ChunkedArray, other: pa.ChunkedArray) -> bool:
    """Equal cell by cell, NaN counting as equal to NaN."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if one.equals(other):
        return True
    if not pa.types.is_floating(one.type):
        return False
    same = pc.or_kleene(pc.equal(one, other), pc.and_kleene(pc.is_nan(one), pc.is_nan(other)))
    missing = pc.and_(pc.is_null(one), pc.is_null(other))
    return bool(pc.all(pc.or_(pc.fill_null(same, fill_value=False), missing)).as_py() in {True, None})


def _raw(store: ProductStore, manifest: Any, entry: Any) -> Any:
    """What tells two values apart that are no tables, without reading pickles."""
    stored = entry.stored
    reader = store.reader(manifest)
    content = bytes(reader.map_file(stored.blob)[1]) if stored.blob is not None else b""
    parts = [_raw(store, manifest, _Part(part)) for part in stored.parts]
    columns = [reader.column(place, None)[1].to_pylist() for place in stored.columns]
    return (stored.codec, stored.meta, stored.inline, content, parts, columns)


@dataclass(frozen=True, slots=True)
class _Part:
    stored: Any


def _rows(before: pa.Table, after: pa.Table, keys: list[str], what: str) -> RowsDiff:
    for name in keys:
        for table in (before, after):
            if table.column_names.count(name) != 1:
                raise SettingInvalidError(
                    f"comparing {what} by {name}: there is no such column, or several", hint="Choose another key."
                )
    others = [name for name in before.column_names if name in after.column_names and name not in keys]
    if len(set(others)) != len(others):
        raise ValueRefusedError(f"comparing {what} by key: columns have the same name", hint="Compare without a key.")
    with connection() as duck:
        duck.register("b", for_duck(before))
        duck.register("a", for_duck(after))
        _check_key(duck, keys, what)
        return _joined(duck, keys, others)


def _check_key(duck: Any, keys: list[str], what: str) -> None:
    names = ", ".join(identifier(name) for name in keys)
    for table in ("b", "a"):
        query = f"select count(*) from (select 1 from {table} group by {names} having count(*) > 1)"  # noqa: S608
        if duck.sql(query).fetchall()[0][0]:
            raise SettingInvalidError(
                f"comparing {what} by {', '.join(keys)}: several rows have the same key",
                hint="Choose columns that identify a row.",
            )


def _joined(duck: Any, keys: list[str], others: list[str]) -> RowsDiff:
    on = " and ".join(f"b.{identifier(name)} is not distinct from a.{identifier(name)}" for name in keys)
    differs = [f"(a.{identifier(name)} is distinct from b.{identifier(name)})" for name in others]
    either = " or ".join(differs) or "false"
    counts = ", ".join(f"count(*) filter (where {one})" for one in differs) or "0"
    inner = duck.sql(
        f"select count(*) filter (where {either}), {counts} from b join a on {on}"  # noqa: S608 - names are quoted
    ).fetchall()[0]
    samples = {}
    totals = {}
    for name, first, second in (("added", "a", "b"), ("removed", "b", "a")):
        clause = f"from {first} anti join {second} on {on}"
        totals[name] = duck.sql(f"select count(*) {clause}").fetchall()[0][0]
        samples[name] = _sample(duck, f"select {first}.* {clause} limit {_SHOWN}")
    shown = ", ".join(
        [f"a.{identifier(name)}" for name in keys]
        + [f"b.{identifier(name)} as {identifier(name + ' before')}, a.{identifier(name)}" for name in others]
    )
    changed = f"select {shown} from b join a on {on} where {either} limit {_SHOWN}"  # noqa: S608 - names are quoted
    samples["changed"] = _sample(duck, changed)
    return RowsDiff(
        key=tuple(keys),
        added=totals["added"],
        removed=totals["removed"],
        changed=inner[0],
        changed_columns={name: count for name, count in zip(others, inner[1:], strict=False) if count},
        samples={name: rows for name, rows in samples.items() if rows},
    )


def _sample(duck: Any, query: str) -> list[dict[str, Any]]:
    table = duck.sql(query).to_arrow_table()
    columns = [[json_safe(value, 100) for value in head(column)] for column in table.columns]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def _count(rows: int | None) -> str:
    return "-" if rows is None else f"{rows:,}"


def _text(value: Any) -> str:
    return "-" if value is None else str(value)
