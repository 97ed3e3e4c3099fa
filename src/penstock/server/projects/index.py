"""What is known of every pipeline without opening it: the list, and which pipelines use which file.

An entry is read again when the file's time, size or inode differ from what was seen; so a listing costs one `stat` a
pipeline. The entries are kept in the data folder too, so that the first listing after a start costs no more.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from penstock.config.decoding import from_json
from penstock.model.block import Block
from penstock.model.errors import FileInvalidError, PenstockError
from penstock.project.block_reader import FILELESS
from penstock.project.layout import METADATA, PIPELINES, find_block_file, is_inside, pipeline_folder, pipeline_folders
from penstock.project.load import Project
from penstock.project.text_file import replace_bytes

Stamp = tuple[int, int, int]
LARGEST = 2 * 1024 * 1024
"""Bytes of the largest pipeline file that the server parses: that takes two seconds. Real ones have a few kilobytes."""
_FORMAT = 1
_WORTH_KEEPING = 8
"""So many entries read anew make the kept file worth writing again."""


class BlockUse(msgspec.Struct, frozen=True, array_like=True):
    """A block of a pipeline: `file` relative to the project, where it is or should be; "" when it has none."""

    uuid: str
    name: str
    type: str
    language: str
    file: str
    missing: bool = False


class IndexEntry(msgspec.Struct, frozen=True):
    """What is known of one pipeline. `error` is set, and the rest empty, when its file cannot be read."""

    uuid: str
    stamp: Stamp
    revision: str
    name: str
    type: str
    description: str = ""
    tags: list[str] = []
    created_at: str | None = None
    blocks: list[BlockUse] = []
    others: list[BlockUse] = []
    error: str | None = None

    @property
    def updated_at(self) -> str:
        """When the file was written, ISO 8601, UTC."""
        return datetime.fromtimestamp(self.stamp[0] / 1e9, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def every_block(self) -> Iterable[BlockUse]:
        """Blocks, callbacks, conditionals and charts."""
        yield from self.blocks
        yield from self.others


class _Kept(msgspec.Struct):
    format: int
    entries: dict[str, IndexEntry]


class PipelineIndex:
    """The entries of all pipelines. Safe in any thread.

    Args:
        project: gives the project as it is now.
        file: where the entries are kept between starts; None to keep nothing.
    """

    def __init__(self, project: Callable[[], Project], file: Path | None = None) -> None:
        self._project = project
        self._file = file
        self._lock = threading.Lock()
        self._entries: dict[str, IndexEntry] = {}
        self._users: dict[str, list[tuple[str, str]]] | None = None
        self._loaded = False

    def entries(self) -> Mapping[str, IndexEntry]:
        """All pipelines as they are now, by uuid; do not change it."""
        project = self._project()
        with self._lock:
            self._load()
            found: dict[str, IndexEntry] = {}
            fresh = 0
            for uuid, folder in pipeline_folders(project.root):
                entry, is_new = self._entry(project, uuid, folder)
                if entry is not None:
                    found[uuid] = entry
                    fresh += is_new
            if fresh or found.keys() != self._entries.keys():
                self._users = None
            self._entries = found
            if fresh >= _WORTH_KEEPING:
                self._keep()
            return found

    def entry(self, uuid: str, *, anew: bool = False) -> IndexEntry | None:
        """One pipeline as it is now; None when there is none.

        Args:
            uuid: the pipeline.
            anew: read its file even when it looks the same.
        """
        project = self._project()
        folder = pipeline_folder(project.root, uuid)
        with self._lock:
            self._load()
            if anew:
                self._without(uuid)
            entry, is_new = self._entry(project, uuid, folder) if folder is not None else (None, False)
            if entry is None:
                self._without(uuid)
            elif self._entries.get(uuid) is not entry:
                self._entries = {**self._entries, uuid: entry}
            if entry is None or is_new:
                self._users = None
            return entry

    def users(self, file: str) -> list[tuple[str, str]]:
        """The pipelines and blocks that use a file of the project, as pairs of uuids, as of the last look."""
        with self._lock:
            return list(self._by_file().get(file, ()))

    def users_below(self, path: str) -> list[tuple[str, str]]:
        """As `users`, of this file or, if it is a folder, of all files in it and below."""
        with self._lock:
            every = self._by_file()
            return [
                user for file, users in every.items() if file == path or file.startswith(f"{path}/") for user in users
            ]

    def pipelines_using(self, file: str) -> list[str]:
        """The uuids of the pipelines that use a file, each once."""
        return list(dict.fromkeys(pipeline for pipeline, _ in self.users(file)))

    def forget_missing(self) -> None:
        """Look again for files that were missing: one has come."""
        with self._lock:
            self._entries = {uuid: entry for uuid, entry in self._entries.items() if not _lacks_a_file(entry)}
            self._users = None

    def _by_file(self) -> dict[str, list[tuple[str, str]]]:
        self._load()
        if self._users is None:
            users: dict[str, list[tuple[str, str]]] = defaultdict(list)
            for uuid, entry in self._entries.items():
                for block in entry.every_block():
                    if block.file:
                        users[block.file].append((uuid, block.uuid))
            self._users = dict(users)
        return self._users

    def _without(self, uuid: str) -> None:
        # Never changed in place: other threads go through what `entries` gave them.
        self._entries = {known: entry for known, entry in self._entries.items() if known != uuid}

    def _entry(self, project: Project, uuid: str, folder: Path) -> tuple[IndexEntry | None, bool]:
        """The entry of a pipeline, and whether it was read just now."""
        try:
            state = os.stat(os.path.join(folder, METADATA))  # noqa: PTH116, PTH118 - a thousand times per listing
        except FileNotFoundError:
            return None, False
        except OSError as error:
            text = f"reading pipeline {uuid}: {error.strerror}"
            return IndexEntry(uuid, (0, 0, 0), "", uuid, "python", error=text), True
        stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
        known = self._entries.get(uuid)
        if known is not None and known.stamp == stamp:
            return known, False
        return _read(project, uuid, stamp), True

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        if self._file is None:
            return
        with suppress(OSError, msgspec.MsgspecError):
            kept = from_json(self._file.read_bytes(), _Kept)
            if kept.format == _FORMAT:
                self._entries = kept.entries

    def _keep(self) -> None:
        """A cache that cannot be written is no loss."""
        if self._file is None:
            return
        with suppress(OSError, PenstockError, UnicodeEncodeError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            replace_bytes(self._file, msgspec.json.encode(_Kept(_FORMAT, self._entries)))


def check_size(size: int, shown: str) -> None:
    """Refuse a pipeline's file that would keep the server busy.

    Raises:
        FileInvalidError: it is too large.
    """
    if size > LARGEST:
        raise FileInvalidError(
            f"reading {shown}: it has {size / 2**20:,.1f} MB, pipelines may have {LARGEST >> 20} MB",
            hint="Keep data in files of its own.",
        )


def _read(project: Project, uuid: str, stamp: Stamp) -> IndexEntry | None:
    try:
        check_size(stamp[1], f"{PIPELINES}/{uuid}/{METADATA}")
        reading = project.read(uuid)
    except PenstockError as error:
        if not (project.root / "pipelines" / uuid / METADATA).exists():
            return None
        return IndexEntry(uuid, stamp, "", uuid, "python", error=error.message)
    pipeline = reading.pipeline
    created = pipeline.raw.get("created_at")
    return IndexEntry(
        uuid=uuid,
        stamp=stamp,
        revision=reading.file.revision,
        name=pipeline.name,
        type=pipeline.declared_type,
        description=pipeline.description,
        tags=list(pipeline.tags),
        created_at=str(created) if created else None,
        blocks=[_use(project, block) for block in pipeline.blocks],
        others=[_use(project, block) for block in (*pipeline.callbacks, *pipeline.conditionals, *pipeline.widgets)],
    )


def _use(project: Project, block: Block) -> BlockUse:
    path = Path(block.file) if block.file else None
    missing = False
    if path is None and block.content is None and block.type not in FILELESS and is_inside(block.uuid):
        found = find_block_file(project, block.uuid, block.type, block.language, block.configuration)
        missing = not found.outside and found.expected != project.root
        path = found.expected if missing else None
    file = path.relative_to(project.root).as_posix() if path is not None and path.is_relative_to(project.root) else ""
    return BlockUse(
        block.uuid, block.name, block.declared_type or block.type.value, block.language.value, file, missing
    )


def _lacks_a_file(entry: IndexEntry) -> bool:
    return any(block.missing for block in entry.every_block())
