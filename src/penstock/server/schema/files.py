"""Files of the project, as JSON. All paths are relative to the project, with `/`."""

from __future__ import annotations

import msgspec


class FileEntry(msgspec.Struct, frozen=True):
    """One entry of a folder; `kind` is file, folder or link, `modified` in seconds since the epoch.

    `git` is M, A, D or ? for what differs from the last commit; `pipelines` use it as the file of a block.
    """

    name: str
    path: str
    kind: str
    size: int
    modified: float
    hidden: bool
    git: str | None = None
    pipelines: list[str] = []


class Folder(msgspec.Struct, frozen=True):
    """One level of the tree: folders first, then files, by name. `truncated` when there are more than are told."""

    folder: str
    entries: list[FileEntry]
    truncated: bool = False


class FolderQuery(msgspec.Struct, frozen=True):
    """Which folder; "" is the project itself."""

    folder: str = ""


class PathQuery(msgspec.Struct, frozen=True):
    """Which file or folder."""

    path: str


class FileContent(msgspec.Struct, frozen=True):
    """A file as text; `content` is None when it is none, and then `problem` says why."""

    path: str
    content: str | None
    encoding: str | None
    revision: str
    size: int
    modified: float
    language: str
    problem: str | None
    pipelines: list[str]


class FileSave(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The new text of a file; `revision` is the one that was seen, None when there must be none yet."""

    content: str
    revision: str | None = None


class FileSaved(msgspec.Struct, frozen=True):
    """The file as it is now."""

    path: str
    revision: str


class NewPath(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a folder is to be made."""

    path: str


class Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"source": "from", "target": "to"}):
    """What moves where."""

    source: str
    target: str


class Moved(msgspec.Struct, frozen=True):
    """Where it is now, and the pipelines whose files name it and were changed with it."""

    path: str
    pipelines: list[str] = []


class UploadQuery(msgspec.Struct, frozen=True):
    """Where an upload goes, and whether a file of that name may be replaced."""

    path: str
    replace: bool = False


class Uploaded(msgspec.Struct, frozen=True):
    """The file as it is now."""

    path: str
    size: int
    revision: str


class FileVersion(msgspec.Struct, frozen=True):
    """An earlier content of a file: one that a save replaced, or a commit. `at` in seconds since the epoch."""

    id: str
    at: float
    size: int
    source: str
    author: str | None = None
    message: str | None = None


class FileVersions(msgspec.Struct, frozen=True):
    """Earlier contents of a file, newest first."""

    versions: list[FileVersion]


class VersionQuery(msgspec.Struct, frozen=True):
    """Which version of which file."""

    path: str
    id: str


class VersionContent(msgspec.Struct, frozen=True):
    """The text of a version; None with a `problem` when it is no text."""

    content: str | None
    problem: str | None = None


class Restore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The version that a file is to have again."""

    path: str
    id: str


class TextQuery(msgspec.Struct, frozen=True):
    """What to look for in the text of all files."""

    q: str
    regex: bool = False
    case: bool = False
    folder: str = ""


class TextHit(msgspec.Struct, frozen=True):
    """A place in a file; `line` and `column` count from 1."""

    path: str
    line: int
    column: int
    text: str


class TextHits(msgspec.Struct, frozen=True):
    """What was found; `truncated` when there is more, or time ran out."""

    hits: list[TextHit]
    truncated: bool


class UnusedFile(msgspec.Struct, frozen=True):
    """A block file that nothing uses; `type` is that of its folder's blocks, `modified` in seconds since the epoch."""

    path: str
    type: str
    language: str
    size: int
    modified: float


class UnusedFiles(msgspec.Struct, frozen=True):
    """The block files that no pipeline and no other file of the project uses, by path.

    `unread` are the files that could not be read while looking, those of pipelines among them; `withheld` counts the
    files that are not in the list because something that could not be read may use them.
    """

    files: list[UnusedFile]
    unread: list[str]
    withheld: int


class GitChange(msgspec.Struct, frozen=True):
    """A file that differs from the last commit; `code` is M, A, D, R, U or ?."""

    path: str
    code: str


class GitStatus(msgspec.Struct, frozen=True):
    """What git says about the project; without a repository only `repository` and `reason` tell something."""

    repository: bool
    branch: str | None = None
    ahead: int = 0
    behind: int = 0
    changed: list[GitChange] = []
    reason: str | None = None


class GitDiff(msgspec.Struct, frozen=True):
    """A file in the last commit and now; `base` is None when it was not there."""

    path: str
    base: str | None
    base_label: str
    content: str | None
    problem: str | None = None
