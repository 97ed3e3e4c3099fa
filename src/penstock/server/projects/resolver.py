"""The one way from a path in a request to a file: inside the project, and never into what is not the user's to edit."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from penstock.model.errors import PathRefusedError
from penstock.project.text_file import is_text_name

LONGEST = 2048
LONGEST_NAME = 255
"""Bytes of the longest path, and of the longest name in it: what file systems hold, with room for the project's own."""
_DATA_NAMES = (
    *("products", "runs", "logs", "publishing.lock", "secrets", "sessions"),
    *(".studio", ".cache", ".project.json", ".server"),
)
"""What Penstock makes in the data folder; private by name where that folder is the project's own."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A path that may be used: `path` absolute, `relative` as the project names it ("" for the project itself)."""

    path: Path
    relative: str


class Resolver:
    """Turns paths of requests into paths of files.

    Args:
        root: the project's folder, absolute.
        data_dirs: folders of data products, logs and secrets; nothing in them is a file of the project.
    """

    def __init__(self, root: Path, data_dirs: tuple[Path, ...] = ()) -> None:
        self.root = root
        self._real_root = Path(os.path.realpath(root))
        self._private: list[Path] = []
        for folder in data_dirs:
            real = Path(os.path.realpath(folder))
            if self._real_root.is_relative_to(real):
                # The data lies in or around the project's own folder: what is known of it by name is private.
                self._private += [
                    real / name for name in _DATA_NAMES if not self._real_root.is_relative_to(real / name)
                ]
            else:
                self._private.append(real)

    def resolve(self, path: str, *, top: bool = False) -> Resolved:
        """The file or folder that a relative path names; it need not exist.

        Args:
            path: relative to the project, with `/`.
            top: whether "" may stand for the project's folder.

        Raises:
            PathRefusedError: it leaves the project, leads into git's or Penstock's own files, or is no path.
        """
        relative = self._checked(path, top=top)
        if not relative:
            return Resolved(self.root, "")
        absolute = self.root / relative
        try:
            real = Path(os.path.realpath(absolute))
        except (OSError, ValueError) as error:
            raise _refused(path, str(error)) from error
        if not real.is_relative_to(self._real_root):
            raise _refused(path, "it leads out of the project")
        if self.is_private(real):
            raise _refused(path, "it belongs to git or to the stored data, not to the files of the project")
        return Resolved(absolute, relative)

    def for_writing(self, path: str) -> Resolved:
        """As `resolve`, for something that is to be written, moved or removed; names that nobody can type are refused.

        Raises:
            PathRefusedError: as `resolve`; or a part of it holds control characters, or starts or ends with a blank.
        """
        found = self.resolve(path)
        for part in found.relative.split("/"):
            if part != part.strip() or any(unicodedata.category(char) in {"Cc", "Cf"} for char in part):
                raise _refused(path, "a name has control characters, or blanks at its ends")
        return found

    def relative(self, path: Path) -> str | None:
        """How the project names an absolute path; None for what is outside or not the project's to show."""
        if not path.is_relative_to(self.root):
            return None
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(self._real_root) or self.is_private(real):
            return None
        relative = path.relative_to(self.root).as_posix()
        return relative if is_text_name(relative) else None

    def is_private(self, real: Path) -> bool:
        """Whether a real path inside the project belongs to git or to the stored data."""
        if any(_is_git(part) for part in real.relative_to(self._real_root).parts):
            return True
        if any(real == folder or real.is_relative_to(folder) for folder in self._private):
            return True
        return real.name == ".project.json"

    def _checked(self, path: str, *, top: bool) -> str:
        try:
            raw = path.encode("utf-8")
        except UnicodeEncodeError:
            raise _refused(path, "it is not Unicode text") from None
        if b"\0" in raw or len(raw) > LONGEST or any(len(part) > LONGEST_NAME for part in raw.split(b"/")):
            raise _refused(path, "it is too long or holds a NUL character")
        text = path.rstrip("/") if len(path) > 1 else path
        if not text:
            if top:
                return ""
            raise _refused(path, "it is empty")
        if text.startswith(("/", "~")) or "\\" in text or (len(text) > 1 and text[1] == ":"):
            raise _refused(path, "it is not relative to the project, with / between folders")
        parts = text.split("/")
        if any(part in {"", ".", ".."} for part in parts):
            raise _refused(path, "it has parts that are empty, . or ..")
        if any(_is_git(part) for part in parts):
            raise _refused(path, "it belongs to git, not to the files of the project")
        return text


def _is_git(part: str) -> bool:
    """Whether a name means git's folder on any file system: without regard to case, blanks, dots, ignorable marks."""
    plain = "".join(char for char in part if unicodedata.category(char) != "Cf")
    name = plain.casefold().partition(":")[0].rstrip(". ")
    return name in {".git", "git~1"}


def _refused(path: str, cause: str) -> PathRefusedError:
    shown = path[:120].encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
    return PathRefusedError(f"opening {shown!r}: {cause}", hint="Give a path inside the project, relative to it.")
