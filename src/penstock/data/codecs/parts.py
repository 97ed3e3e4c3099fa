"""A value that came in parts: put together again when all are frames of one schema, else a list."""

from __future__ import annotations

from typing import Any

from penstock.data.codecs.base import Codec, Encoded, Scope, Source
from penstock.data.manifest import Stored
from penstock.model.errors import ValueRefusedError


def joined_codec(parts: list[Stored]) -> str | None:
    """The codec of the parts when they make up one table: frames of one library, columns and types."""
    if not parts or any(part.parts for part in parts) or any(_shape(part) != _shape(parts[0]) for part in parts[1:]):
        return None
    codec = parts[0].codec
    return codec if codec in {"pandas.frame", "polars.frame", "arrow.table"} else None


def _shape(part: Stored) -> Any:
    if part.codec == "pandas.frame":
        index = {key: value for key, value in part.meta["index"].items() if key not in {"labels", "freq"}}
        return (part.codec, part.meta["columns"], part.meta["arrays"], index, part.names)
    return (part.codec, part.meta, part.names)


def plain_range(part: Stored) -> bool:
    """Whether a pandas frame is numbered from 0, as one is that was given no index."""
    labels = part.meta["index"].get("labels") if part.codec == "pandas.frame" else None
    return labels is not None and labels.get("range") == [0, part.rows, 1] and labels["name"] is None


class PartsCodec:
    """What a block yielded piece by piece."""

    def encode(self, value: Any, scope: Scope) -> Encoded:
        """Parts are stored as they come, by the draft, never in one go."""
        del scope
        raise ValueRefusedError(f"storing {type(value)} as parts", hint="Yield the parts from the block.")

    def decode(self, source: Source) -> Any:
        """One frame, or the list of the parts."""
        meta = source.stored.meta
        values = [source.part(number) for number in range(len(source.stored.parts))]
        if meta["joined"] == "pandas.frame":
            import pandas as pd

            return values[0] if len(values) == 1 else pd.concat(values, ignore_index=meta["renumber"])
        if meta["joined"] == "polars.frame":
            import polars as pl

            return pl.concat(values, rechunk=False)
        if meta["joined"] == "arrow.table":
            import pyarrow as pa

            return pa.concat_tables(values)
        return values


CODECS: dict[str, Codec] = {"parts": PartsCodec()}
