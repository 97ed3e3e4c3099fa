"""A block's upstreams as its language sees them: nothing is read before it is asked for, and each value once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from penstock.model.messages import InputOrder

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.data import ProductStore


class Upstream:
    """One upstream of a block; implements `languages.job.Input`.

    Args:
        order: which block it is and which version was pinned.
        store: where that version lies.
    """

    def __init__(self, order: InputOrder, store: ProductStore) -> None:
        self.block = order.block
        self.type = order.type
        self.language = order.language
        self.configuration: Mapping[str, Any] = order.configuration
        self._ref = order.ref
        self._store = store
        self._value: list[object] | None = None

    def empty(self) -> bool:
        """Whether the upstream has no output at all."""
        return self._ref is None or not self._store.manifest(self._ref).outputs

    def value(self) -> object:
        """The single output, else the list of them, empty when there is none; the same object each time."""
        if self._value is None:
            self._value = [[] if self.empty() or self._ref is None else self._store.load(self._ref)]
        return self._value[0]

    def table(self) -> pa.Table:
        """The single output as Arrow, mapped.

        Raises:
            ValueRefusedError: it is not tabular, or there is none.
        """
        from penstock.model.errors import ValueRefusedError

        if self._ref is None:
            raise ValueRefusedError(
                f"reading the output of {self.block} as a table: the block has no output",
                hint=f"Return a frame from {self.block}.",
            )
        return self._store.table(self._ref)
