"""Time zones as JSON and back: the same library, the same zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import TYPE_CHECKING, Any

from penstock.model.errors import ValueRefusedError

if TYPE_CHECKING:
    import pyarrow as pa


def encode_zone(zone: tzinfo | None, owner: Any) -> Any:
    """The JSON form of a time zone.

    Args:
        zone: the time zone, or None.
        owner: what has it, for the message.

    Raises:
        ValueRefusedError: it cannot be named exactly.
    """
    if zone is None:
        return None
    if zone is UTC:
        return "utc"
    kind = type(zone)
    module = kind.__module__.partition(".")[0]
    if kind is timezone:
        offset = zone.utcoffset(None)
        assert offset is not None
        name = zone.tzname(None)
        named = name != timezone(offset).tzname(None)
        return {"offset": offset / timedelta(microseconds=1), **({"name": name} if named else {})}
    if module == "zoneinfo" and getattr(zone, "key", None):
        return {"zoneinfo": str(getattr(zone, "key", ""))}
    if module == "pytz" and getattr(zone, "zone", None):
        return {"pytz": str(getattr(zone, "zone", ""))}
    if module == "pytz" and getattr(zone, "_minutes", None) is not None:
        return {"pytz_minutes": getattr(zone, "_minutes", 0)}
    raise ValueRefusedError(
        f"storing {owner}: its time zone {zone!r} has no name that could be stored",
        hint="Use zoneinfo.ZoneInfo or a fixed offset.",
    )


def decode_zone(form: Any) -> tzinfo | None:
    """The time zone of a JSON form."""
    if form is None:
        return None
    if form == "utc":
        return UTC
    if "offset" in form:
        offset = timedelta(microseconds=form["offset"])
        return timezone(offset, form["name"]) if "name" in form else timezone(offset)
    if "zoneinfo" in form:
        from zoneinfo import ZoneInfo

        return ZoneInfo(form["zoneinfo"])
    from importlib import import_module

    pytz: Any = import_module("pytz")

    found: tzinfo = pytz.timezone(form["pytz"]) if "pytz" in form else pytz.FixedOffset(form["pytz_minutes"])
    return found


def zoned(kind: pa.DataType) -> bool:
    """Whether the Arrow type is that of moments with a zone that Python knows by name."""
    import pyarrow as pa

    return (
        bool(pa.types.is_timestamp(kind)) and kind.tz is not None and kind.unit != "ns" and _zone(kind.tz) is not None
    )


def python_moment(value: pa.Scalar) -> datetime | None:
    """A moment of a type that is `zoned` as Python has it; Arrow itself would import pandas for that."""
    import pyarrow as pa

    moment: datetime | None = value.cast(pa.timestamp(value.type.unit)).as_py()
    return None if moment is None else moment.replace(tzinfo=UTC).astimezone(_zone(value.type.tz))


@cache
def _zone(name: str) -> tzinfo | None:
    from zoneinfo import ZoneInfo

    if name in {"UTC", "Etc/UTC"}:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # an offset, or a zone that this machine does not have
        return None
