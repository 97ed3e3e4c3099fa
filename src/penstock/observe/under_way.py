"""Runs that are under way, as their records tell: what is cleaned leaves them what they need."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from penstock.config.decoding import from_plain
from penstock.data.naming import unquote
from penstock.model.product import ProductRef
from penstock.observe.liveness import is_gone
from penstock.observe.record import RUN_RECORD

_TAIL = 64 << 10
"""Bytes from the end of a record in which its last event begins, unless that is a very long one."""


def is_under_way(folder: Path, open_runs: Collection[str] = ()) -> bool:
    """Whether the run of that log folder goes on: the store says so, or it has not ended and its process lives.

    Args:
        folder: of its logs.
        open_runs: the runs that have not ended, by what the state store says; those of the command line may be missing.
    """
    if unquote(folder.name) in open_runs:
        return True
    record = folder / RUN_RECORD
    try:
        with record.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            lines = file.read().splitlines()
        if not lines or _entry(lines[-1]).get("event") == "RunEnded":
            return False
        begun = [entry for line in record.read_bytes().splitlines() if (entry := _entry(line)).get("process")]
    except OSError:  # removed meanwhile, or not ours to read
        return False
    return bool(begun) and not is_gone(dict(begun[-1]["process"]))


def versions_in_use(logs_root: Path, open_runs: Collection[str] = ()) -> frozenset[ProductRef]:
    """The versions that runs under way have published, which their later blocks will read.

    Args:
        logs_root: the folder of all logs of the project.
        open_runs: as `is_under_way`.
    """
    found: set[ProductRef] = set()
    for folder in logs_root.glob("pipelines/*/.logs/*"):
        if not is_under_way(folder, open_runs):
            continue
        try:
            lines = (folder / RUN_RECORD).read_bytes().splitlines()
        except OSError:
            continue
        for entry in map(_entry, lines):
            try:
                found.add(from_plain(entry["ref"], ProductRef))
            except (KeyError, msgspec.ValidationError):  # most entries have none
                continue
    return frozenset(found)


def _entry(line: bytes) -> dict[str, Any]:
    """One event of a record; empty when the line was cut, or is none of ours."""
    try:
        entry = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return entry if isinstance(entry, dict) else {}
