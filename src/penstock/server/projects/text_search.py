"""Looks for text in the files of the project, within a second and a few megabytes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from penstock.project.text_file import is_text_name
from penstock.server.projects.regex_child import search_apart
from penstock.server.projects.resolver import Resolver
from penstock.server.projects.text_matching import hits_in_files, pattern_of
from penstock.server.projects.watch import IGNORED
from penstock.server.schema.files import TextHits, TextQuery

SECONDS = 3.0
"""How long one search may take."""
MOST_HITS = 500
MOST_FILES = 50_000


def search_text(resolver: Resolver, query: TextQuery, *, seconds: float = SECONDS, most: int = MOST_HITS) -> TextHits:
    """The places where a text stands, by path and line.

    Raises:
        SettingInvalidError: the regular expression is none.
        PathRefusedError: the folder is not one of the project.
    """
    if not query.q:
        return TextHits([], truncated=False)
    pattern = pattern_of(query)
    folder = resolver.resolve(query.folder, top=True)
    files = files_below(resolver, folder.path)
    if query.regex:
        return search_apart(query, resolver.root, list(islice(files, MOST_FILES)), seconds=seconds, most=most)
    return hits_in_files(files, resolver.root, pattern, time.monotonic() + seconds, most)


def files_below(resolver: Resolver, folder: Path) -> Iterator[Path]:
    """The files that somebody works on, by path: no caches, no packages, nothing private, no links."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if name not in IGNORED
            and is_text_name(name)
            and not Path(parent, name).is_symlink()
            and resolver.relative(Path(parent, name)) is not None
        )
        for name in sorted(filter(is_text_name, names)):
            path = Path(parent, name)
            if not path.is_symlink() and not name.endswith((".pyc", ".duckdb", ".parquet", ".arrow")):
                yield path
