"""polars: frames, lazy frames (collected) and series.

They are stored in the layout of memory that polars itself uses: no copy either way.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from penstock.data.codecs.arrow_table import decode_table, encode_table
from penstock.data.codecs.base import Codec, Encoded, Scope, Source
from penstock.model.errors import ValueRefusedError
from penstock.model.product import Kind

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


def codec_for(value: Any) -> str | None:
    """Which codec of this module stores the value."""
    import polars as pl

    if type(value) in {pl.DataFrame, pl.LazyFrame}:
        return "polars.frame"
    return "polars.series" if type(value) is pl.Series else None


@cache
def _has_views() -> bool:
    """Whether pyarrow can do more with polars' own layout of text than hold it."""
    import pyarrow as pa

    try:
        # Not by pa.array, which imports pandas.
        pa.nulls(1, pa.string_view()).cast(pa.large_string())
    except (AttributeError, pa.ArrowNotImplementedError):
        return False
    return True


def _to_arrow(frame: pl.DataFrame) -> pa.Table:
    import polars as pl

    try:
        return frame.to_arrow(compat_level=pl.CompatLevel.newest()) if _has_views() else frame.to_arrow()
    except BaseException as error:
        # polars reports what it cannot convert by exceptions of several families, one of them outside of Exception.
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        raise _refused(frame, str(error)) from error


def _unknown_to_arrow() -> list[Any]:
    import polars as pl

    return [kind for name in ("Object", "Int128", "UInt128") if (kind := getattr(pl, name, None)) is not None]


def _refused(frame: pl.DataFrame, reason: str) -> ValueRefusedError:
    odd = [f"{name!r} ({kind})" for name, kind in frame.schema.items() if kind in _unknown_to_arrow()]
    what = f"column {', '.join(odd)}" if odd else "a polars frame"
    objects = any("Object" in str(kind) for kind in frame.dtypes)
    hint = "Make text, numbers, lists or structs of it." if objects else "Cast the column to a type that Arrow has."
    return ValueRefusedError(f"storing {what}: {reason[:200]}", hint=hint)


def _encode(frame: pl.DataFrame, codec: str, scope: Scope, **meta: Any) -> Encoded:
    table = _to_arrow(frame)
    back = _from_arrow(table.slice(0, 0)).schema  # made anew each time it is asked for
    casts = {}
    for name, kind in frame.schema.items():
        if back[name] != kind:
            casts[name] = _cast_form(frame, name, kind, scope)
    encoded = encode_table(table, codec, casts=casts, **meta)
    for column, kind in zip(encoded.columns or [], frame.dtypes, strict=True):
        column.type = str(kind)
    if not table.num_columns:
        encoded.rows = frame.height
    return encoded


def _cast_form(frame: pl.DataFrame, name: str, kind: Any, scope: Scope) -> Any:
    import polars as pl

    if isinstance(kind, pl.Enum):
        return {"enum": scope.plain(kind.categories.to_list())}
    if isinstance(kind, pl.Categorical):
        return {"categorical": True}
    raise _refused(frame.select(name), f"the type {kind} does not survive the way through Arrow")


def _from_arrow(table: pa.Table) -> pl.DataFrame:
    """The frame of a table, each column by its name: one without a name, such as a series', polars would give one."""
    import polars as pl

    names = table.column_names
    if "" not in names:
        frame: Any = pl.from_arrow(table)
        return frame
    frame = pl.from_arrow(table.rename_columns([str(at) for at in range(len(names))]))
    frame.columns = names
    return frame


def _decode(source: Source) -> pl.DataFrame:
    import polars as pl

    frame = _from_arrow(decode_table(source))
    casts = []
    for name, form in source.stored.meta["casts"].items():
        kind = pl.Enum(source.plain(form["enum"])) if "enum" in form else pl.Categorical()
        casts.append(pl.col(name).cast(kind))
    return frame.with_columns(casts) if casts else frame


class FrameCodec:
    """polars.DataFrame and polars.LazyFrame; both come back as a DataFrame."""

    def encode(self, value: pl.DataFrame | pl.LazyFrame, scope: Scope) -> Encoded:
        """The columns as polars has them."""
        import polars as pl

        frame = value.collect() if isinstance(value, pl.LazyFrame) else value
        return _encode(frame, "polars.frame", scope)

    def decode(self, source: Source) -> pl.DataFrame:
        """The frame over mapped memory."""
        return _decode(source)


class SeriesCodec:
    """polars.Series."""

    def encode(self, value: pl.Series, scope: Scope) -> Encoded:
        """A frame of one column."""
        encoded = _encode(value.to_frame(), "polars.series", scope)
        encoded.kind = Kind.SERIES
        return encoded

    def decode(self, source: Source) -> pl.Series:
        """The series."""
        return _decode(source).to_series(0)


CODECS: dict[str, Codec] = {"polars.frame": FrameCodec(), "polars.series": SeriesCodec()}
