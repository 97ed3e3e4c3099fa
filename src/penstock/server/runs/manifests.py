"""The manifests of versions, kept once read: a version never changes. Safe in any thread."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace

from penstock.data import Manifest, ProductStore
from penstock.model.errors import PenstockError
from penstock.model.product import Address, ProductRef

KEPT = 1500
"""A manifest takes some ten kilobytes, its preview included."""
COMPARED = 64 << 20
"""Bytes of a version that are compared with those of another: a tenth of a second when they are in memory."""
STEP = 1 << 20


class Manifests:
    """Reads manifests of a store; what cannot be read counts as not there."""

    def __init__(self, store: ProductStore) -> None:
        self._store = store
        self._kept: OrderedDict[tuple[Address, int], Manifest] = OrderedDict()
        self._lock = threading.Lock()

    def latest(self, address: Address, *, good: bool = True) -> Manifest | None:
        """The newest version; with `good`, the newest whose checks passed."""
        return next((found for found in self._newest_first(address) if found.good or not good), None)

    def last_good(self, address: Address, *, before: str) -> Manifest | None:
        """The newest version whose checks passed and that was made before that moment, ISO 8601 in UTC."""
        return next((found for found in self._newest_first(address) if found.good and found.created_at < before), None)

    def previous(self, ref: ProductRef) -> Manifest | None:
        """The newest good version before that one."""
        earlier = (found for found in self._newest_first(ref.address) if found.ref.version < ref.version)
        return next((found for found in earlier if found.good), None)

    def of(self, ref: ProductRef) -> Manifest | None:
        """The manifest of a version."""
        try:
            return self._store.manifest(ref)
        except PenstockError:
            return None

    def hold_same(self, one: Manifest, other: Manifest) -> bool:
        """Whether two versions hold the same, byte by byte; False as well where they are too large to be compared."""
        if not _told_same(one, other) or sum(entry.size for entry in one.files) > COMPARED:
            return False
        try:
            return all(
                mine.key == its.key or self._same_bytes(mine.key, its.key)
                for mine, its in zip(one.files, other.files, strict=True)
                if mine.size
            )
        except (PenstockError, OSError):  # removed since
            return False

    def _same_bytes(self, one: str, other: str) -> bool:
        backend = self._store.backend
        with backend.open_mapped(one) as mine, backend.open_mapped(other) as its:
            return all(mine[at : at + STEP] == its[at : at + STEP] for at in range(0, max(len(mine), len(its)), STEP))

    def _newest_first(self, address: Address) -> Iterator[Manifest]:
        try:
            numbers = self._store.numbers(address)
        except OSError:
            return
        for number in numbers:
            found = self._kept.get((address, number))
            if found is None:
                try:
                    found = self._store.numbered(address, number)
                except PenstockError:
                    continue
                if found is None:
                    continue
                with self._lock:
                    self._kept[address, number] = found
                    while len(self._kept) > KEPT:
                        self._kept.popitem(last=False)
            yield found


def _told_same(one: Manifest, other: Manifest) -> bool:
    """Whether all that is told of two versions is the same; how much of it was new on disk says nothing of them."""
    mine, its = ([replace(each, stored_bytes=0) for each in manifest.summaries()] for manifest in (one, other))
    return (
        mine == its
        and [output.stored for output in one.outputs] == [output.stored for output in other.outputs]
        and [entry.size for entry in one.files] == [entry.size for entry in other.files]
    )
