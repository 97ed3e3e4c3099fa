"""Follows the triggers.yaml files of a project for a scheduler without a server: it sleeps until one has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.model.errors import STATE_TROUBLE
from penstock.project.layout import METADATA, PIPELINES, TRIGGERS

if TYPE_CHECKING:
    from penstock.schedule.sync import Synced, TriggerSync

BLIND = 10.0
"""Seconds between two looks where the system tells no changes."""
AGAIN = 5.0
"""Seconds until the next look when the store was away."""


class TriggerFiles:
    """Mirrors triggers whenever their files change, in the thread that calls `follow`.

    Args:
        root: the project's folder.
        sync: mirrors them.
        mirrored: told what has changed.
        notice: told in one sentence when changes are not seen.
        interval: seconds between two looks all the same; 0 is never.
    """

    def __init__(
        self,
        root: Path,
        sync: TriggerSync,
        mirrored: Callable[[Synced], None],
        notice: Callable[[str], None],
        *,
        interval: float = 0.0,
    ) -> None:
        from penstock.server.projects.watch import Watcher

        self._root = root
        self._folder = root.resolve() / PIPELINES
        self._sync = sync
        self._mirrored = mirrored
        self._notice = notice
        self._interval = interval
        self._lock = threading.Lock()
        self._news: set[str] | None = None  # None: any of them may have changed
        self._woken = threading.Event()
        self._ending = False
        self._watcher = Watcher(root, self._elsewhere, self._changed, self._blind)

    def look(self) -> None:
        """Look at all files soon; from any thread, and from a signal handler's."""
        self._news = None
        self._woken.set()

    def end(self) -> None:
        """Let `follow` return; from any thread, and from a signal handler."""
        self._ending = True
        self._woken.set()

    def follow(self) -> None:
        """Mirror what the files declare, now and whenever they change, until `end` is called."""
        self._watcher.start()
        try:
            while not self._ending:
                self._woken.clear()
                done = self._mirror()
                self._woken.wait((self._interval or None) if done else AGAIN)
                if self._interval and not self._woken.is_set():
                    self._news = None
        finally:
            self._watcher.close()

    def _mirror(self) -> bool:
        """Mirror what is new; whether that could be done."""
        with self._lock:
            news, self._news = self._news, set()
        if news is not None and not news:
            return True
        try:
            found = self._sync.everything() if news is None else self._sync.pipelines(sorted(news))
        except STATE_TROUBLE:
            self._news = None
            return False
        if found.ids:
            self._mirrored(found)
        return True

    def _changed(self, paths: Iterable[Path]) -> None:
        """Note which triggers may have changed; in the thread that watches."""
        with self._lock:
            for path in paths:
                if path.name not in {METADATA, TRIGGERS}:
                    if path.is_relative_to(self._root / PIPELINES) and not path.is_file():
                        self._news = None  # a folder that came or went
                elif self._news is not None and path.parent.parent.is_relative_to(self._root / PIPELINES):
                    self._news.add(path.parent.relative_to(self._root / PIPELINES).as_posix())
        if self._news is None or self._news:
            self._woken.set()

    def _elsewhere(self, path: Path) -> bool:
        return not path.is_relative_to(self._folder)

    def _blind(self, why: str) -> None:
        self._interval = self._interval or BLIND
        self._notice(f"{why} The files of triggers are looked at every {self._interval:g} s instead.")
        self.look()
