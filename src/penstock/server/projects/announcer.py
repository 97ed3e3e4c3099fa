"""Tells the browsers which files have changed, each change once, whoever made it.

The watcher and our own writes both name paths here. A file is told when its bytes are others than those told last, so
a write of our own, told at once, is not told again when the watcher sees it a moment later.
"""

from __future__ import annotations

import hashlib
import stat
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from penstock.model.errors import FileInvalidError
from penstock.project.layout import METADATA, PIPELINES, TRIGGERS
from penstock.project.text_file import LARGEST, read_bytes
from penstock.server.projects.index import PipelineIndex, Stamp
from penstock.server.projects.resolver import Resolver

Publish = Callable[[Iterable[str] | str, Any], None]
MOST_TOLD = 20_000
"""Files whose last revision is remembered."""
PATHS_AT_ONCE = 500
"""Paths of one event; a pull of ten thousand files makes twenty."""
CONTENT_AT_MOST = 256 * 1024
"""Characters of a text that goes with its event; a longer one is fetched by who wants it."""
FOLDER = "folder"
"""Stands for the revision of a folder."""


class Announcer:
    """Publishes changes of files on the topics of the project and its pipelines. Safe in any thread.

    Args:
        publish: takes topics and an event.
        resolver: tells which paths are files of the project.
        index: tells which pipelines use them.
    """

    def __init__(self, publish: Publish, resolver: Resolver, index: PipelineIndex) -> None:
        self._publish = publish
        self._resolver = resolver
        self._index = index
        self._lock = threading.Lock()
        self._told: OrderedDict[str, str | None] = OrderedDict()
        self._shown: deque[tuple[str, str]] = deque(maxlen=MOST_TOLD)
        self._stamps: dict[str, Stamp] = {}
        self.changes = 0

    def begin(self) -> None:
        """Take the pipelines as they are for known; what changes from now on is told."""
        with self._lock:
            self._stamps = {uuid: entry.stamp for uuid, entry in self._index.entries().items()}

    def tell(self, paths: Iterable[Path]) -> None:
        """Tell what has become of these files and folders, as far as it is news."""
        with self._lock:
            news = self._news(paths)
            if not news:
                return
            self.changes += 1
            # Who lacks a file knows where it belongs; that is forgotten, as the file may have come somewhere else.
            lacking = {path: self._index.users(path) for path, revision in news if revision not in {None, FOLDER}}
            if lacking:
                self._index.forget_missing()
            for start in range(0, len(news), PATHS_AT_ONCE):
                part = news[start : start + PATHS_AT_ONCE]
                told = [{"path": path, "revision": None if revision == FOLDER else revision} for path, revision in part]
                self._publish("project", {"type": "files_changed", "paths": told})
            if any(_may_be_pipeline(path) for path, _ in news):
                self._tell_pipelines(news)
            for path, revision in news:
                if revision is None:
                    self._tell_gone(path)
                elif revision != FOLDER:
                    self._tell_content(path, revision, [*lacking[path], *self._index.users(path)])

    def shown(self, files: Iterable[tuple[str, str]]) -> None:
        """Take note of files, with their revisions, that a page was given.

        A change and its opposite may come as one: what was told last is then no news to most, but is to that page.
        """
        self._shown.extend(files)

    def forget(self, paths: Iterable[str]) -> None:
        """Whatever happens to these next is news."""
        with self._lock:
            for path in paths:
                self._told.pop(path, None)

    def _news(self, paths: Iterable[Path]) -> list[tuple[str, str | None]]:
        news: list[tuple[str, str | None]] = []
        while self._shown:
            file, seen = self._shown.popleft()
            if self._told.get(file, seen) != seen:
                del self._told[file]
        for path in dict.fromkeys(paths):
            relative = self._resolver.relative(path)
            if relative is None:
                continue
            revision = _revision(path)
            # What has changed in a folder cannot be seen by the folder itself, so it is always news.
            if revision != FOLDER and relative in self._told and self._told[relative] == revision:
                continue
            if revision is None:  # it may have been a folder, whose files are news when it comes back
                for below in [told for told in self._told if told.startswith(f"{relative}/")]:
                    del self._told[below]
            self._told[relative] = revision
            self._told.move_to_end(relative)
            news.append((relative, revision))
        while len(self._told) > MOST_TOLD:
            self._told.popitem(last=False)
        return news

    def _tell_pipelines(self, news: list[tuple[str, str | None]]) -> None:
        """Publish which pipelines have come, gone or changed."""
        news = [(path, revision) for path, revision in news if _may_be_pipeline(path)]
        only = {_pipeline_of(path) for path, revision in news if revision != FOLDER}
        if any(revision in {FOLDER, None} for _, revision in news) or "" in only:
            entries = dict(self._index.entries())
            uuids = entries.keys() | self._stamps.keys()
        else:
            uuids, entries = only, {}
        for uuid in only - {""}:
            entry = self._index.entry(uuid, anew=True)
            if entry is not None:
                entries[uuid] = entry
        changed: list[str] = []
        for uuid in sorted(uuids):
            entry = entries.get(uuid)
            if entry is None:
                gone = self._stamps.pop(uuid, None) is not None
                changed += [uuid] if gone else []
            elif self._stamps.get(uuid) != entry.stamp or uuid in only:
                self._stamps[uuid] = entry.stamp
                changed.append(uuid)
                self._publish(f"pipeline:{uuid}", {"type": "pipeline_changed", "revision": entry.revision})
        if changed:
            self._publish("project", {"type": "pipelines_changed", "uuids": changed})

    def _tell_gone(self, path: str) -> None:
        """Publish that these blocks have no text: their file, or a folder above it, is not there any more."""
        for pipeline, block in self._index.users_below(path):
            self._publish(f"pipeline:{pipeline}", {"type": "content_changed", "block": block, "content_revision": ""})

    def _tell_content(self, path: str, revision: str, users: list[tuple[str, str]]) -> None:
        if not users:
            return
        content: str | None = None
        with suppress(FileInvalidError, UnicodeDecodeError):
            data = read_bytes(self._resolver.root / path)
            if len(data) <= CONTENT_AT_MOST and hashlib.sha256(data).hexdigest() == revision:
                content = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        for pipeline, block in dict.fromkeys(users):
            event: dict[str, Any] = {"type": "content_changed", "block": block, "content_revision": revision}
            if content is not None:
                event["content"] = content
            self._publish(f"pipeline:{pipeline}", event)


def _may_be_pipeline(path: str) -> bool:
    """Whether a change there may have changed a pipeline; its triggers are no part of it."""
    return path == PIPELINES or (path.startswith(f"{PIPELINES}/") and not path.endswith(f"/{TRIGGERS}"))


def _pipeline_of(path: str) -> str:
    """The pipeline whose own file this is; "" for any other path."""
    head, _, name = path.rpartition("/")
    return head.removeprefix(f"{PIPELINES}/") if name == METADATA and head.startswith(f"{PIPELINES}/") else ""


def _revision(path: Path) -> str | None:
    """What names the bytes of a file; None when it is gone, `FOLDER` for a folder."""
    try:
        state = path.stat()
        if stat.S_ISDIR(state.st_mode):
            return FOLDER
        if not stat.S_ISREG(state.st_mode):
            return None  # opening a pipe would wait for somebody to write into it
        if state.st_size > LARGEST:
            return f"{state.st_mtime_ns}-{state.st_size}"
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return None
