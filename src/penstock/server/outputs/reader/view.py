"""Any tabular output as columns for showing, whatever library it came from and without that library.

A block reads a table back exactly as it was; a viewer wants its values. So a pandas frame is not made here: booleans,
categories, zones and indexes are read off the stored columns. What has no Arrow type of its own keeps the form in which
it is stored and a note (`form`) of how to write it for a person.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.data.codecs.arrow_table import without_views
from penstock.model.errors import ValueRefusedError
from penstock.model.product import Column, Kind

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.data import Manifest, OutputEntry


@dataclass(slots=True)
class ViewColumn:
    """A column to show.

    Attributes:
        name: as the user knows it; several columns may have the same.
        type: what its library calls its type.
        index: whether it is a part of a pandas index.
        form: how values are written when the Arrow type does not say it: json, period:<freq>, interval:<closed>,
            complex, geometry; else empty.
        statistics: what was found when it was stored.
        rank: makes what it is sorted by, when that is not the values: the codes of ordered categories.
    """

    name: str
    type: str
    make: Callable[[], pa.ChunkedArray]
    index: bool = False
    form: str = ""
    statistics: Column | None = None
    rank: Callable[[], pa.ChunkedArray] | None = None
    _data: pa.ChunkedArray | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def data(self) -> pa.ChunkedArray:
        """The values; made when they are first asked for."""
        with self._lock:
            if self._data is None:
                made = self.make()
                # Of a dictionary only the few words are made anew; of anything else that would be the whole column.
                self._data = without_views(made) if str(made.type).startswith(("dictionary", "run_end")) else made
            return self._data


@dataclass(slots=True)
class View:
    """A table to show: its columns, those of an index first, and its number of rows."""

    manifest: Manifest
    entry: OutputEntry
    columns: list[ViewColumn]
    rows: int

    @property
    def key(self) -> tuple[str, str]:
        """What tells this table apart from all others."""
        return str(self.manifest.ref), self.entry.summary.name


def refuse_table(manifest: Manifest, entry: OutputEntry) -> ValueRefusedError:
    """The output is no table."""
    kind = entry.summary.kind
    hint = "Open it as a value." if kind is not Kind.TABLE else "Return a pandas, polars or Arrow table."
    return ValueRefusedError(
        f"reading {entry.summary.name} of {manifest.ref} as a table: it is {kind.value} ({entry.stored.codec})",
        hint=hint,
    )
