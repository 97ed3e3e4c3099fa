"""Finds anything by its name, as one types: pipelines, blocks, files, data products; then text in files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from penstock.server.projects.parts import Parts
from penstock.server.projects.text_search import files_below, search_text
from penstock.server.schema.files import TextQuery
from penstock.server.schema.project import SearchItem, SearchResult

SHORTEST_TEXT = 3
"""Characters that a text must have to be looked for inside of files."""
TEXT_SECONDS = 0.02
ALONE_SECONDS = 0.5
"""For text in files where no name fits: nothing else is waiting to be shown."""
TEXT_HITS = 10
FRESH_SECONDS = 5.0
MOST_FILES = 20_000
Named = Callable[[str], Iterable[SearchItem]]
"""Finds things of another noun by a text in lower case, such as templates."""


@dataclass(slots=True)
class Everything:
    """The search of the command palette.

    Args:
        parts: the files.
        others: further finders.
    """

    parts: Parts
    others: list[Named] = field(default_factory=list)
    _files: tuple[float, int, list[str]] = (0.0, -1, [])

    def find(self, query: str, limit: int) -> SearchResult:
        """What fits, the best first: names that begin with the text, names that hold it, then text in files."""
        wanted = query.strip().lower()
        if not wanted:
            return SearchResult([])
        words = wanted.split()
        ranked: list[tuple[tuple[int, int, str], SearchItem]] = []
        for item in self._candidates(words):
            rank = _rank(item.title.lower(), wanted)
            ranked.append(((rank, _ORDER.get(item.kind, 9), item.title), item))
        ranked.sort(key=lambda entry: entry[0])
        items = [item for _rank_of, item in ranked[:limit]]
        if len(items) < limit and len(wanted) >= SHORTEST_TEXT:
            hits = search_text(
                self.parts.resolver,
                TextQuery(query.strip()),
                seconds=TEXT_SECONDS if items else ALONE_SECONDS,
                most=min(TEXT_HITS, limit - len(items)),
            ).hits
            items += [
                SearchItem("text", hit.text.strip()[:120], hit.path, path=hit.path, line=hit.line) for hit in hits
            ]
        return SearchResult(items)

    def _candidates(self, words: list[str]) -> Iterator[SearchItem]:
        for uuid, entry in self.parts.index.entries().items():
            if _fits(words, uuid, entry.name, *entry.tags):
                yield SearchItem("pipeline", entry.name, uuid, pipeline=uuid)
            for block in entry.every_block():
                if _fits(words, block.uuid, block.name):
                    kind = block.type.replace("_", " ")
                    yield SearchItem("block", block.name, f"{kind} in {uuid}", pipeline=uuid, block=block.uuid)
        for path in self._paths():
            if _fits(words, path):
                yield SearchItem("file", path.rpartition("/")[2], path, path=path)
        for finder in self.others:
            yield from finder(" ".join(words))

    def _paths(self) -> list[str]:
        """The files of the project, looked up at most every few seconds."""
        at, known, paths = self._files
        now = time.monotonic()
        if known < 0 or now - at > FRESH_SECONDS:
            root = self.parts.root
            paths = []
            for path in files_below(self.parts.resolver, root):
                paths.append(path.relative_to(root).as_posix())
                if len(paths) >= MOST_FILES:
                    break
            self._files = (now, 1, paths)
        return paths


_ORDER = {"pipeline": 0, "block": 1, "product": 2, "template": 3, "file": 4}


def _fits(words: list[str], *names: str) -> bool:
    text = "\n".join(names).lower()
    return all(word in text for word in words)


def _rank(title: str, wanted: str) -> int:
    if title == wanted:
        return 0
    if title.startswith(wanted):
        return 1
    return 2 if wanted in title else 3
