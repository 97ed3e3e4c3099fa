"""Matches the lines of text files against a pattern, within limits of time and size."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from penstock.model.errors import SettingInvalidError
from penstock.server.schema.files import TextHit, TextHits, TextQuery

LARGEST = 2 * 1024 * 1024
"""Bytes of the largest file that is looked into."""
MOST_IN_ONE = 50
LONGEST_LINE = 300
LONGEST_QUERY = 500


def pattern_of(query: TextQuery) -> re.Pattern[str]:
    """What a query looks for.

    Raises:
        SettingInvalidError: the regular expression is none.
    """
    if len(query.q) > LONGEST_QUERY:
        raise SettingInvalidError(
            f"searching: the text has more than {LONGEST_QUERY} characters", hint="Look for a part of it."
        )
    flags = 0 if query.case else re.IGNORECASE
    try:
        return re.compile(query.q if query.regex else re.escape(query.q), flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise SettingInvalidError(
            f"searching for {query.q!r}: it is no regular expression ({error})", hint="Correct it, or search for text."
        ) from error


def hits_in_files(files: Iterable[Path], root: Path, pattern: re.Pattern[str], until: float, most: int) -> TextHits:
    """The places in these files where a pattern fits, until a moment of the monotonic clock."""
    hits: list[TextHit] = []
    truncated = False
    for path in files:
        if time.monotonic() > until or len(hits) >= most:
            return TextHits(hits[:most], truncated=True)
        found = _hits_in(path, path.relative_to(root).as_posix(), pattern, until)
        truncated = truncated or len(found) > MOST_IN_ONE
        hits += found[:MOST_IN_ONE]
    return TextHits(hits[:most], truncated=truncated or len(hits) > most)


def _hits_in(path: Path, shown: str, pattern: re.Pattern[str], until: float) -> list[TextHit]:
    """The places in one file, and one more than are shown of one file when there are more."""
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
                if len(found) > MOST_IN_ONE:
                    break
            if number % 1000 == 0 and time.monotonic() > until:
                break
    return found
