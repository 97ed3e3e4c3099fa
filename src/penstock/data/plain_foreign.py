"""Single values of numpy and pandas as JSON and back, exactly."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from penstock.data.zones import decode_zone, encode_zone

Plain = Callable[[Any], Any]


def encode_foreign(value: Any, plain: Plain) -> Any:
    """The JSON form of a numpy or pandas scalar, None when the value is no such thing.

    Args:
        value: what to encode.
        plain: encodes a plain value inside it.

    Raises:
        ValueRefusedError: its time zone cannot be stored.
    """
    if type(value).__module__.partition(".")[0] == "numpy":
        return _encode_numpy(value, plain)
    return _encode_pandas(value, plain)


def _encode_numpy(value: Any, plain: Plain) -> Any:
    import numpy as np

    if isinstance(value, np.dtype):
        return {"$npdtype": np.lib.format.dtype_to_descr(value)} if not value.hasobject else None
    if not isinstance(value, np.generic) or value.dtype.hasobject:
        return None
    if isinstance(value, np.str_):
        return {"$npstr": plain(str(value))}
    if isinstance(value, np.bytes_):
        return {"$npbytes": base64.b64encode(bytes(value)).decode()}
    if value.dtype.names is not None or isinstance(value, np.void):
        return None
    return {"$np": [value.dtype.str, base64.b64encode(value.tobytes()).decode()]}


def encode_array(value: Any, plain: Plain) -> Any:
    """The JSON form of a numpy array inside another value, None when it has none.

    Args:
        value: what to encode.
        plain: encodes an object in it.
    """
    import numpy as np

    if type(value) is not np.ndarray or (value.dtype.hasobject and value.dtype != object):
        return None
    if value.dtype == object:
        return {"$npobjects": [list(value.shape), [plain(item) for item in value.reshape(-1)]]}
    descr = np.lib.format.dtype_to_descr(value.dtype)
    return {"$nparray": [descr, list(value.shape), base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()]}


def _encode_pandas(value: Any, plain: Plain) -> Any:
    import pandas as pd

    if value is pd.NaT or value is pd.NA:
        return {"$pdnat": None} if value is pd.NaT else {"$pdna": None}
    encode = _PANDAS.get(type(value).__name__)
    return encode(value, plain) if encode is not None and type(value) is getattr(pd, type(value).__name__) else None


_PANDAS: dict[str, Callable[[Any, Plain], Any]] = {
    # The number counts from the epoch in UTC; the zone gives the clock, so `fold` needs no place.
    "Timestamp": lambda value, _: {
        "$pdtimestamp": [int(value.asm8.astype("i8")), value.unit, encode_zone(value.tzinfo, value)]
    },
    "Timedelta": lambda value, _: {"$pdtimedelta": [int(value.asm8.astype("i8")), value.unit]},
    "Period": lambda value, _: {"$pdperiod": [value.ordinal, value.freqstr]},
    "DateOffset": lambda value, plain: {"$pdoffset": [value.n, value.normalize, plain(dict(value.kwds))]},
    "Interval": lambda value, plain: {"$pdinterval": [plain(value.left), plain(value.right), value.closed]},
}


def decode_foreign(tag: str, body: Any, plain: Plain) -> Any:
    """The value of such a form.

    Raises:
        ValueError: it is no form of ours.
    """
    if tag.startswith("$np"):
        return _decode_numpy(tag, body, plain)
    return _decode_pandas(tag, body, plain)


def _decode_numpy(tag: str, body: Any, plain: Plain) -> Any:
    import numpy as np

    if tag == "$np":
        return np.frombuffer(base64.b64decode(body[1]), dtype=body[0])[0]
    if tag == "$npstr":
        return np.str_(plain(body))
    if tag == "$npbytes":
        return np.bytes_(base64.b64decode(body))
    if tag == "$nparray":
        kind = np.lib.format.descr_to_dtype(_descr(body[0]))
        return np.frombuffer(base64.b64decode(body[2]), dtype=kind).reshape(body[1]).copy()
    if tag == "$npobjects":
        objects = np.empty(len(body[1]), dtype=object)
        for at, item in enumerate(body[1]):
            objects[at] = plain(item)
        return objects.reshape(body[0])
    if tag == "$npdtype":
        return np.lib.format.descr_to_dtype(_descr(body))
    raise ValueError(f"unknown form {tag}")


def _descr(body: Any) -> Any:
    """JSON makes lists of the tuples that a structured dtype is described by."""
    if not isinstance(body, list):
        return body
    return [_field(item) for item in body]


def _field(item: list[Any]) -> tuple[Any, ...]:
    name, kind, *shape = item
    named = tuple(name) if isinstance(name, list) else name
    inner = (kind[0], tuple(kind[1])) if _is_subarray(kind) else _descr(kind)
    return (named, inner, *(tuple(part) for part in shape))


def _is_subarray(kind: Any) -> bool:
    return isinstance(kind, list) and bool(kind) and isinstance(kind[0], str)


def _decode_pandas(tag: str, body: Any, plain: Plain) -> Any:
    import numpy as np
    import pandas as pd

    if tag == "$pdnat":
        return pd.NaT
    if tag == "$pdna":
        return pd.NA
    if tag == "$pdtimestamp":
        zone = decode_zone(body[2])
        bare = pd.Timestamp(np.datetime64(body[0], body[1]))
        return bare if zone is None else bare.tz_localize("UTC").tz_convert(zone)
    if tag == "$pdtimedelta":
        return pd.Timedelta(np.timedelta64(body[0], body[1]))
    if tag == "$pdperiod":
        return pd.Period(ordinal=body[0], freq=body[1])
    if tag in {"$pdinterval", "$pdoffset"}:
        interval = tag == "$pdinterval"
        return pd.Interval(plain(body[0]), plain(body[1]), body[2]) if interval else _offset(body, plain)
    raise ValueError(f"unknown form {tag}")


def _offset(body: Any, plain: Plain) -> Any:
    import pandas as pd

    return pd.DateOffset(n=body[0], normalize=body[1], **plain(body[2]))
