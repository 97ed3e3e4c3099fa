"""The block files that nothing of the project uses: no pipeline, and no other file by importing or naming them.

What cannot be read may use anything that it names. So a pipeline with a broken file takes the files that its text
names out of the list, and one whose text cannot be had takes all of them: nobody is to delete a file on our word that
a pipeline needs.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path

from penstock.model.block import BlockType
from penstock.model.errors import FileInvalidError
from penstock.project.layout import METADATA, PIPELINES
from penstock.project.text_file import read_bytes
from penstock.server.projects.index import IndexEntry, Stamp
from penstock.server.projects.library import library
from penstock.server.projects.mentions import named_files, named_modules, named_paths, words
from penstock.server.projects.parts import Parts
from penstock.server.projects.text_search import files_below
from penstock.server.schema.blocks import LibraryBlock
from penstock.server.schema.files import UnusedFile, UnusedFiles

MOST_FILES = 50_000
"""Files whose text is looked through; of a larger project nothing is said to be unused."""
LARGEST = 2 * 1024 * 1024
"""Bytes of the largest text that is looked through; code that somebody writes has a few kilobytes."""
_DATA = frozenset({".yaml", ".yml"})
_CODE = frozenset({".py", ".sql", ".r", ".R", ".sh", *_DATA})
_NOT_READ = frozenset({BlockType.EXTENSION.value})
"""Types whose place in a pipeline's file is not read, so that nobody knows which of their files are used."""


class Unused:
    """Finds unused block files. Safe in any thread.

    Args:
        parts: the files.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Stamp, frozenset[str]]] = {}

    def files(self) -> UnusedFiles:
        """All of them by path, and what could not be read while looking."""
        entries = self._parts.index.entries()
        candidates = [block for block in library(self._parts).blocks if not block.pipelines and _may_be_block(block)]
        with self._lock:
            named, unread, whole = self._named()
        unread = sorted({*unread, *(_file_of(entry) for entry in entries.values() if entry.error is not None)})
        candidates = [block for block in candidates if named.isdisjoint({block.file, Path(block.file).name})]
        doubtful = _without_file(entries.values())
        left = [block for block in candidates if block.name not in doubtful]
        perhaps = [self._words(path) for path in unread]
        certain = [block for block in left if not _may_be_used(block, perhaps)] if whole else []
        files = [file for block in certain if (file := self._shown(block)) is not None]
        files.sort(key=lambda file: file.path)
        return UnusedFiles(files, unread, withheld=len(candidates) - len(certain))

    def _named(self) -> tuple[set[str], list[str], bool]:
        """The files that other files name, those that could not be read, and whether all were looked at."""
        known: dict[str, tuple[Stamp, frozenset[str]]] = {}
        unread: list[str] = []
        seen = 0
        for path in islice(files_below(self._parts.resolver, self._parts.root), MOST_FILES + 1):
            seen += 1
            if path.suffix not in _CODE:
                continue
            relative = self._parts.relative(path)
            try:
                known[relative] = self._mentions(path, relative)
            except FileNotFoundError:
                continue  # it has gone in this moment
            except (OSError, FileInvalidError):
                unread.append(relative)
        self._known = known
        return {name for _, names in known.values() for name in names}, unread, seen <= MOST_FILES

    def _mentions(self, path: Path, relative: str) -> tuple[Stamp, frozenset[str]]:
        state = path.stat()
        stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
        before = self._known.get(relative)
        if before is not None and before[0] == stamp:
            return before
        if state.st_size > LARGEST:
            raise OSError(f"{relative} is too large to look through")
        text = read_bytes(path).decode("utf-8", "replace")
        found = named_paths(text)
        if path.suffix not in _DATA:
            found |= named_files(text)
        if path.suffix == ".py":
            found |= named_modules(text, relative)
        return stamp, frozenset(found - {relative})

    def _words(self, path: str) -> set[str] | None:
        """What stands in a file that could not be understood; None when its text cannot be had."""
        with suppress(OSError, FileInvalidError):
            file = self._parts.root / path
            if file.stat().st_size <= LARGEST:
                return words(read_bytes(file).decode("utf-8", "replace"))
        return None

    def _shown(self, block: LibraryBlock) -> UnusedFile | None:
        try:
            state = os.lstat(self._parts.root / block.file)
        except OSError:
            return None
        return UnusedFile(block.file, block.type, block.language, state.st_size, state.st_mtime)


def _may_be_used(block: LibraryBlock, perhaps: Iterable[set[str] | None]) -> bool:
    """Whether a file that could not be read may use this one: it names it, or nobody knows what it names."""
    names = {block.file, block.name, block.name.rpartition("/")[2]}
    return any(text is None or not names.isdisjoint(text) for text in perhaps)


def _may_be_block(block: LibraryBlock) -> bool:
    """Files that begin with `_` are modules of the others, by their name."""
    return block.type not in _NOT_READ and not block.name.rpartition("/")[2].startswith("_")


def _without_file(entries: Iterable[IndexEntry]) -> set[str]:
    """The blocks of which it is not known which file is theirs, as those of a type of another version."""
    return {block.uuid for entry in entries for block in entry.every_block() if not block.file}


def _file_of(entry: IndexEntry) -> str:
    return f"{PIPELINES}/{entry.uuid}/{METADATA}"
