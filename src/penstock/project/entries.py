"""Changes of a pipeline's data, as its file holds it: entries of blocks and the edges between them, on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from penstock.project.layout import clean_name
from penstock.project.reader import SECTIONS

Entry = dict[str, Any]
ON_BOTH_SIDES = ("blocks", "widgets")
"""The sections whose entries their upstreams name too; callbacks and conditionals are named nowhere."""


def entries(data: Entry) -> Iterator[tuple[str, int, Entry]]:
    """Every entry of a block: its section, its position there, and itself."""
    for section in SECTIONS:
        listed = data.get(section)
        for index, entry in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(entry, dict):
                yield section, index, entry


def find_entry(data: Entry, uuid: str) -> tuple[str, int, Entry] | None:
    """Where the entry of a block is; the last one when there are several, since that counts."""
    found = None
    for place in entries(data):
        if is_entry(place[2], uuid):
            found = place
    return found


def is_entry(entry: Any, uuid: str) -> bool:
    """Whether an entry is of that block."""
    return isinstance(entry, dict) and str(entry.get("uuid") or clean_name(str(entry.get("name") or ""))) == uuid


def list_of(data: Entry, key: str) -> list[Any]:
    """The list below a key; made when there is none."""
    if not isinstance(data.get(key), list):
        data[key] = []
    listed: list[Any] = data[key]
    return listed


def put(data: Entry, path: tuple[str, ...], value: Any) -> None:
    """Set a value below keys; maps on the way are made."""
    for step in path[:-1]:
        if not isinstance(data.get(step), dict):
            data[step] = {}
        data = data[step]
    data[path[-1]] = value


def insert_entry(data: Entry, section: str, entry: Entry, position: int | None = None) -> None:
    """Put an entry into a section, at the end by default.

    A block or chart is named in the `downstream_blocks` of its upstreams; callbacks and conditionals name the blocks
    that they belong to, and are named nowhere.
    """
    listed = list_of(data, section)
    listed.insert(len(listed) if position is None else max(0, min(position, len(listed))), entry)
    if section not in ON_BOTH_SIDES:
        return
    for parent in entry.get("upstream_blocks") or []:
        _name_child(data, parent, entry["uuid"])


def remove_entry(data: Entry, uuid: str) -> None:
    """Take a block out, and all edges to and from it."""
    for section in SECTIONS:
        listed = data.get(section)
        if isinstance(listed, list):
            listed[:] = [entry for entry in listed if not is_entry(entry, uuid)]
            for entry in listed:
                replace_edges(entry, uuid, None)


def rename_entry(data: Entry, uuid: str, new: str, name: str) -> None:
    """Give a block another uuid and name; edges and replicas follow."""
    for section in SECTIONS:
        listed = data.get(section)
        for entry in listed if isinstance(listed, list) else []:
            if is_entry(entry, uuid):
                entry["uuid"], entry["name"] = new, name
            replace_edges(entry, uuid, new)
            if isinstance(entry, dict) and entry.get("replicated_block") == uuid:
                entry["replicated_block"] = new


def connect(data: Entry, uuid: str, parents: list[str]) -> None:
    """Make these the upstreams of a block, in this order, on both sides; of callbacks and conditionals on its own."""
    place = find_entry(data, uuid)
    if place is None:
        return
    place[2]["upstream_blocks"] = list(parents)
    if place[0] not in ON_BOTH_SIDES:
        return
    for _section, _index, entry in entries(data):
        if is_entry(entry, uuid):
            continue
        downstream = entry.get("downstream_blocks")
        names = list(downstream) if isinstance(downstream, list) else []
        if entry.get("uuid") in parents and uuid not in names:
            entry["downstream_blocks"] = [*names, uuid]
        elif entry.get("uuid") not in parents and uuid in names:
            entry["downstream_blocks"] = [name for name in names if name != uuid]


def replace_edges(entry: Any, uuid: str, new: str | None) -> None:
    """Rename a block in the edges of an entry; None takes it out."""
    if not isinstance(entry, dict):
        return
    for key in ("upstream_blocks", "downstream_blocks"):
        names = entry.get(key)
        if isinstance(names, list) and uuid in names:
            entry[key] = [new if name == uuid else name for name in names if name != uuid or new is not None]


def reorder(data: Entry, section: str, order: Iterable[str]) -> None:
    """Put the entries of a section into that order; those that it does not name keep their places among themselves."""
    listed = list_of(data, section)
    ranks = {uuid: rank for rank, uuid in enumerate(order)}
    places = [at for at, entry in enumerate(listed) if _uuid(entry) in ranks]
    named = sorted((listed[at] for at in places), key=lambda entry: ranks[_uuid(entry)])
    for at, entry in zip(places, named, strict=True):
        listed[at] = entry


def _uuid(entry: Any) -> str:
    return str(entry.get("uuid") or clean_name(str(entry.get("name") or ""))) if isinstance(entry, dict) else ""


def _name_child(data: Entry, parent: str, child: str) -> None:
    for _section, _index, entry in entries(data):
        if is_entry(entry, parent):
            names = list_of(entry, "downstream_blocks")
            if child not in names:
                names.append(child)
