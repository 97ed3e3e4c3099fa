"""Everything about the project's files that a server offers, put together."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from penstock.project.load import Project
from penstock.server.projects.announcer import Announcer, Publish
from penstock.server.projects.contents import Contents
from penstock.server.projects.detail import Details
from penstock.server.projects.git import Git
from penstock.server.projects.index import PipelineIndex
from penstock.server.projects.parts import Parts
from penstock.server.projects.resolver import Resolver
from penstock.server.projects.trash import Trash
from penstock.server.projects.versions import Versions
from penstock.server.projects.watch import Watcher
from penstock.server.schema.pipelines import PipelineDetail

FOLDER = ".studio"
"""Folder in the data folder: versions, trash, the index."""


class Workspace:
    """The files of one project. Everything but the watcher's start and end is safe in any thread.

    Args:
        project: gives the project as it is now.
        publish: takes topics and an event, from any thread.
        clock: seconds since the epoch.
    """

    def __init__(
        self, project: Callable[[], Project], publish: Publish, *, clock: Callable[[], float] = time.time
    ) -> None:
        opened = project()
        data, logs = opened.data_dir(), opened.logs_root()
        own = data / FOLDER
        lock = threading.RLock()
        self.project = project
        self.root: Path = opened.root
        self.resolver = Resolver(opened.root, (data, logs))
        self.index = PipelineIndex(project, own / "index.json")
        self.announcer = Announcer(publish, self.resolver, self.index)
        self.watcher = Watcher(
            opened.root, self.resolver.is_private, self.announcer.tell, logging.getLogger("penstock.server").warning
        )
        self.git = Git(opened.root, lambda: self.announcer.changes)
        self.versions = Versions(own / "versions", clock)
        self.trash = Trash(opened.root, own / "trash", clock)
        self.contents = Contents(self.resolver, self.versions, lock, self.announcer.tell)
        self.details = Details(self.index, self.git.state)
        self.parts = Parts(
            project=project,
            root=opened.root,
            resolver=self.resolver,
            lock=lock,
            index=self.index,
            contents=self.contents,
            details=self.details,
            versions=self.versions,
            trash=self.trash,
            tell=self.announcer.tell,
        )

    async def start(self) -> None:
        """Begin to watch; the pipelines as they are now are no news."""
        await asyncio.to_thread(self.announcer.begin)
        self.watcher.start()

    async def close(self) -> None:
        """End the watch."""
        await asyncio.to_thread(self.watcher.close)

    def detail(self, pipeline: str, notes: tuple[str, ...] = ()) -> PipelineDetail:
        """A pipeline as the editor shows it; raises as `Project.read`."""
        return self.details.pipeline(self.project(), pipeline, notes)
