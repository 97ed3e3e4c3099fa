"""Column types of PostgreSQL and Arrow: which becomes which, and how a value travels as text in COPY."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from penstock.connect.sql.frames import json_text, marked
from penstock.data.codecs.arrow_table import without_views

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

BOOL, BYTEA, INT8, INT2, INT4, FLOAT4, FLOAT8, NUMERIC = 16, 17, 20, 21, 23, 700, 701, 1700
DATE, TIMESTAMP, TIMESTAMPTZ = 1082, 1114, 1184
JSON, JSONB, UUID, OID = 114, 3802, 2950, 26
_ARROW_DECIMAL, _ARROW_LARGE_DECIMAL = 38, 76
_HEADER, _NEGATIVE_SCALE = 4, 1024
_TEXT_OIDS = frozenset({18, 19, 25, 705, 1042, 1043, JSON, JSONB, UUID})


def direct(oid: int) -> pa.DataType:
    """How COPY's text of a type is read first: as the type itself where that cannot fail, else as text."""
    import pyarrow as pa

    return {
        BOOL: pa.bool_(),
        INT2: pa.int16(),
        INT4: pa.int32(),
        INT8: pa.int64(),
        OID: pa.int64(),
        FLOAT4: pa.float32(),
        FLOAT8: pa.float64(),
    }.get(oid, pa.string())


def typed(texts: Any, oid: int, modifier: int, load: Callable[[str], object]) -> Any:
    """The column of a type from COPY's text of it.

    Args:
        texts: what `direct` read, a chunked array.
        oid: of the type.
        modifier: the type's modifier, which holds the precision of a numeric.
        load: the driver's own reading of one value, for types that Arrow cannot read.
    """
    import pyarrow as pa

    if direct(oid) != pa.string() or oid in _TEXT_OIDS:
        return texts
    wanted = {DATE: pa.date32(), TIMESTAMP: pa.timestamp("us"), TIMESTAMPTZ: pa.timestamp("us", "UTC")}
    try:
        if oid == NUMERIC:
            return _numbers(texts, modifier)
        if oid in wanted:
            return texts.cast(wanted[oid])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        # infinity, a year before Christ or after 9999: PostgreSQL's text is the only exact form
        return texts
    return _loaded(texts, load)


