"""Draws the edges that a query asks for when somebody else has edited its file: an editor, a pull, a script."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from penstock.model.errors import PenstockError
from penstock.project.layout import METADATA, PIPELINES
from penstock.project.text_file import read_text
from penstock.server.projects.changing import Changing
from penstock.server.schema.pipelines import GitState

REMEMBERED = 4 << 20
"""Characters of queries that are remembered, the newest seen: what a query no longer names is known by what it was."""


class SeenQueries:
    """The texts of SQL files as they were last seen, so that one can tell what an edit took out. Safe in any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._size = 0

    def first(self, path: str, text: str) -> None:
        """Remember a text unless one is known: what was drawn last counts, and not what is read meanwhile."""
        with self._lock:
            known = path in self._texts
        if not known:
            self.swap(path, text)

    def swap(self, path: str, text: str) -> str | None:
        """Remember a text; what it was before, None when that is not known."""
        with self._lock:
            before = self._texts.pop(path, None)
            self._texts[path] = text
            self._size += len(text) - len(before or "")
            while self._size > REMEMBERED and len(self._texts) > 1:
                self._size -= len(self._texts.popitem(last=False)[1])
            return before


@dataclass(frozen=True, slots=True)
class Redrawing:
    """Follows the SQL files of pipelines.

    Args:
        changing: draws.
        seen: the texts as they were; what is shown of pipelines is put there too.
        git: tells which of some files differ from the last commit; None without a repository.
    """

    changing: Changing
    seen: SeenQueries
    git: Callable[[list[str]], GitState | None]

    def changed(self, paths: Iterable[Path]) -> None:
        """Draw and remove edges by the SQL files among these.

        What git has put there is left alone, for a pull brings the edges too and is not to meet a change of ours; so is
        a pipeline whose own file has changed at the same time.
        """
        parts = self.changing.parts
        told = {relative for path in paths if (relative := parts.resolver.relative(path)) is not None}
        queries = [path for path in told if path.endswith(".sql")]
        state = self.git(queries) if queries else None
        if state is not None:
            queries = state.changed
        for path in queries:
            with suppress(PenstockError, OSError):
                self._redraw(path, told)

    def _redraw(self, path: str, told: set[str]) -> None:
        parts = self.changing.parts
        text = read_text(parts.root / path).text
        before = self.seen.swap(path, text)
        if before == text:
            return
        for pipeline, block in parts.index.users(path):
            if f"{PIPELINES}/{pipeline}/{METADATA}" not in told:
                with suppress(PenstockError):
                    self.changing.redraw(pipeline, block, before, text)
