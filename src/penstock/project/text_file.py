"""Reading and writing the text of project files: exact bytes, atomic, never over somebody else's change."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from penstock.model.errors import EditRefusedError, FileInvalidError, Location, StorageError

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest project file that is read."""
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file as it was read. `text` is without byte order mark; `revision` names the exact bytes."""

    path: Path
    text: str
    bom: bool = False
    revision: str = ""

    @property
    def newline(self) -> str:
        """The line ending that its first line has."""
        head = self.text.partition("\n")[0]
        return "\r\n" if head.endswith("\r") and "\n" in self.text else "\n"


def is_file(path: Path) -> bool:
    """Whether that is a file. A name that no file can have, too long for one, is none: pathlib raises for it."""
    return os.path.isfile(path)  # noqa: PTH113 - see above


def is_folder(path: Path) -> bool:
    """Whether that is a folder, for any name."""
    return os.path.isdir(path)  # noqa: PTH112 - as above


def is_text_name(name: str) -> bool:
    """Whether a name is Unicode text; another one can be neither sent nor stored, so that what has it is left out."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def shown_name(name: str) -> str:
    """A name as it can be shown: what is not UTF-8 in it is a replacement character."""
    return os.fsencode(name).decode("utf-8", "replace")


def revision_of(data: bytes) -> str:
    """What names these exact bytes."""
    return hashlib.sha256(data).hexdigest()


def read_bytes(path: Path) -> bytes:
    """The bytes of a regular file.

    Raises:
        FileInvalidError: it is missing, no regular file, too large, a link to itself, or may not be read.
    """
    place = Location(str(path))
    try:
        with open(path, "rb", opener=_open_regular) as file:
            if file.seek(0, os.SEEK_END) > LARGEST:
                raise FileInvalidError(
                    f"reading {path}: it is larger than {LARGEST // 2**20} MB",
                    hint="A project file is text; keep data elsewhere.",
                    location=place,
                )
            file.seek(0)
            return file.read()
    except (OSError, ValueError) as error:
        cause = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        raise FileInvalidError(f"reading {path}: {cause}", hint=_hint(path), location=place) from error


def _hint(path: Path) -> str:
    """What to do about a file that cannot be read."""
    if is_folder(path):
        return "Move or remove that folder; a file of this name has to be in its place."
    if is_file(path) or not os.path.lexists(path):
        return "Check that the file exists and may be read."
    return "Remove what is there; a regular file has to be in its place."


def _open_regular(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        what = "it is a folder" if stat.S_ISDIR(mode) else "it is not a regular file"
        raise OSError(0, what)
    return descriptor


def read_text(path: Path) -> TextFile:
    """Read a UTF-8 file.

    Raises:
        FileInvalidError: as `read_bytes`, or the bytes are not UTF-8; the location tells the line.
    """
    data = read_bytes(path)
    bom = data.startswith(_BOM)
    try:
        text = data[3 if bom else 0 :].decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileInvalidError(
            f"reading {path}: it is not UTF-8 (byte 0x{error.object[error.start]:02x} on line {line})",
            hint="Save the file as UTF-8.",
            location=Location(str(path), line),
        ) from error
    return TextFile(path, text, bom, revision_of(data))


def write_text(file: TextFile, text: str) -> TextFile:
    """Replace the content of a file that was read before, at once or not at all.

    The file keeps its mode and byte order mark, and a symbolic link stays one. Nothing is written when nothing changed.

    Raises:
        EditRefusedError: the file has changed since it was read.
        StorageError: the file system refuses: disk full, read only, no permission.
    """
    if text == file.text:
        return file
    data = (_BOM if file.bom else b"") + text.encode("utf-8")
    target = Path(os.path.realpath(file.path))
    with _locked(target.parent):
        if revision_of(read_bytes(target)) != file.revision:
            raise EditRefusedError(
                f"writing {file.path}: it has changed since it was read",
                hint="Read it again and repeat the change.",
                location=Location(str(file.path)),
            )
        replace_bytes(target, data, mode=stat.S_IMODE(target.stat().st_mode))
    return TextFile(file.path, text, file.bom, revision_of(data))


def create_text(path: Path, text: str) -> TextFile:
    """Write a new file, with its folders.

    Raises:
        EditRefusedError: a file of that name is there already.
        StorageError: the file system refuses.
    """
    data = text.encode("utf-8")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _storage_error(path, error) from error
    with _locked(path.parent):
        if os.path.lexists(path):
            raise EditRefusedError(
                f"creating {path}: it exists already", hint="Choose another name.", location=Location(str(path))
            )
        replace_bytes(path, data)
    return TextFile(path, text, revision=revision_of(data))


def replace_bytes(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write beside, flush to disk, rename over. Raises StorageError; then the old content stands."""
    temporary = path.with_name(f".{path.name[:50]}.{secrets.token_hex(6)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except OSError as error:
        raise _storage_error(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    _flush_folder(path.parent)


def _storage_error(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"writing {path}: {error.strerror or error}",
        hint="Free space, or make the folder writable; the old content is untouched.",
        location=Location(str(path)),
    )


def _flush_folder(folder: Path) -> None:
    """Make the rename durable, where folders can be flushed."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other Penstock processes from writing in this folder meanwhile, where folders can be locked."""
    try:
        import fcntl

        descriptor = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
