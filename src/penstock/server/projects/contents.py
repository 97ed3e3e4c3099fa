"""The text of files: read for the editor, saved without overwriting what the editor has not seen."""

from __future__ import annotations

import difflib
import os
import re
import stat
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from penstock.model.errors import (
    ConflictError,
    EditRefusedError,
    FileInvalidError,
    FileMissingError,
    Location,
    StorageError,
)
from penstock.project.text_file import TextFile, create_text, read_bytes, read_text, revision_of, write_text
from penstock.server.projects.resolver import Resolver
from penstock.server.projects.versions import Versions

LARGEST_SHOWN = 5 * 1024 * 1024
"""Bytes of the largest file that the editor opens."""
_BREAK = re.compile(r"\r\n|\r|\n")
_SNIFFED = 8192


@dataclass(frozen=True, slots=True)
class Text:
    """What the editor shows of a file: its text, or None and the problem in one sentence."""

    content: str | None
    revision: str
    size: int
    modified: float
    encoding: str | None = None
    problem: str | None = None


class Contents:
    """Reads and saves files of the project.

    Args:
        resolver: what turns paths into files.
        versions: where replaced contents go.
        lock: held while something is changed.
        tell: told the paths that have changed.
    """

    def __init__(
        self, resolver: Resolver, versions: Versions, lock: threading.RLock, tell: Callable[[Iterable[Path]], None]
    ) -> None:
        self._resolver = resolver
        self._versions = versions
        self._lock = lock
        self._tell = tell

    def read(self, path: str) -> Text:
        """The text of a file of the project.

        Raises:
            PathRefusedError: the path is not one of the project.
            FileMissingError: there is no such file.
            FileInvalidError: it is a folder or no regular file, or may not be read.
        """
        return read_shown(self._resolver.resolve(path).path, path)

    def save(self, path: str, content: str, revision: str | None) -> TextFile:
        """Write a file: a new one when `revision` is None, else in place of the content of that revision.

        The byte order mark, the mode and the line breaks of lines that stay are kept; the content that was replaced
        becomes a version.

        Raises:
            ConflictError: the file is no longer the one that was seen, or is there already; its details tell.
            PathRefusedError: the path is not one of the project.
            FileInvalidError: the file there is no text, or `content` is not.
            StorageError: the disk refuses; the old content stands.
        """
        resolved = self._resolver.for_writing(path)
        _check_text(path, content)
        with self._lock:
            if revision is None:
                saved = self._create(resolved.path, resolved.relative, content)
            else:
                saved = self._replace(resolved.path, resolved.relative, content, revision)
        self._tell([resolved.path])
        return saved

    def restore(self, path: str, version: str, data: bytes) -> TextFile:
        """Write the bytes of an earlier version, whatever the file holds now; what it holds becomes a version.

        Raises:
            FileInvalidError: the version is no text.
            StorageError: the disk refuses.
        """
        text = _decoded(data)
        if text is None:
            raise FileInvalidError(f"restoring {path} as of {version[:12]}: that version is not UTF-8 text", hint="")
        resolved = self._resolver.for_writing(path)
        with self._lock:
            if not os.path.lexists(resolved.path):
                saved = create_text(resolved.path, text)
            else:
                file = _read_present(resolved.path, path)
                self._versions.keep(resolved.relative, read_bytes(resolved.path))
                saved = write_text(file, text)
        self._tell([resolved.path])
        return saved

    def _create(self, path: Path, shown: str, content: str) -> TextFile:
        if os.path.lexists(path):
            raise self._conflict(path, shown, f"creating {shown}: it exists already")
        try:
            return create_text(path, content)
        except EditRefusedError as error:  # somebody was faster
            raise self._conflict(path, shown, f"creating {shown}: it exists already") from error

    def _replace(self, path: Path, shown: str, content: str, revision: str) -> TextFile:
        if not path.exists():
            raise ConflictError(
                f"saving {shown}: it has been deleted or moved since it was opened",
                hint="Save it as a new file, or close it.",
                details={"revision": None, "content": None},
            )
        file = _read_present(path, shown)
        if file.revision != revision:
            raise self._conflict(path, shown, f"saving {shown}: it has changed since it was opened", file)
        text = keep_breaks(file.text, content)
        if text == file.text:
            return file
        _check_writable(path, shown)
        self._versions.keep(shown, read_bytes(path))
        try:
            return write_text(file, text)
        except EditRefusedError as error:
            raise self._conflict(path, shown, f"saving {shown}: it has changed since it was opened") from error

    def _conflict(self, path: Path, shown: str, message: str, file: TextFile | None = None) -> ConflictError:
        if file is None:
            with suppress(FileInvalidError):
                file = read_text(path)
        return ConflictError(
            message,
            hint="Merge your text with that of the file, or choose one of them.",
            location=Location(shown),
            details={"revision": file.revision if file else None, "content": file.text if file else None},
        )


