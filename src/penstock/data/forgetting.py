"""Removes all versions of an address at once: those that were made for one reader alone, who has read them."""

from __future__ import annotations

import re

from penstock.data.backend import Backend
from penstock.data.naming import unquote
from penstock.data.places import GATE, address_key
from penstock.model.product import Address


def forget(backend: Backend, address: Address) -> None:
    """Remove every version of an address, and its data; what somebody reads at this moment is left to `clean`.

    Only for an address that no other version refers to: its data is not looked for in their manifests.

    Raises:
        StorageError: the place refused.
    """
    place = address_key(address)
    with backend.lock(GATE):
        for name in backend.list(f"{place}/m"):
            backend.delete_unused(f"{place}/m/{name}")
        for attempt in backend.list(f"{place}/d"):
            folder = f"{place}/d/{attempt}"
            for name in backend.list(folder):
                backend.delete_unused(f"{folder}/{name}")
            backend.delete_folder(folder)
        backend.delete_unused(f"{place}/address.json")
        for folder in (f"{place}/m", f"{place}/d", place):
            backend.delete_folder(folder)


def left_over(backend: Backend, address: Address, pattern: re.Pattern[str], before: float) -> list[Address]:
    """Addresses of the same block that nobody came to forget: their process was killed.

    Args:
        backend: where the store is.
        address: any of the block.
        pattern: how the partitions are called that are for one reader alone.
        before: seconds since the epoch; what has changed since then may be under way.
    """
    block = address_key(address).rpartition("/")[0]
    found = [(name, unquote(name) or "") for name in backend.list(block)]
    return [
        Address(address.pipeline, address.block, partition)
        for name, partition in found
        if pattern.fullmatch(partition) and backend.modified(f"{block}/{name}") < before
    ]
