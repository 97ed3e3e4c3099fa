"""Everything about the project's files that a server offers, put together."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from penstock.config import environment
from penstock.data.relocating import Relocation, relocate
from penstock.model.errors import EditRefusedError, PenstockError
from penstock.observe.relocating import move_records
from penstock.project.load import Project
from penstock.server.projects.adding import Adding
from penstock.server.projects.announcer import Announcer, Publish
from penstock.server.projects.archive import Importing
from penstock.server.projects.changing import Changing
from penstock.server.projects.checks import Checks
from penstock.server.projects.contents import Contents
from penstock.server.projects.deleting import Deleting
from penstock.server.projects.detail import Details
from penstock.server.projects.everything import Everything
from penstock.server.projects.files import Files
from penstock.server.projects.git import Git
from penstock.server.projects.index import PipelineIndex
from penstock.server.projects.listing import Listing
from penstock.server.projects.own_templates import OwnTemplates
from penstock.server.projects.parts import Parts, must_find
from penstock.server.projects.pipelines import Pipelines
from penstock.server.projects.redrawing import Redrawing, SeenQueries
from penstock.server.projects.renaming import Renaming
from penstock.server.projects.resolver import Resolver
from penstock.server.projects.template_shelf import TemplateShelf
from penstock.server.projects.trash import Trash
from penstock.server.projects.unused import Unused
from penstock.server.projects.versions import Versions
from penstock.server.projects.watch import Watcher
from penstock.server.schema.pipelines import BlockDetail, PipelineDetail

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
        self.resolver = Resolver(opened.root, (data, logs, environment.home()))
        self.index = PipelineIndex(project, own / "index.json")
        self.announcer = Announcer(publish, self.resolver, self.index)
        self.watcher = Watcher(
            opened.root, self.resolver.is_private, self._changed_outside, logging.getLogger("penstock.server").warning
        )
        self.git = Git(opened.root, lambda: self.announcer.changes)
        self.versions = Versions(own / "versions", clock)
        self.trash = Trash(opened.root, own / "trash", clock)
        self.contents = Contents(self.resolver, self.versions, lock, self.announcer.tell)
        queries = SeenQueries()
        self.details = Details(self.resolver, self.index, self.git.state, queries.first)
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

        self.deleting = Deleting(self.parts)
        self.templates = TemplateShelf(self.parts)
        self.own_templates = OwnTemplates(self.parts, self.templates, self.deleting)
        self.adding = Adding(self.parts, self.templates)
        self.changing = Changing(self.parts, Renaming(self.parts, self._block_moved))
        self.redrawing = Redrawing(self.changing, queries, self.git.state)
        self.pipelines = Pipelines(
            self.parts, self.deleting, self._pipeline_moved, self.templates.start, self._is_running, clock
        )
        self.importing = Importing(self.parts, self.pipelines)
        self.files = Files(self.parts, self.deleting, self.git)
        self.listing = Listing(self.parts, self.git)
        self.unused = Unused(self.parts)
        self.checks = Checks(self.parts)
        self.everything = Everything(self.parts, [self.templates.search])
        self.running: Callable[[], Iterable[str]] = tuple
        self.followers: list[Callable[[str, str], None]] = []
        self.block_followers: list[Callable[[str, str, str], None]] = []

    async def start(self) -> None:
        """Begin to watch; the pipelines as they are now are no news."""
        await asyncio.to_thread(self.announcer.begin)
        self.watcher.start()

    async def close(self) -> None:
        """End the watch."""
        await asyncio.to_thread(self.watcher.close)

    def detail(self, pipeline: str, notes: tuple[str, ...] = ()) -> PipelineDetail:
        """A pipeline as the editor shows it; raises as `Project.read`."""
        found = self.details.pipeline(self.project(), pipeline, notes)
        every = (*found.blocks, *found.callbacks, *found.conditionals)
        self.announcer.shown((block.file, block.content_revision) for block in every if block.file)
        return found

    def block(self, pipeline: str, uuid: str) -> BlockDetail:
        """One block as the editor shows it. Raises BlockNotFoundError; as `Project.read`."""
        reading = self.project().read(pipeline)
        return self.details.block(self.project(), reading, must_find(reading, uuid))

    def is_block(self, uuid: str) -> bool:
        """Whether a pipeline has a block of that uuid."""
        return any(uuid == block.uuid for entry in self.index.entries().values() for block in entry.blocks)

    def _changed_outside(self, paths: Iterable[Path]) -> None:
        """Files have changed, whoever changed them."""
        paths = list(paths)
        self.announcer.tell(paths)
        self.redrawing.changed(paths)

    def _block_moved(self, pipeline: str, before: str, after: str) -> None:
        """Let the stored outputs follow a block; a run under way keeps them where they are."""
        with suppress(PenstockError):
            relocate(self.project().store_root(), Relocation(pipeline, pipeline, (before, after)))
        for follow in self.block_followers:
            with suppress(PenstockError):
                follow(pipeline, before, after)

    def _is_running(self, pipeline: str) -> bool:
        return pipeline in self.running()

    def save_text(self, pipeline: str, block: str, content: str, revision: str) -> str:
        """Save the text of a block, and draw the edges that it names; its revision now. Raises as `Changing.save`."""
        return self.changing.save(pipeline, block, content, revision).revision

    def _pipeline_moved(self, before: str, after: str) -> None:
        """Let outputs and logs follow a pipeline; refused while it runs."""
        if self._is_running(before):
            raise EditRefusedError(
                f"renaming pipeline {before}: it is running", hint="Wait until the run has ended, or interrupt it."
            )
        project = self.project()
        relocate(project.store_root(), Relocation(before, after))
        move_records(project.logs_root(), before, after)
        for follow in self.followers:
            follow(before, after)
