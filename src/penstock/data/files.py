"""The data files of one attempt: those that it writes, and those of other versions that it refers to."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from penstock.data.backend import Backend, DataWriter
from penstock.data.local import refused
from penstock.data.manifest import FileEntry
from penstock.data.mapping import map_shared

AT_ONCE = min(4, os.cpu_count() or 1)
"""Files that are written at the same time: one file takes what one processor can copy."""

Fill = Callable[[Any], None]
"""Writes the content of a file; is given the open file."""


class FileSink:
    """Counts and names the files of an attempt.

    What it refers to stays mapped until `close`, and so in use: retention leaves it alone until the manifest is there.

    Args:
        backend: where files go.
        folder: the key of the attempt's own folder; it is made with the first file.
    """

    def __init__(self, backend: Backend, folder: str) -> None:
        self.folder = folder
        self.entries: list[FileEntry] = []
        self._backend = backend
        self._numbers: dict[str, int] = {}
        self._pinned: dict[str, mmap.mmap] = {}
        self._owner: Any = None

    def own_bytes(self) -> int:
        """The bytes that were written so far."""
        return sum(entry.size for entry in self.entries if entry.own)

    def write(self, name: str, fill: Fill) -> int:
        """Write a file and give its number; as `write_all`."""
        return self.write_all([(name, fill)])[0]

    def write_all(self, parts: Sequence[tuple[str, Fill]], meanwhile: Callable[[], object] | None = None) -> list[int]:
        """Write files, several at the same time, and give their numbers in that order.

        Args:
            parts: the name of each file, and what is given the open file; a number is put before its ending when the
                name is taken. Several are filled in threads of their own.
            meanwhile: what else there is to do, while the disk takes a single file in.

        Raises:
            StorageError: the disk refused; nothing of the files is left.
        """
        if self._owner is None:
            self._owner = self._backend.own(f"{self.folder}/owner")
        writers: list[DataWriter] = []
        keys: list[str] = []
        try:
            for name, _ in parts:
                keys.append(self._free_key(name, keys))
                writers.append(self._backend.create(keys[-1]))
            sizes = _filled(keys, writers, [fill for _, fill in parts], meanwhile)
        except BaseException:
            for writer in writers:
                writer.discard()
            raise
        for key, size in zip(keys, sizes, strict=True):
            self._numbers[key] = len(self.entries)
            self.entries.append(FileEntry(key, size))
        return [self._numbers[key] for key in keys]

    def _free_key(self, name: str, taken: Sequence[str]) -> str:
        stem, dot, ending = name.rpartition(".")
        key = f"{self.folder}/{name}"
        at = 1
        while key in self._numbers or key in taken:
            key = f"{self.folder}/{stem}-{at}{dot}{ending}"
            at += 1
        return key

    def blob(self, name: str, buffers: Sequence[Any]) -> int:
        """Write buffers one after the other into a file and give its number."""

        def fill(file: Any) -> None:
            for buffer in buffers:
                left = memoryview(buffer).cast("B")
                while left.nbytes:
                    left = left[file.write(left) :]

        return self.write(name, fill)

    def pin(self, key: str) -> bool:
        """Keep a file of another version in use; False when it is gone."""
        if key in self._numbers:
            return True
        if key not in self._pinned:
            try:
                self._pinned[key] = map_shared(self._backend, key)
            except FileNotFoundError:
                return False
        return True

    def reference(self, key: str) -> int:
        """The number of a pinned file."""
        if key not in self._numbers:
            self._numbers[key] = len(self.entries)
            self.entries.append(FileEntry(key, len(self._pinned[key]), own=False))
        return self._numbers[key]

    def close(self, *, keep: bool) -> None:
        """Let go of everything; without `keep` the files that were written are removed."""
        self._pinned.clear()
        if self._owner is not None:
            self._owner.close()
            self._owner = None
            self._backend.discard(f"{self.folder}/owner")
        if not keep:
            for entry in self.entries:
                if entry.own:
                    self._backend.discard(entry.key)
            self._backend.delete_folder(self.folder)


def _filled(
    keys: Sequence[str],
    writers: Sequence[DataWriter],
    fills: Sequence[Fill],
    meanwhile: Callable[[], object] | None,
) -> list[int]:
    """Fill and finish the files; their sizes. Raises what the first that failed has raised, when none goes on."""

    def one(key: str, writer: DataWriter, fill: Fill) -> None:
        try:
            fill(writer.file)
        except OSError as error:
            raise refused(error, f"writing {key}") from error
        if len(fills) > 1 or meanwhile is not None:
            writer.written()

    if len(fills) == 1:
        one(keys[0], writers[0], fills[0])
        if meanwhile is not None:
            meanwhile()
        return [writers[0].finish()]
    with ThreadPoolExecutor(min(len(fills), AT_ONCE), "writing") as pool:
        # The disk goes on with the one while the next is filled; forcing the first there brings much of the others.
        list(pool.map(one, keys, writers, fills))
        return list(pool.map(lambda writer: writer.finish(), writers))
