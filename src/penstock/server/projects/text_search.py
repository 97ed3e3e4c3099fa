"""Looks for text in the files of the project, within a second and a few megabytes."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from penstock.model.errors import SettingInvalidError
from penstock.server.projects.resolver import Resolver
from penstock.server.projects.watch import IGNORED
from penstock.server.schema.files import TextHit, TextHits, TextQuery

SECONDS = 3.0
"""How long one search may take."""
LARGEST = 2 * 1024 * 1024
"""Bytes of the largest file that is looked into."""
MOST_HITS = 500
MOST_IN_ONE = 50
LONGEST_LINE = 300
LONGEST_QUERY = 500
_DANGEROUS = re.compile(r"[+*}]\)*[+*{]|\)[+*{]")
"""Repetitions of repetitions, which can take for ever: they are matched line by line, on short lines only."""


def search_text(resolver: Resolver, query: TextQuery, *, seconds: float = SECONDS, most: int = MOST_HITS) -> TextHits:
    """The places where a text stands, by path and line.

    Raises:
        SettingInvalidError: the regular expression is none.
        PathRefusedError: the folder is not one of the project.
    """
    if not query.q:
        return TextHits([], truncated=False)
    pattern = _pattern(query)
    folder = resolver.resolve(query.folder, top=True)
    until = time.monotonic() + seconds
    hits: list[TextHit] = []
    for path in files_below(resolver, folder.path):
        if time.monotonic() > until or len(hits) >= most:
            return TextHits(hits[:most], truncated=True)
        hits += _hits_in(path, path.relative_to(resolver.root).as_posix(), pattern, until)
    return TextHits(hits[:most], truncated=len(hits) > most)


def files_below(resolver: Resolver, folder: Path) -> Iterator[Path]:
    """The files that somebody works on, by path: no caches, no packages, nothing private, no links."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if name not in IGNORED
            and not Path(parent, name).is_symlink()
            and resolver.relative(Path(parent, name)) is not None
        )
        for name in sorted(names):
            path = Path(parent, name)
            if not path.is_symlink() and not name.endswith((".pyc", ".duckdb", ".parquet", ".arrow")):
                yield path


def _pattern(query: TextQuery) -> re.Pattern[str]:
    if len(query.q) > LONGEST_QUERY:
        raise SettingInvalidError(
            f"searching: the text has more than {LONGEST_QUERY} characters", hint="Look for a part of it."
        )
    flags = 0 if query.case else re.IGNORECASE
    if not query.regex:
        return re.compile(re.escape(query.q), flags)
    if _DANGEROUS.search(query.q):
        raise SettingInvalidError(
            f"searching for {query.q!r}: a repetition of a repetition could take for ever",
            hint="Write it without one, for example [ab]+ in place of (a|b)+.",
        )
    try:
        return re.compile(query.q, flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise SettingInvalidError(
            f"searching for {query.q!r}: it is no regular expression ({error})", hint="Correct it, or search for text."
        ) from error


def _hits_in(path: Path, shown: str, pattern: re.Pattern[str], until: float) -> list[TextHit]:
    found: list[TextHit] = []
    with suppress(OSError, UnicodeDecodeError):
        if not path.is_file() or path.stat().st_size > LARGEST:
            return []
        data = path.read_bytes()
        if b"\0" in data[:4096]:
            return []
        for number, line in enumerate(data.decode("utf-8").splitlines(), 1):
            match = pattern.search(line[:10_000])
            if match is not None:
                start = max(0, match.start() - LONGEST_LINE // 3)
                found.append(TextHit(shown, number, match.start() + 1, line[start : start + LONGEST_LINE]))
                if len(found) >= MOST_IN_ONE:
                    break
            if number % 1000 == 0 and time.monotonic() > until:
                break
    return found
