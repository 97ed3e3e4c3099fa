"""A plain value as a tree of nodes, no more of it than can be shown at once.

A node is a dict with `type`; containers have `size` and as many `entries` (pairs of key and node) or `items` as are
shown: there are more when `size` says so, and a path of positions leads to them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from penstock.data.manifest import Stored
from penstock.model.errors import SettingInvalidError
from penstock.server.outputs.reader.labels import plain_text

ITEMS = 100
DEPTH = 4
NODES = 3000
TEXT = 2000

Node = dict[str, Any]
_CONTAINERS = {
    "$tuple": "tuple",
    "$set": "set",
    "$frozenset": "frozenset",
    "$deque": "array",
    **dict.fromkeys(["$dict", "$ordereddict", "$counter", "$defaultdict"], "object"),
}
_SETTING_FIRST = frozenset(["$deque", "$defaultdict"])
"""Forms that begin with a setting of the container, before what is in it."""
_NUMBERS = frozenset(["$int", "$float", "$np"])


class Tree:
    """Makes nodes of the JSON form of a plain value.

    Args:
        parts: what is stored for itself inside of the value.
    """

    def __init__(self, parts: tuple[Stored, ...]) -> None:
        self._parts = parts
        self._left = NODES

    def node(self, form: Any, *, offset: int = 0, depth: int = 0) -> Node:
        """The node of a form; `offset` passes over the first items of a container."""
        self._left -= 1
        kind, body = unfold(form)
        if kind == "object":
            shown = self._shown(body, offset, depth)
            entries = [[plain_text(key), self.node(item, depth=depth + 1)] for key, item in shown]
            return {"type": kind, "size": len(body), "offset": offset, "entries": entries}
        if kind in {"array", "tuple", "set", "frozenset"}:
            items = [self.node(item, depth=depth + 1) for item in self._shown(body, offset, depth)]
            return {"type": kind, "size": len(body), "offset": offset, "items": items}
        return self._leaf(kind, body)

    def _shown(self, body: list[Any], offset: int, depth: int) -> list[Any]:
        count = 0 if depth >= DEPTH else max(0, min(ITEMS, self._left))
        return body[offset : offset + count]

    def _leaf(self, kind: str, body: Any) -> Node:
        if kind == "part":
            stored = self._parts[body]
            return {"type": "part", "value": part_text(stored), "codec": stored.codec}
        if kind == "string":
            return {"type": kind, "value": body[:TEXT], "size": len(body)}
        return {"type": kind, "value": body}


def part_text(stored: Stored) -> str:
    """What is stored for itself, in words."""
    size = f", {stored.rows:,} rows" if stored.rows is not None else ""
    names = f", {len(stored.names):,} columns" if stored.names else ""
    return f"{stored.codec}{size}{names}"


def unfold(form: Any) -> tuple[str, Any]:
    """The type of a form, and its children (pairs, items) or its value."""
    if isinstance(form, list):
        return "array", form
    if not isinstance(form, dict):
        return _scalar(form)
    tag, body = next(iter(form.items()), ("", None))
    if len(form) != 1 or tag[:1] != "$":
        return "object", list(form.items())
    if tag in _CONTAINERS:
        return _CONTAINERS[tag], body[1] if tag in _SETTING_FIRST and body else body
    if tag == "$part":
        return "part", body
    return ("number" if tag in _NUMBERS else tag[1:]), plain_text(form)


def _scalar(form: Any) -> tuple[str, Any]:
    if form is None:
        return "null", None
    if isinstance(form, bool):
        return "boolean", form
    if isinstance(form, int | float):
        return "number", str(form) if isinstance(form, int) and abs(form) >= 2**53 else form
    return "string", form


def follow(form: Any, path: tuple[int, ...]) -> Any:
    """What a path of positions leads to.

    Raises:
        SettingInvalidError: it leads nowhere.
    """
    for at in path:
        kind, body = unfold(form)
        pick: Callable[[Any], Any] = (lambda pair: pair[1]) if kind == "object" else (lambda item: item)
        if not isinstance(body, list) or not 0 <= at < len(body):
            raise SettingInvalidError(
                f"reading a part of a value: position {at} does not exist", hint="Open the value again."
            )
        form = pick(body[at])
    return form
