"""The texts that tabs have open, each once for the language server however many tabs show it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from penstock.model.errors import UnsupportedError

LARGEST = 2 * 1024 * 1024
"""Characters of the largest text."""
MOST = 1000
"""Texts that one tab may have open."""

Tell = Callable[[str, dict[str, Any]], None]


@dataclass(slots=True)
class _Text:
    language: str
    told: str
    version: int = 1
    of: dict[Hashable, str] = field(default_factory=dict)
    asking: Hashable | None = None
    questions: int = 0
    later: Hashable | None = None
    free: asyncio.Event = field(default_factory=asyncio.Event)


class Texts:
    """What is open. The server has the text of the tab that asked last, and until its answer nobody's else.

    Args:
        tell: sends a notification to the server.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._texts: dict[str, _Text] = {}

    def is_open(self, tab: Hashable, uri: str) -> bool:
        """Whether a tab has that file open."""
        found = self._texts.get(uri)
        return found is not None and tab in found.of

    def tabs(self, uri: str) -> list[Hashable]:
        """The tabs that have a file open."""
        found = self._texts.get(uri)
        return list(found.of) if found else []

    def open(self, tab: Hashable, uri: str, language: str, text: str) -> None:
        """A tab opens a file with that text.

        Raises:
            UnsupportedError: the text is too large, or the tab has too much open.
        """
        _check(text)
        if sum(tab in each.of for each in self._texts.values()) >= MOST:
            raise UnsupportedError(f"opening a file for the language server: {MOST} are open")
        found = self._texts.get(uri)
        if found is None:
            self._texts[uri] = found = _Text(language, text)
            document = {"uri": uri, "languageId": language, "version": found.version, "text": text}
            self._tell("textDocument/didOpen", {"textDocument": document})
        found.of[tab] = text
        self._use(tab, uri)

    def change(self, tab: Hashable, uri: str, text: str) -> None:
        """A tab's text of a file is another one. Raises UnsupportedError when it is too large."""
        _check(text)
        found = self._texts.get(uri)
        if found is not None and tab in found.of:
            found.of[tab] = text
            self._use(tab, uri)

    @asynccontextmanager
    async def asking(self, tab: Hashable, uri: str) -> AsyncIterator[None]:
        """While a tab asks about a file that it has open: the server sees that tab's text, whatever others do."""
        found = self._texts[uri]
        while found.questions and found.asking != tab:
            found.free.clear()
            await found.free.wait()
        found.asking = tab
        found.questions += 1
        self._use(tab, uri)
        try:
            yield
        finally:
            found.questions -= 1
            if not found.questions:
                later, found.asking, found.later = found.later, None, None
                found.free.set()
                if later is not None:
                    self._use(later, uri)

    def _use(self, tab: Hashable, uri: str) -> None:
        """Let the server see the file as this tab has it, now or when nobody else waits for an answer about it."""
        found = self._texts.get(uri)
        if found is None or tab not in found.of:
            return
        if found.questions and found.asking != tab:
            found.later = tab
            return
        if found.of[tab] == found.told:
            return
        found.told = found.of[tab]
        found.version += 1
        document = {"uri": uri, "version": found.version}
        self._tell("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": found.told}]})

    def close(self, tab: Hashable, uri: str) -> None:
        """A tab closes a file."""
        found = self._texts.get(uri)
        if found is None or found.of.pop(tab, None) is None:
            return
        if not found.of:
            del self._texts[uri]
            self._tell("textDocument/didClose", {"textDocument": {"uri": uri}})
        elif found.told not in found.of.values():
            self._use(next(iter(found.of)), uri)

    def close_all(self, tab: Hashable) -> None:
        """A tab has gone."""
        for uri in [uri for uri, text in self._texts.items() if tab in text.of]:
            self.close(tab, uri)


def _check(text: str) -> None:
    if len(text) > LARGEST:
        raise UnsupportedError(f"opening a file for the language server: it is longer than {LARGEST:,} characters")
