"""Labels of pandas (column names, categories, levels of an index) from the JSON in which a manifest keeps them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from penstock.data.plain import decode_plain
from penstock.server.outputs.reader.times import duration_text, moments, period_text

if TYPE_CHECKING:
    import pyarrow as pa


def label_array(form: dict[str, Any]) -> pa.ChunkedArray:
    """The labels as Arrow: whole numbers, numbers and text as such, everything else as text."""
    import numpy as np
    import pyarrow as pa

    if "range" in form:
        start, stop, step = form["range"]
        return pa.chunked_array([pa.array(np.arange(start, stop, step, dtype=np.int64))])
    values = [None if isinstance(item, dict) and "$pdna" in item else item for item in form["values"]]
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int}:
        return pa.chunked_array([pa.array(values, type=pa.int64())])
    if kinds == {bool}:
        return pa.chunked_array([pa.array(values, type=pa.bool_())])
    if kinds and kinds <= {int, float}:
        return pa.chunked_array([pa.array(values, type=pa.float64())])
    texts = [None if value is None else plain_text(value) for value in values]
    return pa.chunked_array([pa.array(texts, type=pa.large_string())])


def index_names(meta: dict[str, Any]) -> list[str]:
    """What the columns of an index are called."""
    if "labels" in meta:
        given = [meta["labels"]["name"]]
    elif "levels" in meta:
        given = meta["names"]
    else:
        given = [meta["name"]]
    several = len(given) > 1
    return [
        plain_text(name) if name is not None else f"index_{at}" if several else "index" for at, name in enumerate(given)
    ]


def plain_text(form: Any) -> str:
    """A plain value, from its JSON form, as a person would write it."""
    if isinstance(form, str):
        return form
    if isinstance(form, dict) and len(form) == 1:
        tag, body = next(iter(form.items()))
        show = _TAGGED.get(tag)
        if show is not None:
            return show(body)
        if tag.startswith(("$np", "$pd")):
            return f"{tag[1:]} {body}"
    try:
        return str(decode_plain(form))
    except (ValueError, TypeError, ImportError, ArithmeticError):
        return str(form)


def _moment(body: list[Any]) -> str:
    """A moment of pandas: a number of units since the epoch, UTC, and a zone."""
    import pyarrow as pa

    count, unit, zone = body
    if zone is None:
        kind = pa.timestamp(unit)
    else:
        from penstock.data.codecs.pandas_arrays import zone_name

        kind = pa.timestamp(unit, zone_name(zone))
    return moments(pa.array([count], type=pa.int64()).view(kind))[0] or ""


def _number(body: list[Any]) -> str:
    import numpy as np

    return str(np.frombuffer(base64.b64decode(body[1]), dtype=body[0])[0])


def _elapsed(body: list[Any]) -> str:
    return duration_text(body[0], body[1])


def _interval(body: list[Any]) -> str:
    left, right = ("[" if body[2] in {"left", "both"} else "("), ("]" if body[2] in {"right", "both"} else ")")
    return f"{left}{plain_text(body[0])}, {plain_text(body[1])}{right}"


def _period(body: list[Any]) -> str:
    return period_text(body[0], body[1])


_TAGGED: dict[str, Callable[[Any], str]] = {
    "$pdtimestamp": _moment,
    "$pdtimedelta": _elapsed,
    "$pdinterval": _interval,
    "$pdperiod": _period,
    "$pdnat": lambda _: "NaT",
    "$pdna": lambda _: "<NA>",
    "$np": _number,
    "$npstr": str,
    "$tuple": lambda body: "(" + ", ".join(plain_text(item) for item in body) + ")",
    "$datetime": lambda body: body if isinstance(body, str) else str(decode_plain({"$datetime": body})),
}
