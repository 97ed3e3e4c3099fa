"""Texts that are saved before a run: through the same door as every other save of the editor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from penstock.model.errors import BlockNotFoundError
from penstock.project import Project
from penstock.project.text_file import TextFile


class Door(Protocol):
    """What saves files of the project for the browser."""

    def save(self, path: str, content: str, revision: str | None) -> TextFile:
        """Save a file; raises ConflictError when it is no longer the one that was edited."""


class Edits:
    """Saves texts of blocks.

    Args:
        project: gives the project as it is now.
        door: what saves files.
    """

    def __init__(self, project: Callable[[], Project], door: Door) -> None:
        self._project = project
        self._door = door

    def save(self, pipeline: str, block: str, content: str, revision: str) -> str:
        """Save the text of a block; its revision now.

        Raises:
            BlockNotFoundError: there is no such block, or it has no file.
            ConflictError: the file is no longer the one that was edited.
        """
        project = self._project()
        loaded = project.pipeline(pipeline)
        entry = loaded.block(block)
        if entry is None or entry.file is None:
            cause = "the pipeline has no such block" if entry is None else "it has no file"
            raise BlockNotFoundError(f"saving block {block} of pipeline {pipeline}: {cause}", hint="Reload the page.")
        path = Path(entry.file)
        shown = path.relative_to(project.root).as_posix() if path.is_relative_to(project.root) else str(path)
        return self._door.save(shown, content, revision).revision
