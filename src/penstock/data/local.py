"""The backend on a local file system."""

from __future__ import annotations

import errno
import itertools
import mmap
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from penstock.data.backend import ASIDE, LATER, Durability
from penstock.data.gathering import GatheringFile
from penstock.data.locking import acquire
from penstock.model.errors import StorageError

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}
_HINTS = {
    errno.ENOSPC: "Free space on that disk, for example with `penstock clean`, or move the data folder.",
    errno.EDQUOT: "Free space within the quota, for example with `penstock clean`, or move the data folder.",
    errno.EFBIG: "Raise the limit on the size of files, or return smaller outputs.",
    errno.EROFS: "Point the data folder at a disk that can be written to.",
    errno.EACCES: "Give the user who runs Penstock the right to write to that folder.",
    errno.EPERM: "Give the user who runs Penstock the right to write to that folder.",
    errno.EMFILE: "Raise the limit on open files of the process.",
}
_RECORD = 1024
_CREATED = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_ATTEMPTS = 100


def refused(error: OSError, doing: str) -> StorageError:
    """The file system's refusal as one sentence."""
    reason = (os.strerror(error.errno) if error.errno else str(error)).lower()
    return StorageError(
        f"{doing}: {reason}", hint=_HINTS.get(error.errno or 0, "Look at the disk that holds the data folder.")
    )


class translated:  # noqa: N801 - reads as a word
    """Turn an OSError into a StorageError; a missing file stays what it is.

    A class, for every block comes by here a dozen times, and a generator costs thrice that.
    """

    __slots__ = ("_doing",)

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
            raise refused(error, self._doing) from error


class LocalWriter:
    """A data file that is being written."""

    def __init__(self, backend: LocalBackend, path: Path) -> None:
        self._backend = backend
        self._path = path
        with translated(f"creating {path}"):
            self._backend.make_folder(path.parent)
            self._gathering = GatheringFile(path, early=backend.durability is not Durability.DEFERRED)
        self.file: BinaryIO = self._gathering

    def written(self) -> None:
        """Have the system begin to write what is left to the disk, where it is to be forced there."""
        if self._backend.forces and not self._later(self._gathering.tell()):
            with translated(f"writing {self._path}"):
                self._gathering.begin_to_sync()

    def _later(self, size: int) -> bool:
        return self._backend.durability is Durability.DEFERRED and size >= LATER

    def finish(self) -> int:
        """Close the file, forced to the disk where the backend promises that; gives its size."""
        try:
            with translated(f"writing {self._path}"):
                self.file.flush()
                size = os.fstat(self.file.fileno()).st_size
                if self._backend.forces and not self._later(size):
                    _sync_data(self.file.fileno())
                self.file.close()
        except StorageError:
            self.discard()
            raise
        return size

    def discard(self) -> None:
        """Close and remove the file."""
        self._gathering.forget()
        with suppress(OSError):
            self.file.close()
        with suppress(OSError):
            self._path.unlink()


class LocalLock:
    """A locked file and the record in it."""

    def __init__(self, descriptor: int, path: str) -> None:
        self._descriptor = descriptor
        self._path = path

    def read(self) -> bytes:
        """The record; empty when there is none yet."""
        with translated(f"reading {self._path}"):
            return os.pread(self._descriptor, _RECORD, 0).rstrip(b"\0\n ")

    def write(self, record: bytes) -> None:
        """Replace the record in one write of constant length."""
        with translated(f"writing {self._path}"):
            os.pwrite(self._descriptor, record.ljust(_RECORD - 1) + b"\n", 0)


