"""Columns, sorting and conditions as SQL: names become positions, values become typed parameters.

Nothing of what a user writes is put into a statement.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from penstock.model.errors import SettingInvalidError
from penstock.server.outputs.reader.times import UNITS
from penstock.server.outputs.reader.view import View, ViewColumn
from penstock.server.schema.selections import Condition

if TYPE_CHECKING:
    import pyarrow as pa

COMPARISONS = {"=": "=", "!=": "is distinct from", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_TEXTS = {
    "contains": "contains(lower({}), lower(?))",
    "not contains": "coalesce(not contains(lower({}), lower(?)), true)",
    "starts with": "starts_with(lower({}), lower(?))",
    "ends with": "suffix(lower({}), lower(?))",
    "matches": "regexp_matches({}, ?)",
    "not matches": "coalesce(not regexp_matches({}, ?), true)",
}
"""What says no keeps rows without a value: they are not what is said no to."""
_LISTS = {"in": "{} in ({})", "not in": "coalesce({} not in ({}), true)"}
OPS = (*COMPARISONS, *_TEXTS, *_LISTS, "between", "null", "not null")
_BOTH = 2


def find_column(view: View, column: str | int) -> int:
    """The position of a column that is given by name (the first of several) or position.

    Raises:
        SettingInvalidError: there is none.
    """
    if isinstance(column, int):
        if 0 <= column < len(view.columns):
            return column
    else:
        for at, known in enumerate(view.columns):
            if known.name == column:
                return at
    raise SettingInvalidError(
        f"reading {view.entry.summary.name} of {view.manifest.ref}: there is no column {column!r}",
        hint="Look at the columns of that version: they may have changed.",
    )


def find_meant(view: View, column: str | int) -> int:
    """As `find_column`; a name that is written otherwise ("Date joined" for date_joined) is found too."""
    names = [known.name for known in view.columns]
    if isinstance(column, str) and column not in names:
        same = [at for at, name in enumerate(names) if _bare(name) == _bare(column)]
        if len(same) == 1:
            return same[0]
    return find_column(view, column)


def _bare(name: str) -> str:
    return "_".join(re.findall(r"\w+", name.lower().replace("_", " ")))


def queryable(column: ViewColumn) -> pa.ChunkedArray:
    """The column in a type that DuckDB has: moments in UTC without their zone, durations as whole numbers."""
    import pyarrow as pa

    data = column.data
    if isinstance(data.type, pa.BaseExtensionType):
        data = pa.chunked_array([chunk.storage for chunk in data.chunks], type=data.type.storage_type)
    kind = data.type
    target: pa.DataType | None = None
    if pa.types.is_float16(kind):
        target = pa.float32()
    elif pa.types.is_timestamp(kind) and kind.tz is not None:
        target = pa.timestamp(kind.unit)
    elif pa.types.is_duration(kind):
        target = pa.int64()
    elif pa.types.is_decimal256(kind):
        target = pa.float64()
    elif pa.types.is_dictionary(kind) and not _plain_dictionary(kind):
        target = kind.value_type
    return data if target is None else data.cast(target)


def _plain_dictionary(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind.value_type) or pa.types.is_large_string(kind.value_type))


def condition_sql(view: View, one: Condition, parameters: list[Any]) -> tuple[int, str]:
    """The position of a condition's column, and the condition as SQL; its values are added to the parameters.

    Raises:
        SettingInvalidError: the column, comparison or value does not fit.
    """
    at = find_column(view, one.column)
    name = f"c{at}"
    column = view.columns[at]
    if one.op == "null":
        return at, f"{name} is null"
    if one.op == "not null":
        return at, f"{name} is not null"
    if one.op in _TEXTS:
        parameters.append(str(one.value if one.value is not None else ""))
        return at, _TEXTS[one.op].format(f"{name}::varchar")
    if one.op in _LISTS or one.op == "between":
        return at, _several(column, name, one, parameters)
    if one.op not in COMPARISONS:
        raise SettingInvalidError(
            f"filtering column {column.name}: unknown comparison {one.op!r}", hint=f"Use one of: {', '.join(OPS)}."
        )
    parameters.append(_value(column, one.value))
    return at, f"{name} {COMPARISONS[one.op]} ?"


def _several(column: ViewColumn, name: str, one: Condition, parameters: list[Any]) -> str:
    """A condition with several values: one of them, none of them, or between two."""
    values = list(one.value) if isinstance(one.value, list | tuple) else [one.value]
    if one.op == "between":
        if len(values) != _BOTH:
            raise SettingInvalidError(
                f"filtering column {column.name}: 'between' with {len(values)} values", hint="Give two: from and to."
            )
        parameters += [_value(column, value) for value in values]
        return f"{name} between ? and ?"
    if not values:
        return "false" if one.op == "in" else "true"
    parameters += [_value(column, value) for value in values]
    return _LISTS[one.op].format(name, ", ".join("?" * len(values)))


def _value(column: ViewColumn, value: Any) -> Any:
    """A condition's value in the type of its column.

    Raises:
        SettingInvalidError: it is none.
    """
    import pyarrow as pa

    kind = column.data.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    for fits, parse, told in _PARSERS:
        if getattr(pa.types, fits)(kind):
            try:
                return parse(value, kind)
            except (ValueError, TypeError, InvalidOperation, OverflowError) as error:
                raise SettingInvalidError(
                    f"filtering column {column.name} ({column.type}): {str(value)[:60]!r} is not {told}",
                    hint="Correct the value, or filter by 'contains'.",
                ) from error
    if pa.types.is_nested(kind) or "binary" in str(kind) or column.form:
        raise SettingInvalidError(
            f"filtering column {column.name} ({column.type}): its values cannot be compared",
            hint="Use 'contains', 'null' or 'not null'.",
        )
    return str(value)


def _whole(value: Any, kind: pa.DataType) -> Any:
    del kind
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, int):
        return value
    text = str(value).strip().replace("_", "")
    try:
        return int(text)
    except ValueError:
        number = float(text)  # 1.5 may well be compared with whole numbers
        if not math.isfinite(number):
            raise
        return number


def _number(value: Any, kind: pa.DataType) -> float:
    del kind
    if isinstance(value, bool):
        raise TypeError
    return float(value)


def _decimal(value: Any, kind: pa.DataType) -> Decimal | float:
    import pyarrow as pa

    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError
    return float(number) if pa.types.is_decimal256(kind) else number


def _truth(value: Any, kind: pa.DataType) -> bool:
    del kind
    text = str(value).strip().lower()
    if text in {"true", "1", "t", "yes"}:
        return True
    if text in {"false", "0", "f", "no"}:
        return False
    raise ValueError


def _moment(value: Any, kind: pa.DataType) -> datetime:
    """A moment in UTC; text without an offset is in the zone of the column."""
    found = datetime.fromisoformat(str(value).strip())
    if kind.tz is None:
        return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo is not None else found
    if found.tzinfo is None:
        import pyarrow as pa
        import pyarrow.compute as pc

        local = pa.array([found], type=pa.timestamp("us"))
        utc = pc.assume_timezone(local, kind.tz, ambiguous="earliest", nonexistent="earliest")
        made: datetime = utc.cast(pa.timestamp("us"))[0].as_py()
        return made
    return found.astimezone(UTC).replace(tzinfo=None)


def _duration(value: Any, kind: pa.DataType) -> int:
    """Seconds, or `2 days 03:04:05.5`, as a number of the column's units."""
    text = str(value).strip()
    sign = -1 if text.startswith("-") else 1
    days, _, clock = text.lstrip("-").rpartition("day")
    seconds = Decimal(days.strip() or 0) * 86_400 if days else Decimal(0)
    rest = clock.lstrip("s").strip() or "0"
    for piece, factor in zip(reversed(rest.split(":")), (1, 60, 3600), strict=False):
        seconds += Decimal(piece) * factor
    return sign * int(seconds * UNITS[kind.unit])


def _day(value: Any, kind: pa.DataType) -> date:
    del kind
    return datetime.fromisoformat(str(value).strip()).date()


def _clock(value: Any, kind: pa.DataType) -> time:
    del kind
    return time.fromisoformat(str(value).strip())


_PARSERS: list[tuple[str, Callable[[Any, Any], Any], str]] = [
    ("is_boolean", _truth, "true or false"),
    ("is_integer", _whole, "a number"),
    ("is_floating", _number, "a number"),
    ("is_decimal", _decimal, "a number"),
    ("is_timestamp", _moment, "a date or time, such as 2024-01-31 or 2024-01-31 12:30"),
    ("is_date", _day, "a date, such as 2024-01-31"),
    ("is_time", _clock, "a time, such as 12:30"),
    ("is_duration", _duration, "a duration, such as 01:30:00 or a number of seconds"),
]


def codes(positions: Iterable[int]) -> str:
    """Column codes for a list in a statement."""
    return ", ".join(f"c{at}" for at in positions)
