"""What the reader keeps open: the views of the outputs that were asked for last, and orders of their rows."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from penstock.data import Manifest, ProductStore
from penstock.data.places import manifest_key, version_number
from penstock.data.store import entry_of
from penstock.model.errors import ProductMissingError
from penstock.model.product import Address, ProductRef
from penstock.server.outputs.reader.questions import Target
from penstock.server.outputs.reader.stored import open_view
from penstock.server.outputs.reader.view import View
from penstock.server.outputs.reader.work import Work

if TYPE_CHECKING:
    import numpy as np

T = TypeVar("T")

OPEN = 16
"""Views that stay open; an open file is in use, so that cleaning up leaves it alone."""

ANSWERS = 200
"""Small answers (profiles) that are kept."""


class Shelf:
    """The store as the reader sees it.

    Args:
        store: where products are.
        memory: bytes for orders of rows.
    """

    def __init__(self, store: ProductStore, memory: int) -> None:
        self.store = store
        self.orders = Orders(memory)
        self.answers: Kept[Any] = Kept(ANSWERS)
        self._views: Kept[View] = Kept(OPEN)

    def manifest(self, target: Target) -> Manifest:
        """The version that is meant.

        Raises:
            ProductMissingError: there is none.
            ProductCorruptError: it cannot be read.
        """
        address = Address(target.pipeline, target.block, target.partition)
        if target.version:
            return self.store.manifest(ProductRef(address, target.version))
        found = self.store.latest(address) or next(iter(self.store.versions(address)), None)
        if found is None:
            raise ProductMissingError(
                f"reading the output of {address}: nothing is stored yet", hint="Run the block first."
            )
        return found

    def view(self, target: Target) -> View:
        """The table that is meant. Raises as `manifest`; ValueRefusedError when it is no table."""
        known = self._views.get(target) if target.version else None
        if known is not None and self._is_there(known.manifest.ref):
            return known
        manifest = self.manifest(target)
        entry = entry_of(manifest, target.output or None)
        exact = Target(
            pipeline=target.pipeline,
            block=target.block,
            partition=target.partition,
            version=manifest.ref.version,
            output=entry.summary.name,
            place=target.place,
        )
        view = self._views.get(exact)
        if view is None:
            view = open_view(self.store.reader(manifest), entry, target.place)
            self._views.put(exact, view)
        if target.version:
            self._views.put(target, view)
        return view

    def _is_there(self, ref: ProductRef) -> bool:
        """Whether the version has not been cleaned since it was opened."""
        number = version_number(ref.version)
        return number is not None and self.store.backend.size(manifest_key(ref.address, number)) is not None


class Kept(Generic[T]):
    """The newest so many things by key. Safe in several threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._things: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """What is kept under that key."""
        with self._lock:
            found = self._things.get(key)
            if found is not None:
                self._things.move_to_end(key)
            return found

    def put(self, key: Hashable, thing: T) -> None:
        """Keep a thing, and let the one go that was not asked for longest."""
        with self._lock:
            self._things[key] = thing
            self._things.move_to_end(key)
            while len(self._things) > self._limit:
                self._things.popitem(last=False)


class Orders:
    """Row numbers in the order of a sort or filter, as long as there is room. What two ask for is made once.

    Args:
        limit: bytes of all together.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[Hashable, np.ndarray] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()
        self._numbers: np.ndarray | None = None

    def get(self, key: Hashable) -> np.ndarray | None:
        """The order, when it is there."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def make(self, key: Hashable, work: Work, build: Callable[[], np.ndarray]) -> np.ndarray:
        """The order; built by this thread unless another one is at it."""
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        while not making.acquire(timeout=0.05):
            work.check()
        try:
            found = self.get(key)
            if found is None:
                found = build()
                self._put(key, found)
            return found
        finally:
            making.release()
            with self._lock:
                if not making.locked():
                    self._making.pop(key, None)

    def _put(self, key: Hashable, order: np.ndarray) -> None:
        with self._lock:
            self._kept[key] = order
            while sum(kept.nbytes for kept in self._kept.values()) > self._limit and len(self._kept) > 1:
                self._kept.popitem(last=False)

    def numbers(self, rows: int) -> np.ndarray:
        """The numbers from 0, so many; one array serves all tables."""
        import numpy as np

        with self._lock:
            if self._numbers is None or len(self._numbers) < rows:
                self._numbers = np.arange(rows, dtype=np.int32 if rows < 2**31 else np.int64)
            return self._numbers[:rows]
