"""What the services that change files share: the project, the resolver, one lock, one voice, versions and trash."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from penstock.model.block import Block
from penstock.model.errors import BlockNotFoundError, ConflictError, EditRefusedError, Location
from penstock.project.edit import change_pipeline
from penstock.project.entries import Entry
from penstock.project.load import Project
from penstock.project.reader import PipelineReading
from penstock.server.projects.contents import Contents
from penstock.server.projects.detail import Details
from penstock.server.projects.index import PipelineIndex
from penstock.server.projects.resolver import Resolver
from penstock.server.projects.trash import Trash
from penstock.server.projects.versions import Versions

ATTEMPTS = 5
"""How often a change by meaning is tried again when somebody else writes the file in between."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts. `project()` is the project as it is now; `lock` is held during every change; `tell` announces it."""

    project: Callable[[], Project]
    root: Path
    resolver: Resolver
    lock: threading.RLock
    index: PipelineIndex
    contents: Contents
    details: Details
    versions: Versions
    trash: Trash
    tell: Callable[[Iterable[Path]], None]

    def relative(self, path: str | Path) -> str:
        """How the project names one of its files."""
        found = Path(path)
        return found.relative_to(self.root).as_posix() if found.is_relative_to(self.root) else str(path)

    def change(self, pipeline: str, change: Callable[[Entry], None], revision: str | None = None) -> PipelineReading:
        """Change the data of a pipeline's file, and nothing else in it; tell it.

        Args:
            pipeline: the pipeline's uuid.
            change: changes the data in place; it may be called again when somebody else was faster.
            revision: refuse when the file is another one than the caller saw.

        Returns:
            The pipeline as it was before.

        Raises:
            ConflictError: the file is not of that revision; its details tell what it is.
            EditRefusedError: the change cannot be made without damage.
            PipelineNotFoundError, FileInvalidError, StorageError: as they say.
        """
        with self.lock:
            for attempt in range(ATTEMPTS):
                reading = self.project().read(pipeline)
                check_revision(reading, revision)
                before = reading.file.text.encode("utf-8")
                try:
                    after = change_pipeline(reading, change)
                except EditRefusedError:
                    same = self.project().read(pipeline).file.revision == reading.file.revision
                    if same or attempt == ATTEMPTS - 1:
                        raise
                    continue
                if after.revision != reading.file.revision:
                    self.versions.keep(self.relative(reading.pipeline.file), before)
                    self.tell([Path(reading.pipeline.file)])
                return reading
        raise AssertionError  # the last attempt returns or raises

    def checked_file(self, block: Block) -> Path | None:
        """The file of a block, which may be moved, replaced and removed; None when it has none.

        Raises:
            PathRefusedError: it is not one of the project: a link leads out of it.
        """
        return None if block.file is None else self.resolver.for_writing(self.relative(block.file)).path


def check_revision(reading: PipelineReading, revision: str | None) -> None:
    """Refuse to go on when a pipeline's file is another one than the caller saw.

    Raises:
        ConflictError: it is.
    """
    if revision and revision != reading.file.revision:
        raise ConflictError(
            f"changing pipeline {reading.pipeline.uuid}: its file has changed since it was opened",
            hint="Look at the pipeline as it is now, and repeat the change.",
            location=Location(reading.document.file),
            details={"revision": reading.file.revision, "content": reading.file.text},
        )


def every_block(reading: PipelineReading) -> tuple[Block, ...]:
    """Blocks, callbacks, conditionals and charts of a pipeline."""
    pipeline = reading.pipeline
    return (*pipeline.blocks, *pipeline.callbacks, *pipeline.conditionals, *pipeline.widgets)


def must_find(reading: PipelineReading, uuid: str) -> Block:
    """A block of a pipeline, of any section.

    Raises:
        BlockNotFoundError: it has none of that uuid.
    """
    found = next((block for block in every_block(reading) if block.uuid == uuid), None)
    if found is None:
        names = ", ".join(block.uuid for block in every_block(reading)[:12])
        raise BlockNotFoundError(
            f"opening block {uuid[:100]}: pipeline {reading.pipeline.uuid} has none of that name",
            hint=f"Its blocks: {names or 'none'}.",
        )
    return found
