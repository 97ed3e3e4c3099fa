"""Addresses of files, as tabs and as the language server write them.

A tab knows `project:///data_loaders/load.py`; the server knows `file:///home/me/shop/data_loaders/load.py`. Nothing
that a tab writes can mean a file outside the project; what the server names outside (an installed package) stays as it
is, for showing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from penstock.model.errors import PathRefusedError
from penstock.server.projects.resolver import Resolver

PREFIX = "project:///"
_KEYS = frozenset({"uri", "targetUri"})
DEEPEST = 64


class Addresses:
    """Translates addresses.

    Args:
        resolver: the one way from a path to a file of the project.
    """

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._root = Path(os.path.realpath(resolver.root))

    def inward(self, address: str) -> str:
        """The server's address of a file that a tab names.

        Raises:
            PathRefusedError: it is no file of the project.
        """
        if not address.startswith(PREFIX):
            raise PathRefusedError(
                f"opening {address[:120]!r} for the language server: it is no file of the project",
                hint="Open a file of the project.",
            )
        return self._resolver.resolve(unquote(address[len(PREFIX) :])).path.as_uri()

    def outward(self, address: str) -> str:
        """A tab's address of a file that the server names; unchanged outside the project."""
        path = path_of(address)
        if path is None:
            return address
        # The server may name a file by a link that leads to it, such as the one that stands for `default_repo`.
        for candidate in (Path(os.path.realpath(path)), path):
            for root in (self._root, self._resolver.root):
                if candidate.is_relative_to(root):
                    return PREFIX + quote(candidate.relative_to(root).as_posix())
        return address


def path_of(address: str) -> Path | None:
    """The path of a `file:` address."""
    parts = urlsplit(address)
    return Path(unquote(parts.path)) if parts.scheme == "file" and not parts.netloc else None


def translated(value: Any, change: Callable[[str], str], depth: int = 0) -> Any:
    """A message with its addresses changed, wherever they stand.

    Raises:
        PathRefusedError: as `change`, or the message is nested too deeply.
    """
    if depth > DEEPEST:
        raise PathRefusedError("reading a message of the language client: it is nested too deeply")
    if isinstance(value, list):
        return [translated(item, change, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for key, item in value.items():
        if key in _KEYS and isinstance(item, str):
            found[key] = change(item)
        elif key == "changes" and isinstance(item, dict):
            found[key] = {change(address): edits for address, edits in item.items()}
        else:
            found[key] = translated(item, change, depth + 1)
    return found
