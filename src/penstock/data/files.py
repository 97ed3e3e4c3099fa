"""The data files of one attempt: those that it writes, and those of other versions that it refers to."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence
from typing import Any

from penstock.data.backend import Backend
from penstock.data.local import refused
from penstock.data.manifest import FileEntry
from penstock.data.mapping import map_shared


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

    def write(self, name: str, fill: Callable[[Any], None]) -> int:
        """Write a file and give its number.

        Args:
            name: of the file; a number is put before its ending when it is taken.
            fill: is given the open file.

        Raises:
            StorageError: the disk refused; nothing of the file is left.
        """
        if self._owner is None:
            self._owner = self._backend.own(f"{self.folder}/owner")
        key = self._free_key(name)
        writer = self._backend.create(key)
        try:
            fill(writer.file)
        except OSError as error:
            writer.discard()
            raise refused(error, f"writing {key}") from error
        except BaseException:
            writer.discard()
            raise
        size = writer.finish()
        self._numbers[key] = len(self.entries)
        self.entries.append(FileEntry(key, size))
        return self._numbers[key]

    def _free_key(self, name: str) -> str:
        stem, dot, ending = name.rpartition(".")
        key = f"{self.folder}/{name}"
        at = 1
        while key in self._numbers:
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
