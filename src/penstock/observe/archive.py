"""Lists the recorded runs of a project, of whatever process, fast with thousands of them.

A run that has ended is read once, and again when its record has grown: a run that is retried goes on in its record.
The first and the last line of it say all that a list shows. Names of runs begin with their start, so that the newest
are found without opening the others. Safe in any thread.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from penstock.data.naming import quote, unquote
from penstock.model.errors import headline
from penstock.model.run import RunState
from penstock.observe.liveness import is_gone, last_sign
from penstock.observe.record import RUN_RECORD, read_record

_CHUNK = 1 << 16
KEPT = 5000
"""How many runs are remembered: those that lists show again and again, whatever has run since the server started."""
_GOOD_ENDS = frozenset({"completed", "skipped"})
_SETTLED = 0.1
"""Seconds after which the time stamp of a folder is sure to tell a change."""


@dataclass(frozen=True, slots=True)
class RunHead:
    """What a list shows of a run. Times in seconds since the epoch; `blocks` in the order in which they could run."""

    run: str
    pipeline: str
    state: str
    started: float
    ended: float | None
    blocks: tuple[str, ...]
    done: int = 0
    failed_block: str | None = None
    error: str = ""
    origin: str = ""
    what: str = ""
    partition: str = ""
    process: dict[str, Any] = field(default_factory=dict)

    def matches(self, text: str) -> bool:
        """Whether that text, in lower case, is found in its words."""
        words = (self.run, self.pipeline, self.what, self.origin, self.error, self.failed_block or "")
        return any(text in word.lower() for word in words)


@dataclass(frozen=True, slots=True)
class _Folder:
    """The runs of one pipeline: their names, newest first, as of a time stamp of the folder.

    The stamp is new when a run has begun, also when one that had ended begins once more (`RunRecorder`).
    """

    stamp: int
    runs: tuple[str, ...]


class RunArchive:
    """The recorded runs below one folder of logs."""

    def __init__(self, logs_root: Path) -> None:
        self._root = logs_root
        self._folders: dict[str, _Folder] = {}
        self._heads: OrderedDict[tuple[str, str], tuple[int, RunHead]] = OrderedDict()
        """Of runs that have ended: the size of the record that was read, and what it said."""
        self._places: OrderedDict[str, str] = OrderedDict()
        self._blocks: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._recent: dict[str, tuple[_Folder, int, list[RunHead]]] = {}
        self._lock = threading.Lock()

    def page(
        self, *, pipeline: str = "", state: str = "", text: str = "", limit: int = 50, before: str = ""
    ) -> tuple[list[RunHead], str | None]:
        """Runs, newest first, and the name to go on before; None when there are no more.

        Args:
            pipeline: only this one's.
            state: only those in one of these states, separated by commas.
            text: only those whose words hold it.
            limit: how many at most.
            before: only those older than the run of this name.
        """
        states = {part.strip() for part in state.split(",") if part.strip()}
        wanted = text.strip().lower()
        found: list[RunHead] = []
        for run, folder in self._names(pipeline):
            if before and run >= before:
                continue
            head = self._head(folder, run)
            if head is None or (states and head.state not in states) or (wanted and not head.matches(wanted)):
                continue
            if len(found) == limit:
                return found, found[-1].run
            found.append(head)
        return found, None

    def newest(self, pipeline: str) -> Iterator[RunHead]:
        """The runs of one pipeline, newest first."""
        for run, folder in self._names(pipeline):
            if (head := self._head(folder, run)) is not None:
                yield head

    def recent(self, pipeline: str, limit: int) -> list[RunHead]:
        """The newest runs of one pipeline, oldest first; costs the time stamp of one folder when nothing is new."""
        runs = self._runs(quote(pipeline))
        folder = self._folders.get(quote(pipeline))
        if folder is not None and folder.runs is not runs:
            folder = None  # what is known of it is older than these runs
        known = self._recent.get(pipeline)
        if known is not None and known[0] is folder and known[1] == limit:
            return known[2]
        heads = [head for run in reversed(runs[:limit]) if (head := self.head(pipeline, run)) is not None]
        if folder is not None and all(head.ended is not None for head in heads):
            self._recent[pipeline] = (folder, limit, heads)
        return heads

    def find(self, run: str) -> RunHead | None:
        """The run of that name, whatever its pipeline."""
        folder = self._places.get(run)
        if folder is None or not (self._root / "pipelines" / folder / ".logs" / quote(run)).is_dir():
            folder = None
            for record in self._root.glob(f"pipelines/*/.logs/{quote(run)}/{RUN_RECORD}"):
                folder = record.parents[2].name
        return self._head(folder, run) if folder is not None else None

    def head(self, pipeline: str, run: str) -> RunHead | None:
        """What the record of a run of that pipeline says now; None when there is none that can be read."""
        return self._head(quote(pipeline), run)

    def _head(self, folder: str, run: str) -> RunHead | None:
        record = self._root / "pipelines" / folder / ".logs" / quote(run) / RUN_RECORD
        try:
            size = record.stat().st_size
        except OSError:
            return None
        known = self._heads.get((folder, run))
        if known is not None and known[0] == size:
            return known[1]
        try:
            head = _read_head(record, run)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            head = None  # valid JSON, and no record of ours
        if head is None:
            return None
        # The folder says whose run it is: records move with a pipeline that gets another name.
        head = replace(head, pipeline=unquote(folder) or head.pipeline)
        self._keep(self._places, run, folder)
        if head.state != RunState.RUNNING:
            # Runs of one pipeline mostly have the same blocks, whose names are then kept once.
            blocks = self._blocks.setdefault(head.blocks, head.blocks)
            head = replace(head, blocks=blocks, process={})
            self._keep(self._heads, (folder, run), (size, head))
        return head

    def _keep(self, kept: OrderedDict[Any, Any], key: object, value: object) -> None:
        with self._lock:
            kept[key] = value
            if len(kept) > KEPT:
                kept.popitem(last=False)

    def folder(self, pipeline: str, run: str) -> Path:
        """The folder of a run's logs."""
        return self._root / "pipelines" / quote(pipeline) / ".logs" / quote(run)

    def events(self, head: RunHead) -> list[dict[str, Any]]:
        """The recorded events of a run, oldest first; none when the record has gone."""
        try:
            return read_record(self._root, head.pipeline, head.run)
        except OSError:
            return []

    def _names(self, pipeline: str) -> list[tuple[str, str]]:
        """Runs and the folders of their pipelines, newest first."""
        if pipeline:
            return [(run, quote(pipeline)) for run in self._runs(quote(pipeline))]
        try:
            folders = os.listdir(self._root / "pipelines")  # noqa: PTH208 - names are enough
        except OSError:
            return []
        return sorted(((run, folder) for folder in folders for run in self._runs(folder)), reverse=True)

    def _runs(self, folder: str) -> tuple[str, ...]:
        path = self._root / "pipelines" / folder / ".logs"
        try:
            stamp = path.stat().st_mtime_ns
            known = self._folders.get(folder)
            if known is not None and known.stamp == stamp:
                return known.runs
            settled = time.time() - stamp / 1e9 > _SETTLED  # before it is listed: what comes later has another stamp
            names = tuple(sorted((name for entry in os.listdir(path) if (name := unquote(entry))), reverse=True))  # noqa: PTH208
        except OSError:
            return ()
        if settled:
            with self._lock:
                self._folders[folder] = _Folder(stamp, names)
        return names


