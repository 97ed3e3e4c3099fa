"""Which codec stores a value.

It is found by the name of the library that the type of the value comes from, which is never imported here.
"""

from __future__ import annotations

import importlib
from typing import Any

from penstock.data.codecs import pickled, values
from penstock.data.codecs.base import Codec
from penstock.model.errors import ProductCorruptError

_HERE = "penstock.data.codecs."
_BY_LIBRARY = {
    "pandas": "pandas_frame",
    "geopandas": "geometry",
    "polars": "polars_frame",
    "pyarrow": "arrow_table",
    "numpy": "numpy_array",
    "scipy": "sparse",
    "PIL": "pictures",
    "matplotlib": "pictures",
    "plotly": "pictures",
    "altair": "pictures",
    "penstock": "page",
}
_BY_CODEC = {
    "pandas": "pandas_frame",
    "geo": "geometry",
    "polars": "polars_frame",
    "arrow": "arrow_table",
    "numpy": "numpy_array",
    "scipy": "sparse",
    "image": "pictures",
    "matplotlib": "pictures",
    "plotly": "pictures",
    "altair": "pictures",
    "parts": "parts",
    "page": "page",
}
_BUILT_IN: dict[type, str] = {str: "text", bytes: "bytes", bytearray: "bytes"}


def codec_name(value: Any) -> str | None:
    """The name of the codec for a value that is stored for itself; None when it is plain or unknown.

    Raises:
        ValueRefusedError: the value is of a kind that is refused outright.
    """
    kind = type(value)
    if kind in _BUILT_IN:
        return _BUILT_IN[kind]
    module = _BY_LIBRARY.get(kind.__module__.partition(".")[0])
    found: str | None = None
    if module is not None:
        found = importlib.import_module(_HERE + module).codec_for(value)
    return found or pickled.codec_for(value)


def codec_named(name: str) -> Codec:
    """The codec of a name.

    Raises:
        ProductCorruptError: there is none.
    """
    for known in (values.CODECS, pickled.CODECS):
        if name in known:
            return known[name]
    module = _BY_CODEC.get(name.partition(".")[0])
    codecs: dict[str, Codec] = importlib.import_module(_HERE + module).CODECS if module else {}
    if name not in codecs:
        raise ProductCorruptError(
            f"reading a value that was stored by the codec {name}: there is no such codec",
            hint="Use the version of Penstock that wrote it, or a newer one.",
        )
    return codecs[name]