def read_shown(path: Path, shown: str) -> Text:
    """The text of a file; raises as `Contents.read`. What is too large, binary or not UTF-8 has a `problem` instead."""
    try:
        state = path.stat()
    except (OSError, ValueError) as error:
        raise missing(shown, error) from error
    if stat.S_ISDIR(state.st_mode):
        raise FileInvalidError(f"reading {shown}: it is a folder", hint="Open a file in it.")
    if state.st_size > LARGEST_SHOWN:
        size = f"{state.st_size / 2**20:,.0f} MB"
        large = f"It has {size}; files of up to {LARGEST_SHOWN // 2**20} MB open here. Download it instead."
        return Text(None, "", state.st_size, state.st_mtime, problem=large)
    data = _bytes(path, shown)
    text = _decoded(data)
    bom = data.startswith(b"\xef\xbb\xbf")
    problem = None if text is not None else _why_no_text(data)
    encoding = None if text is None else "utf-8-sig" if bom else "utf-8"
    return Text(text, revision_of(data), len(data), state.st_mtime, encoding, problem)


def missing(shown: str, error: Exception) -> FileMissingError | FileInvalidError:
    """What to raise when a file cannot be opened."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return FileMissingError(
            f"reading {shown}: there is no such file", hint="It may have been moved or deleted; look in the folder."
        )
    cause = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return FileInvalidError(f"reading {shown}: {cause}", hint="Check that the file may be read.")


def keep_breaks(old: str, new: str) -> str:
    """The new text with the line breaks that its lines have in the old one; editors know only one kind.

    Lines that are new get the kind that the old text has most of.
    """
    kinds: list[str] = _BREAK.findall(old)
    if "\r" in new or not kinds or set(kinds) == {"\n"}:
        return new
    usual = max(("\n", "\r\n", "\r"), key=kinds.count)
    if len(set(kinds)) == 1:
        return new.replace("\n", usual)
    before, after = _BREAK.split(old), new.split("\n")
    breaks = [usual] * (len(after) - 1)
    for start, other, size in difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
        for offset in range(size):
            if start + offset < len(kinds) and other + offset < len(breaks):
                breaks[other + offset] = kinds[start + offset]
    return "".join(line + end for line, end in zip(after, [*breaks, ""], strict=True))


def _read_present(path: Path, shown: str) -> TextFile:
    try:
        return read_text(path)
    except FileInvalidError as error:
        raise FileInvalidError(
            error.message.replace(str(path), shown).replace("reading", "saving", 1), hint=error.hint
        ) from error


def _bytes(path: Path, shown: str) -> bytes:
    try:
        return read_bytes(path)
    except FileInvalidError as error:
        cause = error.__cause__
        raise missing(shown, cause if isinstance(cause, OSError | ValueError) else error) from error


def _decoded(data: bytes) -> str | None:
    if b"\0" in data[:_SNIFFED]:
        return None
    try:
        return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError:
        return None


def _why_no_text(data: bytes) -> str:
    if b"\0" in data[:_SNIFFED]:
        return "It is not a text file. Download it to look at it."
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return f"It is not UTF-8: byte 0x{data[error.start]:02x} on line {line}. Save it as UTF-8 in another editor."
    return "It is not a text file."


def _check_text(path: str, content: str) -> None:
    try:
        content.encode("utf-8")
    except UnicodeEncodeError as error:
        raise FileInvalidError(
            f"saving {path}: the text holds half of a character at position {error.start}", hint="Remove it."
        ) from error


def _check_writable(path: Path, shown: str) -> None:
    """A file that its owner has made read-only stays as it is, although replacing it would be possible."""
    if not os.access(path, os.W_OK):
        raise StorageError(
            f"saving {shown}: the file is read-only", hint="Make it writable, or save under another name."
        )