class LocalBackend:
    """Keeps the store in a folder.

    Args:
        root: the folder; it is created when something is written.
        durability: whether what is published is forced to the disk first.
    """

    def __init__(self, root: Path, durability: Durability = Durability.POWER) -> None:
        self.root = root
        self.durability = durability
        self.forces = durability is not Durability.PROCESS
        self._start = f"{root}/"

    def path(self, key: str) -> Path:
        """The file of a key."""
        return self.root / key

    def _place(self, key: str) -> str:
        """The same as text, for what happens on the way of every block."""
        return self._start + key

    def make_folder(self, folder: str | Path) -> None:
        """Create a folder and its parents.

        They are not forced to the disk one by one: a journal keeps the order of names, so forcing the manifest's
        folder, the last step of every publication, brings along those that were made before it.
        """
        missing: list[str] = []
        path = os.fspath(folder)
        while True:
            try:
                os.mkdir(path)  # noqa: PTH102 - most are there already, or their parent is
            except FileExistsError:
                break
            except FileNotFoundError:
                parent = os.path.dirname(path)  # noqa: PTH120 - as above
                if parent in {"", path}:
                    raise
                missing.append(path)
                path = parent
            else:
                break
        for below in reversed(missing):
            with suppress(FileExistsError):
                os.mkdir(below)  # noqa: PTH102 - as above

    def sync_folder(self, folder: str | Path) -> None:
        """Force the names in a folder to the disk."""
        if not self.forces or os.name == "nt":
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def put_if_absent(self, key: str, content: bytes, *, later: bool = False) -> bool:
        """Write aside, force to the disk, then link under the key: whole or not there, and never over another."""
        forced = self.forces and not later
        path = self._place(key)
        folder = path.rpartition("/")[0]
        with translated(f"writing {path}"):
            self.make_folder(folder)
            aside = f"{folder}/{ASIDE}{os.urandom(16).hex()}"
            try:
                self._write_new(aside, content, forced=forced)
                created = self._link(aside, path)
            finally:
                with suppress(OSError):
                    os.unlink(aside)  # noqa: PTH108 - a Path costs more than the call
            if created and forced:
                self.sync_folder(folder)
            return created

    def _write_new(self, path: str, content: bytes, *, forced: bool) -> None:
        """Create a small file; by descriptor, for every publication comes by here."""
        descriptor = os.open(path, _CREATED, 0o666)
        try:
            left = memoryview(content)
            while left:
                left = left[os.write(descriptor, left) :]
            if forced:
                _sync_data(descriptor)
        finally:
            os.close(descriptor)

    def _link(self, aside: str, place: str) -> bool:
        try:
            os.link(aside, place)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # No hard links here (FAT, some network shares): a rename under a lock does the same among ourselves.
            path = Path(place)
            with self.lock(path.parent.relative_to(self.root).as_posix() + "/.put"):
                if path.exists():
                    return False
                Path(aside).rename(path)
        return True

    def create(self, key: str) -> LocalWriter:
        """Start a data file."""
        return LocalWriter(self, self.path(key))

    def read(self, key: str) -> bytes:
        """A whole file."""
        path = self.path(key)
        with translated(f"reading {path}"):
            return path.read_bytes()

    def size(self, key: str) -> int | None:
        """The size of a file in bytes, None when there is none."""
        try:
            with translated(f"looking at {self._place(key)}"):
                return os.stat(self._place(key)).st_size  # noqa: PTH116 - on the way of every block
        except FileNotFoundError:
            return None

    def modified(self, key: str) -> float:
        """When the file or folder was changed last; 0 when there is none."""
        try:
            with translated(f"looking at {self.path(key)}"):
                return self.path(key).stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def list(self, prefix: str) -> list[str]:
        """The names directly below a key; what is being written is left out."""
        try:
            with translated(f"listing {self._place(prefix)}"):
                return [name for name in os.listdir(self._place(prefix)) if not name.startswith(".")]  # noqa: PTH208
        except FileNotFoundError:
            return []

    def discard(self, key: str) -> None:
        """Remove a file that this process wrote and nobody else knows of."""
        with suppress(FileNotFoundError), translated(f"removing {self.path(key)}"):
            self.path(key).unlink()

    def delete_unused(self, key: str) -> int | None:
        """Remove a file that no live process has mapped or owns; None when one does.

        The lock is held while the name goes away, so that whoever maps the file afterwards notices that it is gone.
        """
        path = self.path(key)
        try:
            with translated(f"removing {path}"):
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    if not acquire(descriptor, wait=False):
                        return None
                    freed = os.fstat(descriptor).st_size
                    path.unlink()
                    return freed
                finally:
                    os.close(descriptor)
        except FileNotFoundError:
            return 0

    def delete_folder(self, key: str) -> bool:
        """Remove a folder if it is empty; says whether it is gone."""
        try:
            self.path(key).rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def in_use(self, key: str) -> bool:
        """Whether a live process holds a lock on the file."""
        try:
            with translated(f"looking at {self.path(key)}"):
                descriptor = os.open(self.path(key), os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            return not acquire(descriptor, wait=False)
        finally:
            os.close(descriptor)

    def open_mapped(self, key: str) -> mmap.mmap:
        """Map a file read-only; the mapping holds a shared lock on it, which `in_use` sees."""
        path = self.path(key)
        with translated(f"mapping {path}"):
            descriptor = _opened(path)
            try:
                acquire(descriptor, shared=True)
                if not os.fstat(descriptor).st_nlink:
                    raise FileNotFoundError(errno.ENOENT, "removed by retention", str(path))
                # The mapping keeps a copy of the descriptor, and the lock belongs to both.
                return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
            finally:
                os.close(descriptor)

    def map_private(self, key: str, offset: int, length: int) -> tuple[mmap.mmap, int]:
        """Map a range of a file copy-on-write."""
        path = self.path(key)
        start = offset - offset % mmap.ALLOCATIONGRANULARITY
        with translated(f"mapping {path}"):
            descriptor = _opened(path)
            try:
                acquire(descriptor, shared=True)
                mapped = mmap.mmap(descriptor, length + offset - start, access=mmap.ACCESS_COPY, offset=start)
            finally:
                os.close(descriptor)
        return mapped, offset - start

    @contextmanager
    def lock(self, key: str, *, shared: bool = False, create: bool = True) -> Iterator[LocalLock | None]:
        """Hold the lock of that key; several processes and threads may share it when all ask so."""
        path = self._place(key)
        with translated(f"locking {path}"):
            try:
                descriptor = self._locked(path, os.O_RDWR | (os.O_CREAT if create else 0), shared=shared)
            except FileNotFoundError:
                if create:
                    raise
                descriptor = None
        if descriptor is None:
            yield None
            return
        try:
            yield LocalLock(descriptor, path)
        finally:
            os.close(descriptor)

    def own(self, key: str) -> BinaryIO:
        """Create a file that is locked until it is closed or the process ends."""
        path = self._place(key)
        with translated(f"creating {path}"):
            return os.fdopen(self._locked(path, os.O_RDWR | os.O_CREAT | os.O_EXCL), "wb")

    def _locked(self, path: str, flags: int, *, shared: bool = False) -> int:
        """Open and lock a file, anew when retention took it or its folder away in between."""
        for attempt in itertools.count():
            try:
                descriptor = os.open(path, flags, 0o666)
            except FileNotFoundError:
                if flags & os.O_CREAT and attempt < _ATTEMPTS:
                    # Not ahead: it is there but for the first, and asking holds it up.
                    self.make_folder(path.rpartition("/")[0])
                    continue
                raise
            try:
                acquire(descriptor, shared=shared)
                if os.fstat(descriptor).st_nlink:
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
        raise AssertionError

    def force(self, keys: Sequence[str]) -> None:
        """Force objects to the disk, and the names in the folder of the last. Raises FileNotFoundError."""
        for key in keys:
            with translated(f"writing {self._place(key)}"):
                descriptor = os.open(self._place(key), os.O_RDONLY)
                try:
                    _sync_data(descriptor)
                finally:
                    os.close(descriptor)
        if keys:
            with translated(f"writing {self._place(keys[-1])}"):
                self.sync_folder(self._place(keys[-1]).rpartition("/")[0])

    def walk(self, prefix: str) -> Iterator[str]:
        """The keys of all files below a key."""
        for folder, _, names in os.walk(self.path(prefix)):
            base = Path(folder).relative_to(self.root).as_posix()
            yield from (f"{base}/{name}" for name in names)


def _opened(path: Path) -> int:
    """The file, open for reading; the process takes the open files that it may have when those that it has are used up.

    Each mapping holds one for as long as it lives, and is made with another one.
    """
    descriptor = -1
    try:
        descriptor = os.open(path, os.O_RDONLY)
        os.close(os.dup(descriptor))
    except OSError as error:
        if descriptor >= 0:
            os.close(descriptor)
        if error.errno != errno.EMFILE or not _may_open_more():
            raise
        return os.open(path, os.O_RDONLY)
    return descriptor


def _may_open_more() -> bool:
    """Raise the limit on open files as far as this process may; whether that was any further."""
    if sys.platform == "win32":
        return False
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return False
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        return False
    return True


def _sync_data(descriptor: int) -> None:
    sync = getattr(os, "fdatasync", os.fsync)
    sync(descriptor)
