"""The contract of a codec, and what it is given to write and read with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from penstock.data.mapping import MappedColumn
from penstock.data.shared_text import SharedText
from penstock.model.product import Kind

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from penstock.data.manifest import Stored


@dataclass(slots=True)
class TableColumn:
    """A column to store: its Arrow data, or the stored column that it is the same as.

    `type` is what is told about it (`Int64`, `category`); `data` is None for one that is `same`. `comparable` is
    false when the smallest of the Arrow values is not the smallest of what they stand for. `claims` has an entry for
    each that still has to read the data; it is None where the data is kept. With `text` only the views are stored.
    """

    name: str
    type: str
    data: pa.ChunkedArray | pa.Array | None = None
    same: MappedColumn | None = None
    comparable: bool = True
    claims: list[None] | None = None
    text: SharedText | None = None

    def release(self) -> None:
        """One of those that claimed the data has read it; let it go with the last."""
        if self.claims is not None:
            self.claims.pop()
            if not self.claims:
                self.data = None


@dataclass(slots=True)
class Encoded:
    """What a codec makes of a value.

    Besides the JSON `meta`: columns (those of the index at the end) with their number of rows, or buffers that make
    up one file, or a small JSON value in line. `shared` is a stored file that the buffers are the same as. `given` says
    that nobody else has the value, so that each column may be freed as soon as it is stored.
    """

    codec: str
    kind: Kind
    meta: Any = None
    inline: Any = None
    columns: list[TableColumn] | None = None
    index_columns: int = 0
    rows: int | None = None
    one_batch: bool = False
    buffers: Sequence[Any] | None = None
    shared: MappedColumn | None = None
    given: bool = False
    preview: Any = None
    version: int = 1


class Scope(Protocol):
    """What a codec may ask for while it encodes one value."""

    @property
    def allow_pickle(self) -> bool:
        """Whether any object may be pickled."""

    def part(self, value: Any) -> int:
        """Store another value inside of this one and give its number. Raises ValueRefusedError."""

    def plain(self, value: Any) -> Any:
        """The JSON form of a value, parts of it stored for themselves. Raises ValueRefusedError."""

    def unchanged(
        self, values: np.ndarray, kind: pa.DataType, name: str, missing: Callable[[], np.ndarray | None]
    ) -> MappedColumn | None:
        """The stored column that these contiguous values are, when they are one and it is worth a reference.

        `missing` gives which of them are to be NULL, None for none of them.
        """

    def unchanged_array(self, values: np.ndarray) -> MappedColumn | None:
        """The stored array that these contiguous values are, when they are one and it is worth a reference."""


class Source(Protocol):
    """What a codec may ask for while it decodes one value."""

    stored: Stored
    in_worker: bool
    allow_pickle: bool

    def columns(self) -> list[pa.ChunkedArray]:
        """The columns as Arrow over a read-only mapping."""

    def writable(self, positions: Iterable[int]) -> dict[int, np.ndarray]:
        """The values of fixed-width columns, as bytes over a private mapping; what has none to give is left out."""

    def blob(self) -> memoryview:
        """The bytes of the file, mapped read-only."""

    def writable_blob(self) -> np.ndarray:
        """The bytes of the file over a private mapping."""

    def part(self, number: int) -> Any:
        """A value inside of this one."""

    def plain(self, form: Any) -> Any:
        """The value of a JSON form."""


class Codec(Protocol):
    """Turns values of one kind into what can be stored and back."""

    def encode(self, value: Any, scope: Scope) -> Encoded:
        """Take a value apart. Raises ValueRefusedError when it would not survive exactly."""

    def decode(self, source: Source) -> Any:
        """Put the value together again."""
