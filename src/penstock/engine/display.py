"""From a value to a MIME bundle: media type -> data that JSON holds, bytes as base64 text. In workers only."""

from __future__ import annotations

import base64
import io
import json
import sys
from typing import Any

from penstock.data.codecs.page import Page
from penstock.data.codecs.registry import codec_name
from penstock.data.preview import shown_values
from penstock.data.statistics import json_safe
from penstock.model.errors import ValueRefusedError

TABLE = "application/vnd.penstock.table+json"
"""Columns (name, type), the first rows as lists of cells, and how many rows there are."""

ROWS = 100
COLUMNS = 200
MOST_CHARACTERS = 8 * 1024 * 1024
_TEXT = 100_000

_METHODS = (
    ("_repr_html_", "text/html"),
    ("_repr_markdown_", "text/markdown"),
    ("_repr_svg_", "image/svg+xml"),
    ("_repr_png_", "image/png"),
    ("_repr_jpeg_", "image/jpeg"),
    ("_repr_latex_", "text/latex"),
    ("_repr_json_", "application/json"),
)


def mime_bundle(value: object) -> dict[str, Any]:
    """The forms in which a value can be shown; text is always among them."""
    bundle: dict[str, Any] = {}
    for make in (_table, _plotly, _altair, _figure, _own_bundle, _own_methods):
        try:
            bundle = make(value)
        except Exception as error:  # noqa: BLE001 - how a value shows itself is the user's code
            bundle = {"text/plain": f"({type(value).__name__} could not be shown: {type(error).__name__}: {error})"}
        if bundle:
            break
    shown = {kind: data for kind, data in bundle.items() if _size(data) <= MOST_CHARACTERS}
    if len(shown) < len(bundle):
        left_out = ", ".join(kind for kind in bundle if kind not in shown)
        shown["text/plain"] = f"{_text(value)}\n({left_out} is left out: larger than {MOST_CHARACTERS:,} characters)"
    return shown if "text/plain" in shown else {**shown, "text/plain": _text(value)}


def page_of(value: object) -> str | None:
    """The HTML with which an object shows itself; None when it does not, or not as text of a sensible length."""
    method = getattr(type(value), "_repr_html_", None)
    try:
        text = method(value) if callable(method) else None
    except Exception:  # noqa: BLE001 - as above
        return None
    return text if isinstance(text, str) and text.strip() and len(text) <= MOST_CHARACTERS else None


def page_instead(value: object, refusal: ValueRefusedError) -> Page | None:
    """The page of an object of a kind that is not known, to be stored in its place; None when it has none.

    A table that holds what cannot be stored is none: those who read it would miss it.
    """
    try:
        known = codec_name(value)
    except ValueRefusedError:
        return None
    html = page_of(value) if known in {None, "pickle"} else None
    return Page(f"{type(value).__module__}.{type(value).__qualname__}", html, refusal.message) if html else None


def figures() -> list[object]:
    """The open figures of matplotlib, which are closed with that."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return []
    found: list[object] = [pyplot.figure(number) for number in pyplot.get_fignums()]
    pyplot.close("all")
    return found


def _text(value: object) -> str:
    try:
        text = value if isinstance(value, str) else repr(value)
    except Exception as error:  # noqa: BLE001 - as above
        return f"({type(value).__name__} could not be shown: {type(error).__name__}: {error})"
    return text if len(text) <= _TEXT else f"{text[:_TEXT]}\n[... {len(text) - _TEXT:,} more characters]"


def _size(data: Any) -> int:
    return len(data) if isinstance(data, str) else len(json.dumps(data, default=str))


def _module(value: object) -> str:
    return type(value).__module__.partition(".")[0]


def _table(value: object) -> dict[str, Any]:
    """Frames and series of pandas and polars, tables of Arrow."""
    kind = (_module(value), type(value).__name__)
    if kind[0] == "pandas" and kind[1] in {"DataFrame", "Series"}:
        frame: Any = value if kind[1] == "DataFrame" else value.to_frame()  # type: ignore[attr-defined]
        part = frame.iloc[:ROWS, :COLUMNS]
        cells = [part.iloc[:, number].tolist() for number in range(part.shape[1])]
        index = [str(label) for label in part.index] if type(frame.index).__name__ != "RangeIndex" else None
        columns = list(zip(map(str, part.columns), map(str, part.dtypes), strict=True))
        return _as_table(columns, cells, frame.shape, index)
    if kind[0] == "polars" and kind[1] in {"DataFrame", "Series"}:
        frame = value if kind[1] == "DataFrame" else value.to_frame()  # type: ignore[attr-defined]
        part = frame[:ROWS]
        names = frame.columns[:COLUMNS]
        cells = [part[name].to_list() for name in names]
        return _as_table([(name, str(frame.schema[name])) for name in names], cells, frame.shape, None)
    if kind == ("pyarrow", "Table"):
        table: Any = value
        part = table.slice(0, ROWS)
        names = table.column_names[:COLUMNS]
        cells = [shown_values(part.column(number)) for number in range(len(names))]
        types = [(name, str(table.schema.field(number).type)) for number, name in enumerate(names)]
        return _as_table(types, cells, table.shape, None)
    return {}


def _as_table(
    columns: list[tuple[str, str]], cells: list[list[Any]], shape: tuple[int, int], index: list[str] | None
) -> dict[str, Any]:
    rows = [[json_safe(cell, 500) for cell in row] for row in zip(*cells, strict=True)]
    table: dict[str, Any] = {
        "columns": [{"name": name, "type": kind} for name, kind in columns],
        "rows": rows,
        "rows_total": shape[0],
        "columns_total": shape[1],
    }
    if index is not None:
        table["index"] = index
    return {TABLE: table, "text/plain": f"{shape[0]:,} rows, {shape[1]:,} columns"}


def _plotly(value: object) -> dict[str, Any]:
    if _module(value) != "plotly" or not hasattr(value, "to_plotly_json"):
        return {}
    figure: Any = value
    return {"application/vnd.plotly.v1+json": json.loads(figure.to_json())}


def _altair(value: object) -> dict[str, Any]:
    if _module(value) != "altair" or not hasattr(value, "to_dict"):
        return {}
    chart: Any = value
    return {"application/vnd.vegalite.v5+json": chart.to_dict()}


def _figure(value: object) -> dict[str, Any]:
    if _module(value) != "matplotlib" or not hasattr(value, "savefig"):
        return {}
    figure: Any = value
    file = io.BytesIO()
    figure.savefig(file, format="png", bbox_inches="tight", dpi=110)
    return {"image/png": base64.b64encode(file.getvalue()).decode("ascii")}


def _own_bundle(value: object) -> dict[str, Any]:
    method = getattr(type(value), "_repr_mimebundle_", None)
    if method is None:
        return {}
    found = method(value)
    data = found[0] if isinstance(found, tuple) else found
    return {str(kind): _plain(item) for kind, item in data.items()} if isinstance(data, dict) else {}


def _own_methods(value: object) -> dict[str, Any]:
    bundle: dict[str, Any] = {}
    for name, kind in _METHODS:
        method = getattr(type(value), name, None)
        found = method(value) if method is not None else None
        if found is not None:
            bundle[kind] = _plain(found[0] if isinstance(found, tuple) else found)
    return bundle


def _plain(data: Any) -> Any:
    if isinstance(data, bytes | bytearray | memoryview):
        return base64.b64encode(data).decode("ascii")
    return data if isinstance(data, str) else json.loads(json.dumps(data, default=str))
