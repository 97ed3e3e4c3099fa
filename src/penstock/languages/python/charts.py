"""Charts that are drawn by code: from decorated functions, or from the variables that the configuration names.

What comes out is a plain dict: a MIME bundle of a rendered chart, or the points (`columns`, `rows`, `series`), in the
form in which the studio draws charts of stored tables too.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

from penstock.languages.job import Job
from penstock.languages.python.call import call
from penstock.languages.python.plotting import PLOTS, Points
from penstock.model.errors import BlockFailedError
from penstock.sdk.decorators import Collector

_PICTURES = {"png": "image/png", "jpeg": "image/jpeg", "jpg": "image/jpeg", "svg": "image/svg+xml"}
MOST = 32 << 20
"""Characters of a rendered chart at most."""


def draw(job: Job, names: Mapping[str, Any], collector: Collector, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The chart that a file has drawn, when its top level has been executed.

    Args:
        job: the attempt.
        names: what the file has assigned.
        collector: what it has decorated.
        variables: keyword arguments of its functions.

    Raises:
        BlockFailedError: there is nothing to draw, or it does not fit together.
        Exception: whatever the chart's own code raises.
    """
    upstream = [entry.block for entry in job.inputs]
    inputs = [entry.value() for entry in job.inputs]
    for source in collector.every("data_source"):
        inputs = [call(source, _fitting(source, inputs), variables, upstream)]
    settings = dict(job.order.block.configuration)
    for function in collector.every("configuration"):
        settings.update(_map(call(function, _fitting(function, inputs), variables, upstream), job))
    rendered = collector.found.get("render")
    if rendered:
        function, arguments = rendered[-1]
        value = call(function, inputs, variables, upstream)
        return {"mime": _rendered(value, str(arguments[0]) if arguments else "png", job)}
    points = _points(names, collector, settings, inputs, variables)
    kind = str(settings.get("chart_type") or "").lower()
    plot = PLOTS.get(kind)
    if plot is None:
        raise BlockFailedError(
            f"drawing chart {job.order.block.uuid}: no function is decorated with @render, and {kind or 'no type'!r} is"
            " not drawn from variables",
            hint=f"Decorate a function with @render, or choose one of: {', '.join(PLOTS)}.",
        )
    return {"chart_type": kind, **plot(points, settings, job.order.block.uuid)}


def _fitting(function: Any, inputs: Sequence[Any]) -> list[Any]:
    """As many inputs as the function takes: one of no parameters is none the worse for an upstream."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & 0x04:
        return list(inputs)
    return list(inputs[: code.co_argcount])


def _map(value: Any, job: Job) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise BlockFailedError(
        f"drawing chart {job.order.block.uuid}: its @configuration gave {type(value).__name__}, not a dict",
        hint="Return a dict of settings.",
    )


def _points(
    names: Mapping[str, Any],
    collector: Collector,
    settings: Mapping[str, Any],
    inputs: Sequence[Any],
    variables: Mapping[str, Any],
) -> Points:
    """The values of both axes: of decorated functions, else of the variables that the settings name."""
    points = Points(
        x=_named(names, settings.get("x"), inputs),
        y=_named(names, settings.get("y"), inputs),
        index=_named(names, settings.get("index"), inputs),
    )
    for kind in ("columns", "x", "y", "xy"):
        for function in collector.every(kind):
            value = call(function, _fitting(function, inputs), variables, [])
            if kind == "xy":
                points.x, points.y = value
            elif kind == "y":
                points.y = value
            else:
                points.x = value
    return points


def _named(names: Mapping[str, Any], name: Any, inputs: Sequence[Any]) -> Any:
    """A variable of the file, else a column of the first upstream; None when there is neither."""
    if isinstance(name, list) and len(name) == 1:
        name = name[0]
    if not isinstance(name, str):
        return None
    value = names.get(name)
    if value is not None and not (callable(value) and not hasattr(value, "__len__")):
        return value
    frame: Any = inputs[0] if inputs else None
    if type(frame).__name__ == "DataFrame" and name in frame.columns:
        return frame[name]
    return None


def _rendered(value: Any, kind: str, job: Job) -> dict[str, Any]:
    """The MIME bundle of what a @render function gave: text in base64 of a picture, bytes, a figure, or markup."""
    kind = kind.lower()
    if hasattr(value, "savefig"):
        out = io.BytesIO()
        value.savefig(out, format="png")
        value, kind = out.getvalue(), "png"
    if isinstance(value, bytes | bytearray):
        value = base64.b64encode(value).decode() if kind in _PICTURES and kind != "svg" else bytes(value).decode()
    if not isinstance(value, str):
        raise BlockFailedError(
            f"drawing chart {job.order.block.uuid}: its @render function gave {type(value).__name__}",
            hint="Return the picture as bytes or base64 text, a matplotlib figure, or HTML.",
        )
    if len(value) > MOST:
        raise BlockFailedError(
            f"drawing chart {job.order.block.uuid}: what it rendered has {len(value):,} characters, {MOST:,} at most",
            hint="Draw fewer points.",
        )
    return {_PICTURES.get(kind, "text/html"): value}
