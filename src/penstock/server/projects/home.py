"""What Home shows of the files: which were edited last."""

from __future__ import annotations

import heapq
import os
from contextlib import suppress

from penstock.model.block import FOLDERS
from penstock.project.layout import PIPELINES
from penstock.server.projects.parts import Parts
from penstock.server.projects.text_search import files_below
from penstock.server.schema.project import RecentEdit

NEWEST = 10
_MADE = frozenset({"__init__.py"})


def recent_edits(parts: Parts) -> list[RecentEdit]:
    """The files of pipelines and blocks that were written last, newest first."""
    found: list[tuple[float, str]] = []
    for folder in (PIPELINES, *FOLDERS.values()):
        for path in files_below(parts.resolver, parts.root / folder):
            if path.name not in _MADE:
                with suppress(OSError):
                    found.append((os.stat(path).st_mtime, parts.relative(path)))  # noqa: PTH116 - thousands of times
    edits: list[RecentEdit] = []
    for at, name in heapq.nlargest(NEWEST, found):
        pipeline, block = _owner(parts, name)
        edits.append(RecentEdit(name, at, pipeline, block))
    return edits


def _owner(parts: Parts, path: str) -> tuple[str | None, str | None]:
    if path.startswith(f"{PIPELINES}/"):
        folder = path.removeprefix(f"{PIPELINES}/").rpartition("/")[0]
        return (folder, None) if parts.index.entry(folder) is not None else (None, None)
    users = parts.index.users(path)
    return users[0] if users else (None, None)
