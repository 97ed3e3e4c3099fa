"""A file that is written in large pieces, whatever its writer hands over, so that reading it mapped costs little.

A page that is read through a mapping has to be entered into the reader's page table. The system does that for all of a
large page of its cache at once, and makes such pages when a write covers them whole.
"""

from __future__ import annotations

import io
import os
import sys
from functools import cache
from typing import Any

PIECE = 2**20
"""Bytes handed to the system at once, each time up to the next multiple. Measured on Linux 6.18 with ext4, for a
gigabyte of Arrow data: touching each page of a mapping took 40 ms when each buffer was written by itself, 27, 17 and
12 ms with gathered pieces of 256 kB, 512 kB and 1 MB; pieces of 2 MB took ten times as long to write."""

EARLY = 32 * 2**20
"""Bytes after which a long file begins to go to the disk, so that forcing it there at its end takes less."""

RESERVED = 2**20
"""Bytes of a buffer from which on their room on the disk is asked for in one call, before they are written."""

_MOST = 512
"""Buffers that wait for their piece at most; the system takes 1,024 in one call."""
_SYNC_FILE_RANGE_WRITE = 2
"""Of linux/fs.h: begin to write, wait for nothing."""
_FALLOC_FL_KEEP_SIZE = 1
"""Of linux/falloc.h: what is reserved counts as part of the file once it is written."""


class GatheringFile(io.FileIO):
    """A file that is written in pieces of `PIECE` bytes, from where the buffers lie.

    What nobody can change any more waits until its piece is full, or for `flush`; anything else is written at once.

    Args:
        path: a file that is not there yet.
        early: whether a long one begins to go to the disk before its end.
    """

    def __init__(self, path: str | os.PathLike[str], *, early: bool = True) -> None:
        super().__init__(path, "x")
        self._early = early
        self._held: list[memoryview] = []
        self._written = 0
        self._end = 0
        self._begun = 0

    def write(self, data: Any, /) -> int:
        """Take all of it; its length in bytes.

        Raises:
            OSError: the system refuses it, or what was taken before.
            ValueError: the file is closed.
        """
        if self.closed:  # else it would be held for ever
            raise ValueError("write to closed file")
        view = memoryview(data).cast("B")
        size = len(view)
        if size >= RESERVED:
            _reserve(self.fileno(), self._end, size)
        if size:
            self._held.append(view)
            self._end += size
        keeps = _stays(data) and len(self._held) < _MOST
        self._put(self._end - self._end % PIECE if keeps else self._end)
        return size

    def tell(self) -> int:
        """Where the next byte goes, also after something was written beside, by way of the descriptor."""
        return super().tell() + self._end - self._written

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go on elsewhere, as any file."""
        self.flush()
        self._end = self._written = super().seek(offset, whence)
        return self._end

    def truncate(self, size: int | None = None, /) -> int:
        """Cut the file off, or lengthen it, as any file: what is held counts. Raises OSError."""
        self.flush()
        return super().truncate(size)

    def flush(self) -> None:
        """Hand everything to the system. Raises OSError."""
        if not self.closed:
            self._put(self._end)

    def forget(self) -> None:
        """Drop what has not been handed to the system: the file is not wanted any more."""
        self._held.clear()
        self._end = self._written

    def begin_to_sync(self) -> None:
        """Have the system begin to write all of it to the disk, without waiting. Raises OSError."""
        self.flush()
        _begin_to_sync(self.fileno(), 0, 0)

    def _put(self, until: int) -> None:
        """Write what is held, as far as that position."""
        while self._written < until:
            piece = self._written + PIECE - self._written % PIECE
            done = _write(self.fileno(), self._first(min(until, piece) - self._written))
            self._written += done
            self._drop(done)
            if self._early and self._written - self._begun >= EARLY:
                _begin_to_sync(self.fileno(), self._begun, self._written - self._begun)
                self._begun = self._written

    def _first(self, size: int) -> list[memoryview]:
        """The first bytes of what is held, that many."""
        found: list[memoryview] = []
        for view in self._held:
            found.append(view[:size])
            size -= len(found[-1])
            if not size:
                break
        return found

    def _drop(self, size: int) -> None:
        """Let go of the first bytes of what is held, that many."""
        held = self._held
        at = 0
        while at < len(held) and size >= len(held[at]):
            size -= len(held[at])
            at += 1
        if size:
            held[at] = held[at][size:]
        del held[:at]


def _stays(data: Any) -> bool:
    """Whether nobody writes to that memory any more: Python's own bytes, and what Arrow hands to a file."""
    return type(data) is bytes or type(data).__module__ == "pyarrow.lib"


def _write(descriptor: int, parts: list[memoryview]) -> int:
    if hasattr(os, "writev"):
        return os.writev(descriptor, parts)
    return os.write(descriptor, b"".join(parts))


def _begin_to_sync(descriptor: int, start: int, length: int) -> None:
    """Have the system begin to write that range to the disk, without waiting for it, where that can be asked for."""
    if (ask := _sync_file_range()) is not None:
        ask(descriptor, start, length, _SYNC_FILE_RANGE_WRITE)


def _reserve(descriptor: int, start: int, length: int) -> None:
    """Have the file system find room for that range at once, where it can; else it does so block by block, as ever.

    Of what writing costs the processor, that saves a quarter on ext4. Not by `os.posix_fallocate`: where the file
    system cannot do it, the C library writes to every block instead. That there is no room is for the writing to tell.
    """
    if (ask := _fallocate()) is not None:
        ask(descriptor, _FALLOC_FL_KEEP_SIZE, start, length)


@cache
def _sync_file_range() -> Any:
    """The function of the C library, which Python has no name for; None where there is none."""
    return _of_the_system("sync_file_range", "iqqI")


@cache
def _fallocate() -> Any:
    """As `_sync_file_range`."""
    return _of_the_system("fallocate", "iiqq")


def _of_the_system(name: str, arguments: str) -> Any:
    """A function of Linux's C library; the types of its arguments are named as `struct` does."""
    if sys.platform != "linux":
        return None
    import ctypes

    kinds = {"i": ctypes.c_int, "I": ctypes.c_uint, "q": ctypes.c_int64}
    # Of several names for a function, the one that takes 64 bits everywhere.
    library = ctypes.CDLL(None)
    found = getattr(library, f"{name}64", None) or getattr(library, name, None)
    if found is not None:
        found.argtypes = tuple(kinds[kind] for kind in arguments)
    return found
