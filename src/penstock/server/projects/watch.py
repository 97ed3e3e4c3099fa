"""Sees what others change in the project: editors, git, scripts. One thread, in the server's process.

Each folder is watched for itself, so that those which nobody works in (packages, caches, git's own, the stored data)
cost nothing. When a folder comes or goes the watch begins anew, and what may have slipped through is looked for.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path

from penstock.server.projects.changes import Stop, changes

IGNORED = frozenset(
    {".git", "__pycache__", "node_modules", ".venv", "venv", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
)
"""Folders whose changes are nobody's work."""
_TEMPORARY = re.compile(r"\..*\.[0-9a-f]{8,12}\.(tmp|new)|.*\.sw[a-p]x?|4913|.*~|\.#.*|.*\.py[cod]")
"""Names of files that are on their way to another name."""
MOST_FOLDERS = 30_000


class Watcher:
    """Tells changed paths from a thread of its own.

    Args:
        root: the project's folder.
        private: tells of a real path inside the project that it is none of its files.
        tell: told the changed paths.
        failed: told in one sentence why changes are no longer seen.
    """

    def __init__(
        self,
        root: Path,
        private: Callable[[Path], bool],
        tell: Callable[[Iterable[Path]], None],
        failed: Callable[[str], None],
    ) -> None:
        self._root = root
        self._private = private
        self._tell = tell
        self._failed = failed
        self._stop = Stop()
        self._thread: threading.Thread | None = None
        self._known: set[str] = set()

    def start(self) -> None:
        """Begin to watch."""
        self._thread = threading.Thread(target=self._watch, name="penstock-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5)
        if self._thread is None or not self._thread.is_alive():
            self._stop.close()

    def wanted(self, path: str) -> bool:
        """Whether a change of that path is worth telling."""
        try:
            parts = Path(path).relative_to(self._root).parts
        except ValueError:
            return False
        if any(part in IGNORED for part in parts) or (parts and _TEMPORARY.fullmatch(parts[-1])):
            return False
        return not self._is_private(path)

    def _is_private(self, path: str) -> bool:
        real = Path(os.path.realpath(self._root)) / Path(path).relative_to(self._root)
        return self._private(real)

    def _watch(self) -> None:
        since = time.time()
        first = True
        while not self._stop.is_set():
            folders = list(self._folders())
            if len(folders) > MOST_FOLDERS:
                self._failed(f"Changes on disk are not seen: the project has more than {MOST_FOLDERS:,} folders.")
                return
            if not first:
                self._catch_up(since, folders, set(folders) - self._known)
            self._known = set(folders)
            try:
                since = self._follow(folders, since)
            except (OSError, RuntimeError) as error:
                if not self._root.is_dir():
                    self._failed(f"Changes on disk are not seen: {self._root} is gone.")
                    return
                if first or "limit" in str(error).lower():
                    self._failed(f"Changes on disk are not seen: {error}")
                    return
            first = False

    def _follow(self, folders: list[str], since: float) -> float:
        """Tell changes until a folder comes or goes; the moment from which something may be missing then."""
        known = self._known
        # A thread may stand still anywhere: what is lost came after the last time but one, and that alone is certain.
        before = last = since
        for paths in changes(folders, self.wanted, self._stop):
            before, last = last, time.time()
            if not paths:
                self._catch_up(since, folders)
                if set(self._folders()) != known:
                    return since  # a folder came or went while the watch was made
                continue
            moved = self._moved(paths)
            self._tell(Path(path) for path in sorted(paths))
            if moved := moved | self._moved(paths):
                # One that went may be back by now: its files have been told as gone, so they are new.
                self._known = {one for one in known if not any(f"{one}/".startswith(f"{path}/") for path in moved)}
                return before - 1.0
        return before - 1.0

    def _moved(self, paths: Iterable[str]) -> set[str]:
        """Those of these paths that are folders which have come or gone."""
        return {path for path in paths if (path in self._known) != os.path.isdir(path)}  # noqa: PTH112 - many of them

    def _catch_up(self, since: float, folders: list[str], new: AbstractSet[str] = frozenset()) -> None:
        """Tell every file that has changed or come since a moment.

        In folders that are `new` that is every file: one that is moved with its folder looks as old as before.
        """
        found: list[Path] = [Path(folder) for folder in folders if _changed_since(folder, since)]
        for folder in folders:
            with suppress(OSError), os.scandir(folder) as entries:
                found += [
                    Path(entry.path)
                    for entry in entries
                    if entry.is_file()
                    and self.wanted(entry.path)
                    and (folder in new or _changed_since(entry.path, since))
                ]
        if found:
            self._tell(found)

    def _folders(self) -> Iterator[str]:
        """The folders that somebody works in, links not followed."""
        pending = [str(self._root)]
        while pending:
            folder = pending.pop()
            yield folder
            with suppress(OSError), os.scandir(folder) as entries:
                pending += [
                    entry.path
                    for entry in entries
                    if entry.name not in IGNORED
                    and entry.is_dir(follow_symlinks=False)
                    and not self._is_private(entry.path)
                ]


def _changed_since(path: str, since: float) -> bool:
    try:
        return os.stat(path).st_ctime >= since  # noqa: PTH116 - many of them
    except OSError:
        return False  # it has gone in this moment, which the watch tells
