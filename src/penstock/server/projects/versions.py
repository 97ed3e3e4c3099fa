"""Earlier contents of files: what a save replaced is kept, the newest hundred of each file.

Below the folder, each file of the project has a folder of its own, named by a digest of its path: `log` lists the
versions, oldest first, and `<sha256>` holds the bytes, compressed; equal contents are held once.
"""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from penstock.config import environment
from penstock.config.decoding import from_json
from penstock.model.errors import FileMissingError, StorageError
from penstock.project.text_file import replace_bytes

LARGEST = 16 * 1024 * 1024
"""Bytes of the largest content that is kept."""


def kept_versions() -> int:
    """How many versions of one file are kept, at least one."""
    return max(1, int(environment.read("MAX_NUMBER_OF_FILE_VERSIONS")))


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """One earlier content: its SHA-256, when it was replaced (seconds since the epoch), its size."""

    id: str
    at: float
    size: int


class _Log(msgspec.Struct):
    path: str
    kept: list[Kept]


@dataclass(slots=True)
class Versions:
    """The kept contents. Callers hold the workspace's lock when they write.

    Args:
        folder: in the data folder; it is made with the first version.
        clock: seconds since the epoch.
    """

    folder: Path
    clock: Callable[[], float] = time.time

    def keep(self, path: str, data: bytes) -> bool:
        """Keep a content that is about to be replaced; says whether it is kept.

        A data folder that is full or gone must not keep anybody from saving their work, so nothing is raised.
        """
        if len(data) > LARGEST:
            return False
        digest = hashlib.sha256(data).hexdigest()
        log = self._log(path)
        if log.kept and log.kept[-1].id == digest:
            return True
        try:
            self._write(path, digest, data, log)
        except (OSError, StorageError):
            return False
        return True

    def _write(self, path: str, digest: str, data: bytes, log: _Log) -> None:
        place = self._place(path)
        place.mkdir(parents=True, exist_ok=True)
        if not (place / digest).exists():
            replace_bytes(place / digest, zlib.compress(data, 1))
        kept = [*log.kept, Kept(digest, self.clock(), len(data))]
        newest = kept_versions()
        gone, kept = kept[:-newest], kept[-newest:]
        replace_bytes(place / "log", msgspec.json.encode(_Log(path, kept)))
        for old in {version.id for version in gone} - {version.id for version in kept}:
            with suppress(OSError):
                (place / old).unlink()

    def of(self, path: str) -> list[Kept]:
        """The versions of a file, newest first."""
        return self._log(path).kept[::-1]

    def content(self, path: str, version: str) -> bytes:
        """The bytes of a version.

        Raises:
            FileMissingError: there is none of that name.
        """
        if any(kept.id == version for kept in self._log(path).kept):
            with suppress(OSError, zlib.error):
                return zlib.decompress((self._place(path) / version).read_bytes())
        raise FileMissingError(
            f"reading version {version[:64]!r} of {path}: there is none of that name",
            hint=f"The newest {kept_versions()} versions of a file are kept; choose one of the list.",
        )

    def moved(self, before: str, after: str) -> None:
        """A file has another path now; its versions go with it, unless that path has some."""
        source, target = self._place(before), self._place(after)
        log = self._log(before)
        if not log.kept or target.exists():
            return
        with suppress(OSError):
            source.rename(target)
            replace_bytes(target / "log", msgspec.json.encode(_Log(after, log.kept)))

    def _place(self, path: str) -> Path:
        return self.folder / hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def _log(self, path: str) -> _Log:
        try:
            return from_json((self._place(path) / "log").read_bytes(), _Log)
        except (OSError, msgspec.MsgspecError):
            return _Log(path, [])
