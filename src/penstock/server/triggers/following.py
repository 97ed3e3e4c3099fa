"""Follows the triggers.yaml files for the studio: mirrored when it starts and whenever they change.

When it starts, a project of thousands of pipelines is read in the background: what asks for triggers meanwhile is
answered from what the store has. A small one is waited for, which takes no longer than to say so.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from penstock.model.errors import PenstockError
from penstock.project.layout import METADATA, PIPELINES, TRIGGERS
from penstock.schedule.sync import Synced, TriggerSync
from penstock.server.hub import Hub
from penstock.server.schema.triggers import TriggersRead

MANY = 300
"""Pipelines from which on nobody waits until all their files have been looked at."""
AGAIN = 10.0
"""Seconds after which files are looked at again that could not be mirrored: a database that was away tells nobody."""
_EACH = 20
"""Triggers that are told of one by one; of more, it is told that there are many."""
_log = logging.getLogger("penstock.server")


class Following:
    """Keeps the mirror of a project's triggers. Everything but `start`, `close` and `hear` is for threads.

    Args:
        root: the project's folder.
        sync: mirrors the files.
        hub: told of triggers that change, and heard for files that do.
        notify: tells other processes a topic and a text.
    """

    def __init__(self, root: Path, sync: TriggerSync, hub: Hub, notify: Callable[[str, str], object]) -> None:
        self._root = root
        self._sync = sync
        self._hub = hub
        self._notify = notify
        self._pass = threading.Lock()  # held by who looks for news, until all of them are read
        self._turn = threading.Lock()  # held for each step of the mirror
        self._calm = _Calm()
        self._noting = threading.Lock()  # of `_news`, never held for long: files are told of on the event loop
        self._news: set[str] | None = None  # None: everything may have changed
        self._started = False
        self._total = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        hub.hear(self.hear)

    async def start(self) -> None:
        """Mirror what the files declare, while the server begins to answer."""
        self._loop = asyncio.get_running_loop()
        self._follow()

    async def close(self) -> None:
        """Wait for the step that is being done."""
        self._loop = None
        if self._task is not None:
            await self._task

    @property
    def reading(self) -> TriggersRead | None:
        """How far the first look at the files has come; None when it is done."""
        if self._started:
            return None
        return TriggersRead(max(0, self._total - self._sync.left), self._total)

    def hear(self, _topics: tuple[str, ...], event: Any) -> None:
        """Note which files have changed, and mirror them soon."""
        if not isinstance(event, dict) or event.get("type") != "files_changed" or self._loop is None:
            return
        found = [_news_of(each["path"], each["revision"]) for each in event["paths"]]
        named = {name for name in found if name}
        with self._noting:
            if "" in found:
                self._news = None
            elif self._news is not None:
                self._news |= named
        if named or self._news is None:
            self._follow()

    def refresh(self) -> None:
        """Mirror what is known to have changed, if anything has; of many pipelines, begin to. Raises as `mirror`."""
        loop = self._loop
        if loop is not None and (not self._started or self._news is None) and self._are_many():
            loop.call_soon_threadsafe(self._follow)
            return
        self._catch_up()

    def mirror(self, pipelines: Iterable[str]) -> None:
        """Mirror the triggers of these pipelines now. Raises StateUnavailableError."""
        names = list(pipelines)
        with self._calm.disturbed(), self._turn:
            done = self._sync.pipelines(names)
        for name in names:
            self._tell(done, name)

    def changed(self, number: int, pipeline: str) -> None:
        """Tell browsers and schedulers of a trigger."""
        self._tell(Synced(changed=[number]), pipeline)

    def _are_many(self) -> bool:
        try:
            with os.scandir(self._root / PIPELINES) as entries:
                return next(islice(entries, MANY, None), None) is not None
        except OSError:
            return False

    def _catch_up(self) -> None:
        with self._pass:  # also to wait for who is at it just now
            with self._noting:
                if self._started and self._news == set():
                    return
                news, self._news = self._news, set()
            try:
                if news is None:
                    self._everything()
                else:
                    self._news_of(news)
            except BaseException:
                self._news = None
                raise
            first, self._started = not self._started, True
        if first and self._total > MANY:
            self._publish({"type": "triggers_changed"})

    def _everything(self) -> None:
        with self._turn:
            self._sync.begin()
            self._total = self._sync.left
        waited_for = self._loop is None
        while waited_for or self._loop is not None:  # what is left when the server ends is read when it starts again
            self._calm.wait()
            with self._turn:
                done = self._sync.step()
            if done is None:
                return
            self._tell(done, "")
        self._news = None

    def _news_of(self, names: set[str]) -> None:
        with self._turn:
            done = self._sync.pipelines(names)
        self._tell(done, " ".join(names))

    def _tell(self, done: Synced, pipelines: str) -> None:
        if not done.ids:
            return
        if len(done.ids) > _EACH:
            self._publish({"type": "triggers_changed"})
        else:
            for number in done.ids:
                self._publish({"type": "trigger_changed", "id": number})
        self._notify("triggers", pipelines)

    def _publish(self, event: dict[str, Any]) -> None:
        self._hub.publish_from_thread("project", event)

    def _follow(self) -> None:
        """Mirror the news in a thread; one at a time, and once more for what comes meanwhile."""
        if self._task is None and self._loop is not None:
            self._task = self._loop.create_task(self._mirror_news())

    async def _mirror_news(self) -> None:
        try:
            while self._loop is not None and (not self._started or self._news != set()):
                await asyncio.to_thread(self._catch_up)
        except (PenstockError, OSError) as error:
            _log.warning("%s; tried again in %g s", error.message if isinstance(error, PenstockError) else error, AGAIN)
            if (loop := self._loop) is not None:
                loop.call_later(AGAIN, self._follow)
        finally:
            self._task = None


class _Calm:
    """Lets those who wait for something small pass before the next step of something large."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._disturbing = 0

    @contextmanager
    def disturbed(self) -> Iterator[None]:
        """While somebody waits, or is at it."""
        with self._condition:
            self._disturbing += 1
        try:
            yield
        finally:
            with self._condition:
                self._disturbing -= 1
                self._condition.notify_all()

    def wait(self) -> None:
        """Until there is nobody."""
        with self._condition:
            self._condition.wait_for(lambda: self._disturbing == 0)


def _news_of(path: str, revision: str | None) -> str | None:
    """The pipeline whose triggers a changed file may have changed; "" for any, None for none."""
    if path != PIPELINES and not path.startswith(f"{PIPELINES}/"):
        return None
    head, _, name = path.rpartition("/")
    if name in {TRIGGERS, METADATA}:
        return head.removeprefix(f"{PIPELINES}/") if head != PIPELINES else None
    return "" if revision is None else None
