"""What a block has yielded and not published yet: each part as a document of its own, for children that begin early.

`parts/<run>/<block>/<attempt>/<number>.json` is a small manifest of that part alone. Its data are files of the draft of
the attempt, which the version that it publishes at its end names too: nothing is stored twice. The documents go when
the run has ended. The data of an attempt that came to no version stay, as after one that was killed, until `clean`
finds that nothing names them: what a child has stored may hold columns of its item, which are in these files alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from penstock.data.backend import Backend
from penstock.data.fences import pass_fence
from penstock.data.files import FileSink
from penstock.data.manifest import (
    ColumnPlace,
    FileEntry,
    Manifest,
    OutputEntry,
    Stored,
    decode_manifest,
    encode_manifest,
    format_of,
)
from penstock.data.naming import quote
from penstock.data.places import GATE
from penstock.model.product import Address, Fence, Items, Lineage, PartName, ProductRef

PARTS = "parts"


def part_key(block: str, part: PartName) -> str:
    """The key of the document of a part."""
    return f"{PARTS}/{quote(part.run)}/{quote(block)}/{part.token}/{part.number:08d}.json"


def publish_part(
    backend: Backend, address: Address, fence: Fence, number: int, entry: OutputEntry, sink: FileSink
) -> None:
    """Make a part visible to who is told of it.

    Args:
        backend: where the store is.
        address: of the block.
        fence: the right of its attempt to publish.
        number: of the part, from 0.
        entry: how it is stored.
        sink: the files of the draft.

    Raises:
        FenceError: another attempt was started; nothing is visible.
        StorageError: the place refused.
    """
    part = PartName(fence.run, fence.token, number)
    stored, files = _alone(entry.stored, sink.entries)
    manifest = Manifest(
        ref=ProductRef(address, part.version()),
        created_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        fingerprint="",
        fence=fence,
        lineage=Lineage(run=fence.run, attempt=fence.token),
        outputs=(replace(entry, stored=stored),),
        files=tuple(files),
        format=format_of([entry]),
        items=Items(0),
    )
    with backend.lock(GATE, shared=True), pass_fence(backend, fence):
        backend.put_if_absent(part_key(fence.block, part), encode_manifest(manifest))


def _alone(stored: Stored, files: list[FileEntry]) -> tuple[Stored, list[FileEntry]]:
    """A stored value with the numbers of the files that it reads, and those files."""
    numbers: dict[int, int] = {}

    def elsewhere(place: ColumnPlace) -> ColumnPlace:
        file = numbers.setdefault(place.file, len(numbers))
        text = place.text
        if text is not None:
            text = replace(text, file=numbers.setdefault(text.file, len(numbers)))
        return ColumnPlace(file, place.position, text)

    def renumbered(value: Stored) -> Stored:
        blob = value.blob if value.blob is None else numbers.setdefault(value.blob, len(numbers))
        columns = tuple(map(elsewhere, value.columns))
        return replace(value, blob=blob, columns=columns, parts=tuple(renumbered(part) for part in value.parts))

    found = renumbered(stored)
    return found, [files[number] for number in numbers]


def read_part(backend: Backend, ref: ProductRef, part: PartName) -> Manifest | None:
    """The document of a part; None when there is none, for its run has ended. Raises ProductCorruptError."""
    key = part_key(ref.address.block, part)
    try:
        return decode_manifest(backend.read(key), key)
    except FileNotFoundError:
        return None


def files_of_parts(backend: Backend) -> Iterator[str]:
    """The keys of all files that children of runs under way may read. Raises ProductCorruptError."""
    for folder in _folders(backend):
        for manifest in _documents(backend, folder):
            yield from (entry.key for entry in manifest.files)


def attempts_of(backend: Backend, run: str) -> list[str]:
    """The folders of what the attempts of a run have yielded."""
    base = f"{PARTS}/{quote(run)}"
    return [f"{base}/{block}/{token}" for block in backend.list(base) for token in backend.list(f"{base}/{block}")]


def forget_parts(backend: Backend, attempts: Iterable[str]) -> None:
    """Remove the documents of what attempts that have ended have yielded.

    Args:
        backend: where the store is.
        attempts: what `attempts_of` gave; another attempt of the same run may have begun since.

    Raises:
        StorageError: the place refused.
    """
    for folder in attempts:
        _forget(backend, folder)


def forget_older(backend: Backend, before: float) -> None:
    """Remove what runs have yielded that nobody has touched since; in seconds since the epoch."""
    forget_parts(backend, [folder for folder in _folders(backend) if backend.modified(folder) < before])


def _folders(backend: Backend) -> Iterator[str]:
    for run in backend.list(PARTS):
        for block in backend.list(f"{PARTS}/{run}"):
            for token in backend.list(f"{PARTS}/{run}/{block}"):
                yield f"{PARTS}/{run}/{block}/{token}"


def _documents(backend: Backend, folder: str) -> Iterator[Manifest]:
    for name in sorted(backend.list(folder)):
        key = f"{folder}/{name}"
        with suppress(FileNotFoundError):  # its run has just ended
            yield decode_manifest(backend.read(key), key)


def _forget(backend: Backend, folder: str) -> None:
    """Remove the documents of one attempt."""
    for name in backend.list(folder):
        backend.discard(f"{folder}/{name}")
    with backend.lock(GATE):  # nobody is about to put something there
        while folder != PARTS and backend.delete_folder(folder):
            folder = folder.rpartition("/")[0]
