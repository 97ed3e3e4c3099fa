"""Publications that are not forced to the disk at once: what counts of them after the machine has gone down.

Who orders a run may have its outputs forced to the disk beside the next blocks, before the run's end is told. Until
then such a version counts in the boot of the machine in which it was made, where what one process has written all
others read. In any later boot it counts if it was forced, which a mark next to its manifest says; else it was never
published.

A manifest that was not forced may itself be found empty or with holes afterwards. That is told from damage by a note of
the store's own, made and forced before the first such publication of a boot.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from penstock.data.backend import Backend
from penstock.data.manifest import Manifest
from penstock.data.places import manifest_key, version_number

NOTES = "deferred"
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@cache
def this_boot() -> str:
    """What the kernel calls this boot of the machine; empty where it has no name for it."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def announce(backend: Backend) -> bool:
    """Note that versions of this boot may be found unforced; False where that cannot be told. Raises StorageError."""
    boot = this_boot()
    if not boot:
        return False
    if not _announced(backend):
        backend.put_if_absent(f"{NOTES}/{boot}", b"")
    return True


def _announced(backend: Backend) -> bool:
    return backend.size(f"{NOTES}/{this_boot()}") is not None


def force_others(backend: Backend, keys: Sequence[str]) -> None:
    """Force files of other versions that a version refers to which is to be forced itself. Raises StorageError.

    FileNotFoundError says that one of them is gone.
    """
    if keys and this_boot() and _announced(backend):  # else all were forced when they were published
        backend.force(keys)


def was_cut_off(backend: Backend, content: bytes) -> bool:
    """Whether a manifest of that content is one that had not reached the disk when the machine went down."""
    if content and b"\0" not in content:
        return False
    return any(boot != this_boot() for boot in backend.list(NOTES))


def counts(backend: Backend, manifest: Manifest, number: int) -> bool:
    """Whether the version is whole: made in this boot, or forced to the disk in its own."""
    if not manifest.boot or manifest.boot == this_boot():
        return True
    return backend.size(_mark(manifest_key(manifest.ref.address, number))) is not None


def force(backend: Backend, manifest: Manifest) -> None:
    """Force a version to the disk, the files of other versions that it reads among it, and mark it.

    One that has been removed meanwhile is no error. Raises StorageError.
    """
    number = version_number(manifest.ref.version)
    if not manifest.boot or number is None:
        return
    key = manifest_key(manifest.ref.address, number)
    if backend.size(_mark(key)) is not None:
        return
    try:
        backend.force([*(entry.key for entry in manifest.files), key])
    except FileNotFoundError:
        return
    backend.put_if_absent(_mark(key), b"")


def forget(backend: Backend, key: str) -> None:
    """Remove the mark of a manifest that is removed."""
    backend.discard(_mark(key))


def _mark(key: str) -> str:
    folder, _, name = key.rpartition("/")
    return f"{folder}/.forced-{name}"
