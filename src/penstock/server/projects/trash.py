"""What was deleted in the browser, kept for a day: files, folders, entries of pipelines. Undo brings it back."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from penstock.config.decoding import from_json
from penstock.model.errors import ConflictError, FileMissingError, StorageError
from penstock.project.text_file import replace_bytes

KEPT_SECONDS = 24 * 3600.0
_TOKEN = re.compile(r"[0-9a-f]{32}")
_RECORD = "record.json"


class Item(msgspec.Struct, frozen=True):
    """A file or folder that was moved here: its path in the project, and its name in the trash."""

    path: str
    stored: str


class Removed(msgspec.Struct, frozen=True):
    """An entry that was taken out of a pipeline's file, as YAML, and where each child had it among its upstreams.

    `before` is the file's text before; when the file still has the revision `after`, that text comes back as it was.
    """

    section: str
    index: int
    entry: str
    children: dict[str, int] = {}
    before: str = ""
    after: str = ""


class Record(msgspec.Struct, frozen=True):
    """One deletion."""

    at: float
    items: list[Item]
    pipeline: str | None = None
    removed: list[Removed] = []


@dataclass(slots=True)
class Trash:
    """The deletions of a day. Callers hold the workspace's lock.

    Args:
        root: the project's folder.
        folder: in the data folder; it is made with the first deletion.
        clock: seconds since the epoch.
    """

    root: Path
    folder: Path
    clock: Callable[[], float] = time.time

    def put(self, paths: Sequence[str], *, pipeline: str | None = None, removed: Sequence[Removed] = ()) -> str:
        """Move files and folders of the project here; the token that brings them back.

        Raises:
            StorageError: the disk refuses; then everything is where it was.
        """
        self.forget_old()
        token = secrets.token_hex(16)
        place = self.folder / token
        items = [Item(path, str(number)) for number, path in enumerate(paths)]
        try:
            place.mkdir(parents=True)
            # The record first: what is in the trash without one could not be brought back.
            record = Record(self.clock(), items, pipeline, list(removed))
            replace_bytes(place / _RECORD, msgspec.json.encode(record))
            for item in items:
                shutil.move(self.root / item.path, place / item.stored)
        except (OSError, shutil.Error) as error:
            if self._put_back(place, items):
                shutil.rmtree(place, ignore_errors=True)
            cause = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise StorageError(
                f"deleting {', '.join(paths) or 'an entry'}: {cause}",
                hint="Check that the folder may be written; nothing was deleted.",
            ) from error
        return token

    def _put_back(self, place: Path, items: Sequence[Item]) -> bool:
        """Bring back what has come here of a deletion that was not completed; whether nothing is left here alone.

        A folder that lies on another disk is copied and then removed, and may have lost files when that stops halfway.
        """
        try:
            for item in reversed(items):
                stored, target = place / item.stored, self.root / item.path
                if not os.path.lexists(target) and os.path.lexists(stored):
                    shutil.move(stored, target)
                elif stored.is_dir() and not stored.is_symlink():
                    _fill(stored, target)
        except (OSError, shutil.Error):
            return False
        return True

    def look(self, token: str) -> Record:
        """What a deletion took.

        Raises:
            FileMissingError: it is not in the trash any more.
        """
        record = None
        if _TOKEN.fullmatch(token):
            with suppress(OSError, msgspec.MsgspecError):
                record = from_json((self.folder / token / _RECORD).read_bytes(), Record)
        if record is None or record.at < self.clock() - KEPT_SECONDS:
            raise FileMissingError(
                "undoing a deletion: it is not in the trash any more",
                hint="Deletions can be undone once, for a day; look into git or the versions of the file.",
            )
        return record

    def restore(self, token: str) -> list[str]:
        """Move the files of a deletion back where they were; their paths.

        Raises:
            ConflictError: something is there now; nothing was moved.
            StorageError: the disk refuses; what was not moved stays in the trash.
        """
        record = self.look(token)
        # What a first try has brought back already is where it belongs.
        here = [item for item in record.items if os.path.lexists(self.folder / token / item.stored)]
        taken = [item.path for item in here if os.path.lexists(self.root / item.path)]
        if taken:
            raise ConflictError(
                f"undoing a deletion: {', '.join(taken)} is there again", hint="Move it away, then undo once more."
            )
        for item in here:
            target = self.root / item.path
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(self.folder / token / item.stored, target)
            except (OSError, shutil.Error) as error:
                raise StorageError(
                    f"bringing back {item.path}: {error}", hint="Free space, or make the folder writable; then repeat."
                ) from error
        return [item.path for item in record.items]

    def drop(self, token: str) -> None:
        """Forget a deletion that was undone."""
        shutil.rmtree(self.folder / token, ignore_errors=True)

    def forget_old(self) -> None:
        """Remove what is older than a day."""
        with suppress(OSError):
            for place in self.folder.iterdir():
                with suppress(OSError):
                    if place.stat().st_mtime < self.clock() - KEPT_SECONDS:
                        shutil.rmtree(place, ignore_errors=True)


def _fill(source: Path, target: Path) -> None:
    """Copy what a folder lacks of another one."""
    for each in source.iterdir():
        there = target / each.name
        if each.is_dir() and not each.is_symlink():
            there.mkdir(exist_ok=True)
            _fill(each, there)
        elif not os.path.lexists(there):
            shutil.copy2(each, there, follow_symlinks=False)
