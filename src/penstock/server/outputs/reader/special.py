"""Values whose Arrow type does not say how a person writes them: those of pandas and geopandas."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from penstock.data.plain import remade
from penstock.server.outputs.reader.labels import plain_text
from penstock.server.outputs.reader.times import period_text

if TYPE_CHECKING:
    import pyarrow as pa

_GEOMETRIES = ("Geometry", "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")


def _objects(data: pa.Array, detail: str, limit: int) -> list[str | None]:
    """Mixed Python objects, each of which is stored as JSON."""
    import msgspec

    del detail, limit
    found: list[str | None] = []
    for text in data.to_pylist():
        if text is None:
            found.append(None)
            continue
        form = msgspec.json.decode(text)
        found.append(readable(form))
    return found


def readable(form: Any) -> str | None:
    """A plain value as text: what has no tag as JSON, so that a list looks like one."""
    import msgspec

    if isinstance(form, dict) and "$pdna" in form:
        return None
    if isinstance(form, dict | list) and not _tagged(form):
        return msgspec.json.encode(untagged(form)).decode()
    return plain_text(form)


def untagged(form: Any) -> Any:
    """The form with text where a tag stood."""
    return remade(form, _without_tag)


def _without_tag(tag: str, body: Any) -> Any:
    if tag in {"$tuple", "$set", "$frozenset"}:
        return [untagged(item) for item in body]
    if tag in {"$dict", "$ordereddict", "$counter"}:
        return {plain_text(key): untagged(item) for key, item in body}
    if tag == "$defaultdict":
        return _without_tag("$dict", body[1])
    return plain_text({tag: body})


def _tagged(form: Any) -> bool:
    return isinstance(form, dict) and len(form) == 1 and next(iter(form))[:1] == "$"


def _periods(data: pa.Array, detail: str, limit: int) -> list[str | None]:
    del limit
    return [None if value is None else period_text(value, detail) for value in data.to_pylist()]


def _complexes(data: pa.Array, detail: str, limit: int) -> list[str | None]:
    del detail, limit
    layout = struct.Struct("=2f" if data.type.byte_width == 8 else "=2d")  # noqa: PLR2004 - bytes
    return [None if value is None else str(complex(*layout.unpack(value))) for value in data.to_pylist()]


def _shapes(data: pa.Array, detail: str, limit: int) -> list[str | None]:
    """Geometries: a point with its coordinates, of others the kind and size."""
    del detail, limit
    return [None if value is None else _shape(bytes(value)) for value in data.to_pylist()]


def _shape(content: bytes) -> str:
    try:
        order = "<" if content[0] == 1 else ">"
        (code,) = struct.unpack_from(f"{order}I", content, 1)
        name = _GEOMETRIES[code % 1000] if code % 1000 < len(_GEOMETRIES) else "GeometryCollection"
        if name == "Point":
            x, y = struct.unpack_from(f"{order}2d", content, 5)
            return f"POINT ({x:g} {y:g})"
    except (struct.error, IndexError):
        return f"geometry of {len(content):,} bytes"
    return f"{name} ({len(content):,} bytes)"


SPECIAL: dict[str, Callable[[Any, str, int], list[str | None]]] = {
    "json": _objects,
    "period": _periods,
    "complex": _complexes,
    "geometry": _shapes,
}
"""By the first word of a column's form: makes text of its values. Intervals are with the other nested values."""
