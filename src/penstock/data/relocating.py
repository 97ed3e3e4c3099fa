"""Gives stored outputs another address when their pipeline or block is renamed; data files only change their folder."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penstock.data.locking import acquire
from penstock.data.naming import quote
from penstock.data.places import GATE, PRODUCTS
from penstock.model.errors import EditRefusedError, StorageError


@dataclass(frozen=True, slots=True)
class Relocation:
    """What has another name: a pipeline, or with `block` one block of it.

    `files` are code files that have another path, so that the lineage of the outputs still fits.
    """

    before: str
    after: str
    block: tuple[str, str] | None = None
    files: Mapping[str, str] = field(default_factory=dict)

    def folders(self) -> tuple[str, str]:
        """The keys of the outputs' folder, before and after."""
        if self.block is None:
            return f"{PRODUCTS}/{quote(self.before)}", f"{PRODUCTS}/{quote(self.after)}"
        return tuple(f"{PRODUCTS}/{quote(self.before)}/{quote(block)}" for block in self.block)  # type: ignore[return-value]

    def rewrite(self, address: dict[str, Any]) -> None:
        """Change an address, when it is one of those that move."""
        if address.get("pipeline") != self.before:
            return
        if self.block is None:
            address["pipeline"] = self.after
        elif address.get("block") == self.block[0]:
            address["block"] = self.block[1]


def relocate(root: Path, move: Relocation) -> bool:
    """Move outputs to their new address; says whether they are there now: not when others lie at it already.

    Args:
        root: the folder of the store.
        move: what moves.

    Raises:
        EditRefusedError: a run is writing such outputs.
        StorageError: the disk refuses; then they are where they were.
    """
    before, after = move.folders()
    source, target = root / before, root / after
    if not source.is_dir():
        return True
    if target.exists():
        return False
    gate = _close_gate(root)
    try:
        busy = next((path for path in source.glob("**/d/*/owner")), None)
        if busy is not None:
            raise _running(move)
        _rename(source, target)
        try:
            _rewrite_all(root, move, before, after)
        except OSError as error:
            _rename(target, source)
            raise StorageError(f"moving {before}: {error.strerror}", hint="Free space, then repeat.") from error
    finally:
        os.close(gate)
    return True


def _rename(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
    except OSError as error:
        raise StorageError(f"moving {source}: {error.strerror}", hint="Make the data folder writable.") from error


def _close_gate(root: Path) -> int:
    """Keep publications and retention out meanwhile, as retention itself does."""
    descriptor = os.open(root / GATE, os.O_RDWR | os.O_CREAT, 0o644)
    if not acquire(descriptor, wait=False):
        os.close(descriptor)
        raise EditRefusedError("moving stored outputs: a run is publishing at this moment", hint="Repeat it.")
    return descriptor


def _running(move: Relocation) -> EditRefusedError:
    what = move.before if move.block is None else f"{move.before}/{move.block[0]}"
    return EditRefusedError(f"moving the outputs of {what}: a run is writing them", hint="Wait, or interrupt the run.")


def _rewrite_all(root: Path, move: Relocation, before: str, after: str) -> None:
    """Change every manifest that names what has moved: the moved ones, and those that refer to their files."""
    import msgspec

    marks = [f'"{before}/'.encode(), move.before.encode("utf-8", "surrogatepass")]
    for path in _manifests(root):
        content = path.read_bytes()
        if not any(mark in content for mark in marks):
            continue
        with suppress(msgspec.MsgspecError, KeyError, TypeError, AttributeError):
            document = msgspec.json.decode(content)
            _change(document, move, before, after)
            _replace(path, msgspec.json.encode(document))
    for path in (root / after).glob("**/address.json"):
        path.unlink()
        _write_names(path, move)


def _change(document: dict[str, Any], move: Relocation, before: str, after: str) -> None:
    move.rewrite(document["ref"]["address"])
    lineage = document["lineage"]
    for each in lineage["inputs"]:
        move.rewrite(each["address"])
    for entry in document["files"]:
        if entry["key"].startswith(f"{before}/"):
            entry["key"] = after + entry["key"][len(before) :]
    if document["ref"]["address"]["pipeline"] == move.after:
        lineage["code"] = {move.files.get(name, name): digest for name, digest in lineage["code"].items()}


def _write_names(path: Path, move: Relocation) -> None:
    """The names in full, for folders whose names hold only a digest of them."""
    import msgspec

    manifest = next((path.parent / "m").glob("*.json"), None)
    if manifest is None:
        return
    address = msgspec.json.decode(manifest.read_bytes())["ref"]["address"]
    move.rewrite(address)
    names = {name: address[name].encode("utf-8", "surrogatepass").hex() for name in ("pipeline", "block", "partition")}
    path.write_bytes(msgspec.json.encode(names))


def _manifests(root: Path) -> Iterator[Path]:
    yield from sorted((root / PRODUCTS).glob("*/*/*/m/*.json"))


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{secrets.token_hex(8)}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