def _numbers(texts: Any, modifier: int) -> Any:
    """Numerics as decimals of the declared scale, or of the largest that occurs."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if modifier >= _HEADER:
        precision, scale = ((modifier - _HEADER) >> 16) & 0xFFFF, (modifier - _HEADER) & 0x7FF
        if scale < _NEGATIVE_SCALE and precision <= _ARROW_DECIMAL:
            return texts.cast(pa.decimal128(precision, scale))
    dots = pc.find_substring(texts, ".")
    lengths = pc.utf8_length(texts)
    decimals = pc.if_else(pc.equal(dots, -1), 0, pc.subtract(pc.subtract(lengths, dots), 1))
    scale = pc.max(decimals).as_py() or 0
    whole = pc.max(pc.subtract(lengths, pc.if_else(pc.equal(dots, -1), 0, pc.add(decimals, 1)))).as_py() or 1
    if pc.any(pc.match_substring_regex(texts, "[A-Za-z]")).as_py():
        return texts.cast(pa.float64())
    if scale + whole <= _ARROW_DECIMAL:
        return texts.cast(pa.decimal128(_ARROW_DECIMAL, scale))
    if scale + whole <= _ARROW_LARGE_DECIMAL:
        return texts.cast(pa.decimal256(_ARROW_LARGE_DECIMAL, scale))
    return texts


def _loaded(texts: Any, load: Callable[[str], object]) -> Any:
    """Values read one by one by the driver; a type that Arrow does not have stays text."""
    import pyarrow as pa

    values = [None if text is None else load(text) for text in texts.to_pylist()]
    try:
        return pa.chunked_array([pa.array(values)])
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return texts


def ddl_type(field: pa.Field) -> str:
    """The column type that holds every value of an Arrow type exactly."""
    import pyarrow as pa

    kind = field.type
    if marked(field):
        return {"json": "jsonb", "uuid": "uuid"}[marked(field)]
    if pa.types.is_dictionary(kind):
        return ddl_type(pa.field(field.name, kind.value_type))
    if _is_list(kind):
        return f"{ddl_type(kind.value_field)}[]".replace("[][]", "[]")
    if pa.types.is_decimal(kind):
        return f"numeric({max(kind.precision, kind.scale)},{kind.scale})" if kind.scale >= 0 else "numeric"
    if pa.types.is_timestamp(kind):
        return "timestamp with time zone" if kind.tz else "timestamp without time zone"
    return _SIMPLE.get(str(kind)) or _family(kind)


_SIMPLE = {
    "bool": "boolean",
    "int8": "smallint",
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "uint8": "smallint",
    "uint16": "integer",
    "uint32": "bigint",
    "uint64": "numeric(20,0)",
    "halffloat": "real",
    "float": "real",
    "double": "double precision",
    "month_day_nano_interval": "interval",
}


def _family(kind: pa.DataType) -> str:
    import pyarrow as pa

    families: list[tuple[Callable[[Any], bool], str]] = [
        (pa.types.is_date, "date"),
        (pa.types.is_time, "time without time zone"),
        (pa.types.is_duration, "interval"),
        (_is_binary, "bytea"),
        (pa.types.is_nested, "jsonb"),
    ]
    return next((name for check, name in families if check(kind)), "text")


def _is_list(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _is_binary(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def copy_text(column: Any, field: pa.Field) -> Any:
    """A column in a form whose CSV text PostgreSQL reads as exactly these values."""
    import pyarrow as pa

    kind = field.type
    if pa.types.is_dictionary(kind):
        column = without_views(column)  # Arrow unpacks no dictionary of views, of which polars makes its categories
        column = column.cast(column.type.value_type)
        kind = column.type
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", kind.tz), safe=False)
    if pa.types.is_time(kind):
        return column.cast(pa.time64("us"), safe=False).cast(pa.string())
    if pa.types.is_nested(kind) or pa.types.is_duration(kind) or _is_binary(kind) or pa.types.is_interval(kind):
        return pa.array([None if v is None else _written(v, kind) for v in column.to_pylist()], pa.string())
    as_text = pa.types.is_null(kind) or pa.types.is_decimal(kind) or str(kind).endswith("view")
    wanted = pa.string() if as_text else pa.float32() if pa.types.is_float16(kind) else kind
    return column.cast(wanted)


def _written(value: Any, kind: pa.DataType) -> str:
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, dt.timedelta):
        return f"{value.days} days {value.seconds} seconds {value.microseconds} microseconds"
    if isinstance(value, list) and _is_list(kind):
        return _array(value, kind.value_type)
    if hasattr(value, "nanoseconds") and hasattr(value, "months"):
        return f"{value.months} months {value.days} days {value.nanoseconds / 1000} microseconds"
    if hasattr(value, "value") and not isinstance(value, (dict, list)):
        # a pandas Timedelta of nanoseconds
        return f"{value.value / 1000} microseconds"
    return json_text(value)


def _array(values: list[Any], kind: pa.DataType) -> str:
    """A list as PostgreSQL's array literal."""
    parts = []
    for value in values:
        if value is None:
            parts.append("NULL")
        elif isinstance(value, list) and _is_list(kind):
            parts.append(_array(value, kind.value_type))
        else:
            text = value if isinstance(value, str) else _element(value, kind)
            parts.append('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
    return "{" + ",".join(parts) + "}"


def _element(value: Any, kind: pa.DataType) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, (bytes, dict, dt.timedelta, list)):
        return _written(value, kind)
    return repr(value) if isinstance(value, float) else str(value)