def _read_head(record: Path, run: str) -> RunHead | None:
    try:
        with record.open("rb") as file:
            first = _entry(file.readline())
            if first is None or first.get("event") != "RunStarted":
                return None
            last = _entry(_last_line(file))
            changed = os.fstat(file.fileno()).st_mtime
    except OSError:
        return None
    head = RunHead(
        run=run,
        pipeline=str(first["pipeline"]),
        state=RunState.RUNNING.value,
        started=float(first["at"]),
        ended=None,
        blocks=tuple(first.get("blocks") or ()),
        origin=str(first.get("origin") or "cli"),
        what=str(first.get("what") or "all"),
        partition=str(first.get("partition") or ""),
        process=first.get("process") or {},
    )
    if last is not None and last.get("event") == "RunEnded" and "done" in last:
        return _ended(head, last)
    return _from_whole_record(head, record, changed)


def _ended(head: RunHead, last: dict[str, Any]) -> RunHead:
    return replace(
        head,
        state=str(last["state"]),
        ended=float(last["at"]),
        done=int(last["done"]),
        failed_block=last.get("failed_block"),
        error=str(last.get("error") or ""),
    )


def _from_whole_record(head: RunHead, record: Path, changed: float) -> RunHead:
    """A run that goes on, was cut off, or was recorded before its last line said how it went."""
    blocks = frozenset(head.blocks)  # children of blocks are told as well, and not counted
    ends: dict[str, dict[str, Any]] = {}
    last: dict[str, Any] | None = None
    for line in record.read_bytes().splitlines():
        entry = _entry(line)
        if entry is None:
            break
        if entry["event"] == "BlockEnded" and entry["block"] in blocks:
            ends[entry["block"]] = entry
        elif entry["event"] == "RunStarted":
            # A run that is retried begins once more in its record: what it had ended with no longer holds.
            ends = {block: end for block, end in ends.items() if end["state"] in _GOOD_ENDS}
            last, head = None, replace(head, process=entry.get("process") or {})
        elif entry["event"] == "RunEnded":
            last = entry
    done = sum(end["state"] in _GOOD_ENDS for end in ends.values())
    failed = next((end for end in ends.values() if end["state"] == "failed"), None)
    failure = (failed or {}).get("failure") or {}
    block = None if failed is None else str(failed["block"])
    error = "" if failed is None else headline(str(failure.get("kind") or ""), str(failure.get("message") or ""))
    if last is not None:
        return _ended(head, {"done": done, "failed_block": block, "error": error, **last})
    head = replace(head, done=done, failed_block=block, error=error)
    if not is_gone(head.process):
        return head
    ended = max(changed, last_sign(record.parent))
    return replace(head, state=RunState.INTERRUPTED.value, ended=ended, error=cut_off(head.origin))


def cut_off(origin: str) -> str:
    """Why a run has no end, in words."""
    who = {"studio": "the server", "cli": "the command"}.get(origin, "the process")
    return f"{who} that drove this run ended before the run did: it was killed, or the machine was restarted"


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "event" in found else None


def _last_line(file: Any) -> bytes:
    """The last complete line, read from the end."""
    size = file.seek(0, os.SEEK_END)
    tail = b""
    while size and tail.count(b"\n") < 2:  # noqa: PLR2004 - the one at the end, and the one before the line
        step = min(_CHUNK, size)
        size -= step
        file.seek(size)
        tail = file.read(step) + tail
    lines = tail.splitlines()
    return lines[-1] if lines and tail.endswith(b"\n") else b""
