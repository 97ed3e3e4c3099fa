"""Files of the project: the tree, texts, versions, uploads and downloads, search, git."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from penstock.model.errors import FileInvalidError, FileMissingError
from penstock.server.permissions import Permission
from penstock.server.projects.contents import read_shown
from penstock.server.projects.files import LARGEST_UPLOAD
from penstock.server.projects.text_search import files_below, search_text
from penstock.server.routing import Call, Reply, Routes
from penstock.server.schema.files import (
    FileContent,
    FileSave,
    FileSaved,
    FileVersions,
    Folder,
    FolderQuery,
    GitDiff,
    GitStatus,
    Move,
    Moved,
    NewPath,
    PathQuery,
    Restore,
    TextHits,
    TextQuery,
    UnusedFiles,
    Uploaded,
    UploadQuery,
    VersionContent,
    VersionQuery,
)
from penstock.server.schema.pipelines import Undo

routes = Routes("files")
LARGEST_DOWNLOAD = 2 * 1024**3
"""Bytes of the files that one zip may hold."""
_CHUNK = 1 << 18


@routes.get("/api/files", Permission.VIEW, query=FolderQuery)
def list_folder(call: Call) -> Folder:
    """One level of the tree."""
    return call.studio.workspace.listing.folder(call.query.folder)


@routes.get("/api/files/content", Permission.VIEW, query=PathQuery)
def read_file(call: Call) -> FileContent:
    """A file as text."""
    return call.studio.workspace.listing.content(call.query.path)


@routes.put("/api/files/content", Permission.EDIT, query=PathQuery, body=FileSave)
def save_file(call: Call) -> FileSaved:
    """Save a file, unless it has changed since it was read; without a revision, make a new one."""
    saved = call.studio.workspace.contents.save(call.query.path, call.body.content, call.body.revision)
    return FileSaved(call.query.path, saved.revision)


@routes.post("/api/files/folder", Permission.EDIT, body=NewPath, status=201)
def make_folder(call: Call) -> Folder:
    """Make a folder."""
    return call.studio.workspace.listing.folder(call.studio.workspace.files.make_folder(call.body.path))


@routes.post("/api/files/move", Permission.EDIT, body=Move)
def move_file(call: Call) -> Moved:
    """Rename or move a file or folder; pipelines whose blocks' files moved find them still."""
    pipelines = call.studio.workspace.files.move(call.body.source, call.body.target)
    return Moved(call.body.target, pipelines)


@routes.delete("/api/files", Permission.EDIT, query=PathQuery)
def delete_file(call: Call) -> Undo:
    """Move a file or folder to the trash, for a day."""
    gone = call.studio.workspace.files.delete(call.query.path)
    return Undo(gone.token, gone.paths)


@routes.put("/api/files/upload", Permission.EDIT, query=UploadQuery, raw=True, limit=LARGEST_UPLOAD)
async def upload_file(call: Call) -> Uploaded:
    """Store the bytes of the body as a file, whole or not at all; what they claim to be does not matter."""
    size, revision = await call.studio.workspace.files.upload(
        call.query.path,
        call.request.stream(),
        replace=call.query.replace,
    )
    return Uploaded(call.query.path, size, revision)


@routes.get("/api/files/download", Permission.VIEW, query=PathQuery)
def download(call: Call) -> Reply:
    """A file as it is; a folder as a zip."""
    workspace = call.studio.workspace
    resolved = workspace.resolver.resolve(call.query.path, top=True)
    name = resolved.path.name
    if resolved.path.is_file():
        return Reply(path=resolved.path, filename=name)
    if not resolved.path.is_dir():
        raise FileMissingError(f"downloading {call.query.path}: there is none of that name", hint="Look again.")
    files = list(files_below(workspace.resolver, resolved.path))
    size = sum(path.stat().st_size for path in files if path.is_file())
    if size > LARGEST_DOWNLOAD:
        raise FileInvalidError(
            f"downloading {call.query.path}: it holds {size / 2**30:,.1f} GB",
            hint=f"Download folders of up to {LARGEST_DOWNLOAD // 2**30} GB, or single files.",
        )
    return Reply(
        stream=spooled(lambda target: _zip(target, resolved.path, files)),
        media_type="application/zip",
        filename=f"{name}.zip",
    )


@routes.get("/api/files/versions", Permission.VIEW, query=PathQuery)
def list_versions(call: Call) -> FileVersions:
    """Earlier contents of a file: of saves and of commits."""
    return call.studio.workspace.files.versions(call.query.path)


@routes.get("/api/files/version", Permission.VIEW, query=VersionQuery)
def read_version(call: Call) -> VersionContent:
    """The text of a version."""
    return call.studio.workspace.files.version(call.query.path, call.query.id)


@routes.post("/api/files/restore", Permission.EDIT, body=Restore)
def restore(call: Call) -> FileSaved:
    """Give a file the content of a version again; what it holds now becomes a version."""
    return FileSaved(call.body.path, call.studio.workspace.files.restore(call.body.path, call.body.id))


@routes.get("/api/files/search", Permission.VIEW, query=TextQuery)
def search_files(call: Call) -> TextHits:
    """The places where a text stands."""
    return search_text(call.studio.workspace.resolver, call.query)


@routes.get("/api/files/unused", Permission.VIEW)
def list_unused(call: Call) -> UnusedFiles:
    """The block files that no pipeline uses, and no other file of the project imports or names."""
    return call.studio.workspace.unused.files()


@routes.get("/api/git/status", Permission.VIEW)
def git_status(call: Call) -> GitStatus:
    """Branch, and every file that differs from the last commit."""
    return call.studio.workspace.git.status()


@routes.get("/api/git/diff", Permission.VIEW, query=PathQuery)
def git_diff(call: Call) -> GitDiff:
    """A file in the last commit and now."""
    workspace = call.studio.workspace
    resolved = workspace.resolver.resolve(call.query.path)
    now = read_shown(resolved.path, resolved.relative) if resolved.path.exists() else None
    base = workspace.git.committed(resolved)
    if base is None and now is None:
        raise FileMissingError(f"comparing {call.query.path}: there is no such file", hint="Look again.")
    try:
        text = base.decode("utf-8") if base is not None else None
    except UnicodeDecodeError:
        return GitDiff(call.query.path, None, "HEAD", None, "It is not a text file.")
    return GitDiff(call.query.path, text, "HEAD", now.content if now else None, now.problem if now else None)


def spooled(fill: Callable[[IO[bytes]], None]) -> Iterator[bytes]:
    """The bytes that `fill` writes into a file, which is gone when they have been sent."""
    file = TemporaryFile()  # noqa: SIM115 - closed when everything has been sent
    try:
        fill(file)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return _chunks(file)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _zip(target: IO[bytes], folder: Path, files: list[Path]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        for path in files:
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
