"""What the store needs of the place where it keeps things: the contract that local disk and object stores implement.

A key is a path of `/`-separated ASCII names below the store's root; it never starts with `/` and has no `..` in it.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Any, BinaryIO, Protocol

ASIDE = ".new-"
"""How the names of objects start that are being put; one of long ago was left by a process that was killed."""


class Durability(StrEnum):
    """What a publication survives.

    `POWER`: loss of power. `PROCESS`: the end of any process, not of the machine: nothing is forced to the disk.
    `DEFERRED`: as `POWER`, but files of `LATER` bytes and more, and the versions that need such a file or one of
    another version, are forced by whoever has ordered them; see `deferral`.
    """

    POWER = "power"
    DEFERRED = "deferred"
    PROCESS = "process"


LATER = 8 * 2**20
"""Bytes of a file from which on forcing it takes long enough to be deferred: about 5 ms."""


class DataWriter(Protocol):
    """A new data object that is being written; nobody else sees it before it is named by a manifest."""

    file: BinaryIO

    def written(self) -> None:
        """All of it is written: have it become durable, without waiting."""

    def finish(self) -> int:
        """Make it complete and durable; gives its size in bytes. Raises StorageError."""

    def discard(self) -> None:
        """Give it up and remove what was written."""


class Lock(Protocol):
    """A held lock with the small record that it guards; the record is empty at first."""

    def read(self) -> bytes:
        """The record."""

    def write(self, record: bytes) -> None:
        """Replace the record; a reader never sees a mixture of both. Raises StorageError."""


class Backend(Protocol):
    """Where a store keeps manifests and data. Every method raises StorageError when the place refuses."""

    durability: Durability

    def put_if_absent(self, key: str, content: bytes, *, later: bool = False) -> bool:
        """Create an object, whole and durable, unless the key is taken; says whether it did.

        With `later` it becomes durable when it is forced.
        """

    def create(self, key: str) -> DataWriter:
        """Start a data object under a key that nobody else uses."""

    def read(self, key: str) -> bytes:
        """A whole object. Raises FileNotFoundError."""

    def size(self, key: str) -> int | None:
        """The size of an object in bytes, None when there is none."""

    def modified(self, key: str) -> float:
        """When the object or folder was changed last, in seconds since the epoch; 0 when there is none."""

    def list(self, prefix: str) -> list[str]:
        """The names directly below a key, unordered; empty when there is nothing."""

    def discard(self, key: str) -> None:
        """Remove an object that this process wrote and nobody else knows of. What is missing is no error."""

    def delete_unused(self, key: str) -> int | None:
        """Remove an object unless it is in use (then None); gives the bytes freed. What is missing is no error."""

    def delete_folder(self, key: str) -> bool:
        """Remove what has the look of an empty folder, where there is such a thing; says whether it is gone."""

    def in_use(self, key: str) -> bool:
        """Whether a live process has the data object mapped, or holds the lock of that key."""

    def open_mapped(self, key: str) -> mmap.mmap:
        """Map a data object read-only. It is in use until the mapping is gone. Raises FileNotFoundError."""

    def map_private(self, key: str, offset: int, length: int) -> tuple[mmap.mmap, int]:
        """Map a range so that writing to it stays private; gives the mapping and where in it the range starts."""

    def lock(self, key: str, *, shared: bool = False, create: bool = True) -> AbstractContextManager[Lock | None]:
        """Hold a lock between processes and threads; None when it does not exist and may not be created."""

    def own(self, key: str) -> Any:
        """Claim a key for the life of this process or until the result's `close` is called; see `in_use`."""

    def force(self, keys: Sequence[str]) -> None:
        """Force objects to the disk, and the names in the folder of the last. Raises FileNotFoundError."""

    def walk(self, prefix: str) -> Iterator[str]:
        """The keys of all objects below a key."""
