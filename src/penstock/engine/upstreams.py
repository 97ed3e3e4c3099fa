"""A block's upstreams as its language sees them: nothing is read before it is asked for, and each value once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from penstock.model.block import BlockType, Language
from penstock.model.errors import ProductMissingError, ValueRefusedError
from penstock.model.messages import InputOrder

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from penstock.data import ProductStore


class Upstream:
    """One upstream of a block; implements `languages.job.Input`.

    Args:
        order: which block it is and which version was pinned.
        store: where that version lies.
        memory: its outputs, where they are kept in this process because they could not be stored.
    """

    def __init__(self, order: InputOrder, store: ProductStore, memory: list[object] | None = None) -> None:
        self.block = order.block
        self.type = order.type
        self.language = order.language
        self.configuration: Mapping[str, Any] = order.configuration
        self._ref = order.ref
        self._store = store
        self._memory = memory
        self._value: list[object] | None = None

    def empty(self) -> bool:
        """Whether the upstream has no output at all."""
        if self._memory is not None:
            return not self._memory
        return self._ref is None or not self._store.manifest(self._ref).outputs

    def value(self) -> object:
        """The single output, else the list of them, empty when there is none; the same object each time."""
        if self._value is None:
            self._value = [self._load()]
        return self._value[0]

    def _load(self) -> object:
        if self._memory is not None:
            return self._memory[0] if len(self._memory) == 1 else self._memory
        if self._ref is None and self.type not in {"", BlockType.SENSOR}:
            raise ProductMissingError(
                f"reading the output of {self.block}: it was in the memory of a process that has ended",
                hint=f"Run the pipeline again, or let {self.block} return what can be stored.",
            )
        if self._ref is None or self.empty():
            return []
        value = self._store.load(self._ref)
        if self.language == Language.SQL and type(value).__name__ == "DataFrame":
            return as_expected(value, self._store.table(self._ref))
        return value

    def table(self) -> pa.Table:
        """The single output as Arrow, mapped.

        Raises:
            ValueRefusedError: it is not tabular, or there is none.
        """
        if self._ref is None:
            raise ValueRefusedError(
                f"reading the output of {self.block} as a table: the block has no output",
                hint=f"Return a frame from {self.block}.",
            )
        return self._store.table(self._ref)


def as_expected(frame: pd.DataFrame, table: pa.Table) -> pd.DataFrame:
    """The rows of a query in the types that a Python block expects.

    The stored version keeps the types of the query, which a later SQL block reads. Columns that need no change stay
    the mapped memory that they are.
    """
    from penstock.connect.sql.frames import expected_columns

    changed = expected_columns(table)
    if not changed:
        return frame
    names = frame.columns
    frame = frame.set_axis(range(len(names)), axis=1)
    for at, column in changed.items():
        frame[at] = column
    frame.columns = names
    return frame
