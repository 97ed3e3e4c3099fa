"""Looks through the logs of all runs of a project, newest line first, a page at a time.

Nothing is ever read whole. Runs are taken up by the time of their newest line, so that only those that overlap are open
at once, and a page ends after a number of lines or a moment: it then says where the next one goes on.
"""

from __future__ import annotations

import heapq
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from penstock.data.naming import quote, unquote
from penstock.observe.logs import LogFiles, LogLine, lines_before, wanted_lines
from penstock.observe.record import RUN_RECORD

LOOKED_AT = 200_000
"""Lines that one page may look through."""
SECONDS = 1.5
"""How long one page may take."""
PAGE_BYTES = 1024 * 1024
_SETTLED = 86_400.0
"""Seconds after which a run that has told no event counts as one that logs nothing either."""
_SLACK = 1.0
_OPEN = 5000
"""Runs that overlap at one moment and are looked at together; of more, lines may come later than they should."""


@dataclass(frozen=True, slots=True)
class LogSearch:
    """What is looked for: in which runs and blocks, from when to when (seconds since the epoch), and which text."""

    pipeline: str = ""
    run: str = ""
    block: str = ""
    level: str = ""
    text: str = ""
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class FoundLine:
    """A line, and whose it is."""

    pipeline: str
    run: str
    line: LogLine


@dataclass(frozen=True, slots=True)
class FoundPage:
    """Lines, newest first; `next` leads on, empty when that was all.

    `newest` and `oldest` are the times of the first and of the last line that was looked at, whether it was found or
    not, in seconds since the epoch; None where there was none.
    """

    lines: list[FoundLine]
    next: str
    newest: float | None
    oldest: float | None


@dataclass(slots=True)
class _Place:
    """Where a page goes on: before this time, leaving out lines of just this time that were seen."""

    at: str = ""
    seen: int = 0

    @property
    def text(self) -> str:
        return f"{self.at}|{self.seen}" if self.at else ""


@dataclass(order=True, slots=True)
class _Folder:
    """A run's folder; they compare by their newest line, newest first."""

    rank: tuple[float, str]
    pipeline: str = field(compare=False)
    run: str = field(compare=False)
    path: Path = field(compare=False)

    @property
    def newest(self) -> float:
        return -self.rank[0]


def search_logs(
    logs_root: Path,
    wanted: LogSearch,
    *,
    limit: int = 200,
    before: str = "",
    clock: Callable[[], float] = time.monotonic,
) -> FoundPage:
    """A page of the lines that are looked for.

    Args:
        logs_root: the folder of all logs of the project.
        wanted: what is looked for.
        limit: lines at most.
        before: `next` of the page before.
        clock: bounds the time that it takes.
    """
    place = _place(before, wanted.until)
    matches = wanted_lines(wanted.level, wanted.text)
    stop = clock() + SECONDS
    lines: list[FoundLine] = []
    skipped, looked, size = 0, 0, 0
    newest: float | None = None
    oldest: float | None = None
    here = _Place(place.at, 0)
    with LogFiles() as files:
        for at, found in _merged(_folders(logs_root, wanted), wanted, place.at, files):
            if wanted.since is not None and found.line.at < wanted.since:
                return FoundPage(lines, "", newest, oldest)
            if at == place.at and skipped < place.seen:
                skipped += 1
                here = _Place(at, skipped)
                continue
            # However long opening the logs took, a page looks at a line: else it would say that there is none.
            if len(lines) >= limit or looked >= LOOKED_AT or size >= PAGE_BYTES or (looked and clock() > stop):
                return FoundPage(lines, here.text, newest, oldest)
            here = _Place(at, here.seen + 1 if at == here.at else 1)
            looked += 1
            oldest = found.line.at
            newest = oldest if newest is None else newest
            if matches(found.line):
                lines.append(found)
                size += len(found.line.text)
    return FoundPage(lines, "", newest, oldest)


def _merged(folders: list[_Folder], wanted: LogSearch, before: str, files: LogFiles) -> Iterator[tuple[str, FoundLine]]:
    """The lines of all folders, newest first; a folder is opened when its newest line may be the next."""
    heap: list[tuple[float, int, str, FoundLine, Iterator[tuple[str, LogLine]]]] = []
    waiting = list(reversed(folders))
    number = 0

    def push(order: int, folder: _Folder, lines: Iterator[tuple[str, LogLine]]) -> None:
        for at, line in lines:
            heapq.heappush(heap, (-line.at, order, at, FoundLine(folder.pipeline, folder.run, line), lines))
            return

    sources: dict[int, _Folder] = {}
    while heap or waiting:
        while waiting and len(heap) < _OPEN and (not heap or waiting[-1].newest >= -heap[0][0]):
            folder = waiting.pop()
            sources[number] = folder
            push(number, folder, lines_before(folder.path, wanted.block, before, files))
            number += 1
        if not heap:
            continue
        _at, order, at, found, lines = heapq.heappop(heap)
        yield at, found
        push(order, sources[order], lines)


def _folders(logs_root: Path, wanted: LogSearch) -> list[_Folder]:
    """The folders of runs that may hold such lines, by their newest line, newest first."""
    root = logs_root / "pipelines"
    names = [quote(wanted.pipeline)] if wanted.pipeline else _names(root)
    found: list[_Folder] = []
    now = time.time()
    for name in names:
        pipeline = unquote(name)
        if pipeline is None:
            continue
        base = root / name / ".logs"
        for entry in [quote(wanted.run)] if wanted.run else _names(base):
            run = unquote(entry)
            newest = _newest(base / entry, now)
            if run is None or newest is None or (wanted.since is not None and newest < wanted.since):
                continue
            if wanted.until is not None and (began := _began(run)) is not None and began > wanted.until + 1:
                continue
            found.append(_Folder((-newest, entry), pipeline, run, base / entry))
    found.sort()
    return found


def _newest(folder: Path, now: float) -> float | None:
    """A time that no line in the folder is after, in seconds since the epoch; None when the folder has gone."""
    try:
        record = (folder / RUN_RECORD).stat().st_mtime
        if now - record > _SETTLED:
            return record + _SLACK
        with os.scandir(folder) as entries:
            return max((entry.stat().st_mtime for entry in entries), default=record) + _SLACK
    except OSError:
        return None


def _began(run: str) -> float | None:
    """When the run of that name began, from its name; None for a name of another form."""
    try:
        return datetime.strptime(run[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names are enough
    except OSError:
        return []


def _place(text: str, until: float | None) -> _Place:
    at, _, seen = text.partition("|")
    if at and seen.isascii() and seen.isdigit():
        return _Place(at, int(seen))
    if until is None:
        return _Place()
    return _Place(datetime.fromtimestamp(until, UTC).isoformat(timespec="milliseconds"))
