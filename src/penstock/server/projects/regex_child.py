"""Searches with a regular expression in a process of its own: one that takes for ever can be ended there, not here."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import msgspec

from penstock.config.decoding import from_json
from penstock.model.errors import SettingInvalidError
from penstock.server.projects.text_matching import hits_in_files, pattern_of
from penstock.server.schema.files import TextHits, TextQuery

START_SECONDS = 2.0
"""What the process may take to start, beside the time of the search."""


class Task(msgspec.Struct):
    """What the process is told: the query, the project's folder, the files to look into, and the limits."""

    query: TextQuery
    root: str
    files: list[str]
    seconds: float
    most: int


def search_apart(query: TextQuery, root: Path, files: list[Path], *, seconds: float, most: int) -> TextHits:
    """The places where a regular expression fits.

    Raises:
        SettingInvalidError: it takes longer than it may.
    """
    task = Task(query, str(root), [str(path) for path in files], seconds, most)
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "penstock.server.projects.regex_child"],
            input=msgspec.json.encode(task),
            capture_output=True,
            timeout=seconds + START_SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise SettingInvalidError(
            f"searching for {query.q[:80]!r}: the expression takes too long", hint="Make it simpler: fewer * and +."
        ) from error
    except (OSError, subprocess.CalledProcessError) as error:
        raise SettingInvalidError(f"searching for {query.q[:80]!r}: {error}", hint="Search for plain text.") from error
    return from_json(done.stdout, TextHits)


def main() -> None:
    """Read a task from standard input, write what was found to standard output."""
    task = from_json(sys.stdin.buffer.read(), Task)
    until = time.monotonic() + task.seconds
    found = hits_in_files(map(Path, task.files), Path(task.root), pattern_of(task.query), until, task.most)
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
