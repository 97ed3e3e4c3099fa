"""Reads the logs of a run a page at a time, forwards and backwards, over the files that they were rotated into.

A place in the logs is the time of a line, its block, the file's inode and the offset in it: inodes stay when files are
renamed, so that a place keeps its meaning while the log goes on.
"""

from __future__ import annotations

import heapq
import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from penstock.config.settings import LEVELS
from penstock.data.naming import quote
from penstock.model.errors import SettingInvalidError
from penstock.observe.record import KEPT_FILES, RUN_LOG

LOOKED_AT = 200_000
"""Lines that one page may look through for those that are wanted; it ends there and says so."""

PAGE_BYTES = 1024 * 1024
_CHUNK = 1 << 16
_FIRST_CHUNK = 1 << 12
OPEN_FILES = 100
"""Log files that one reading keeps open."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line; `at` in seconds since the epoch, `stream` empty for what came through a logger."""

    at: float
    level: str
    block: str
    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines, oldest first.

    `next` leads to what comes after them (later, too, when more was written), `previous` back; `truncated` says that
    there is more in the direction that was read.
    """

    lines: list[LogLine]
    next: str
    previous: str
    truncated: bool


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """Where a line begins; places compare in the order in which lines are shown."""

    at: str
    block: str
    part: int
    offset: int


@dataclass(frozen=True, slots=True)
class _Part:
    path: Path
    inode: int
    size: int
    files: LogFiles

    @property
    def file(self) -> BinaryIO:
        """The file, opened if it is not; somewhere in it."""
        return self.files.opened(self.path, self.inode)


class LogFiles:
    """Log files that are being read: a run may have more blocks than a process may have files, so few are open at once.

    A context manager that closes them.
    """

    def __init__(self, most: int = OPEN_FILES) -> None:
        self._most = most
        self._open: dict[int, BinaryIO] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._open.values():
            file.close()
        self._open.clear()

    def opened(self, path: Path, inode: int) -> BinaryIO:
        """The file of that inode, which may have been renamed meanwhile; an empty one when it is gone."""
        file = self._open.pop(inode, None)
        if file is None:
            file = _find(path, inode)
            if len(self._open) >= self._most:
                self._open.pop(next(iter(self._open))).close()
        self._open[inode] = file  # the one that was used last is closed last
        return file


def _find(path: Path, inode: int) -> BinaryIO:
    base = path if path.suffix == ".log" else path.with_suffix("")
    for candidate in (path, *_numbered(base), base):
        with suppress(FileNotFoundError, PermissionError):
            file = candidate.open("rb")
            if os.fstat(file.fileno()).st_ino == inode:
                return file
            file.close()
    return io.BytesIO()  # it is read like one


def _numbered(path: Path) -> list[Path]:
    """The files into which a log was rotated, oldest first."""
    return [path.with_name(f"{path.name}.{number}") for number in range(KEPT_FILES, 0, -1)]


Found = tuple[_Place, LogLine]


def read_logs(
    folder: Path,
    *,
    block: str = "",
    after: str = "",
    before: str = "",
    limit: int = 500,
    level: str = "",
    text: str = "",
) -> LogPage:
    """A page of the logs of the run in that folder.

    Args:
        folder: of the run.
        block: only this one's; all blocks' lines by time without it.
        after: `next` of another page; the lines after it.
        before: `previous` of another page, or "end": the lines before it.
        limit: lines at most.
        level: this one and worse ones.
        text: only lines that hold it, in any case.
    """
    backwards = bool(before)
    wanted = wanted_lines(level, text)
    with LogFiles() as files:
        logs = [_Log(name, path, files) for name, path in _logs(folder, block)]
        place = _resolve(logs, before if backwards else after)
        streams = [log.lines(place, backwards=backwards) for log in logs]
        merged = heapq.merge(*streams, key=lambda found: found[0], reverse=backwards)
        return _page(logs, merged, wanted, limit, place, backwards=backwards)


def lines_before(folder: Path, block: str, at: str, files: LogFiles) -> Iterator[tuple[str, LogLine]]:
    """The lines of a run, newest first, each with its time as it is written.

    Args:
        folder: of the run.
        block: only this one's; all blocks' lines by time without it.
        at: only lines of this time and before it; all without it.
        files: what is opened is closed with it.
    """
    logs = [_Log(name, path, files) for name, path in _logs(folder, block)]
    # "~" comes after everything that a time is written with, so that lines of just that time are before it.
    place = _Place(f"{at}~", "", -1, 0) if at else None
    streams = [log.lines(place, backwards=True) for log in logs]
    for where, line in heapq.merge(*streams, key=lambda found: found[0], reverse=True):
        yield where.at, line


def _page(
    logs: list[_Log],
    merged: Iterator[Found],
    wanted: Callable[[LogLine], bool],
    limit: int,
    place: _Place | None,
    *,
    backwards: bool,
) -> LogPage:
    lines: list[LogLine] = []
    first = last = place
    size = 0
    truncated = False
    for looked, (where, line) in enumerate(merged, 1):
        if len(lines) >= limit or size >= PAGE_BYTES or looked > LOOKED_AT:
            truncated = True
            break
        first = where if looked == 1 else first
        last = where
        if wanted(line):
            lines.append(line)
            size += len(line.text)
    if backwards:
        lines.reverse()
        first, last = last, first
    return LogPage(lines, _text(logs, last), _text(logs, first), truncated)


def wanted_lines(level: str, text: str) -> Callable[[LogLine], bool]:
    """Whether a line is of this level or a worse one, and holds the text, in any case; empty ones ask for nothing.

    Raises:
        SettingInvalidError: there is no such level.
    """
    if level and level.upper() not in LEVELS:
        raise SettingInvalidError(
            f"looking for lines of the level {level[:40]!r}: there is none of that name",
            hint=f"Levels are {', '.join(LEVELS)}.",
        )
    levels = set(LEVELS[LEVELS.index(level.upper()) :]) if level else set()
    needle = text.lower()

    def check(line: LogLine) -> bool:
        return (not levels or line.level in levels) and (not needle or needle in line.text.lower())

    return check


def _logs(folder: Path, block: str) -> list[tuple[str, Path]]:
    if block:
        return [(block, folder / f"{quote(block)}.log")]
    # The run's own log belongs to no block.
    return [("" if path.name == RUN_LOG else path.stem, path) for path in sorted(folder.glob("*.log"))]


class _Log:
    """The log of one block: its files, oldest first, as one."""

    def __init__(self, name: str, path: Path, files: LogFiles) -> None:
        self.name = name
        self.parts: list[_Part] = []
        for candidate in (*_numbered(path), path):
            try:
                state = candidate.stat()
            except OSError:
                continue
            if all(part.inode != state.st_ino for part in self.parts):  # renamed between two looks
                self.parts.append(_Part(candidate, state.st_ino, state.st_size, files))

    def part_of(self, inode: int) -> int:
        """The place of that file; -1 when it is gone."""
        return next((number for number, part in enumerate(self.parts) if part.inode == inode), -1)

    def lines(self, place: _Place | None, *, backwards: bool) -> Iterator[Found]:
        """The lines after a place, or those before it, last first."""
        if not self.parts:  # a block that has said nothing has no file
            return
        number, offset = self._start(place, backwards=backwards)
        if backwards:
            while number >= 0:
                yield from self._up(number, offset)
                number -= 1
                offset = self.parts[number].size if number >= 0 else 0
        else:
            while number < len(self.parts):
                yield from self._down(number, offset)
                number, offset = number + 1, 0

    def _start(self, place: _Place | None, *, backwards: bool) -> tuple[int, int]:
        if place is None:
            return (len(self.parts) - 1, self.parts[-1].size) if backwards and self.parts else (0, 0)
        if place.block != self.name or place.part < 0:
            return self._by_time(place)
        if backwards:
            return place.part, place.offset
        file = self.parts[place.part].file
        file.seek(place.offset)
        return place.part, place.offset + len(file.readline())

    def _by_time(self, place: _Place) -> tuple[int, int]:
        """Where the first line stands that comes after the place, found by halving."""
        for number, part in enumerate(self.parts):
            low, high = 0, part.size
            while low < high:
                middle = (low + high) // 2
                line, start, end = self._line_at(number, middle)
                if line is not None and (line[0].at, self.name) < (place.at, place.block):
                    low = end
                else:
                    high = min(start, middle)
            if low < part.size:
                return number, low
        return (len(self.parts) - 1, self.parts[-1].size) if self.parts else (0, 0)

    def _line_at(self, number: int, offset: int) -> tuple[Found | None, int, int]:
        """The line that holds that byte, with its first byte and the one after it."""
        file = self.parts[number].file
        start = offset
        while start > 0:
            step = min(_CHUNK, start)
            file.seek(start - step)
            position = file.read(step).rfind(b"\n")
            start -= step
            if position >= 0:
                start += position + 1
                break
        file.seek(start)
        raw = file.readline()
        return self._parse(number, start, raw), start, start + len(raw)

    def _down(self, number: int, offset: int) -> Iterator[Found]:
        part = self.parts[number]
        while True:
            file = part.file  # others may have been read since the last line
            file.seek(offset)
            raw = file.readline()
            if not raw.endswith(b"\n"):
                return  # the end, or it is being written
            found = self._parse(number, offset, raw)
            offset += len(raw)
            if found is not None:
                yield found

    def _up(self, number: int, offset: int) -> Iterator[Found]:
        part = self.parts[number]
        rest, chunk = b"", _FIRST_CHUNK
        while offset > 0:
            step = min(chunk, offset)
            chunk = min(2 * chunk, _CHUNK)  # of many logs only the last lines are wanted
            offset -= step
            file = part.file
            file.seek(offset)
            block = file.read(step) + rest
            head, newline, tail = block.partition(b"\n")
            if offset and not newline:
                rest = block
                continue
            rest, body, base = (head + newline, tail, offset + len(head) + 1) if offset else (b"", block, 0)
            yield from reversed(list(self._cut(number, base, body)))

    def _cut(self, number: int, base: int, body: bytes) -> Iterator[Found]:
        for raw in body.splitlines(keepends=True):
            if raw.endswith(b"\n") and (found := self._parse(number, base, raw)) is not None:
                yield found
            base += len(raw)

    def _parse(self, number: int, offset: int, raw: bytes) -> Found | None:
        try:
            entry = json.loads(raw)
            at = str(entry["at"])
            line = LogLine(
                datetime.fromisoformat(at).timestamp(),
                str(entry.get("level", "INFO")),
                str(entry.get("block", self.name)),
                str(entry.get("stream", "")),
                str(entry.get("message", "")),
            )
        except (ValueError, KeyError, TypeError):
            return None
        return _Place(at, self.name, number, offset), line


def _text(logs: list[_Log], place: _Place | None) -> str:
    if place is None:
        return ""
    log = next((log for log in logs if log.name == place.block), None)
    inode = log.parts[place.part].inode if log is not None and 0 <= place.part < len(log.parts) else 0
    return f"{place.at}|{inode}|{place.offset}|{place.block}"


def _resolve(logs: list[_Log], text: str) -> _Place | None:
    fields = text.split("|", 3)
    if len(fields) != 4 or not fields[1].isdigit() or not fields[2].isdigit():  # noqa: PLR2004 - as `_text` writes it
        return None
    at, inode, offset, name = fields[0], int(fields[1]), int(fields[2]), fields[3]
    log = next((log for log in logs if log.name == name), None)
    return _Place(at, name, log.part_of(inode) if log is not None else -1, offset)
