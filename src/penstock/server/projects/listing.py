"""One level of the project's tree, and what is in a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from penstock.model.errors import FileInvalidError, FileMissingError
from penstock.project.text_file import is_text_name
from penstock.server.projects.git import Git
from penstock.server.projects.parts import Parts
from penstock.server.projects.resolver import Resolved
from penstock.server.schema.files import FileContent, FileEntry, Folder

MOST = 10_000
"""Entries of one folder that are told."""
_LANGUAGES: Mapping[str, str] = {
    "py": "python",
    "sql": "sql",
    "r": "r",
    "yaml": "yaml",
    "yml": "yaml",
    "md": "markdown",
    "json": "json",
    "toml": "toml",
    "csv": "csv",
    "txt": "text",
    "sh": "shell",
    "html": "html",
    "css": "css",
    "js": "javascript",
    "ts": "typescript",
    "xml": "xml",
}


@dataclass(frozen=True, slots=True)
class Listing:
    """Shows folders and files."""

    parts: Parts
    git: Git

    def folder(self, path: str) -> Folder:
        """The entries of a folder: folders first, then files, by name.

        Raises:
            PathRefusedError: the path is not one of the project.
            FileMissingError: there is no such folder.
            FileInvalidError: it is a file, or may not be read.
        """
        resolved = self.parts.resolver.resolve(path, top=True)
        shown = resolved.relative or "the project"
        try:
            with os.scandir(resolved.path) as entries:
                found = [entry for entry in entries if is_text_name(entry.name)]
        except FileNotFoundError as error:
            raise FileMissingError(
                f"opening folder {shown}: there is none of that name", hint="It may have been moved or deleted."
            ) from error
        except OSError as error:
            cause = "it is a file" if isinstance(error, NotADirectoryError) else error.strerror
            raise FileInvalidError(
                f"opening folder {shown}: {cause}", hint="Open a folder that may be read."
            ) from error
        self.parts.index.entries()
        marks = {change.path: change.code for change in self.git.status().changed}
        told = [entry for entry in (self._entry(resolved, each, marks) for each in found) if entry is not None]
        told.sort(key=lambda entry: (entry.kind != "folder", entry.name.lower(), entry.name))
        return Folder(resolved.relative, told[:MOST], truncated=len(told) > MOST)

    def content(self, path: str) -> FileContent:
        """A file as text. Raises as `Contents.read`."""
        text = self.parts.contents.read(path)
        self.parts.index.entries()
        return FileContent(
            path=path,
            content=text.content,
            encoding=text.encoding,
            revision=text.revision,
            size=text.size,
            modified=text.modified,
            language=language_of(path),
            problem=text.problem,
            pipelines=self.parts.index.pipelines_using(path),
        )

    def _entry(self, folder: Resolved, entry: os.DirEntry[str], marks: Mapping[str, str]) -> FileEntry | None:
        path = f"{folder.relative}/{entry.name}" if folder.relative else entry.name
        if self.parts.resolver.relative(Path(entry.path)) is None and not entry.is_symlink():
            return None  # git's, or of the stored data
        try:
            state = entry.stat(follow_symlinks=False)
            is_folder = entry.is_dir(follow_symlinks=False)
        except OSError:
            return None
        kind = "link" if entry.is_symlink() else "folder" if is_folder else "file"
        return FileEntry(
            name=entry.name,
            path=path,
            kind=kind,
            size=0 if is_folder else state.st_size,
            modified=state.st_mtime,
            hidden=entry.name.startswith(".") or entry.name == "__pycache__",
            git=_mark(path, marks, is_folder=is_folder),
            pipelines=[] if is_folder else self.parts.index.pipelines_using(path),
        )


def language_of(path: str) -> str:
    """What the editor takes a file for, by its name."""
    return _LANGUAGES.get(path.rpartition(".")[2].lower(), "text")


def _mark(path: str, marks: Mapping[str, str], *, is_folder: bool) -> str | None:
    """What git says of a path; of a folder M when something in it differs, ? when it is new as a whole."""
    if path in marks:
        return marks[path]
    if any(f"{parent}/" in marks for parent in _parents(path)):
        return "?"
    if is_folder:
        return "M" if any(change.startswith(f"{path}/") for change in marks) else None
    return None


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
