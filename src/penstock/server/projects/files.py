"""Folders and files of the project: make, move, delete, upload, restore."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

from penstock.model.errors import (
    ConflictError,
    EditRefusedError,
    FileInvalidError,
    FileMissingError,
    PathRefusedError,
    StorageError,
)
from penstock.project.entries import Entry, entries
from penstock.project.layout import METADATA, PIPELINES
from penstock.project.text_file import read_bytes
from penstock.server.projects import block_names as names
from penstock.server.projects.deleting import Deleting, Deletion
from penstock.server.projects.git import Git
from penstock.server.projects.index import BlockUse
from penstock.server.projects.parts import Parts, every_block
from penstock.server.projects.resolver import Resolved
from penstock.server.schema.files import FileVersion, FileVersions, VersionContent

LARGEST_UPLOAD = 4 * 1024**3
"""Bytes of the largest file that is taken."""
_LARGEST_KEPT = 1 << 20


@dataclass(frozen=True, slots=True)
class Files:
    """Changes files that need not be blocks.

    Args:
        parts: the files.
        deleting: where deletions go.
        git: for versions that were committed.
    """

    parts: Parts
    deleting: Deleting
    git: Git

    def make_folder(self, path: str) -> str:
        """Make a folder, and those above it.

        Raises:
            EditRefusedError: something of that name is there.
            PathRefusedError, StorageError: as they say.
        """
        resolved = self.parts.resolver.for_writing(path)
        try:
            resolved.path.mkdir(parents=True)
        except FileExistsError as error:
            raise EditRefusedError(f"making folder {path}: it is there already", hint="Choose another name.") from error
        except OSError as error:
            raise _storage("making folder", path, error) from error
        self.parts.tell([resolved.path])
        return resolved.relative

    def move(self, source: str, target: str) -> list[str]:
        """Give a file or folder another path; the pipelines whose blocks' files moved, which were changed with it.

        Raises:
            FileMissingError: there is nothing of the old name.
            EditRefusedError: there is something of the new name, or a pipeline would be torn apart.
            PathRefusedError, StorageError: as they say.
        """
        before, after = self.parts.resolver.for_writing(source), self.parts.resolver.for_writing(target)
        with self.parts.lock:
            self._check_move(before.path, after.path, source, target)
            moving = _files_below(before.path)
            users = self._users(moving)
            try:
                after.path.parent.mkdir(parents=True, exist_ok=True)
                os.rename(before.path, after.path)  # noqa: PTH104 - plain and atomic
            except OSError as error:
                raise _storage("moving", source, error) from error
            moved = {path: after.path / path.relative_to(before.path) for path in moving}
            for old, new in moved.items():
                self.parts.versions.moved(self.parts.relative(old), self.parts.relative(new))
            for pipeline in users:
                self._point_to(pipeline, {str(old): new for old, new in moved.items()}, users[pipeline])
            self.parts.tell([before.path, after.path, *moved, *moved.values()])
        return sorted(users)

    def delete(self, path: str) -> Deletion:
        """Move a file or folder to the trash.

        Raises:
            FileMissingError: there is none.
            PathRefusedError, StorageError: as they say.
        """
        resolved = self.parts.resolver.for_writing(path)
        if not os.path.lexists(resolved.path):
            raise FileMissingError(f"deleting {path}: there is none of that name", hint="Look again.")
        if resolved.relative in {METADATA, PIPELINES}:
            raise EditRefusedError(
                f"deleting {path}: without it the folder is no project", hint="Delete what is in it."
            )
        return self.deleting.paths([resolved.relative])

    async def upload(self, path: str, chunks: AsyncIterator[bytes], *, replace: bool) -> tuple[int, str]:
        """Write a file from a stream, whole or not at all; its size and revision.

        Raises:
            ConflictError: it is there already, and may not be replaced.
            FileInvalidError: it is too large.
            PathRefusedError, StorageError: as they say.
        """
        resolved = self.parts.resolver.for_writing(path)
        self._check_upload(resolved.path, path, replace=replace)
        temporary = resolved.path.with_name(f".{resolved.path.name[:50]}.{secrets.token_hex(6)}.tmp")
        digest, size = sha256(), 0
        try:
            resolved.path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("xb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > LARGEST_UPLOAD:
                        raise FileInvalidError(
                            f"uploading {path}: it is larger than {LARGEST_UPLOAD // 2**30} GB",
                            hint="Put it into the folder directly.",
                        )
                    digest.update(chunk)
                    file.write(chunk)
                await asyncio.to_thread(_flush, file)
            await asyncio.to_thread(self._put, temporary, resolved, replace=replace)
        except OSError as error:
            raise _storage("uploading", path, error) from error
        finally:
            with suppress(OSError):
                temporary.unlink()
        await asyncio.to_thread(self.parts.tell, [resolved.path])
        return size, digest.hexdigest()

    def _put(self, temporary: Path, target: Resolved, *, replace: bool) -> None:
        """Put an uploaded file in its place; what it replaces becomes a version."""
        with self.parts.lock:
            self._check_upload(target.path, target.relative, replace=replace)
            if target.path.is_file():
                self._keep(target.path, target.relative)
            temporary.replace(target.path)

    def versions(self, path: str) -> FileVersions:
        """Earlier contents of a file, newest first: those that saves replaced, and those of commits."""
        resolved = self.parts.resolver.resolve(path)
        own = [FileVersion(kept.id, kept.at, kept.size, "saved") for kept in self.parts.versions.of(resolved.relative)]
        commits = [
            FileVersion(commit.id, commit.at, 0, "git", commit.author, commit.message)
            for commit in self.git.commits(resolved)
        ]
        return FileVersions(sorted([*own, *commits], key=lambda version: version.at, reverse=True))

    def version(self, path: str, version: str) -> VersionContent:
        """The text of a version. Raises FileMissingError when there is none."""
        data = self._version_bytes(path, version)
        try:
            return VersionContent(data.removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
        except UnicodeDecodeError:
            return VersionContent(None, "That version is not UTF-8 text.")

    def restore(self, path: str, version: str) -> str:
        """Give a file the content of a version again; its revision. What it holds now becomes a version."""
        return self.parts.contents.restore(path, version, self._version_bytes(path, version)).revision

    def _version_bytes(self, path: str, version: str) -> bytes:
        resolved = self.parts.resolver.resolve(path)
        if any(kept.id == version for kept in self.parts.versions.of(resolved.relative)):
            return self.parts.versions.content(resolved.relative, version)
        try:
            return self.git.content(resolved, version)
        except PathRefusedError:
            return self.parts.versions.content(resolved.relative, version)

    def _keep(self, path: Path, shown: str) -> None:
        with suppress(OSError, FileInvalidError):
            if path.stat().st_size <= _LARGEST_KEPT:
                self.parts.versions.keep(shown, read_bytes(path))

    def _check_upload(self, target: Path, path: str, *, replace: bool) -> None:
        if target.is_dir():
            raise EditRefusedError(f"uploading {path}: a folder of that name is there", hint="Choose another name.")
        if os.path.lexists(target) and not replace:
            raise ConflictError(f"uploading {path}: it is there already", hint="Replace it, or choose another name.")

    def _check_move(self, before: Path, after: Path, source: str, target: str) -> None:
        if not os.path.lexists(before):
            raise FileMissingError(f"moving {source}: there is none of that name", hint="Look again.")
        if source.rstrip("/") in {METADATA, PIPELINES}:
            raise EditRefusedError(f"moving {source}: without it the folder is no project", hint="Leave it there.")
        if os.path.lexists(after) and not _same(before, after):
            raise EditRefusedError(f"moving {source}: {target} is there already", hint="Choose another name.")
        if after.is_relative_to(before) and after != before:
            raise EditRefusedError(f"moving {source}: {target} lies in it", hint="Choose another folder.")
        if source.split("/", maxsplit=1)[0] == PIPELINES or target.split("/", maxsplit=1)[0] == PIPELINES:
            holds = before.is_dir() and next(before.rglob(METADATA), None) is not None
            if before.name == METADATA or before.parent == self.parts.root or holds:
                raise EditRefusedError(
                    f"moving {source}: it belongs to a pipeline", hint="Rename or move the pipeline in the list."
                )

    def _users(self, files: list[Path]) -> dict[str, list[str]]:
        """Pipeline -> its blocks whose files are among these."""
        self.parts.index.entries()
        found: dict[str, list[str]] = {}
        for file in files:
            for pipeline, block in self.parts.index.users(self.parts.relative(file)):
                found.setdefault(pipeline, []).append(block)
        return found

    def _point_to(self, pipeline: str, moved: dict[str, Path], blocks: list[str]) -> None:
        """Let the blocks of a pipeline find their files where they are now."""
        reading = self.parts.project().read(pipeline)
        # The files have moved, so what the reading finds is no longer true; the index knows where they were.
        known = {use.uuid: use.file for use in self._uses(pipeline)}
        kinds = {block.uuid: (block.type, block.language) for block in every_block(reading)}

        def change(data: Entry) -> None:
            for _section, _index, entry in entries(data):
                uuid = str(entry.get("uuid") or "")
                old = str(self.parts.root / known.get(uuid, ""))
                if uuid in blocks and old in moved and uuid in kinds and not entry.get("replicated_block"):
                    names.points_to(self.parts.project(), entry, *kinds[uuid], moved[old])

        with suppress(EditRefusedError):
            self.parts.change(pipeline, change)

    def _uses(self, pipeline: str) -> list[BlockUse]:
        entry = self.parts.index.entry(pipeline)
        return list(entry.every_block()) if entry is not None else []


def _files_below(path: Path) -> list[Path]:
    if not path.is_dir() or path.is_symlink():
        return [path]
    return [each for each in path.rglob("*") if each.is_file() and "__pycache__" not in each.parts]


def _flush(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _same(left: Path, right: Path) -> bool:
    """Whether two names mean one file, as on a file system that ignores case."""
    try:
        return left.samefile(right)
    except OSError:
        return False


def _storage(doing: str, path: str, error: OSError) -> StorageError:
    return StorageError(
        f"{doing} {path}: {error.strerror or error}",
        hint="Free space, or make the folder writable; nothing was changed.",
    )
