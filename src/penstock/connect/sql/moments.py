"""What moments and durations lose in a column of a database, in words: databases cut them without any."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_UNITS = {"timestamp_s": 1, "timestamp_ms": 10**3}
_PLACES = re.compile(r"\((\d)\)")
_DAY = 86_400
_NAMED = {1: "parts of seconds", 10**3: "microseconds", 10**6: "nanoseconds"}
_OF_TIME = ("timestamp", "time", "interval", "date")


def losses(table: pa.Table, kinds: Mapping[str, str], system: str, *, text_is_exact: bool = True) -> Iterator[str]:
    """One sentence for each column whose values the database cannot hold as they are; none where all of them fit.

    Args:
        table: the rows on their way to the database.
        kinds: the type of each column there, as the database spells it.
        system: the database's name, for the sentences.
        text_is_exact: whether moments get into columns of text with all that they have.
    """
    for at, field in enumerate(table.schema):
        kind = kinds.get(field.name, "").lower()
        if kind.startswith(_OF_TIME) or (kind and not text_is_exact):
            found = _loss(_flat(table.column(at)), kind)
            if found:
                yield f"Column {field.name} ({kind} on {system}) loses {found}."


def of_time(kind: pa.DataType) -> bool:
    """Whether values of that type can lose something in a column of another type."""
    import pyarrow as pa

    nested = pa.types.is_nested(kind) or pa.types.is_dictionary(kind)
    return bool(nested or pa.types.is_timestamp(kind) or pa.types.is_time(kind) or pa.types.is_duration(kind))


def _flat(column: Any) -> Any:
    """The values of lists and dictionaries."""
    import pyarrow as pa
    import pyarrow.compute as pc

    while True:
        kind = column.type
        if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
            column = pc.list_flatten(column)
        elif pa.types.is_dictionary(kind) and pa.types.is_temporal(kind.value_type):
            column = column.cast(kind.value_type)
        else:
            return column


def _loss(column: Any, kind: str) -> str:
    import pyarrow as pa

    moments = pa.types.is_timestamp(column.type)
    if not (moments or pa.types.is_time(column.type) or pa.types.is_duration(column.type)):
        return ""
    if moments and kind.startswith("date"):
        days = _uneven(column, _TICKS[column.type.unit] * _DAY)
        return days and f"the time of day: {days} cut; give the column there a type of moments to keep it"
    if moments and column.type.tz and "without time zone" in kind and len(column) > column.null_count:
        return (
            "the time zone: the moments become their clock times in UTC; give the column there the type "
            "timestamp with time zone to keep them, or choose the clock with .dt.tz_localize(None)"
        )
    ticks, most = _TICKS[column.type.unit], _resolution(kind)
    fine = _uneven(column, ticks // most) if ticks > most else ""
    return fine and (
        f"{_NAMED.get(most, 'parts of seconds')}: {fine} rounded; round the values first, or export the column as text "
        "(.astype(str)) to keep them"
    )


def _resolution(kind: str) -> int:
    """How many parts of a second a type tells apart."""
    if "_ns" in kind:
        return 10**9
    places = _PLACES.search(kind)
    return int(10 ** int(places[1])) if places else _UNITS.get(kind, 10**6)


def _uneven(column: Any, step: int) -> str:
    """How many values are no multiple of that many ticks, in words; empty when all are."""
    import numpy as np
    import pyarrow as pa

    whole = pa.int32() if pa.types.is_time32(column.type) else pa.int64()
    ticks = column.drop_null().cast(whole).to_numpy()
    count = int(np.count_nonzero(ticks % step))
    return "1 value is" if count == 1 else f"{count:,} values are" if count else ""
