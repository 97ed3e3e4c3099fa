"""Where a text stands in a stored value: over all of it, however large, with the path that leads there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from penstock.server.outputs.reader.labels import plain_text
from penstock.server.outputs.reader.questions import FindQuestion
from penstock.server.outputs.reader.shelf import Shelf
from penstock.server.outputs.reader.tree import unfold
from penstock.server.outputs.reader.value import open_item
from penstock.server.outputs.reader.work import Work

MOST = 200
"""Places that are told; that there are more is said."""
_AROUND = 60
_BETWEEN = 20_000
"""Nodes between two looks at whether anybody still waits."""
_PLAIN = "plain"

Place = tuple[tuple[int, ...], str, str]


def answer_find(work: Work, shelf: Shelf, question: FindQuestion) -> None:
    """Answer with {hits: [{path, name, text}], more}; a value that is no tree has none."""
    item = open_item(shelf, question.target)
    wanted = question.text.strip().lower()
    hits: list[dict[str, Any]] = []
    more = False
    if wanted and item.stored.codec.partition(".")[0] == _PLAIN:
        for path, name, text in _places(work, item.form(), wanted):
            more = len(hits) == MOST
            if more:
                break
            hits.append({"path": list(path), "name": name, "text": text})
    work.head({})
    work.chunk(msgspec.json.encode({"hits": hits, "more": more}))


def _places(work: Work, form: Any, wanted: str) -> Iterator[Place]:
    """The nodes whose key or value has the text, in the order of the tree; without recursion: trees may be deep."""
    todo: list[tuple[Any, tuple[int, ...], str, str]] = [(form, (), "$", "")]
    seen = 0
    while todo:
        form, path, name, key = todo.pop()
        seen += 1
        if seen % _BETWEEN == 0:
            work.check()
        kind, body = unfold(form)
        inside = isinstance(body, list) and kind != "part"
        text = "" if inside or body is None else str(body)
        if wanted in key.lower() or wanted in text.lower():
            yield path, name, _excerpt(text, wanted)
        if not inside:
            continue
        pairs = kind == "object"
        for at in range(len(body) - 1, -1, -1):
            label = plain_text(body[at][0]) if pairs else ""
            step = f".{label}" if pairs else f"[{at}]"
            todo.append((body[at][1] if pairs else body[at], (*path, at), name + step, label))


def _excerpt(text: str, wanted: str) -> str:
    """The text around the place, so that a long one is told in a line."""
    at = max(0, text.lower().find(wanted))
    start, end = max(0, at - _AROUND), min(len(text), at + len(wanted) + _AROUND)
    return ("…" if start else "") + text[start:end].replace("\n", " ") + ("…" if end < len(text) else "")
